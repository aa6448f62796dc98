//! Use-cases of the logs.

use std::sync::Arc;
use std::time::Duration;

use moka::{future, sync};

use super::{Head, Identity, Keys, store};
use crate::context::{Cx, Domain};
use crate::database::Tx;
use crate::id::OrgId;
use crate::log_keys::{self, Purpose};
use crate::permission::Permission;
use crate::{Mode, Problem};

/// How long an identity is believed without asking: keys that changed are noticed by then, by the sequencer at once.
const BELIEVED: Duration = Duration::from_secs(10);

/// Logs whose identities are remembered.
const REMEMBERED: u64 = 20_000;

/// Identities by log.
pub(crate) struct Identities {
    /// As they were a moment ago.
    believed: future::Cache<(OrgId, Mode), Arc<Identity>>,
    /// With their keys opened: good for as long as the log's keys are of the same epoch.
    opened: sync::Cache<(OrgId, Mode), Arc<Identity>>,
}

impl Default for Identities {
    fn default() -> Self {
        let believed = future::Cache::builder().max_capacity(REMEMBERED).time_to_live(BELIEVED).build();
        Self { believed, opened: sync::Cache::new(REMEMBERED) }
    }
}

impl Identities {
    /// After a change of a log's keys.
    pub(crate) async fn forget(&self, log: (OrgId, Mode)) {
        self.opened.invalidate(&log);
        self.believed.invalidate(&log).await;
    }
}

/// Makes the organisation's two logs, in the transaction that makes the organisation.
pub(crate) async fn create(cx: &Cx, tx: &mut Tx, org_id: OrgId) -> Result<(), Problem> {
    for mode in [Mode::Live, Mode::Test] {
        create_log(cx, tx, (org_id, mode)).await?;
    }
    Ok(())
}

/// Makes a log with its first keys, unless it is there.
async fn create_log(cx: &Cx, tx: &mut Tx, log @ (org_id, mode): (OrgId, Mode)) -> Result<(), Problem> {
    let origin = cx.domain.keyring.origin(org_id, mode);
    let make = |purpose| log_keys::store::New::make(cx, log, &origin, purpose, 1, 0);
    let (checkpoint, issuing) = (make(Purpose::Checkpoint)?, make(Purpose::Issuing)?);
    let new = store::New {
        origin: &origin,
        log_vkey: &checkpoint.key.vkey,
        issuing_vkey: &issuing.key.vkey,
        created_at: cx.now(),
    };
    if store::insert(tx.connection(), org_id, mode, new).await? {
        for key in [&checkpoint, &issuing] {
            log_keys::store::insert(tx.connection(), log, key).await?;
        }
    }
    Ok(())
}

/// The identity of the root log, which is made when it is first asked for.
pub(crate) async fn identity_of_root(root: &Cx) -> Result<Arc<Identity>, Problem> {
    if let Err(problem) = identity(root).await {
        if problem.status != 404 {
            return Err(problem);
        }
        let mut tx = root.begin().await?;
        create_log(root, &mut tx, root.tenant()?).await?;
        tx.commit().await?;
    }
    identity(root).await
}

/// The identity of the actor's log, as it was a moment ago at the latest: good for signing what the sequencer looks at again.
pub(crate) async fn identity(cx: &Cx) -> Result<Arc<Identity>, Problem> {
    let log = cx.tenant()?;
    let load = async {
        let mut tx = cx.begin().await?;
        let identity = identity_now(cx, &mut tx, log).await?;
        tx.commit().await?;
        Ok(identity)
    };
    cx.domain.identities.believed.try_get_with(log, load).await.map_err(Arc::<Problem>::unwrap_or_clone)
}

/// The identity of a log as it is now: for what tells which keys signed.
pub(crate) async fn identity_now(
    cx: &Cx,
    tx: &mut Tx,
    log @ (org_id, mode): (OrgId, Mode),
) -> Result<Arc<Identity>, Problem> {
    let opened = &cx.domain.identities.opened;
    let row = store::find(tx.connection(), org_id, mode).await?;
    if let Some(identity) = opened.get(&log).filter(|identity| identity.epoch == row.key_epoch) {
        return Ok(identity);
    }
    let identity = Arc::new(Identity::load(tx.connection(), &cx.domain.keyring, log, &row).await?);
    opened.insert(log, identity.clone());
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
