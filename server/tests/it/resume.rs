//! What broke off is taken up again: a period's archive, by its ETag.

use axum::body::Body;
use axum::http::StatusCode;

use super::{Answer, Served};

const DAY: &str = "/v1/receipts/export?from=2026-11-20&until=2026-11-20";

async fn ask(served: &Served, key: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    served.api(key, "GET", path, headers, Body::empty()).await
}

fn verified(bytes: &[u8]) -> u64 {
    let mut verification = ledger::period::PeriodVerification::new(None);
    verification.push(bytes);
    let found = verification.finish();
    assert!(found.is_verified(), "{:?}", found.steps);
    found.receipts
}

async fn issue(served: &Served, key: &str, count: usize) {
    for n in 0..count {
        let made = served.post_receipt(key, None, &format!(r#"{{"reference":"order-{n}"}}"#)).await;
        assert_eq!(made.status, StatusCode::CREATED);
    }
}

#[tokio::test]
async fn an_archive_that_broke_off_goes_on_though_the_log_grew() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    issue(&served, &key, 20).await;
    domain::anchors::anchor(&served.world.domain).await.unwrap();
    let whole = ask(&served, &key, DAY, &[]).await;
    let etag = whole.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "strong: {etag}");
    assert_eq!((whole.status, whole.header("accept-ranges")), (StatusCode::OK, "bytes"));
    assert_eq!(whole.header("content-length"), whole.body.len().to_string());
    let pinned = whole.header("content-location").to_owned();
    let at = format!("{DAY}&at={}", etag.trim_matches('"'));
    assert_eq!(pinned, at);
    issue(&served, &key, 5).await;
    domain::anchors::anchor(&served.world.domain).await.unwrap();

    let length = whole.body.len();
    for cut in [0, 1, 511, 512, length / 2, length - 1] {
        let range = format!("bytes={cut}-");
        // A browser says which bytes it has; curl -C - says so by the address.
        for (path, headers) in [
            (DAY, vec![("range", range.as_str()), ("if-range", &etag)]),
            (&pinned, vec![("range", &range)]),
            (&pinned, vec![("range", &range), ("if-range", &etag)]),
        ] {
            let rest = ask(&served, &key, path, &headers).await;
            assert_eq!(rest.status, StatusCode::PARTIAL_CONTENT, "{path} {cut}");
            assert_eq!(rest.header("content-range"), format!("bytes {cut}-{}/{length}", length - 1));
            assert_eq!((rest.header("content-length"), rest.header("etag")), (&*(length - cut).to_string(), &*etag));
            assert!([&whole.body[..cut], &rest.body].concat() == whole.body, "{path} {cut}");
        }
    }
    assert_eq!(verified(&whole.body), 20);
    let complete = ask(&served, &key, &pinned, &[("range", &format!("bytes={length}-"))]).await;
    assert_eq!(complete.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(complete.header("content-range"), format!("bytes */{length}"));
    let head = served.api(&key, "HEAD", &pinned, &[], Body::empty()).await;
    assert_eq!((head.header("etag"), head.body.len()), (&*etag, 0), "the address can be asked for alone");
    assert_eq!(head.header("content-length"), length.to_string());
}

#[tokio::test]
async fn what_arrived_is_never_gone_on_with_by_other_bytes() {
    let served = Served::new().await;
    let (owner, key) = served.org("acme").await;
    issue(&served, &key, 10).await;
    let whole = ask(&served, &key, DAY, &[]).await;
    let (etag, pinned) = (whole.header("etag").to_owned(), whole.header("content-location").to_owned());
    let range = ("range", "bytes=100-");
    let weak = format!("W/{etag}");
    let other = etag.replace('.', ".1");
    // Without a word of which bytes arrived, with another's, and with ranges that are not of this kind: the whole.
    for headers in [
        vec![range],
        vec![range, ("if-range", "Wed, 21 Oct 2026 07:28:00 GMT")],
        vec![range, ("if-range", &weak)],
        vec![range, ("if-range", &other)],
        vec![("range", "bytes=-100"), ("if-range", &etag)],
        vec![("range", "bytes=1-2"), ("if-range", &etag)],
        vec![("range", "bytes=1-2,5-6"), ("if-range", &etag)],
        vec![("range", "bytes=99999999999999999999999-"), ("if-range", &etag)],
        vec![("range", "lines=3-"), ("if-range", &etag)],
    ] {
        let answer = ask(&served, &key, DAY, &headers).await;
        assert_eq!((answer.status, answer.body == whole.body), (StatusCode::OK, true), "{headers:?}");
    }
    let answer = ask(&served, &key, &pinned, &[range, ("if-range", &other)]).await;
    assert_eq!((answer.status, answer.body == whole.body), (StatusCode::OK, true), "the address and the tag disagree");

    // Contents were erased meanwhile: the same bytes cannot be made any more.
    let id = served.read_first(&owner).await;
    domain::receipts::life::erase(&owner, id, "asked to").await.unwrap();
    for (path, headers) in [(DAY, vec![range, ("if-range", &*etag)]), (&pinned, vec![range])] {
        let answer = ask(&served, &key, path, &headers).await;
        assert_eq!((answer.status, answer.header("content-range")), (StatusCode::OK, ""), "{path}");
        assert_ne!(answer.header("etag"), etag);
        assert_eq!(verified(&answer.body), 11, "with the record of the erasure");
    }
    let (_, stranger) = served.org("other").await;
    let refused = ask(&served, &stranger, &pinned, &[range]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "nothing was issued in the stranger's log");
}

impl Served {
    async fn read_first(&self, cx: &domain::context::Cx) -> domain::id::ReceiptId {
        let filter = domain::receipts::Filter { sort: Some("issued".to_owned()), ..Default::default() };
        domain::receipts::list(cx, &filter, &domain::page::Page::default()).await.unwrap().data[0].id
    }
}
