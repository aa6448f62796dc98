#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::context::Cx;
use crate::events;
use crate::integrity::state;
use crate::receipts::{self, NewReceipt};
use crate::testing::World;

async fn sql(world: &World, text: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(text.to_owned())).execute(&mut world.superuser().await).await.unwrap();
}

async fn told(world: &World, cx: &Cx) -> i64 {
    let told = sqlx::query_scalar("select count(*) from events where org_id = $1 and type = 'integrity.found'");
    told.bind(cx.tenant().unwrap().0.0).fetch_one(&mut world.superuser().await).await.unwrap()
}

#[test]
fn the_pause_is_for_what_was_read() {
    let second = Duration::from_secs(1);
    assert_eq!(pause_after(second, STRETCH), second);
    assert_eq!(pause_after(second, STRETCH / 2), second / 2);
    // Ten thousand logs of one entry are done with in three minutes.
    assert!(pause_after(second, 1) * 10_000 < Duration::from_secs(180));
    assert!(pause_after(second, 1) > Duration::from_millis(10));
    assert_eq!(pause_after(Duration::ZERO, 1), Duration::ZERO);
}

#[tokio::test]
async fn a_finding_is_told_to_the_logs_owner_once_for_as_long_as_it_is_there() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    for cx in [&acme, &other] {
        receipts::issue(cx, NewReceipt::from_json(b"{}").unwrap(), None).await.unwrap();
    }
    let again = async || {
        world.clock.advance(time::Duration::MINUTE);
        round(&world.domain, Duration::ZERO).await.unwrap();
    };
    again().await;
    assert_eq!((told(&world, &acme).await, told(&world, &other).await), (0, 0));
    let before = events::latest_id(&acme).await.unwrap();
    let (org_id, _) = acme.tenant().unwrap();
    let damage = |by: i32| {
        format!(
            "update receipts set kind = 'other-{by}' where log_index = 1 and org_id = '{}' and mode = 'test'",
            org_id.0
        )
    };
    sql(&world, &damage(1)).await;
    again().await;
    again().await;
    assert_eq!((told(&world, &acme).await, told(&world, &other).await), (1, 0), "once, while it is there");
    assert!(events::latest_id(&acme).await.unwrap() > before, "the feed has it");
    assert_eq!(state(&acme).await.unwrap().findings.len(), 1);
    sql(&world, &format!("update receipts set kind = 'transaction' where log_index = 1 and org_id = '{}'", org_id.0))
        .await;
    again().await;
    assert!(state(&acme).await.unwrap().findings.is_empty());
    // Found anew, it is told anew.
    sql(&world, &damage(2)).await;
    again().await;
    assert_eq!(told(&world, &acme).await, 2);
}
