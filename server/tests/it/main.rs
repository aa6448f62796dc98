//! The server's tests: the router in process, on a real database of each test's own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod api;
mod bucket;
mod busy;
mod cross_origin;
mod downloads;
mod evidence;
mod life;
mod log_keys;
mod logs;
mod pages;
mod paper;
mod resume;
mod schemas;
mod strangers;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use domain::Mode;
use domain::context::{Cx, Domain};
use domain::sequencer::Room;
use domain::testing::World;
use server::config::Config;
use server::router::{AppState, router};
use tower::ServiceExt as _;

/// A world with the server around it.
pub struct Served {
    pub world: World,
    router: Router,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Served {
    pub async fn new() -> Self {
        let world = World::new().await;
        Self { router: Self::router(world.domain.clone()), world }
    }

    /// With as much room for receipts that wait.
    pub async fn with_room(room: Room) -> Self {
        let world = World::new().await;
        Self { router: Self::router(world.node_with(room)), world }
    }

    fn router(domain: Domain) -> Router {
        let config = Config::read("", &|_| None).unwrap();
        router(AppState::new(domain, Arc::new(config)))
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer { status: parts.status, headers: parts.headers, body: to_bytes(body, 64 << 20).await.unwrap().to_vec() }
    }

    /// A request of the API, with a key.
    pub async fn api(
        &self,
        key: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub async fn post_receipt(&self, key: &str, idempotency: Option<&str>, body: &str) -> Answer {
        let headers: Vec<(&str, &str)> = idempotency.iter().map(|key| ("idempotency-key", *key)).collect();
        self.api(key, "POST", "/v1/receipts", &headers, body.to_owned()).await
    }

    /// An organisation's owner, and a test key.
    pub async fn org(&self, name: &str) -> (Cx, String) {
        let owner = self.world.org(name).await;
        let key = self.world.key(&owner, Mode::Test).await;
        (owner, key)
    }
}
