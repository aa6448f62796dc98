//! Starts PostgreSQL again when it ends without being asked to.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

use super::cluster::Cluster;
use super::error::EmbeddedError;
use super::postmaster::{self, Postmaster};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Keeps PostgreSQL running until `stopped` says so or its sender is gone, and stops it then.
pub async fn run(
    cluster: Cluster,
    mut postmaster: Postmaster,
    mut stopped: oneshot::Receiver<()>,
) -> Result<(), EmbeddedError> {
    loop {
        tokio::select! {
            _ = &mut stopped => return postmaster.stop(&cluster).await,
            status = postmaster.ended() => {
                let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                tracing::error!(status, log = %cluster.log().display(), "PostgreSQL ended; it is started again");
            }
        }
        postmaster = tokio::select! {
            _ = &mut stopped => return Ok(()),
            postmaster = start_again(&cluster) => postmaster,
        };
        tracing::info!("PostgreSQL is back");
    }
}

/// Tries until it works: a full disk may be emptied, and the server answers 503 meanwhile.
async fn start_again(cluster: &Cluster) -> Postmaster {
    let mut pause = FIRST_PAUSE;
    loop {
        match postmaster::start(cluster).await {
            Ok(postmaster) => return postmaster,
            Err(error) => tracing::error!(%error, "PostgreSQL does not start"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
