//! `/v1/schemas`

use axum::http::StatusCode;
use domain::Mode;

use super::Served;

const ORDER: &str = r#"{"properties":{"data":{"required":["sku"],"properties":{"sku":{"type":"string"}}}}}"#;

#[tokio::test]
async fn a_kind_gets_a_schema_and_refusals_point_at_the_place() {
    let served = Served::new().await;
    let (owner, key) = served.org("acme").await;
    let put = served.api(&key, "PUT", "/v1/schemas/order", &[], ORDER).await;
    assert_eq!((put.status, put.json()["version"].as_u64()), (StatusCode::OK, Some(1)));
    let again = served.api(&key, "PUT", "/v1/schemas/order", &[], ORDER).await;
    assert_eq!(again.body, put.body);
    let refused = served.post_receipt(&key, None, r#"{"kind":"order","data":{"sku":7}}"#).await;
    assert_eq!((refused.status.as_u16(), refused.json()["param"].as_str()), (422, Some("/data/sku")));
    let made = served.post_receipt(&key, None, r#"{"kind":"order","data":{"sku":"Ünï"}}"#).await.json();
    let statement = ledger::encoding::from_base64(made["statement"].as_str().unwrap()).unwrap();
    assert!(String::from_utf8(statement).unwrap().contains(r#""schema":"order/1""#));
    let listed = served.api(&key, "GET", "/v1/schemas", &[], "").await.json();
    let own: Vec<_> = listed["data"].as_array().unwrap().iter().filter(|one| one["built_in"] == false).collect();
    assert_eq!((own.len(), &own[0]["schema"]), (1, &serde_json::from_str(ORDER).unwrap()));
    let live = served.world.key(&owner, Mode::Live).await;
    assert_eq!(served.api(&live, "GET", "/v1/schemas/order", &[], "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(served.api(&key, "GET", "/v1/schemas/order", &[], "").await.json()["data"][0]["version"], 1);
}

#[tokio::test]
async fn what_is_no_schema_is_refused() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    for (path, body, status, param) in [
        ("order", "", 422, None),
        ("order", r#"{"a":1,"a":2}"#, 422, None),
        ("order", r#"{"properties":{"x":{"$ref":"http://127.0.0.1:1/"}}}"#, 422, Some("/properties/x/$ref")),
        ("order", r#"{"type":"nothing"}"#, 422, Some("/type")),
        ("Order", "{}", 422, Some("kind")),
        ("%F0%9F%98%80", "{}", 422, Some("kind")),
        ("log_created", "{}", 422, Some("kind")),
    ] {
        let refused = served.api(&key, "PUT", &format!("/v1/schemas/{path}"), &[], body).await;
        let problem = refused.json();
        assert_eq!((refused.status.as_u16(), problem["param"].as_str()), (status, param), "{path}: {body}");
    }
    let large = format!(r#"{{"title":"{}"}}"#, "x".repeat(64 << 10));
    let refused = served.api(&key, "PUT", "/v1/schemas/order", &[], large).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    let form = [("content-type", "text/plain")];
    assert_eq!(served.api(&key, "PUT", "/v1/schemas/order", &form, "{}").await.status.as_u16(), 415);
}
