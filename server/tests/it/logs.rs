//! Logs as everyone sees them.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use super::Served;

#[tokio::test]
async fn a_log_is_everyones_only_while_its_owner_says_so() {
    let served = Served::new().await;
    let ((_, key), (_, other)) = (served.org("acme").await, served.org("other").await);
    served.post_receipt(&key, None, "{}").await;
    served.post_receipt(&other, None, "{}").await;
    let origin = |log: serde_json::Value| log["origin"].as_str().unwrap().split_once('/').unwrap().1.to_owned();
    let log = served.api(&key, "GET", "/v1/log", &[], Body::empty()).await.json();
    assert_eq!(log["public"], false);
    let folder = origin(log);
    let others = origin(served.api(&other, "GET", "/v1/log", &[], Body::empty()).await.json());
    let get = async |path: String, headers: &[(&str, &str)]| {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        served.send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(get(format!("/{folder}/checkpoint"), &[]).await.status, StatusCode::NOT_FOUND);

    let refused = served.api(&key, "PATCH", "/v1/log", &[], r#"{"public":1}"#).await;
    assert_eq!(
        (refused.status, refused.json()["errors"][0]["location"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("public"))
    );
    let made = served.api(&key, "PATCH", "/v1/log", &[], r#"{"public":true}"#).await;
    assert_eq!((made.status, made.json()["public"].as_bool()), (StatusCode::OK, Some(true)));
    let checkpoint = get(format!("/{folder}/checkpoint"), &[]).await;
    assert_eq!(checkpoint.header("access-control-allow-origin"), "*");
    assert!(String::from_utf8_lossy(&checkpoint.body).contains(&format!("/{folder}\n2\n")));

    let tile = get(format!("/{folder}/tile/0/000.p/2"), &[]).await;
    assert_eq!((tile.status, tile.body.len()), (StatusCode::OK, 64));
    assert_eq!(tile.header("cache-control"), "public, max-age=86400, immutable");
    let again = get(format!("/{folder}/tile/0/000.p/2"), &[("if-none-match", tile.header("etag"))]).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    let entries = format!("/{folder}/tile/entries/000.p/2");
    let (plain, packed) =
        (get(entries.clone(), &[]).await, get(entries, &[("accept-encoding", "br, gzip;q=0.8")]).await);
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert_eq!(domain::published::gunzip(&packed.body).unwrap(), plain.body);
    assert_ne!(packed.header("etag"), plain.header("etag"));

    // What is not that log stays closed: the other tenant's, the other mode's, what is no name, what is no tile.
    for path in [
        format!("/{others}/checkpoint"),
        format!("/{others}/tile/0/000.p/1"),
        format!("/{folder}/tile/0/000.p/3"),
        format!("/{}/checkpoint", folder.to_uppercase()),
        "/t/%25/checkpoint".to_owned(),
        format!("/{folder}/tile/9"),
    ] {
        assert_eq!(get(path.clone(), &[]).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    served.api(&key, "PATCH", "/v1/log", &[], r#"{"public":false}"#).await;
    assert_eq!(get(format!("/{folder}/checkpoint"), &[]).await.status, StatusCode::NOT_FOUND);
}

/// A server whose database was put back: it shows, and signs nothing.
#[tokio::test]
async fn a_server_that_may_not_sign_says_so_and_is_still_read() {
    let (signed, restored) = (Served::new().await, Served::new().await);
    let ((_, key), (_, other)) = (signed.org("acme").await, restored.org("acme").await);
    signed.post_receipt(&key, None, "{}").await;
    domain::anchors::anchor(&signed.world.domain).await.unwrap();
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let note = String::from_utf8(signed.send(get("/root/checkpoint")).await.body).unwrap();
    let made = restored.post_receipt(&other, None, "{}").await.json();
    assert_eq!(restored.send(get("/readyz")).await.body, b"ready");
    domain::fence::compare_with(&restored.world.domain, &note, "w1.example").await.unwrap();

    let refused = restored.post_receipt(&other, None, "{}").await;
    assert_eq!(
        (refused.status, refused.json()["code"].as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("log_rolled_back"))
    );
    let ready = restored.send(get("/readyz")).await;
    let said = String::from_utf8(ready.body).unwrap();
    assert_eq!(ready.status, StatusCode::OK);
    assert!(
        said.starts_with(
            "read-only: The log log.example/root has 0 entries in the database, but 2 were signed, says w1.example"
        ),
        "{said}"
    );
    let path = format!("/v1/receipts/{}", made["id"].as_str().unwrap());
    assert_eq!(restored.api(&other, "GET", &path, &[], Body::empty()).await.status, StatusCode::OK);
}
