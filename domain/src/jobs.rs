//! Jobs: rows of a queue, written with the change they follow, run at least once, retried with backoff.

use std::time::Duration;

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext, WorkerOptions};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::Problem;
use crate::context::Domain;
use crate::database::{DatabaseError, Tx};
use crate::imports::{self, RunImport};
use crate::integrity::check::{self, RunLogCheck};
use crate::receipts::life::{self, RecordErasure};

/// How long a job may go on after the server was told to stop; it is run again by the next one.
const GRACE: Duration = Duration::from_secs(5);
/// Between two tries to have a worker.
const AGAIN: Duration = Duration::from_secs(1);
/// Between two signs of life of a worker; after six that are missing it is dead.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long a round of what goes on for ever may take.
const ROUND_MAX: Duration = Duration::from_secs(60);
/// Between two moments at which the fence is on the disk.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// Between two rounds of anchoring.
const ANCHOR_EVERY: Duration = Duration::from_secs(1);
/// Between two rounds of publishing that found nothing to do.
const PUBLISH_EVERY: Duration = Duration::from_secs(1);
/// Between two rounds of upkeep.
const UPKEEP: Duration = Duration::from_secs(5);
/// Rounds of upkeep between two sweeps of what has ended.
const SWEEP_EVERY: u32 = 120;

impl TaskHandler for RunImport {
    const IDENTIFIER: &'static str = "run_import";

    async fn run(self, ctx: WorkerContext) -> impl IntoTaskHandlerResult {
        let domain = ctx.get_ext::<Domain>().ok_or("no domain")?;
        imports::run(domain, &self).await.map_err(|_| "see the log")
    }
}

impl TaskHandler for RecordErasure {
    const IDENTIFIER: &'static str = "record_erasure";

    async fn run(self, ctx: WorkerContext) -> impl IntoTaskHandlerResult {
        let domain = ctx.get_ext::<Domain>().ok_or("no domain")?;
        life::record(domain, &self).await.map_err(|_| "see the log")
    }
}

impl TaskHandler for RunLogCheck {
    const IDENTIFIER: &'static str = "run_log_check";

    async fn run(self, ctx: WorkerContext) -> impl IntoTaskHandlerResult {
        let domain = ctx.get_ext::<Domain>().ok_or("no domain")?;
        check::run(domain, &self).await.map_err(|_| "see the log")
    }
}

fn options() -> WorkerOptions {
    WorkerOptions::default().schema("graphile_worker").listen_os_shutdown_signals(false)
}

/// Brings the queue's own schema up to date.
pub(crate) async fn migrate(owner: &PgConnectOptions) -> Result<(), DatabaseError> {
    let pool = PgPoolOptions::new().max_connections(1).connect_with(owner.clone()).await?;
    let result = options().pg_pool(pool.clone()).init().await;
    pool.close().await;
    result.map(drop).map_err(|error| DatabaseError::Jobs(error.to_string()))
}

/// Enqueues a job in the transaction of the change it follows; one that waits under the same key is replaced.
pub(crate) async fn enqueue<T: TaskHandler + serde::Serialize>(tx: &mut Tx, job: &T, key: &str) -> Result<(), Problem> {
    let payload = serde_json::to_value(job).map_err(Problem::internal)?;
    sqlx::query!("select enqueue_job($1, $2, $3)", T::IDENTIFIER, payload, key).fetch_one(tx.connection()).await?;
    Ok(())
}

/// Jobs of a kind that failed as often as they may, with their keys.
pub(crate) async fn dead<T: TaskHandler + serde::de::DeserializeOwned>(
    domain: &Domain,
) -> Result<Vec<(String, T)>, Problem> {
    let mut connection = domain.database.lend().await?;
    let rows = sqlx::query!(
        r#"select job_key as "key!", payload as "payload!: sqlx::types::Json<serde_json::Value>" from dead_jobs($1)"#,
        T::IDENTIFIER
    )
    .fetch_all(&mut *connection)
    .await?;
    let read = |value| serde_json::from_value(value).map_err(Problem::internal);
    rows.into_iter().map(|row| Ok((row.key, read(row.payload.0)?))).collect()
}

/// Takes a dead job out of the queue; whether it was one still.
pub(crate) async fn drop_dead(tx: &mut Tx, key: &str) -> Result<bool, Problem> {
    let dropped = sqlx::query_scalar!(r#"select drop_dead_job($1) as "dropped!""#, key);
    Ok(dropped.fetch_one(tx.connection()).await?)
}

/// Works until told to stop: the queue's jobs, and the upkeep that has no change to follow.
pub async fn run_workers(domain: Domain, concurrency: usize, stop: impl Future<Output = ()> + Clone + Send + 'static) {
    // What these are at when the server stops may be left: another node does it again.
    let rounds = async {
        tokio::select! {
            () = anchoring(&domain) => {}
            () = syncing(&domain) => {}
            () = publishing(&domain) => {}
            () = crate::integrity::scrub::run(&domain) => {}
            () = crate::months::run(&domain) => {}
            () = stop.clone() => {}
        }
    };
    tokio::join!(jobs(&domain, concurrency, stop.clone()), rounds, upkeep(&domain, stop.clone()));
}

/// The queue's jobs. A database that goes away ends a worker: the next begins a second later.
async fn jobs(domain: &Domain, concurrency: usize, stop: impl Future<Output = ()> + Clone + Send + 'static) {
    loop {
        match work(domain, concurrency, stop.clone()).await {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, "the jobs stand still for a moment"),
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = stop.clone() => return,
        }
    }
}

/// One worker, until it is told to stop. What a worker was at that died is taken up by another, and does not wait for the
/// hours after which the queue itself would give up on it.
async fn work(
    domain: &Domain,
    concurrency: usize,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), DatabaseError> {
    let jobs = |error: &dyn std::fmt::Display| DatabaseError::Jobs(error.to_string());
    let pool = PgPoolOptions::new().max_connections(4).connect_with(domain.database().owner().clone()).await?;
    let worker = options()
        .concurrency(concurrency)
        .poll_interval(Duration::from_secs(2))
        .define_job::<RunImport>()
        .define_job::<RecordErasure>()
        .define_job::<RunLogCheck>()
        .pg_pool(pool.clone())
        .add_extension(domain.clone())
        .shutdown_signal(stop)
        .shutdown_grace_period(GRACE)
        .heartbeat_interval(HEARTBEAT)
        .sweep_interval(HEARTBEAT)
        .sweep_threshold(HEARTBEAT * 6)
        .recovery_delay(Duration::ZERO)
        .init()
        .await
        .map_err(|error| jobs(&error))?;
    let result = worker.run().await.map_err(|error| jobs(&error));
    let _ = tokio::time::timeout(GRACE, pool.close()).await;
    result
}

/// The states of logs that moved, into the root log; what fails is tried again a second later.
async fn anchoring(domain: &Domain) {
    loop {
        tokio::time::sleep(ANCHOR_EVERY).await;
        // One node's work: that of the root log's writer.
        if !domain.sequencer.owns(crate::anchors::ROOT.0).await {
            continue;
        }
        if let Err(problem) = in_a_round(crate::anchors::anchor(domain)).await {
            tracing::warn!(%problem, internal = problem.internal, "anchoring");
        }
    }
}

/// What this node committed last, onto its disk: each has a file of its own.
async fn syncing(domain: &Domain) {
    loop {
        tokio::time::sleep(SYNC_EVERY).await;
        let fence = domain.database.fence().clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || fence.sync()).await {
            tracing::error!(%error, "the fence is not on the disk");
        }
    }
}

/// Full tiles and bundles, into the object store; what fails is tried again a second later.
async fn publishing(domain: &Domain) {
    loop {
        match in_a_round(crate::published::publish(domain)).await {
            Ok(0) => tokio::time::sleep(PUBLISH_EVERY).await,
            Ok(_) => tokio::time::sleep(PUBLISH_EVERY / 10).await,
            Err(problem) => {
                tracing::warn!(%problem, internal = problem.internal, "publishing");
                tokio::time::sleep(PUBLISH_EVERY).await;
            }
        }
    }
}

/// A round that ends, one way or another: the next one has another connection.
pub(crate) async fn in_a_round<T>(round: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let late = |_| Err(Problem::internal(format!("not done within {} s", ROUND_MAX.as_secs())));
    tokio::time::timeout(ROUND_MAX, round).await.unwrap_or_else(late)
}

/// What this node alone knows, such as which keys were used, and what is due. It ends between two rounds.
async fn upkeep(domain: &Domain, stop: impl Future<Output = ()> + Clone) {
    let mut round = 0_u32;
    loop {
        tokio::select! {
            () = tokio::time::sleep(UPKEEP) => {}
            () = stop.clone() => break,
        }
        let mut results = vec![in_a_round(crate::api_keys::record_uses(domain)).await];
        results.push(in_a_round(crate::log_keys::retire_due(domain)).await);
        results.push(in_a_round(imports::fail_dead(domain)).await);
        if round.is_multiple_of(SWEEP_EVERY) {
            results.push(in_a_round(crate::accounts::sweep_sessions(domain)).await);
        }
        round = round.wrapping_add(1);
        for problem in results.into_iter().filter_map(Result::err) {
            tracing::warn!(%problem, internal = problem.internal, "upkeep");
        }
    }
    // What the last seconds used is written down before the end.
    let _ = crate::api_keys::record_uses(domain).await;
}
