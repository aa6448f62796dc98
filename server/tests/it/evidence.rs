//! `/v1/evidence`

use axum::body::Body;
use axum::http::{Request, StatusCode};
use domain::Mode;
use ledger::verify::verify;

use super::Served;

const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[tokio::test]
async fn a_file_is_sent_named_by_a_receipt_and_taken_away() {
    let served = Served::new().await;
    let (owner, key) = served.org("acme").await;
    let headers = [("content-type", "text/html")];
    let path = "/v1/evidence?name=R%C3%A4ch%22%0d%0anung%20%F0%9F%98%80.html";
    let sent = served.api(&key, "POST", path, &headers, "abc").await;
    assert_eq!((sent.status, sent.header("location")), (StatusCode::CREATED, &*format!("/v1/evidence/{ABC}")));
    let again = served.api(&key, "POST", "/v1/evidence", &[], "abc").await;
    assert_eq!((again.status, again.json()), (StatusCode::OK, sent.json()));
    let made = served.post_receipt(&key, None, &format!(r#"{{"evidence":[{{"sha256":"{ABC}"}}]}}"#)).await.json();
    assert_eq!((&made["evidence"][0]["bytes"], &made["evidence"][0]["media"]), (&3.into(), &"text/html".into()));
    let id = made["id"].as_str().unwrap();
    let bundle = served.api(&key, "GET", &format!("/v1/receipts/{id}/bundle"), &[], "").await;
    assert!(verify(&bundle.body, None).is_verified());
    let taken = served.api(&key, "GET", &format!("/v1/evidence/{ABC}"), &[], "").await;
    assert_eq!((taken.status, &*taken.body), (StatusCode::OK, &b"abc"[..]));
    assert_eq!(taken.header("x-content-type-options"), "nosniff");
    assert!(taken.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(
        taken.header("content-disposition"),
        "attachment; filename=\"R_ch_nung__.html\"; filename*=UTF-8''R%C3%A4ch%22nung%20%F0%9F%98%80.html"
    );
    let (_, stranger) = served.org("other").await;
    let live = served.world.key(&owner, Mode::Live).await;
    for key in [stranger, live] {
        let refused = served.api(&key, "GET", &format!("/v1/evidence/{ABC}"), &[], "").await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND);
        let refused = served.post_receipt(&key, None, &format!(r#"{{"evidence":[{{"sha256":"{ABC}"}}]}}"#)).await;
        assert_eq!(refused.json()["param"], "evidence[0].sha256");
    }
}

#[tokio::test]
async fn an_erased_file_is_said_to_be_gone_wherever_its_receipt_is_shown() {
    let served = Served::new().await;
    let token = served.world.org_token("acme").await;
    let cx = domain::accounts::authenticate(&served.world.domain, &token, served.world.request()).await.unwrap();
    let key = served.world.key(&cx, Mode::Test).await;
    served.api(&key, "POST", "/v1/evidence", &[], "abc").await;
    let made = served.post_receipt(&key, None, &format!(r#"{{"evidence":[{{"sha256":"{ABC}"}}]}}"#)).await.json();
    let (id, file) = (made["id"].as_str().unwrap(), format!("/v1/evidence/{ABC}"));
    assert_eq!(made["evidence"][0]["erased_at"], serde_json::Value::Null);
    for _ in 0..2 {
        let gone = served.api(&key, "DELETE", &file, &[], "").await;
        assert_eq!((gone.status, gone.body.len()), (StatusCode::NO_CONTENT, 0), "as often as one likes");
    }
    assert_eq!(served.api(&key, "GET", &file, &[], "").await.status, StatusCode::NOT_FOUND);
    let receipt = served.api(&key, "GET", &format!("/v1/receipts/{id}"), &[], "").await.json();
    assert_eq!(receipt["evidence"][0]["erased_at"], "2026-11-20T09:30:00Z");
    assert_eq!(receipt["evidence"][0]["sha256"], ABC);
    let page = Request::get(format!("/receipts/{id}")).header("cookie", format!("__Host-certnode={token}"));
    let page = String::from_utf8(served.send(page.body(Body::empty()).unwrap()).await.body).unwrap();
    assert!(page.contains("Erased on ") && !page.contains(&format!("href=\"/evidence/{ABC}")), "{page}");
    let (_, stranger) = served.org("other").await;
    assert_eq!(served.api(&stranger, "DELETE", &file, &[], "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn files_that_are_too_large_empty_or_cut_off_are_refused() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    let large = served.api(&key, "POST", "/v1/evidence", &[], vec![0; (1 << 20) + 1]).await;
    assert_eq!((large.status.as_u16(), large.json()["code"].as_str()), (413, Some("too_large")));
    assert_eq!(served.api(&key, "POST", "/v1/evidence", &[], vec![0; 1 << 20]).await.status, StatusCode::CREATED);
    let empty = served.api(&key, "POST", "/v1/evidence", &[], "").await;
    assert_eq!((empty.status.as_u16(), empty.json()["param"].as_str()), (422, Some("body")));
    let parts = [Ok("abc"), Err(std::io::Error::other("the peer went away"))];
    let cut = Body::from_stream(futures::stream::iter(parts));
    let cut = served.api(&key, "POST", "/v1/evidence", &[], cut).await;
    assert_eq!((cut.status.as_u16(), cut.json()["code"].as_str()), (400, Some("body_unread")));
    assert_eq!(served.api(&key, "GET", &format!("/v1/evidence/{ABC}"), &[], "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_page_lists_the_files_and_how_to_check_them() {
    let served = Served::new().await;
    let token = served.world.org_token("acme").await;
    let cx = domain::accounts::authenticate(&served.world.domain, &token, served.world.request()).await.unwrap();
    let key = served.world.key(&cx, Mode::Test).await;
    served.api(&key, "POST", "/v1/evidence", &[("content-type", "application/pdf")], "abc").await;
    let made = served.post_receipt(&key, None, &format!(r#"{{"evidence":[{{"sha256":"{ABC}"}}]}}"#)).await.json();
    let get = async |path: String, token: &str| {
        let request = Request::get(path).header("cookie", format!("__Host-certnode={token}"));
        served.send(request.body(Body::empty()).unwrap()).await
    };
    let page = get(format!("/receipts/{}", made["id"].as_str().unwrap()), &token).await;
    let page = String::from_utf8(page.body).unwrap();
    assert!(page.contains(&format!("/evidence/{ABC}")) && page.contains("sha256sum"), "{page}");
    assert_eq!(get(format!("/evidence/{ABC}"), &token).await.body, b"abc");
    let stranger = served.world.org_token("stranger").await;
    for token in [stranger.as_str(), "nobody"] {
        let refused = get(format!("/evidence/{ABC}"), token).await.status;
        assert!(refused == StatusCode::NOT_FOUND || refused == StatusCode::UNAUTHORIZED, "{refused}");
    }
}
