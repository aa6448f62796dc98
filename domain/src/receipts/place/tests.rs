#![expect(clippy::unwrap_used, reason = "tests")]

use futures::TryStreamExt as _;

use crate::context::Cx;
use crate::page::Page;
use crate::receipts::{Filter, NewReceipt, Summary, issue_many, life, list, neighbours, walk};
use crate::testing::World;

const ORDERS: [&str; 6] = ["issued", "-issued", "happened", "-happened", "amount", "-amount"];

/// Receipts of which several share a day or an amount, and of which none happened when it was signed.
async fn issue(cx: &Cx, count: usize) {
    let new = |n: usize| {
        let (day, value) = (1 + n % 9, n * 7 % 31);
        let body = format!(
            r#"{{"occurred_at":"1999-11-{day:02}T00:00:00.123456Z","amount":{{"value":"{value}.00","currency":"USD"}}}}"#
        );
        NewReceipt::from_json(body.as_bytes()).unwrap()
    };
    let wanted = (0..count).map(|n| (new(n), format!("key-{n}"))).collect();
    assert!(issue_many(cx, wanted).await.unwrap().iter().all(Result::is_ok));
}

/// By currency too, which leaves out what was erased, and the records of it.
fn dollars(sort: &str) -> Filter {
    Filter { sort: Some(sort.to_owned()), currency: Some("USD".to_owned()), ..Filter::default() }
}

async fn walked(cx: &Cx, filter: &Filter) -> Vec<Summary> {
    walk(cx, filter, None).await.unwrap().try_concat().await.unwrap()
}

#[tokio::test]
async fn a_list_is_walked_to_its_end_though_the_row_it_is_at_is_erased() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    issue(&acme, 2_040).await;
    for sort in ORDERS {
        let filter = dollars(sort);
        let whole = walked(&acme, &filter).await;
        let mut rows = walk(&acme, &filter, None).await.unwrap();
        let first = rows.try_next().await.unwrap().unwrap();
        let last = first.last().unwrap().id;
        life::erase(&acme, last, "asked to").await.unwrap();
        let rest = rows.try_concat().await.unwrap();
        assert!(whole.len() > 2_030 && first == whole[..first.len()], "{sort}");
        assert!(rest == whole[first.len()..], "{sort}: {} of {}", rest.len(), whole.len() - first.len());
    }
}

#[tokio::test]
async fn a_cursor_stays_where_it_was_though_its_receipt_is_erased() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    issue(&acme, 40).await;
    for sort in ORDERS {
        let filter = dollars(sort);
        let whole = walked(&acme, &filter).await;
        let first = list(&acme, &filter, &Page { limit: 10, ..Page::default() }).await.unwrap();
        let at = Page { limit: 100, after: first.next.clone(), before: None };
        life::erase(&acme, whole[9].id, "asked to").await.unwrap();
        let rest = list(&acme, &filter, &at).await.unwrap();
        assert_eq!(rest.data, whole[10..], "{sort}: what follows");
        let back = Page { limit: 100, after: None, before: first.next };
        assert_eq!(list(&acme, &filter, &back).await.unwrap().data, whole[..9], "{sort}: what came before");
        // The bare id: where it stood can be told from the id alone, or not at all.
        let bare = whole[9].id.to_string();
        let after = Page { limit: 100, after: Some(bare.clone()), before: None };
        let (listed, walked) = (list(&acme, &filter, &after).await, walk(&acme, &filter, Some(&bare)).await);
        if sort.ends_with("issued") {
            assert_eq!(listed.unwrap().data, whole[10..], "{sort}");
            assert_eq!(walked.unwrap().try_concat().await.unwrap(), whole[10..], "{sort}");
        } else {
            assert_eq!(listed.unwrap_err().fields[0].location, "after", "{sort}");
            assert_eq!(walked.err().unwrap().fields[0].location, "after", "{sort}");
            // One that is as it was is a place as before.
            let after = Page { after: Some(whole[12].id.to_string()), ..after };
            assert_eq!(list(&acme, &filter, &after).await.unwrap().data, whole[13..], "{sort}");
        }
        let beside = neighbours(&acme, whole[9].id, &filter).await.unwrap();
        assert_eq!(beside.next.is_none() && beside.previous.is_none(), sort.ends_with("amount"), "{sort}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    issue(&acme, 3).await;
    let page = Page { limit: 1, ..Page::default() };
    let amount = list(&acme, &dollars("amount"), &page).await.unwrap().next.unwrap();
    let id = amount.split_once('.').unwrap().0;
    let far = format!("{id}.h{}", i64::MIN);
    for (sort, cursor) in [
        ("happened", &*amount),
        ("issued", &amount),
        ("amount", &format!("{id}.a")),
        ("amount", &format!("{id}.ä1")),
        ("happened", &format!("{id}.hx")),
        ("happened", &far),
        ("amount", "rcpt_none.a1"),
    ] {
        let after = Page { after: Some(cursor.to_owned()), ..page.clone() };
        let refused = list(&acme, &dollars(sort), &after).await.unwrap_err();
        assert_eq!((refused.status, &*refused.fields[0].code), (422, "cursor"), "{sort} {cursor}");
    }
}
