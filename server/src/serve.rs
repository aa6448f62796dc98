//! `certnode serve`

use std::sync::Arc;
use std::time::Duration;

use domain::context::{Domain, Options, SystemClock};
use domain::database::Database;
use domain::evidence::Files;
use domain::fence::Fence;
use domain::keyring::Keyring;
use futures::FutureExt as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::Failure;
use crate::config::Config;
use crate::edge;
use crate::embedded::Embedded;
use crate::router::{AppState, router};
use crate::witnessing;

/// How long a database of the operator's may take to be there, as after a machine's start.
const DATABASE_WAIT: Duration = Duration::from_secs(30);

/// Serves until SIGTERM or SIGINT; then finishes what is under way and stops the database that is ours.
pub async fn run(config: Config) -> Result<(), Failure> {
    let listener =
        TcpListener::bind(config.site_addr).await.map_err(|error| format!("{}: {error}", config.site_addr))?;
    let (database, embedded) = open_database(&config).await?;
    let result = serve(config, listener, database).await;
    if let Some(embedded) = embedded {
        embedded.stop().await?;
    }
    result
}

/// The operator's database, or the embedded one, brought up to date.
pub async fn open_database(config: &Config) -> Result<(Database, Option<Embedded>), Failure> {
    let embedded = match &config.database_url {
        Some(_) => None,
        None => Some(Embedded::start(&config.data_dir, &config.postgres).await?),
    };
    let url = embedded.as_ref().map(Embedded::url).or_else(|| config.database_url.clone()).unwrap_or_default();
    let migrated = async {
        let database = Database::open(&url, config.pool_size)?.with_objects(config.objects()?);
        database.wait(DATABASE_WAIT).await?;
        database.migrate().await?;
        database.check_durability().await?;
        Ok::<_, Failure>(database)
    };
    match (migrated.await, embedded) {
        (Ok(database), embedded) => Ok((database, embedded)),
        (Err(failure), Some(embedded)) => {
            embedded.stop().await?;
            Err(failure)
        }
        (Err(failure), None) => Err(failure),
    }
}

/// The business on a database, with the master key that is configured.
pub(crate) fn start_domain(config: &Config, database: &Database, evidence: Option<Files>) -> Result<Domain, Failure> {
    Ok(Domain::start(Options {
        database: database.clone(),
        keyring: Keyring::open(&*config.master_key_place(), &config.log_host)?,
        clock: Arc::new(SystemClock),
        hashes_at_once: config.hashes_at_once,
        witnesses: config.witness_policy.clone().unwrap_or_default(),
        evidence,
    }))
}

async fn serve(config: Config, listener: TcpListener, database: Database) -> Result<(), Failure> {
    let database = database.with_fence(Fence::open(&config.data_dir.join("signed"))?);
    let evidence = Files::folder(&config.evidence_dir, config.evidence_max_bytes)?;
    let domain = start_domain(&config, &database, Some(evidence))?;
    let said = |problem: domain::Problem| problem.internal.unwrap_or_else(|| problem.detail.into_owned());
    domain::log_keys::adopt(&domain).await.map_err(said)?;
    domain::fence::inspect(&domain).await.map_err(said)?;
    if let Some(policy) = &config.witness_policy {
        witnessing::inspect(&domain, policy).await;
    }
    let stop = asked_to_stop()?.boxed().shared();
    let state = AppState::new(domain.clone(), Arc::new(config.clone()));
    #[expect(clippy::print_stdout, reason = "the address is what a person who started the server looks for")]
    {
        println!("CertNode is ready at http://{}", config.site_addr);
    }
    let workers = domain::jobs::run_workers(domain.clone(), config.workers, stop.clone());
    let witnessing = async {
        let Some(policy) = &config.witness_policy else { return };
        tokio::select! {
            () = witnessing::run(&domain, policy) => {}
            () = stop.clone() => {}
        }
    };
    let served = edge::serve(listener, router(state), &config, stop.clone());
    tokio::join!(workers, served, witnessing);
    domain.drain().await;
    database.close().await;
    Ok(())
}

/// Ends when the process is asked to: SIGTERM, or SIGINT (Ctrl-C).
pub fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
