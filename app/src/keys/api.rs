//! Server functions of API keys.

use domain::api_keys::{ApiKey, Created};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::codec::Json;
use crate::error::AppError;
use crate::private::Framed;

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPage {
    /// The keys of both modes.
    pub keys: Vec<ApiKey>,
    /// The server's address, for commands to copy.
    pub url: String,
    /// The mode that is looked at.
    pub mode: String,
}

/// The organisation's keys.
#[server(output = Json)]
pub async fn list_api_keys() -> Result<Framed<KeyPage>, AppError> {
    let cx = crate::request::cx()?;
    crate::private::framed(&cx, async {
        let mode = cx.tenant()?.1.to_string();
        Ok(KeyPage { keys: domain::api_keys::list(&cx).await?, url: crate::request::public_url(), mode })
    })
    .await
}

/// Makes a key; its secret is in the answer only.
#[server(output = Json)]
pub async fn create_api_key(name: String, mode: domain::Mode) -> Result<Created, AppError> {
    let cx = crate::request::cx()?;
    domain::api_keys::create(&cx, &name, mode).await.map_err(crate::request::refuse)
}

/// Ends a key.
#[server(output = Json)]
pub async fn revoke_api_key(id: domain::id::ApiKeyId) -> Result<(), AppError> {
    let cx = crate::request::cx()?;
    domain::api_keys::revoke(&cx, id).await.map_err(crate::request::refuse)
}
