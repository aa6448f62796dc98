//! Organisations: the tenants.

use serde::{Deserialize, Serialize};

use crate::id::OrgId;

#[cfg(feature = "server")]
pub(crate) mod store;

/// An organisation, as its members see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Org {
    /// `org_…`.
    pub id: OrgId,
    /// Its name.
    pub name: String,
}
