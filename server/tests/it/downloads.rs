//! What leaves: files, and links for those without an account.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use ledger::checkpoint::Checkpoint;
use ledger::encoding::from_base64;
use ledger::hash::leaf_hash;
use ledger::note::Note;
use ledger::proof::verify_inclusion;
use ledger::tlog_proof::TlogProof;
use ledger::verify::verify;

use super::{Answer, Served};

const ORDER: &str = r#"{"reference":"secret-42","amount":{"value":"11.77","currency":"USD"}}"#;

impl Served {
    async fn read(&self, key: &str, path: &str) -> Answer {
        self.api(key, "GET", path, &[], Body::empty()).await
    }

    async fn public(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }
}

/// Checks a proof file against its entry, without its signatures; the text of its checkpoint.
fn proved(file: &Answer, entry: &[u8]) -> String {
    let proof = TlogProof::parse(std::str::from_utf8(&file.body).unwrap()).unwrap();
    let note = Note::parse(&proof.checkpoint).unwrap();
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    verify_inclusion(&leaf_hash(entry), proof.index, checkpoint.size, &proof.hashes, &checkpoint.root).unwrap();
    note.text().to_owned()
}

#[tokio::test]
async fn a_receipt_says_its_state_and_its_proofs_lead_on_to_the_root_log() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    let made = served.post_receipt(&key, Some("k"), ORDER).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let path = |name: &str| format!("/v1/receipts/{id}{name}");
    assert_eq!(made.json()["status"], "included");
    let early = served.read(&key, &path("/root-proof")).await;
    assert_eq!((early.status, early.json()["code"].as_str()), (StatusCode::CONFLICT, Some("not_anchored")));
    assert_eq!(early.header("retry-after"), "2");

    domain::anchors::anchor(&served.world.domain).await.unwrap();
    let receipt = served.read(&key, &path("")).await.json();
    assert_eq!((&receipt["status"], &receipt["anchor"]["root_index"]), (&"anchored".into(), &1.into()));
    assert_eq!(served.read(&key, "/v1/receipts").await.json()["data"][0]["status"], "anchored");
    assert_eq!(served.post_receipt(&key, Some("k"), ORDER).await.body, made.body, "what was answered stays the answer");

    let statement = from_base64(receipt["statement"].as_str().unwrap()).unwrap();
    let state = proved(&served.read(&key, &path("/proof")).await, &statement);
    let root = proved(&served.read(&key, &path("/root-proof")).await, state.as_bytes());
    assert!(root.starts_with("log.example/root\n"), "{root}");
    for (name, begins, ending) in [("/cose", b"\xd2\x84".as_slice(), ".cose"), ("/pdf", b"%PDF-1.7", ".pdf")] {
        let file = served.read(&key, &path(name)).await;
        assert!(file.body.starts_with(begins), "{name}");
        assert_eq!(file.header("content-disposition"), format!("attachment; filename=\"{id}{ending}\""));
    }
}

#[tokio::test]
async fn a_period_is_one_file_that_other_tools_open() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    for _ in 0..3 {
        served.post_receipt(&key, None, ORDER).await;
    }
    let file = served.read(&key, "/v1/receipts/export?from=2026-11-20&until=2026-11-20").await;
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"receipts-2026-11-20-to-2026-11-20.tar\"");
    let mut verification = ledger::period::PeriodVerification::new(None);
    verification.push(&file.body);
    let found = verification.finish();
    assert!(found.is_verified() && found.receipts == 3, "{:?}", found.steps);

    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.tar", found.log.replace('/', "-")));
    std::fs::write(&path, &file.body).unwrap();
    let listed = std::process::Command::new("tar").arg("-tf").arg(&path).output().unwrap();
    let names = "period.json\nentries/000000000000.tsv\nmanifest.json\n";
    assert_eq!((String::from_utf8_lossy(&listed.stdout).as_ref(), listed.stderr.is_empty()), (names, true));
    assert!(server::verify::run(&path, None, false).unwrap());
    std::fs::write(&path, &file.body[..file.body.len() - 2_000]).unwrap();
    assert!(!server::verify::run(&path, None, true).unwrap(), "what was cut off is not the whole");
    std::fs::remove_file(&path).unwrap();

    let empty = served.read(&key, "/v1/receipts/export?from=2026-11-21&until=2026-11-22").await;
    assert_eq!(
        (empty.status, empty.json()["errors"][0]["location"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("from"))
    );
}

#[tokio::test]
async fn a_shared_receipt_is_seen_without_an_account_as_far_as_it_is_shared() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    let id = served.post_receipt(&key, None, ORDER).await.json()["id"].as_str().unwrap().to_owned();
    let share = format!("/v1/receipts/{id}/share");
    assert_eq!(served.read(&key, &share).await.json()["url"], serde_json::Value::Null);
    let shared = served.api(&key, "PUT", &share, &[], Body::empty()).await.json();
    assert_eq!(shared["contents"], false);
    let link = shared["url"].as_str().unwrap().split_once("/r/").unwrap().1.to_owned();
    let (page_path, bundle_path, badge_path) =
        (format!("/r/{link}"), format!("/r/{link}/bundle"), format!("/r/{link}/badge.svg"));

    let page = served.public(&page_path).await;
    let text = String::from_utf8(page.body.clone()).unwrap();
    assert_eq!(page.status, StatusCode::OK);
    assert!(text.contains("Verified by this server") && text.contains(&id), "the server says so without JavaScript");
    assert!(!text.contains("secret-42") && !text.contains("acme") && !text.contains("11.77"), "no contents, no tenant");
    assert_eq!((page.header("x-robots-tag"), page.header("referrer-policy")), ("noindex", "no-referrer"));
    let file = served.public(&bundle_path).await;
    assert!(verify(&file.body, None).is_verified() && !String::from_utf8_lossy(&file.body).contains("secret-42"));
    let badge = served.public(&badge_path).await;
    assert_eq!(
        (badge.header("content-type"), badge.header("cross-origin-resource-policy")),
        ("image/svg+xml", "cross-origin")
    );
    assert!(String::from_utf8_lossy(&badge.body).contains("test receipt"));

    let shared = served.api(&key, "PUT", &format!("{share}?contents=true"), &[], Body::empty()).await.json();
    assert!(shared["url"].as_str().unwrap().ends_with(&page_path), "the link stays");
    let text = String::from_utf8(served.public(&page_path).await.body).unwrap();
    assert!(text.contains("secret-42") && !text.contains("acme"));
    let refused = served.api(&key, "PUT", &format!("{share}?contents=maybe"), &[], Body::empty()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);

    let (revoke, why) = (format!("/v1/receipts/{id}/revoke"), r#"{"reason":"entered twice"}"#);
    let revoked = served.api(&key, "POST", &revoke, &[], why).await;
    assert_eq!(revoked.status, StatusCode::CREATED);
    let text = String::from_utf8(served.public(&page_path).await.body).unwrap();
    assert!(text.contains("revoked this receipt") && text.contains("Verified by this server"), "it holds no longer");
    assert!(String::from_utf8_lossy(&served.public(&badge_path).await.body).contains("revoked receipt"));

    // When, for everyone; by whom and why, for nobody here.
    let erased =
        served.api(&key, "DELETE", &format!("/v1/receipts/{id}/payload"), &[], r#"{"reason":"Art. 17"}"#).await;
    assert_eq!(erased.status, StatusCode::OK);
    let text = String::from_utf8(served.public(&page_path).await.body).unwrap();
    assert!(text.contains("The contents were erased on ") && !text.contains("secret-42"), "{text}");
    assert!(!text.contains("Art. 17") && !text.contains("erased_by"), "{text}");

    assert_eq!(served.api(&key, "DELETE", &share, &[], Body::empty()).await.json()["url"], serde_json::Value::Null);
    for path in [page_path.as_str(), &bundle_path, &badge_path, "/r/1111111111111111111111"] {
        let gone = served.public(path).await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!String::from_utf8_lossy(&gone.body).contains(&id), "{path}");
    }
}

#[tokio::test]
async fn a_list_leaves_whole_as_lines_that_say_where_they_end() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    for body in [
        ORDER,
        r#"{"reference":"=HYPERLINK(\"https://evil.example\")"}"#,
        r#"{"kind":"approval","reference":"a, \"b\""}"#,
    ] {
        served.post_receipt(&key, None, body).await;
    }
    let file = served.read(&key, "/v1/receipts.csv?sort=issued").await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"receipts-test-2026-11-20.csv\"");
    let text = String::from_utf8(file.body).unwrap();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines[0], "id,mode,kind,reference,occurred_at,issued_at,amount,currency,status,state,log_index");
    assert!(
        lines[1].contains(",test,transaction,secret-42,2026-11-20T")
            && lines[1].ends_with(",11.77,USD,included,active,1"),
        "{}",
        lines[1]
    );
    assert!(lines[2].contains(",\"'=HYPERLINK(\"\"https://evil.example\"\")\","), "{}", lines[2]);
    assert!(lines[3].contains(",approval,\"a, \"\"b\"\"\","), "{}", lines[3]);
    assert_eq!(lines[4..], ["end,3 rows,,,,,,,,,", ""]);

    // What broke off after the first row is gone on with behind it.
    let first = lines[1].split(',').next().unwrap();
    let rest = served.read(&key, &format!("/v1/receipts.csv?sort=issued&after={first}")).await;
    let expected = format!("{}\r\n{}\r\nend,2 rows,,,,,,,,,\r\n", lines[2], lines[3]);
    assert_eq!(String::from_utf8(rest.body).unwrap(), expected);

    let file = served.read(&key, "/v1/receipts.ndjson?kind=transaction").await;
    assert_eq!(file.header("content-type"), "application/x-ndjson");
    let lines: Vec<serde_json::Value> = file
        .body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let listed = served.read(&key, "/v1/receipts?kind=transaction").await.json();
    assert_eq!(lines[..2], *listed["data"].as_array().unwrap());
    assert_eq!(lines[2..], [serde_json::json!({"object": "end", "rows": 2})]);

    let refused = served.read(&key, "/v1/receipts.csv?sort=colour").await;
    assert_eq!(
        (refused.status, refused.json()["errors"][0]["location"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("sort"))
    );
}
