//! What pages of other sites may do: read a log with a key of their own, and nothing else.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use super::{Answer, Served};

async fn preflight(served: &Served, path: &str) -> Answer {
    let request = Request::options(path)
        .header("origin", "https://monitor.example")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization");
    served.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_monitor_in_a_page_of_another_site_reads_the_log_with_its_key() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    served.post_receipt(&key, None, "{}").await;
    for path in ["/v1/log/checkpoint", "/v1/log/tile/0/000.p/2", "/v1/log/tile/entries/000.p/2"] {
        let asked = preflight(&served, path).await;
        assert_eq!(asked.status, StatusCode::NO_CONTENT, "{path}");
        assert_eq!(asked.header("access-control-allow-origin"), "*");
        assert_eq!(asked.header("access-control-allow-methods"), "GET");
        assert_eq!(asked.header("access-control-allow-headers"), "authorization, if-none-match");
        assert_eq!(asked.header("access-control-allow-credentials"), "", "no cookie goes with it");

        let read = served.api(&key, "GET", path, &[("origin", "https://monitor.example")], Body::empty()).await;
        assert_eq!((read.status, read.header("access-control-allow-origin")), (StatusCode::OK, "*"), "{path}");
        assert_eq!(read.header("cross-origin-resource-policy"), "cross-origin");
        assert_eq!(read.header("access-control-expose-headers"), "etag, request-id");

        // A refusal can be read as well, so that it can be told from a network that failed.
        let stranger = served.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
        assert_eq!(stranger.header("access-control-allow-origin"), "*");
    }
    let missing = served.api(&key, "GET", "/v1/log/tile/0/x001/000", &[], Body::empty()).await;
    assert_eq!((missing.status, missing.header("access-control-allow-origin")), (StatusCode::NOT_FOUND, "*"));
}

#[tokio::test]
async fn the_rest_of_the_api_is_not_for_pages_of_other_sites() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    for path in ["/v1/receipts", "/v1/log", "/v1/receipts/batch", "/v1/log/consistency"] {
        let asked = preflight(&served, path).await;
        assert_eq!((asked.status, asked.header("access-control-allow-origin")), (StatusCode::METHOD_NOT_ALLOWED, ""));
        let read = served.api(&key, "GET", path, &[], Body::empty()).await;
        assert_eq!(read.header("access-control-allow-origin"), "", "{path}");
    }
}
