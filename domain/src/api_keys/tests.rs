#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::Mode;
use crate::testing::World;

#[test]
fn a_key_has_the_published_form_and_a_typing_error_shows() {
    let key = token::make(Mode::Live, [255; 31]);
    assert_eq!(key.len(), "cn_live_".len() + 49);
    assert_eq!(token::mode_of(&key), Some(Mode::Live));
    for at in 0..key.len() {
        let mut changed = key.clone().into_bytes();
        changed[at] = if changed[at] == b'2' { b'3' } else { b'2' };
        assert_eq!(token::mode_of(&String::from_utf8(changed).unwrap()), None, "character {at}");
    }
    assert_eq!(token::make(Mode::Test, [0; 31]).len(), key.len(), "leading zeros keep their place");
}

#[tokio::test]
async fn a_key_works_until_it_is_revoked() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let made = create(&acme, "Billing", Mode::Test).await.unwrap();
    let cx = authenticate(&world.domain, &made.secret, world.request()).await.unwrap();
    assert_eq!(cx.tenant().unwrap(), (acme.tenant().unwrap().0, Mode::Test));
    record_uses(&world.domain).await.unwrap();
    let listed = list(&acme).await.unwrap().remove(0);
    assert_eq!((listed.uses, listed.used_from.as_deref()), (1, Some("127.0.0.1")));
    assert!(made.secret.starts_with(listed.preview.trim_end_matches('…')));
    revoke(&acme, made.key.id).await.unwrap();
    assert_eq!(authenticate(&world.domain, &made.secret, world.request()).await.err().unwrap().status, 401);
}

#[tokio::test]
async fn revocation_reaches_another_node_within_a_second() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let (made, other) = (create(&acme, "Billing", Mode::Test).await.unwrap(), world.another_node());
    authenticate(&other, &made.secret, world.request()).await.unwrap();
    revoke(&acme, made.key.id).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(authenticate(&other, &made.secret, world.request()).await.is_err());
}

#[tokio::test]
async fn a_key_cannot_make_or_see_keys_and_another_tenant_cannot_revoke() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    let made = create(&acme, "Billing", Mode::Test).await.unwrap();
    let cx = authenticate(&world.domain, &made.secret, world.request()).await.unwrap();
    assert_eq!(create(&cx, "More", Mode::Test).await.unwrap_err().status, 403);
    assert_eq!(list(&cx).await.unwrap_err().status, 403);
    assert_eq!(revoke(&other, made.key.id).await.unwrap_err().status, 404);
    assert!(authenticate(&world.domain, &made.secret, world.request()).await.is_ok());
}

#[tokio::test]
async fn a_secret_is_not_in_the_database() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let made = create(&acme, "Billing", Mode::Test).await.unwrap();
    let stored: String = sqlx::query_scalar("select string_agg(k::text, ' ') from api_keys k")
        .fetch_one(&mut world.superuser().await)
        .await
        .unwrap();
    assert!(!stored.contains(&made.secret));
}
