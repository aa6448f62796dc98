//! Accounts: signing up, in and out, and the session that follows.

use serde::{Deserialize, Serialize};

use crate::Mode;
use crate::id::{OrgId, SessionId, UserId};
use crate::orgs::Org;
use crate::permission::Role;

#[cfg(feature = "server")]
mod brake;
#[cfg(feature = "server")]
mod password;
#[cfg(feature = "server")]
mod service;
#[cfg(feature = "server")]
mod store;
#[cfg(all(test, feature = "server"))]
mod tests;

#[cfg(feature = "server")]
pub use password::Hasher;
#[cfg(feature = "server")]
pub use service::{SignedIn, authenticate, choose_mode, choose_org, me, sign_in, sign_out, sign_up, sweep_sessions};

/// The fewest characters of a password that is the only factor (NIST SP 800-63B-4).
pub const PASSWORD_MIN_CHARS: usize = 15;
/// The most characters of a password.
pub const PASSWORD_MAX_CHARS: usize = 256;

/// What a person fills in to sign up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignUp {
    /// The person's name.
    pub name: String,
    /// The work email; case does not matter.
    pub email: String,
    /// [`PASSWORD_MIN_CHARS`] to [`PASSWORD_MAX_CHARS`] characters.
    pub password: String,
    /// The organisation's name.
    pub organisation: String,
}

/// What a person fills in to sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// The email.
    pub email: String,
    /// The password.
    pub password: String,
}

/// Who is signed in, and where they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The person.
    pub user_id: UserId,
    /// Their session.
    pub session_id: SessionId,
    /// Their name.
    pub name: String,
    /// Their email.
    pub email: String,
    /// The organisation they look at.
    pub org_id: OrgId,
    /// Their role in it.
    pub role: Role,
    /// Live or test, as chosen for this session.
    pub mode: Mode,
    /// Every organisation they belong to.
    pub orgs: Vec<Org>,
}
