#![expect(clippy::unwrap_used, reason = "tests")]

use domain::money::Money;
use domain::receipts::life::{Erasure, Life};
use domain::receipts::{Proof, Ref, Standing, Status, Summary};
use domain::{Mode, logs};
use time::macros::datetime;

use super::*;

fn sample(reference: &str, payload: &str) -> Receipt {
    let issued_at = datetime!(2026-11-20 09:30:01.204 UTC);
    Receipt {
        summary: Summary {
            id: "rcpt_01kaqm7n4ef8zs9v0yq2p3r5tw".parse().unwrap(),
            kind: "transaction".to_owned(),
            reference: Some(reference.to_owned()),
            occurred_at: issued_at,
            issued_at,
            amount: Some(Money { minor: 4_990, currency: "EUR".to_owned() }),
            log_index: 41,
            state: State::Witnessed,
            standing: Standing::Active,
        },
        mode: Mode::Test,
        status: Status { anchored: None, witnesses: vec!["w1".to_owned(), "w3".to_owned()], asked: 3 },
        life: Life::default(),
        evidence: Vec::new(),
        payload: Some(payload.to_owned()),
        salt: None,
        statement: "{}".to_owned(),
        proof: Proof {
            origin: "log.example/t/0123456789abcdef0123456789abcdef".to_owned(),
            log_index: 41,
            leaf_hash: "ab".repeat(32),
            tree_size: 100,
            hashes: Vec::new(),
            checkpoint: String::new(),
            keys: logs::Keys { log: "log.example/t/01+aabbccdd+AQIDBAUG".to_owned(), issuing: "issuer".to_owned() },
        },
    }
}

fn link() -> Link {
    Link { url: "https://certnode.example/r/1111111111111111111111".to_owned(), shared: true }
}

fn paper(reference: &str, payload: &str) -> Vec<u8> {
    receipt(&sample(reference, payload), b"{\"format\":\"certnode/bundle/v1\"}", &link()).unwrap()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_receipt_is_one_page_with_the_bundle_attached() {
    let pdf = paper("order-1001", r#"{"data":{"customer":"Ada Example"},"kind":"transaction"}"#);
    assert!(pdf.starts_with(b"%PDF-1.7") && pdf.len() < 120_000, "{} bytes", pdf.len());
    assert!(contains(&pdf, "/Count 1") && contains(&pdf, "rcpt_01kaqm7n4ef8zs9v0yq2p3r5tw.certnode"));
    assert!(contains(&pdf, "EmbeddedFile") && contains(&pdf, "pdfaid:part"), "an attachment, in an archival file");
}

#[test]
fn words_of_any_script_make_a_page() {
    for words in [
        "Ünï Ελληνικά Русский",
        "שלום 12 world",
        "فاتورة رقم ٤٢",
        "領収書 😀",
        "\u{202e}abc\u{200b}",
        "",
        &"x".repeat(5_000),
    ] {
        let payload = serde_json::json!({ "data": { "words": words, words: vec![words; 60] } }).to_string();
        let pdf = paper(words, &payload);
        assert!(contains(&pdf, "/Count 1") && contains(&pdf, "pdfaid:part"), "{words}");
    }
}

#[test]
fn a_page_without_contents_says_when_they_were_erased_by_whom_and_why() {
    let mut erased = sample("order-1001", "{}");
    erased.payload = None;
    let record = "rcpt_01kaqm7n4ef8zs9v0yq2p3r5tx".parse().unwrap();
    let at = datetime!(2026-11-21 10:00 UTC);
    let said = |by: &str, reason: &str, record| {
        let erasure = Erasure { erased_at: at, erased_by: by.to_owned(), reason: reason.to_owned(), record };
        super::erased(&Receipt {
            life: Life { erasure: Some(erasure), ..Life::default() },
            ..sample("order-1001", "{}")
        })
    };
    assert_eq!(
        said("Ada Example", "asked to", Some(record)),
        "The contents were erased on 2026-11-21 10:00:00 UTC by Ada Example, because: “asked to”. What was signed about them still \
        holds. The record of it is the receipt rcpt_01kaqm7n4ef8zs9v0yq2p3r5tx."
    );
    assert_eq!(
        said("", "", None),
        "The contents were erased on 2026-11-21 10:00:00 UTC. What was signed about them still holds.",
        "the record of it was erased too"
    );
    let long = Erasure { erased_at: at, erased_by: "A".repeat(200), reason: "why ".repeat(250), record: Some(record) };
    erased.life.erasure = Some(long);
    let pdf = receipt(&erased, b"{}", &link()).unwrap();
    assert!(contains(&pdf, "/Count 1") && contains(&pdf, "pdfaid:part"));
    assert!(facts(&erased).iter().all(|(name, _)| *name != "Happened"), "which is one of the contents");
}

#[test]
fn a_page_names_the_receipts_that_it_is_about() {
    let id = |last: char| format!("rcpt_01kaqm7n4ef8zs9v0yq2p3r5t{last}");
    let refer = |last, relation| Ref { id: id(last).parse().unwrap(), relation };
    let named = |kind: &str, refs: Vec<Ref>, referred_by: Vec<Ref>| {
        let mut about = sample("order-1001", "{}");
        kind.clone_into(&mut about.summary.kind);
        about.life = Life { refs, referred_by, erasure: None };
        others(&about)
    };
    assert_eq!(named("revocation", vec![refer('a', Relation::Revokes)], vec![]), [("Revokes", id('a'))]);
    assert_eq!(named("payload_erased", vec![refer('b', Relation::RelatesTo)], vec![]), [("Erasure of", id('b'))]);
    let superseded = named(
        "order",
        vec![refer('a', Relation::RelatesTo), refer('b', Relation::Supersedes)],
        vec![refer('c', Relation::Supersedes)],
    );
    assert_eq!(superseded, [("Superseded by", id('c')), ("Takes the place of", id('b')), ("Has to do with", id('a'))]);
    let many = named("order", "abcdefgh".chars().map(|last| refer(last, Relation::RelatesTo)).collect(), vec![]);
    assert_eq!((many.len(), many[4].1.as_str()), (5, "4 more, which the attached file names"));
}

/// `CERTNODE_PAPER=folder cargo test -p server paper -- --ignored` leaves pages to look at.
#[test]
#[ignore = "for a person to look at"]
fn pages_to_look_at() {
    let folder = std::path::PathBuf::from(option_env!("CERTNODE_PAPER").unwrap_or("/tmp"));
    let payload = r#"{"amount":{"currency":"EUR","value":"49.90"},"data":{"customer":"Ada Ünï Ελληνικά Русский","items":[{"quantity":2,"sku":"cd-4711"}],"note":"שלום 12 world, فاتورة رقم, 領収書"},"kind":"transaction","reference":"order-1001"}"#;
    std::fs::write(folder.join("receipt.pdf"), paper("Order 1001 – Müller & Söhne, فاتورة, 領収書", payload)).unwrap();
}
