//! Every operation, as nobody and as somebody else: found from the document, so that a new one cannot be forgotten.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use super::Served;

/// Method and path of every operation of the API.
fn operations() -> Vec<(String, String)> {
    let document: serde_json::Value = serde_json::from_str(&server::v1::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
    });
    operations.collect()
}

#[tokio::test]
async fn nobody_gets_anything_from_the_api() {
    let served = Served::new().await;
    let (owner, revoked) = served.org("acme").await;
    let id = domain::api_keys::list(&owner).await.unwrap()[0].id;
    domain::api_keys::revoke(&owner, id).await.unwrap();
    let operations = operations();
    assert!(operations.len() >= 8, "{operations:?}");
    for (method, path) in operations {
        for key in ["", "cn_test_x", revoked.as_str()] {
            let answer = served.api(key, &method, &path, &[], Body::empty()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path} with {key:?}");
        }
        let bare = Request::builder().method(method.as_str()).uri(&path).body(Body::empty()).unwrap();
        assert_eq!(served.send(bare).await.status, StatusCode::UNAUTHORIZED, "{method} {path}");
    }
}

#[tokio::test]
async fn another_tenant_finds_nothing_behind_an_id() {
    let served = Served::new().await;
    let ((owner, key), (_, stranger)) = (served.org("acme").await, served.org("other").await);
    let receipt = served.post_receipt(&key, None, "{}").await.json()["id"].as_str().unwrap().to_owned();
    let import = served.api(&key, "POST", "/v1/imports?map=reference%3Da", &[], "a\n1\n").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    // What leads to the root log is there once that has the log's state.
    domain::anchors::anchor(&served.world.domain).await.unwrap();
    // Nothing is erased while an import may hold a copy.
    let (org_id, mode) = owner.tenant().unwrap();
    let job = domain::imports::RunImport { org_id, mode, import_id: import.parse().unwrap() };
    domain::imports::run(&served.world.domain, &job).await.unwrap();
    for (method, path) in operations().into_iter().filter(|(_, path)| path.contains("{id}")) {
        let id = if path.contains("imports") { &import } else { &receipt };
        let path = path.replace("{id}", id);
        // What asks why is told; the others read no body.
        let body = r#"{"reason":"a test"}"#;
        let own = served.api(&key, &method, &path, &[], body).await.status;
        assert!(own.is_success(), "{method} {path}: {own}");
        assert_eq!(
            served.api(&stranger, &method, &path, &[], body).await.status,
            StatusCode::NOT_FOUND,
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn server_functions_refuse_nobody() {
    let served = Served::new().await;
    let functions: Vec<String> = app::request::functions().into_iter().map(|(path, _)| path).collect();
    assert!(functions.len() >= 9, "{functions:?}");
    for path in functions {
        for body in
            ["", "id=rcpt_00000000000000000000000000&name=x&mode=test", r#"{"id":"x","filter":{},"page":{"limit":0}}"#]
        {
            let kind = if body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
            let request = Request::post(&path).header("content-type", kind).header("accept", "application/json");
            let answer = served.send(request.body(Body::from(body)).unwrap()).await;
            assert!(!answer.status.is_success() && !answer.status.is_redirection(), "{path}: {}", answer.status);
            assert!(!String::from_utf8_lossy(&answer.body).contains("\"me\""), "{path}");
        }
    }
}
