//! Permissions, and the built-in roles as named sets of them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an actor may do: a resource and an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Permission {
    /// See receipts and their proofs.
    ReceiptsRead,
    /// Issue receipts.
    ReceiptsWrite,
    /// Erase what receipts are about, for good.
    PayloadsErase,
    /// Put schemas.
    SchemasWrite,
    /// See API keys (never their secrets).
    ApiKeysRead,
    /// Create and revoke API keys.
    ApiKeysWrite,
    /// See imports.
    ImportsRead,
    /// Start imports.
    ImportsWrite,
    /// Say who may read the log.
    LogsWrite,
    /// Have the whole log checked.
    LogsCheck,
    /// Replace and revoke the keys that sign.
    SigningKeysWrite,
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReceiptsRead => "receipts:read",
            Self::ReceiptsWrite => "receipts:write",
            Self::PayloadsErase => "payloads:erase",
            Self::SchemasWrite => "schemas:write",
            Self::ApiKeysRead => "api_keys:read",
            Self::ApiKeysWrite => "api_keys:write",
            Self::ImportsRead => "imports:read",
            Self::ImportsWrite => "imports:write",
            Self::LogsWrite => "logs:write",
            Self::LogsCheck => "logs:check",
            Self::SigningKeysWrite => "signing_keys:write",
        })
    }
}

/// A member's role in an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, and the organisation itself.
    Owner,
    /// Everything but ownership.
    Admin,
    /// Keys, receipts, imports.
    Developer,
    /// Receipts and imports.
    Finance,
    /// As a developer, without issuing.
    Technical,
    /// Receipts, to see.
    Billing,
    /// Receipts, to see.
    Viewer,
}

impl Role {
    /// As in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Developer => "developer",
            Self::Finance => "finance",
            Self::Technical => "technical",
            Self::Billing => "billing",
            Self::Viewer => "viewer",
        }
    }

    /// Unknown text is the least of the roles: a newer server's role grants nothing here.
    pub fn from_str_or_viewer(text: &str) -> Self {
        [Self::Owner, Self::Admin, Self::Developer, Self::Finance, Self::Technical, Self::Billing]
            .into_iter()
            .find(|role| role.as_str() == text)
            .unwrap_or(Self::Viewer)
    }

    /// Whether the role includes the permission.
    pub const fn allows(self, permission: Permission) -> bool {
        use Permission::{
            ApiKeysRead, ApiKeysWrite, ImportsRead, ImportsWrite, LogsCheck, PayloadsErase, ReceiptsRead,
            ReceiptsWrite, SigningKeysWrite,
        };
        match self {
            Self::Owner | Self::Admin => true,
            Self::Developer => !matches!(permission, PayloadsErase | SigningKeysWrite),
            Self::Finance => {
                matches!(permission, ReceiptsRead | ReceiptsWrite | ImportsRead | ImportsWrite | LogsCheck)
            }
            Self::Technical => {
                matches!(permission, ReceiptsRead | ApiKeysRead | ApiKeysWrite | ImportsRead | LogsCheck)
            }
            Self::Billing | Self::Viewer => matches!(permission, ReceiptsRead | ImportsRead),
        }
    }
}
