#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use sqlx::Executor as _;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::receipts::{self, NewReceipt};
use crate::testing::World;

fn new(reference: &str) -> NewReceipt {
    NewReceipt::from_json(format!(r#"{{"reference":"{reference}"}}"#).as_bytes()).unwrap()
}

#[tokio::test]
async fn connections_that_were_cut_while_idle_are_no_concern_of_callers() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    join_all((0..8).map(|_| async { acme.begin().await.unwrap() })).await;
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()";
    world.superuser().await.execute(cut).await.unwrap();
    for n in 0..20 {
        acme.begin().await.unwrap();
        receipts::issue(&acme, new(&format!("order-{n}")), Some(&format!("order-{n}"))).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_stops_waiting_for_a_commit_leaves_no_open_transaction_to_the_next() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    for _ in 0..20 {
        let tx = acme.begin().await.unwrap();
        // COMMIT is sent, and its answer is not waited for.
        tokio::select! {
            biased;
            committed = tx.commit() => panic!("no answer comes so fast: {committed:?}"),
            () = std::future::ready(()) => {}
        }
        let mut next = acme.begin().await.unwrap();
        sqlx::query("select 1").execute(next.connection()).await.unwrap();
        next.commit().await.unwrap();
    }
}

#[tokio::test]
async fn what_passes_is_503_and_what_is_wrong_is_500() {
    let world = World::new().await;
    let mut connection = world.superuser().await;
    let mut status = async |code: &str| {
        let raised = format!("do $$ begin raise exception using errcode = '{code}'; end $$");
        let error = connection.execute(sqlx::AssertSqlSafe(raised)).await.unwrap_err();
        let problem = Problem::from(error);
        (problem.status, problem.retry_after_s)
    };
    for passing in ["53100", "53200", "53300", "40001", "40P01", "55P03", "57P01", "57P03", "58030", "08006"] {
        assert_eq!(status(passing).await, (503, Some(1)), "{passing}");
    }
    for wrong in ["42601", "23505", "22P02", "55000", "XX000"] {
        assert_eq!(status(wrong).await, (500, None), "{wrong}");
    }
}

/// A wire to the database that can go dead: what is open stays open, and nothing passes.
async fn wire(target: &PgConnectOptions) -> (u16, Arc<AtomicU8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (age, target) = (Arc::new(AtomicU8::new(0)), (target.get_host().to_owned(), target.get_port()));
    let now = age.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (born, now, target) = (now.load(Ordering::SeqCst), now.clone(), target.clone());
            tokio::spawn(async move {
                let mut server = TcpStream::connect(target).await.unwrap();
                let dead = async {
                    while now.load(Ordering::SeqCst) == born {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                };
                tokio::select! {
                    _ = copy_bidirectional(&mut client, &mut server) => return,
                    () = dead => {}
                }
                tokio::time::sleep(Duration::from_secs(60)).await;
            });
        }
    });
    (port, age)
}

#[tokio::test]
async fn a_wire_that_went_dead_is_given_up_and_nothing_is_lost_or_twice() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let url = &world.database_url;
    let target: PgConnectOptions = url.parse().unwrap();
    if target.get_socket().is_some() || target.get_host().starts_with('/') {
        // Only what comes over TCP can be cut here; scripts/torture does it to sockets too.
        return;
    }
    let (port, age) = wire(&target).await;
    let wired = url.replace(&format!(":{}/", target.get_port()), &format!(":{port}/"));
    assert_ne!(&wired, url);
    let node = world.node_at(&wired);
    let cx = crate::context::Cx { domain: node.clone(), ..acme.clone() };
    receipts::issue(&cx, new("before"), Some("before")).await.unwrap();
    age.fetch_add(1, Ordering::SeqCst);
    let started = Instant::now();
    let mut tries = 0;
    let issued = loop {
        tries += 1;
        match receipts::issue(&cx, new("after"), Some("after")).await {
            Ok(issued) => break issued,
            Err(problem) => assert_eq!(problem.status, 503, "{problem:?}"),
        }
    };
    let took = started.elapsed();
    assert!(took < Duration::from_secs(12), "{took:?} and {tries} tries");
    cx.begin().await.unwrap();
    assert!(node.database().ping().await);
    let again = receipts::issue(&acme, new("after"), Some("after")).await.unwrap();
    assert_eq!(again.receipt, issued.receipt);
    assert_eq!(crate::logs::head(&acme).await.unwrap().receipts, 2);
}
