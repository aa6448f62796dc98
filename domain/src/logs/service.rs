//! Use-cases of the logs.

use std::sync::Arc;

use moka::sync::Cache;

use super::{Head, Keys, store};
use crate::context::{Cx, Domain};
use crate::database::Tx;
use crate::id::OrgId;
use crate::keyring::{Keyring, LogKeys};
use crate::permission::Permission;
use crate::{Mode, Problem};

/// What never changes of a log: its name and its keys.
pub(crate) struct Identity {
    pub(crate) origin: String,
    pub(crate) keys: LogKeys,
    pub(crate) public: Keys,
}

impl Identity {
    /// The identity of a stored log; refused when the master key at hand is not the one its keys came from.
    pub(crate) fn load(keyring: &Keyring, org_id: OrgId, mode: Mode, row: &store::Row) -> Result<Self, Problem> {
        let identity = Self::derive(keyring, org_id, mode, row.origin.clone())?;
        if identity.public.log != row.log_vkey || identity.public.issuing != row.issuing_vkey {
            return Err(Problem::internal(
                "this log was made with another master key: nothing is signed with the wrong one",
            ));
        }
        Ok(identity)
    }

    fn derive(keyring: &Keyring, org_id: OrgId, mode: Mode, origin: String) -> Result<Self, Problem> {
        let keys = keyring
            .log_keys(org_id, mode, &origin)
            .map_err(|error| Problem::internal(format!("log keys of {origin}: {error:?}")))?;
        let public = Keys { log: keys.checkpoint.verifier().to_string(), issuing: keys.issuing.verifier().to_string() };
        Ok(Self { origin, keys, public })
    }
}

/// Identities by log; they never change, so they never expire.
#[derive(Clone)]
pub(crate) struct Identities(Cache<(OrgId, Mode), Arc<Identity>>);

impl Default for Identities {
    fn default() -> Self {
        Self(Cache::new(20_000))
    }
}

/// Makes the organisation's two logs, in the transaction that makes the organisation.
pub(crate) async fn create(cx: &Cx, tx: &mut Tx, org_id: OrgId) -> Result<(), Problem> {
    for mode in [Mode::Live, Mode::Test] {
        let origin = cx.domain.keyring.origin(org_id, mode);
        let identity = Identity::derive(&cx.domain.keyring, org_id, mode, origin)?;
        let new = store::New {
            origin: &identity.origin,
            log_vkey: &identity.public.log,
            issuing_vkey: &identity.public.issuing,
            created_at: cx.now(),
        };
        store::insert(tx.connection(), org_id, mode, new).await?;
    }
    Ok(())
}

/// The identity of the root log, which is made when it is first asked for.
pub(crate) async fn identity_of_root(root: &Cx) -> Result<Arc<Identity>, Problem> {
    if let Err(problem) = identity(root).await {
        if problem.status != 404 {
            return Err(problem);
        }
        let (org_id, mode) = root.tenant()?;
        let origin = root.domain.keyring.origin(org_id, mode);
        let identity = Identity::derive(&root.domain.keyring, org_id, mode, origin)?;
        let new = store::New {
            origin: &identity.origin,
            log_vkey: &identity.public.log,
            issuing_vkey: &identity.public.issuing,
            created_at: root.now(),
        };
        let mut tx = root.begin().await?;
        store::insert(tx.connection(), org_id, mode, new).await?;
        tx.commit().await?;
    }
    identity(root).await
}

/// The identity of the actor's log.
pub(crate) async fn identity(cx: &Cx) -> Result<Arc<Identity>, Problem> {
    let (org_id, mode) = cx.tenant()?;
    let cache = &cx.domain.identities.0;
    if let Some(identity) = cache.get(&(org_id, mode)) {
        return Ok(identity);
    }
    let mut tx = cx.begin().await?;
    let row = store::find(tx.connection(), org_id, mode).await?;
    let identity = Arc::new(Identity::load(&cx.domain.keyring, org_id, mode, &row)?);
    cache.insert((org_id, mode), identity.clone());
    Ok(identity)
}

/// The state of the actor's log.
pub async fn head(cx: &Cx) -> Result<Head, Problem> {
    let (org_id, mode) = cx.require(Permission::ReceiptsRead)?;
    let mut tx = cx.begin().await?;
    let row = store::find(tx.connection(), org_id, mode).await?;
    Ok(Head {
        receipts: row.size.saturating_sub(1),
        size: row.size,
        checkpoint: (!row.checkpoint.is_empty()).then_some(row.checkpoint),
        keys: Keys { log: row.log_vkey, issuing: row.issuing_vkey },
        origin: row.origin,
        made_public_at: row.made_public_at,
    })
}

/// Lets everyone read the actor's log, or nobody any more; its state afterwards.
///
/// What becomes public is the log's size, its tree and its statements: id, kind, time and the commitment to the payload.
/// Payloads, references and amounts stay where they are. What was read cannot be taken back.
pub async fn make_public(cx: &Cx, public: bool) -> Result<Head, Problem> {
    let (org_id, mode) = cx.require(Permission::LogsWrite)?;
    let mut tx = cx.begin().await?;
    store::set_made_public(tx.connection(), org_id, mode, public.then(|| cx.now())).await?;
    tx.commit().await?;
    head(cx).await
}

/// A context that reads the public log whose origin ends in these 32 digits; 404 for any other.
pub async fn public(domain: &Domain, name: &str) -> Result<Cx, Problem> {
    if name.len() != 32 || !name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(Problem::not_found());
    }
    let mut tx = domain.database.begin_for_public_log(name).await?;
    let (org_id, mode) = store::find_public(tx.connection(), name).await?;
    Ok(domain.system(org_id, mode))
}
