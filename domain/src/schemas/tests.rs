#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use super::*;
use crate::context::{Actor, Cx};
use crate::permission::Role;
use crate::receipts::{Issued, NewReceipt, issue};
use crate::testing::World;
use crate::{Mode, Problem};

const ORDER: &str = r##"{"properties":{"data":{"required":["sku"],"properties":{"sku":{"$ref":"#/$defs/sku"},
    "größe":{"type":"integer","minimum":1}},"additionalProperties":false}},"$defs":{"sku":{"type":"string","pattern":"^[A-Z]{2}-[0-9]+$"}}}"##;

async fn order(cx: &Cx, data: &str) -> Result<Issued, Problem> {
    let body = format!(r#"{{"kind":"order","data":{data}}}"#);
    issue(cx, NewReceipt::from_json(body.as_bytes()).unwrap(), None).await
}

fn statement_schema(issued: &Issued) -> String {
    let statement: serde_json::Value = serde_json::from_str(&issued.receipt.statement).unwrap();
    statement["schema"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn payloads_are_held_against_the_newest_version_and_the_statement_names_it() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    assert_eq!(statement_schema(&order(&acme, "{}").await.unwrap()), "receipt/1");
    assert_eq!(put(&acme, "order", ORDER.as_bytes()).await.unwrap().version, 1);
    assert_eq!(statement_schema(&order(&acme, r#"{"sku":"CD-1","größe":2}"#).await.unwrap()), "order/1");
    for (data, place) in [
        ("{}", "/data"),
        (r#"{"sku":"cd-1"}"#, "/data/sku"),
        (r#"{"sku":"CD-1","größe":0}"#, "/data/größe"),
        (r#"{"sku":"CD-1","a/b~c":{}}"#, "/data"),
    ] {
        let refused = order(&acme, data).await.unwrap_err();
        assert_eq!((refused.status, &*refused.fields[0].location), (422, place), "{data}");
        assert!(refused.fields[0].message.ends_with("says the schema order/1."), "{}", refused.fields[0].message);
        assert!(!refused.fields[0].message.contains("cd-1"), "values are not repeated");
    }
    assert_eq!(put(&acme, "order", b" {} ").await.unwrap().version, 2);
    assert_eq!(statement_schema(&order(&acme, r#"{"anything":1}"#).await.unwrap()), "order/2");
    let kept = versions(&acme, "order").await.unwrap();
    assert_eq!(kept.iter().map(|schema| schema.version).collect::<Vec<_>>(), [2, 1]);
    let kinds: Vec<String> = list(&acme).await.unwrap().into_iter().map(|schema| schema.kind).collect();
    assert_eq!(kinds, ["approval", "go_live", "order", "payment", "transaction", "value_calculation"]);
}

#[tokio::test]
async fn what_was_issued_before_a_schema_is_answered_as_it_was() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let new = || NewReceipt::from_json(br#"{"kind":"order"}"#).unwrap();
    let first = issue(&acme, new(), Some("k")).await.unwrap();
    put(&acme, "order", br#"{"required":["data"]}"#).await.unwrap();
    let again = issue(&acme, new(), Some("k")).await.unwrap();
    assert_eq!((again.replayed, again.receipt), (true, first.receipt));
    assert_eq!(issue(&acme, new(), Some("other")).await.unwrap_err().status, 422);
}

#[tokio::test]
async fn the_same_schema_twice_or_at_once_is_one_version() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let tries = (0..12).map(|n| {
        let acme = acme.clone();
        async move { put(&acme, "order", if n % 2 == 0 { b"{}" } else { b"{ }" }).await.unwrap().version }
    });
    assert!(futures::future::join_all(tries).await.iter().all(|version| *version == 1));
    let others = (0..8).map(|n| {
        let acme = acme.clone();
        async move { put(&acme, "order", format!(r#"{{"title":"{n}"}}"#).as_bytes()).await.unwrap().version }
    });
    let mut versions = futures::future::join_all(others).await;
    versions.sort_unstable();
    assert_eq!(versions, (2..=9).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_schema_is_of_one_organisation_and_mode_and_of_those_who_may() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    put(&acme, "order", ORDER.as_bytes()).await.unwrap();
    let Actor::User { user_id, session_id, org_id, .. } = *acme.actor() else { unreachable!("a person") };
    let acting = |role, mode| acme.acting(Actor::User { user_id, session_id, org_id, mode, role });
    for cx in [&other, &acting(Role::Owner, Mode::Live)] {
        assert!(order(cx, "{}").await.is_ok());
        assert_eq!(versions(cx, "order").await.unwrap_err(), Problem::not_found());
    }
    for role in [Role::Finance, Role::Technical, Role::Billing, Role::Viewer] {
        let cx = acting(role, Mode::Test);
        assert_eq!(put(&cx, "order", b"{}").await.unwrap_err().status, 403, "{role:?}");
        assert_eq!(versions(&cx, "order").await.unwrap().len(), 1, "{role:?}");
    }
    assert!(put(&acting(Role::Developer, Mode::Test), "order", b"{}").await.is_ok());
}

#[tokio::test]
async fn known_kinds_keep_their_shape_and_are_version_1() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let issue = async |body: &str| issue(&acme, NewReceipt::from_json(body.as_bytes()).unwrap(), None).await;
    for kind in ["transaction", "payment", "approval", "go_live", "value_calculation"] {
        let issued = issue(&format!(r#"{{"kind":"{kind}"}}"#)).await.unwrap();
        assert_eq!(statement_schema(&issued), format!("{kind}/1"));
    }
    let sum = |data: &str| format!(r#"{{"kind":"value_calculation","data":{data}}}"#);
    assert!(issue(&sum(r#"{"inputs":{"hours":3},"formula":"hours * 90","result":"270.00"}"#)).await.is_ok());
    let refused = issue(&sum(r#"{"result":270}"#)).await.unwrap_err();
    assert_eq!(refused.fields[0].location, "/data");
    let refused = issue(r#"{"kind":"approval","data":{"decision":"perhaps"}}"#).await.unwrap_err();
    assert_eq!(refused.fields[0].location, "/data/decision");
    assert_eq!(put(&acme, "approval", b"{}").await.unwrap().version, 2);
    for kind in RESERVED {
        assert_eq!(put(&acme, kind, b"false").await.unwrap_err().fields[0].location, "kind", "{kind}");
    }
}

#[test]
fn what_reaches_out_or_costs_too_much_is_refused_with_its_place() {
    let place = |schema: &str| {
        let refused = validator::Validator::new(&serde_json::from_str(schema).unwrap()).err();
        refused.map(|problem| problem.fields[0].location.clone())
    };
    assert_eq!(place(ORDER), None);
    assert_eq!(place("true"), Some(String::new()));
    for (schema, at) in [
        (r#"{"properties":{"data":{"$ref":"https://evil.example/schema.json"}}}"#, "/properties/data/$ref"),
        (r#"{"items":{"$ref":"file:///etc/passwd"}}"#, "/items/$ref"),
        (r##"{"$ref":"#"}"##, "/$ref"),
        (r##"{"$defs":{"a":{"items":{"$ref":"#/$defs/a"}}}}"##, "/$defs/a/items/$ref"),
        (r##"{"allOf":[{"$ref":"#/$defs/none"}]}"##, "/allOf/0/$ref"),
        (r#"{"$id":"https://evil.example/"}"#, "/$id"),
        (r##"{"$dynamicRef":"#x"}"##, "/$dynamicRef"),
        (r#"{"type":"stringy"}"#, "/type"),
        (r#"{"minimum":"much"}"#, "/minimum"),
        (r#"{"pattern":"("}"#, "/pattern"),
        (r#"{"pattern":"(a)\\1"}"#, "/pattern"),
        (r#"{"pattern":"(?:a{1000}){1000}"}"#, "/pattern"),
    ] {
        assert_eq!(place(schema).as_deref(), Some(at), "{schema}");
    }
    let long = format!(r#"{{"pattern":"{}"}}"#, "a".repeat(1_001));
    assert_eq!(place(&long).as_deref(), Some("/pattern"));
    // Each definition is the one before it, twice: written out, 2^30.
    let doubled = (1..30)
        .map(|n| format!(r##""d{n}":{{"allOf":[{{"$ref":"#/$defs/d{p}"}},{{"$ref":"#/$defs/d{p}"}}]}}"##, p = n - 1));
    let doubled = doubled.collect::<Vec<_>>().join(",");
    let doubled = format!(r##"{{"$ref":"#/$defs/d29","$defs":{{"d0":{{"type":"string"}},{doubled}}}}}"##);
    assert_eq!(place(&doubled), Some(String::new()));
}

#[test]
fn a_pattern_made_to_backtrack_takes_no_longer() {
    let schema = serde_json::json!({ "properties": { "data": { "properties": { "a": { "pattern": "^(a+)+$" } } } } });
    let validator = validator::Validator::new(&schema).unwrap();
    let payload = serde_json::json!({ "data": { "a": format!("{}!", "a".repeat(200_000)) } }).to_string();
    let started = Instant::now();
    assert!(validator.hold(payload.as_bytes(), "x/1").is_err());
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}
