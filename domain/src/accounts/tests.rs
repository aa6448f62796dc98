#![expect(clippy::unwrap_used, reason = "tests")]

use time::Duration;

use super::*;
use crate::context::Domain;
use crate::testing::{PASSWORD, World};

fn form(email: &str) -> SignUp {
    SignUp { name: "Ada".into(), email: email.into(), password: PASSWORD.into(), organisation: "Engines".into() }
}

async fn try_sign_in(world: &World, email: &str, password: &str) -> Result<SignedIn, crate::Problem> {
    sign_in(&world.nobody(), SignIn { email: email.into(), password: password.into() }).await
}

#[tokio::test]
async fn whoever_signed_up_can_sign_in_and_out() {
    let world = World::new().await;
    sign_up(&world.nobody(), form("Ada@Example.com")).await.unwrap();
    let session = try_sign_in(&world, " ada@example.COM ", PASSWORD).await.unwrap();
    let cx = authenticate(&world.domain, &session.token, world.request()).await.unwrap();
    assert_eq!(me(&cx).await.unwrap().orgs.len(), 1);
    sign_out(&cx).await.unwrap();
    assert_eq!(authenticate(&world.domain, &session.token, world.request()).await.err().unwrap().status, 401);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_email_look_the_same() {
    let world = World::new().await;
    sign_up(&world.nobody(), form("ada@example.com")).await.unwrap();
    let wrong = try_sign_in(&world, "ada@example.com", "wrong horse battery").await.err().unwrap();
    let unknown = try_sign_in(&world, "eve@example.com", "wrong horse battery").await.err().unwrap();
    assert_eq!(wrong, unknown);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_forgiven_with_time() {
    let world = World::new().await;
    sign_up(&world.nobody(), form("ada@example.com")).await.unwrap();
    for _ in 0..5 {
        assert_eq!(try_sign_in(&world, "ada@example.com", "wrong horse battery").await.err().unwrap().status, 401);
    }
    let braked = try_sign_in(&world, "ada@example.com", PASSWORD).await.err().unwrap();
    assert_eq!(braked.status, 429);
    assert!(braked.retry_after_s.is_some_and(|seconds| seconds >= 1));
    world.clock.advance(Duration::seconds(2));
    try_sign_in(&world, "ada@example.com", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_session_ends_when_idle_and_at_the_latest_after_a_week() {
    let world = World::new().await;
    let token = world.org_token("acme").await;
    let alive = async |domain: &Domain| authenticate(domain, &token, world.request()).await.is_ok();
    for _ in 0..6 {
        world.clock.advance(Duration::hours(23));
        assert!(alive(&world.domain).await);
    }
    world.clock.advance(Duration::hours(25));
    assert!(!alive(&world.domain).await, "idle for more than a day");
    let token = try_sign_in(&world, "owner@acme.example", PASSWORD).await.unwrap().token;
    for _ in 0..8 {
        world.clock.advance(Duration::hours(22));
        let _ = authenticate(&world.domain, &token, world.request()).await;
    }
    assert!(authenticate(&world.domain, &token, world.request()).await.is_err(), "older than a week");
}

#[tokio::test]
async fn what_is_wrong_with_a_sign_up_is_said_by_field() {
    let world = World::new().await;
    let bad = SignUp {
        name: " ".into(),
        email: "ada at example".into(),
        password: "password".into(),
        organisation: "x".repeat(101),
    };
    let problem = sign_up(&world.nobody(), bad).await.err().unwrap();
    let fields: Vec<&str> = problem.fields.iter().map(|field| field.location.as_str()).collect();
    assert_eq!(fields, ["name", "organisation", "email", "password"]);
    for easy in ["passwordpassword", "111111111111111", "certnodecertnode", "ada@example.com"] {
        let refused = sign_up(&world.nobody(), SignUp { password: easy.into(), ..form("ada@example.com") }).await;
        assert!(refused.is_err(), "{easy}");
    }
    sign_up(&world.nobody(), form("ada@example.com")).await.unwrap();
    let taken = sign_up(&world.nobody(), form("ADA@example.com")).await.err().unwrap();
    assert_eq!(taken.fields[0].code, "taken");
}

#[tokio::test]
async fn tokens_and_passwords_are_not_in_the_database() {
    let world = World::new().await;
    let token = world.org_token("acme").await;
    let mut connection = world.superuser().await;
    let stored: String = sqlx::query_scalar(
        "select string_agg(u::text || s::text, ' ') from users u join sessions s on s.user_id = u.id",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert!(!stored.contains(&token) && !stored.contains(PASSWORD));
    assert!(stored.contains("$argon2id$v=19$m=19456,t=2,p=1$"));
}
