//! The HTTP edge: hyper with the time limits that `axum::serve` does not have, a cap on connections, and a graceful end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt as _;

use crate::config::Config;

mod patience;
#[cfg(test)]
mod tests;

use patience::{Answering, Deadlined, Patient, Turns};
pub use patience::{BodyTooSlow, Waits};

/// The most that is read ahead of a parsed header; a longer one is answered with 431.
const HEADER_MAX: usize = 64 << 10;

/// How long a connection that rests may still bring a request after the server was told to stop. A client that keeps its
/// connections learns with an answer that this one has ended, and does not find it closed under its next request.
const LINGER: Duration = Duration::from_millis(500);
/// How long the door stays open for those who knocked already.
const KNOCKED: Duration = Duration::from_millis(50);

/// Serves until `stop`, then finishes the requests under way, for as long as the configuration allows.
pub async fn serve(listener: TcpListener, router: Router, config: &Config, stop: impl Future<Output = ()>) {
    let config = Arc::new(config.clone());
    let places = Arc::new(Semaphore::new(config.max_connections));
    let (stopping, _) = watch::channel(false);
    #[expect(clippy::disallowed_methods, reason = "one task a connection; the end waits for their places")]
    let let_in = |place: OwnedSemaphorePermit, stream, peer| {
        let connection = connection(stream, peer, router.clone(), config.clone(), stopping.subscribe());
        tokio::spawn(async move {
            connection.await;
            drop(place);
        });
    };
    let mut stop = pin!(stop);
    loop {
        // A connection beyond the cap waits in the kernel's queue until a place is free.
        let place = tokio::select! {
            place = places.clone().acquire_owned() => place,
            () = &mut stop => break,
        };
        let Ok(place) = place else { break };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, or the peer is gone already: neither is a reason to stop.
                    tracing::warn!(%error, "accept");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        let_in(place, stream, peer);
    }
    let knocked = async {
        while let Ok(place) = places.clone().acquire_owned().await
            && let Ok((stream, peer)) = listener.accept().await
        {
            let_in(place, stream, peer);
        }
    };
    let _ = tokio::time::timeout(KNOCKED, knocked).await;
    drop(listener);
    stopping.send_replace(true);
    let all = u32::try_from(config.max_connections).unwrap_or(u32::MAX);
    if tokio::time::timeout(config.drain_timeout, places.acquire_many(all)).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}

/// Serves one connection to its end. A client that went away or was too slow is not an event worth a line.
async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    config: Arc<Config>,
    mut stopping: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let turns = Turns::default();
    let stream = Patient::new(stream, turns.clone(), config.header_timeout, config.body_timeout);
    let (idle_timeout, body_timeout) = (config.idle_timeout, config.body_timeout);
    let is_last = stopping.clone();
    let service = service_fn(move |request| {
        let (answer, is_last) = (answer(request, peer, router.clone(), turns.clone(), body_timeout), is_last.clone());
        async move {
            let mut response = answer.await?;
            if *is_last.borrow() {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    // hyper's own limit runs while nothing is said as well as during a header: it is the one for silence.
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(idle_timeout).max_buf_size(HEADER_MAX);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    tokio::select! {
        _ = connection.as_mut() => return,
        () = tokio::time::sleep(LINGER) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

async fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    router: Router,
    turns: Turns,
    body_timeout: Duration,
) -> Result<Response<Answering<Body>>, Infallible> {
    let mut turn = turns.begin();
    let waits = Waits::default();
    let mut request = request.map(|body| Body::new(Deadlined::new(body, body_timeout, waits.clone())));
    request.extensions_mut().insert(ConnectInfo(peer));
    request.extensions_mut().insert(waits);
    let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        turn.never_ends();
    }
    Ok(response.map(|body| Answering::new(body, turn)))
}
