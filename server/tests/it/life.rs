//! Receipts that are revoked, superseded and erased, through the API and the pages.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use domain::Mode;
use ledger::verify::verify;

use super::Served;

const WHY: &str = r#"{"reason":"entered twice 😀 </script>"}"#;

async fn receipt(served: &Served, key: &str) -> String {
    let made = served.post_receipt(key, None, r#"{"reference":"order-1","data":{"who":"Zoë"}}"#).await;
    made.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_receipt_is_revoked_once_and_says_so_everywhere() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    let id = receipt(&served, &key).await;
    let path = format!("/v1/receipts/{id}");
    assert_eq!(served.api(&key, "GET", &path, &[], "").await.json()["state"], "active");
    let headers = [("idempotency-key", "k")];
    let revoke = format!("{path}/revoke");
    let made = served.api(&key, "POST", &revoke, &headers, WHY).await;
    assert_eq!(made.status, StatusCode::CREATED, "{:?}", made.json());
    let revocation = made.json();
    assert_eq!(revocation["refs"], serde_json::json!([{ "id": id, "relation": "revokes" }]));
    let again = served.api(&key, "POST", &revoke, &headers, WHY).await;
    assert_eq!((again.body, again.headers["idempotent-replayed"].to_str().unwrap()), (made.body, "true"));
    let late = served.api(&key, "POST", &revoke, &[], WHY).await;
    assert_eq!((late.status, late.json()["code"].as_str()), (StatusCode::CONFLICT, Some("receipt_ended")));
    let read = served.api(&key, "GET", &path, &[], "").await.json();
    assert_eq!((&read["state"], &read["ended_by"]), (&"revoked".into(), &revocation["id"]));
    assert_eq!(read["referred_by"][0]["relation"], "revokes");
    let listed = served.api(&key, "GET", "/v1/receipts", &[], "").await.json();
    assert_eq!(listed["data"][1]["state"], "revoked");
    let file = served.api(&key, "GET", &format!("{path}/bundle"), &[], "").await;
    assert!(verify(&file.body, None).is_verified());
    for body in ["", "{}", r#"{"reason":""}"#, r#"{"reason":"x","more":1}"#, r#"{"reason":1}"#] {
        let refused = served.api(&key, "POST", &revoke, &[], body).await;
        assert_eq!((refused.status.as_u16(), refused.json()["param"].as_str()), (422, Some("reason")), "{body}");
    }
}

#[tokio::test]
async fn a_batch_refuses_the_second_end_of_a_receipt_and_keeps_the_rest() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    let id = receipt(&served, &key).await;
    let ends = format!(r#"{{"kind":"correction","refs":[{{"id":"{id}","relation":"supersedes"}}]}}"#);
    let body = format!(r#"{{"receipts":[{{}},{ends},{ends},{{"kind":"approval"}}]}}"#);
    let answer = served.api(&key, "POST", "/v1/receipts/batch", &[], body).await.json();
    let statuses: Vec<_> = answer["data"].as_array().unwrap().iter().map(|one| one["status"].clone()).collect();
    assert_eq!(statuses, [201, 201, 409, 201]);
    assert_eq!(answer["data"][2]["problem"]["code"], "receipt_ended");
}

#[tokio::test]
async fn erased_contents_are_in_no_answer_and_the_file_still_verifies() {
    let served = Served::new().await;
    let (owner, key) = served.org("acme").await;
    let id = receipt(&served, &key).await;
    let path = format!("/v1/receipts/{id}/payload");
    let live = served.world.key(&owner, Mode::Live).await;
    assert_eq!(served.api(&live, "DELETE", &path, &[], WHY).await.status, StatusCode::NOT_FOUND);
    let erased = served.api(&key, "DELETE", &path, &[], WHY).await;
    assert_eq!(erased.status, StatusCode::OK);
    let erasure = erased.json()["erasure"].clone();
    assert_eq!(erasure["reason"], "entered twice 😀 </script>");
    assert!(erasure["record"].as_str().unwrap().starts_with("rcpt_"));
    let again = served.api(&key, "DELETE", &path, &[], WHY).await;
    assert_eq!(again.json()["erasure"], erasure);
    let file = served.api(&key, "GET", &format!("/v1/receipts/{id}/bundle"), &[], "").await;
    assert!(verify(&file.body, None).is_verified());
    for answer in [erased.body, file.body] {
        let text = String::from_utf8(answer).unwrap();
        assert!(!text.contains("Zoë") && !text.contains("order-1") && !text.contains("\"salt\""), "{text}");
    }
}

#[tokio::test]
async fn the_page_revokes_and_erases_as_a_plain_form() {
    let served = Served::new().await;
    let token = served.world.org_token("acme").await;
    let cx = domain::accounts::authenticate(&served.world.domain, &token, served.world.request()).await.unwrap();
    let key = served.world.key(&cx, Mode::Test).await;
    let id = receipt(&served, &key).await;
    let page = async || {
        let request = Request::get(format!("/receipts/{id}")).header("cookie", format!("__Host-certnode={token}"));
        String::from_utf8(served.send(request.body(Body::empty()).unwrap()).await.body).unwrap()
    };
    let before = page().await;
    assert!(before.contains("Revoke receipt") && before.contains("Erase contents for good"), "{before}");
    let functions: Vec<String> = app::request::functions().into_iter().map(|(path, _)| path).collect();
    for name in ["revoke_receipt", "erase_contents"] {
        let path = functions.iter().find(|path| path.ends_with(name)).unwrap();
        let request = Request::post(path)
            .header("cookie", format!("__Host-certnode={token}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "text/html")
            .header("referer", format!("http://127.0.0.1:3000/receipts/{id}"));
        let body = format!("id={id}&reason=%3Cb%3Ewrong%3C%2Fb%3E");
        let answer = served.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status, StatusCode::FOUND, "{name}");
        assert!(answer.header("location").contains(&format!("/receipts/{id}")), "{}", answer.header("location"));
    }
    let after = page().await;
    assert!(after.contains("which says why: it holds no longer") && after.contains(">Revoked<"), "{after}");
    assert!(after.contains("The contents were erased.") && after.contains("Owner of acme"), "{after}");
    assert!(!after.contains("<b>wrong") && !after.contains("Zoë") && !after.contains("Revoke receipt"), "{after}");
}
