//! The REST API.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use ledger::verify::verify;

use super::Served;

const ORDER: &str = r#"{"kind":"transaction","reference":"order-1","occurred_at":"2026-11-20T09:00:00Z","amount":{"value":"11.77","currency":"USD"},"data":{"cds":2}}"#;

#[tokio::test]
async fn a_receipt_comes_back_with_its_proof_and_verifies_as_a_file() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    let made = served.post_receipt(&key, None, ORDER).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let receipt = made.json();
    assert_eq!(receipt["payload"]["amount"], serde_json::json!({"currency": "USD", "value": "11.77"}));
    assert!(receipt["proof"]["checkpoint"].as_str().unwrap().starts_with("log.example/t/"));
    let id = receipt["id"].as_str().unwrap();
    assert_eq!(made.header("location"), format!("/v1/receipts/{id}"));
    let file = served.api(&key, "GET", &format!("/v1/receipts/{id}/bundle"), &[], Body::empty()).await;
    assert_eq!(file.header("content-disposition"), format!("attachment; filename=\"{id}.certnode\""));
    let report = verify(&file.body, None);
    assert!(report.is_verified(), "{:?}", report.steps);
    let listed = served
        .api(&key, "GET", "/v1/receipts?search=order-1&currency=USD&min=11&max=12", &[], Body::empty())
        .await
        .json();
    assert_eq!(listed["data"][0]["id"], id);
    assert_eq!(listed["has_more"], false);
}

#[tokio::test]
async fn the_same_key_gives_the_same_bytes_and_other_content_is_refused() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    let first = served.post_receipt(&key, Some("k-1"), ORDER).await;
    let again = served.post_receipt(&key, Some("k-1"), ORDER).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (StatusCode::CREATED, "true"));
    assert_eq!(first.body, again.body);
    let other = served.post_receipt(&key, Some("k-1"), &ORDER.replace("11.77", "11.78")).await;
    assert_eq!((other.status, other.json()["code"].as_str()), (StatusCode::CONFLICT, Some("idempotency_conflict")));
}

#[tokio::test]
async fn the_same_content_gives_the_same_bytes_where_that_is_asked_for() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    let issue = async |path: &'static str, headers: &'static [(&'static str, &'static str)]| {
        served.api(&key, "POST", path, headers, ORDER).await
    };
    let first = issue("/v1/receipts?idempotent=content", &[]).await;
    let again = issue("/v1/receipts?idempotent=content", &[]).await;
    assert_eq!((first.status, again.header("idempotent-replayed")), (StatusCode::CREATED, "true"));
    assert_eq!(first.body, again.body);
    assert_ne!(issue("/v1/receipts", &[]).await.json()["id"], first.json()["id"]);
    let both = issue("/v1/receipts?idempotent=content", &[("idempotency-key", "k")]).await;
    for refused in [both, issue("/v1/receipts?idempotent=body", &[]).await] {
        let refusal = refused.json();
        assert_eq!((refused.status.as_u16(), refusal["errors"][0]["location"].as_str()), (422, Some("idempotent")));
    }
}

#[tokio::test]
async fn an_atomic_batch_is_issued_whole_or_refused_whole_with_the_places_named() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    let issue = async |body: String| served.api(&key, "POST", "/v1/receipts/batch", &[], body).await;
    let body = |second: &str| {
        format!(
            r#"{{"atomic":true,"receipts":[{{"idempotency_key":"a"}},{second},{{"idempotent":"content","reference":"c"}}]}}"#
        )
    };
    let refused = issue(body(r#"{"kind":"Nothing like it"}"#)).await;
    let problem = refused.json();
    assert_eq!((refused.status.as_u16(), problem["code"].as_str()), (422, Some("batch_refused")));
    assert_eq!(problem["errors"][0]["location"], "receipts[1].kind");
    let log = served.api(&key, "GET", "/v1/receipts", &[], Body::empty()).await.json();
    assert_eq!(log["data"].as_array().unwrap().len(), 0, "nothing was issued");
    let issued = issue(body("{}")).await;
    assert_eq!(issued.status, StatusCode::OK);
    let issued = issued.json();
    let indices: Vec<_> = (0..3).map(|n| issued["data"][n]["receipt"]["proof"]["log_index"].clone()).collect();
    assert_eq!(indices, [1, 2, 3]);
    let again = issue(body(r#"{"idempotency_key":"b"}"#)).await.json();
    assert_eq!(again["data"][0], {
        let mut first = issued["data"][0].clone();
        first["replayed"] = true.into();
        first
    });
    assert_eq!(again["data"][1]["receipt"]["proof"]["log_index"], 4);
    let many = format!(r#"{{"atomic":true,"receipts":[{}]}}"#, vec!["{}"; 257].join(","));
    assert!(issue(many).await.json()["errors"][0]["message"].as_str().unwrap().contains("256"));
}

#[tokio::test]
async fn refusals_are_problems_that_say_where() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    for (body, code) in
        [("", "invalid_json"), ("[]", "invalid_json"), (r#"{"amount":{"value":"1","currency":"usd"}}"#, "invalid")]
    {
        let refused = served.post_receipt(&key, None, body).await;
        assert_eq!(
            (refused.status, refused.json()["code"].as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, Some(code)),
            "{body}"
        );
        assert_eq!(refused.header("content-type"), "application/problem+json");
    }
    let refused = served.post_receipt(&key, None, r#"{"amount":{"value":"1.234","currency":"USD"}}"#).await.json();
    assert_eq!(refused["errors"][0]["location"], "amount.value");
    let large = served.post_receipt(&key, None, &"x".repeat(10 << 20)).await;
    assert_eq!((large.status, large.json()["code"].as_str()), (StatusCode::PAYLOAD_TOO_LARGE, Some("too_large")));
    let bad_key = served.post_receipt(&key, Some(&"k".repeat(256)), ORDER).await;
    assert_eq!(bad_key.json()["errors"][0]["location"], "Idempotency-Key");
    let wrong = served.api(&key, "DELETE", "/v1/receipts", &[], Body::empty()).await;
    assert_eq!((wrong.status, wrong.json()["code"].as_str()), (StatusCode::METHOD_NOT_ALLOWED, Some("wrong_method")));
    for path in [
        "/v1/nothing",
        "/v1/receipts/rcpt_nothing",
        "/v1/receipts?limit=many",
        "/v1/receipts?after=x",
        "/v1/receipts?from=yesterday",
    ] {
        let refused = served.api(&key, "GET", path, &[], Body::empty()).await;
        assert!(refused.status.is_client_error(), "{path}");
        assert_eq!(refused.header("content-type"), "application/problem+json", "{path}");
    }
}

#[tokio::test]
async fn odd_text_comes_back_as_it_was_sent() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    for text in [
        "<script>alert(1)</script>",
        "'; drop table receipts; --",
        "=cmd|' /C calc'!A0",
        "Ünï 😀 \u{202e}abc",
        "\u{200b}",
        "  spaced  ",
    ] {
        let body = serde_json::json!({ "reference": text, "data": { "words": text, text: "name" } }).to_string();
        let made = served.post_receipt(&key, None, &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{text:?}");
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let read = served.api(&key, "GET", &format!("/v1/receipts/{id}"), &[], Body::empty()).await.json();
        assert_eq!(read["reference"], text);
        assert_eq!(read["payload"]["data"]["words"], text);
    }
    let negative = served.post_receipt(&key, None, r#"{"amount":{"value":"-5.00","currency":"EUR"}}"#).await;
    assert_eq!(negative.json()["amount"]["value"], "-5.00");
}

#[tokio::test]
async fn test_and_live_do_not_mix() {
    let served = Served::new().await;
    let (owner, test) = served.org("acme").await;
    let live = served.world.key(&owner, domain::Mode::Live).await;
    let id = served.post_receipt(&test, None, ORDER).await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        served.api(&live, "GET", &format!("/v1/receipts/{id}"), &[], Body::empty()).await.status,
        StatusCode::NOT_FOUND
    );
    let logs = [&test, &live]
        .map(|key| async { served.api(key, "GET", "/v1/log", &[], Body::empty()).await.json()["origin"].clone() });
    let [test_log, live_log] = logs;
    assert_ne!(test_log.await, live_log.await);
}

#[tokio::test]
async fn an_import_is_accepted_and_seen_by_its_owner_only() {
    let served = Served::new().await;
    let ((_, key), (_, other)) = (served.org("acme").await, served.org("other").await);
    let query = "/v1/imports?name=orders.csv&map=reference%3Dorder&map=amount%3Dtotal&map=currency%3DEUR";
    let import = served.api(&key, "POST", query, &[], "order,total\nA,1\n").await;
    assert_eq!(import.status, StatusCode::ACCEPTED);
    let path = format!("/v1/imports/{}", import.json()["id"].as_str().unwrap());
    assert_eq!(served.api(&key, "GET", &path, &[], Body::empty()).await.json()["rows_total"], 1);
    assert_eq!(served.api(&other, "GET", &path, &[], Body::empty()).await.status, StatusCode::NOT_FOUND);
    let refused = served.api(&key, "POST", "/v1/imports?map=colour%3Dblue", &[], "a\n1\n").await;
    assert_eq!(refused.json()["errors"][0]["location"], "map");
}

#[tokio::test]
async fn the_checked_in_document_is_the_handlers_own() {
    assert!(server::v1::openapi() == include_str!("../../../docs/openapi.json"), "run `make gen`");
    let served = Served::new().await;
    let document = served.send(Request::get("/v1/openapi.json").body(Body::empty()).unwrap()).await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
}

#[tokio::test]
async fn the_whole_log_can_be_fetched_as_tiles_and_checked() {
    use ledger::checkpoint::Checkpoint;
    use ledger::hash::leaf_hash;
    use ledger::note::{Note, VerifierKey};
    use ledger::tile::{TileId, decode_entries, entries_path, tiles_of};
    use ledger::tree::Frontier;

    let served = Served::new().await;
    let ((acme, key), (_, other)) = (served.org("acme").await, served.org("other").await);
    let new = |n: u32| {
        let body = format!(r#"{{"reference":"order-{n}"}}"#);
        (domain::receipts::NewReceipt::from_json(body.as_bytes()).unwrap(), format!("key-{n}"))
    };
    domain::receipts::issue_many(&acme, (0..600).map(new).collect()).await.unwrap();
    let get =
        async |key: &str, path: &str| served.api(key, "GET", &format!("/v1/log/{path}"), &[], Body::empty()).await;
    let note = String::from_utf8(get(&key, "checkpoint").await.body).unwrap();
    let head = served.api(&key, "GET", "/v1/log", &[], Body::empty()).await.json();
    // As it was signed, and a line by somebody whom nobody knows, so that readers learn to skip those.
    assert!(note.starts_with(head["checkpoint"].as_str().unwrap()) && note.contains("grease.invalid/"), "{note}");
    let note = Note::parse(&note).unwrap();
    note.verify(&[head["log_key"].as_str().unwrap().parse::<VerifierKey>().unwrap()]).unwrap();
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    assert_eq!(checkpoint.size, 601);

    let mut frontier = Frontier::empty();
    for (index, width) in [(0, 256_u16), (1, 256), (2, 89)] {
        let bundle = get(&key, &entries_path(index, width)).await;
        let hashes: Vec<_> = decode_entries(&bundle.body).unwrap().into_iter().map(leaf_hash).collect();
        let tile = get(&key, &TileId { level: 0, index, width }.path()).await;
        assert_eq!(tile.body, hashes.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>());
        assert!(tile.header("cache-control").contains("immutable"));
        hashes.into_iter().for_each(|hash| frontier.push(hash));
    }
    assert_eq!(frontier.root(), checkpoint.root, "the entries are what the log signed");
    for tile in tiles_of(601) {
        assert_eq!(get(&key, &tile.path()).await.body.len(), usize::from(tile.width) * 32, "{}", tile.path());
    }
    assert_eq!(get(&key, "tile/0/000.p/7").await.body, get(&key, "tile/0/000").await.body[..7 * 32]);
    for path in [
        "tile/0/002",
        "tile/0/002.p/90",
        "tile/0/2.p/1",
        "tile/1/000.p/3",
        "tile/64/000.p/1",
        "tile/entries/003.p/1",
        "tile/x",
    ] {
        assert_eq!(get(&key, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(get(&other, "tile/0/000.p/1").await.status, StatusCode::NOT_FOUND, "another's log is another log");
    assert_eq!(get("cn_test_no", "checkpoint").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_batch_has_a_result_for_each_and_one_refusal_leaves_the_others() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    let post = async |body: String| served.api(&key, "POST", "/v1/receipts/batch", &[], body).await;
    let body = r#"{"receipts":[
        {"idempotency_key":"a","reference":"order-1"},
        {"amount":{"value":"1.234","currency":"USD"}},
        {"idempotency_key":"a","reference":"order-1"},
        {"idempotency_key":"a","reference":"other"},
        {"idempotency_key":"","reference":"order-2"},
        7,
        {"reference":"order-3"}]}"#;
    let answer = post(body.to_owned()).await;
    assert_eq!(answer.status, StatusCode::OK);
    let results = answer.json();
    let statuses: Vec<_> = (0..7).map(|n| results["data"][n]["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 422, 201, 409, 422, 422, 201]);
    assert_eq!(results["data"][0]["receipt"], results["data"][2]["receipt"], "the same key gives the same receipt");
    assert_eq!(results["data"][2]["replayed"], true);
    assert_eq!(results["data"][1]["problem"]["errors"][0]["location"], "amount.value");
    assert_eq!(results["data"][1]["problem"]["request_id"], answer.header("request-id"));
    let last = results["data"][6]["receipt"]["id"].as_str().unwrap();
    let file = served.api(&key, "GET", &format!("/v1/receipts/{last}/bundle"), &[], Body::empty()).await;
    assert!(verify(&file.body, None).is_verified());

    let many = |n: usize| format!(r#"{{"receipts":[{}]}}"#, vec!["{}"; n].join(","));
    assert_eq!(post(many(1000)).await.json()["data"].as_array().unwrap().len(), 1000);
    for refused in [many(1001), many(0), "{}".to_owned(), "[]".to_owned(), r#"{"receipts":[{}],"more":1}"#.to_owned()] {
        assert_eq!(post(refused).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(served.api(&key, "GET", "/v1/log", &[], Body::empty()).await.json()["receipts"], 1002);
}

#[tokio::test]
async fn anyone_may_read_the_root_log_and_find_a_receipts_log_in_it() {
    use ledger::checkpoint::Checkpoint;
    use ledger::note::Note;
    use ledger::tile::decode_entries;

    let served = Served::new().await;
    let get = async |path: &str| served.send(Request::get(path).body(Body::empty()).unwrap()).await;
    assert_eq!(get("/log/checkpoint").await.status, StatusCode::NOT_FOUND, "nothing was anchored yet");
    let (_, key) = served.org("acme").await;
    let receipt = served.post_receipt(&key, None, ORDER).await.json();
    domain::anchors::anchor(&served.world.domain).await.unwrap();

    let answer = get("/log/checkpoint").await;
    assert_eq!(
        (answer.header("access-control-allow-origin"), answer.header("cache-control")),
        ("*", "public, max-age=1")
    );
    assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin");
    let note = Note::parse(std::str::from_utf8(&answer.body).unwrap()).unwrap();
    assert_eq!(Checkpoint::parse(note.text()).unwrap().size, 2);
    let entries = get("/log/tile/entries/000.p/2").await.body;
    let anchored = std::str::from_utf8(decode_entries(&entries).unwrap()[1]).unwrap();
    assert!(receipt["proof"]["checkpoint"].as_str().unwrap().starts_with(anchored), "its checkpoint is an entry");
    assert_eq!(get("/log/tile/0/000.p/2").await.body.len(), 64);
    assert_eq!(get("/log/tile/0/000.p/3").await.status, StatusCode::NOT_FOUND);

    let id = receipt["id"].as_str().unwrap();
    let file = served.api(&key, "GET", &format!("/v1/receipts/{id}/bundle"), &[], Body::empty()).await;
    let report = verify(&file.body, None);
    let anchor = report.steps.iter().find(|step| step.id == "anchor").unwrap();
    assert!(report.is_verified() && anchor.outcome == ledger::verify::Outcome::Passed, "{:?}", report.steps);
}
