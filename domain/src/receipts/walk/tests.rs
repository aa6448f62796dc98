#![expect(clippy::unwrap_used, reason = "tests")]

use futures::TryStreamExt as _;

use super::*;
use crate::receipts::{NewReceipt, issue_many};
use crate::testing::World;

async fn issue(cx: &Cx, count: usize, name: &str) {
    let new = |n| NewReceipt::from_json(format!(r#"{{"reference":"{name}-{n}"}}"#).as_bytes()).unwrap();
    let wanted = (0..count).map(|n| (new(n), format!("{name}-{n}"))).collect();
    assert!(issue_many(cx, wanted).await.unwrap().iter().all(Result::is_ok));
}

async fn ids(cx: &Cx, filter: &Filter, after: Option<&str>) -> Vec<String> {
    let chunks: Vec<Vec<Summary>> = walk(cx, filter, after).await.unwrap().try_collect().await.unwrap();
    chunks.concat().into_iter().map(|summary| summary.id.to_string()).collect()
}

#[tokio::test]
async fn a_list_is_walked_whole_and_taken_up_again_from_any_row() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    issue(&acme, 2 * CHUNK, "a").await;
    issue(&acme, 3, "b").await;
    issue(&other, 5, "c").await;
    for sort in ["-issued", "issued", "-happened"] {
        let filter = Filter { sort: Some(sort.to_owned()), ..Filter::default() };
        let whole = ids(&acme, &filter, None).await;
        let mut distinct = whole.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!((whole.len(), distinct.len()), (2 * CHUNK + 3, 2 * CHUNK + 3), "{sort}");
        for at in [0, CHUNK - 1, CHUNK, whole.len() - 1] {
            assert_eq!(ids(&acme, &filter, Some(&whole[at])).await, whole[at + 1..], "{sort} {at}");
        }
    }
    let one = Filter { search: Some("b-1".to_owned()), ..Filter::default() };
    assert_eq!(ids(&acme, &one, None).await.len(), 1);
    assert_eq!(ids(&acme, &Filter { search: Some("none".to_owned()), ..one }, None).await.len(), 0);
}

#[tokio::test]
async fn what_cannot_be_walked_is_refused_before_it_begins() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    issue(&other, 1, "c").await;
    let theirs = ids(&other, &Filter::default(), None).await;
    let place = async |filter: &Filter, after: Option<&str>| {
        let problem = walk(&acme, filter, after).await.err().unwrap();
        (problem.status, problem.fields[0].location.clone())
    };
    let all = Filter::default();
    assert_eq!(place(&all, Some("rcpt_none")).await, (422, "after".to_owned()));
    assert_eq!(
        place(&all, Some(&theirs[0])).await,
        (422, "after".to_owned()),
        "another's receipt is no place in a list"
    );
    let sort = Filter { sort: Some("colour".to_owned()), ..all };
    assert_eq!(place(&sort, None).await, (422, "sort".to_owned()));
}
