#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use sqlx::Executor as _;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpStream, UnixListener, UnixStream};

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
        // COMMIT is sent, and its answer is not waited for, if it does not come at once.
        tokio::select! {
            biased;
            _ = tx.commit() => {}
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

#[tokio::test]
async fn the_sequencers_statements_are_not_compiled() {
    let world = World::new().await;
    let mut connection = world.domain.database().connect_as_sequencer().await.unwrap();
    let jit: String = sqlx::query_scalar("show jit").fetch_one(&mut connection).await.unwrap();
    assert_eq!(jit, "off", "whatever the server's configuration says");
}

/// A wire to the database that can go dead: what is open stays open, and nothing passes.
struct Wire {
    folder: PathBuf,
    age: Arc<AtomicU8>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Wire {
    fn to(target: PgConnectOptions) -> Self {
        let folder = std::env::temp_dir().join(format!("wire-{}", uuid::Uuid::now_v7().simple()));
        std::fs::create_dir(&folder).unwrap();
        let listener = UnixListener::bind(folder.join(".s.PGSQL.5432")).unwrap();
        let wire = Self { folder, age: Arc::default() };
        let age = wire.age.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, target.clone(), age.clone()));
            }
        });
        wire
    }

    /// The same database, by this wire.
    fn of(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (server, database) = rest.split_once('/').unwrap();
        let user = server.rsplit_once('@').map_or(String::new(), |(user, _)| format!("{user}@"));
        let folder = self.folder.to_str().unwrap().replace('/', "%2F");
        format!("{scheme}://{user}{folder}:5432/{database}")
    }

    fn goes_dead(&self) {
        self.age.fetch_add(1, Ordering::SeqCst);
    }
}

async fn pass(mut client: UnixStream, target: PgConnectOptions, age: Arc<AtomicU8>) {
    let born = age.load(Ordering::SeqCst);
    let mut server: Box<dyn Stream> = match target.get_socket() {
        Some(folder) => {
            let socket = folder.join(format!(".s.PGSQL.{}", target.get_port()));
            Box::new(UnixStream::connect(socket).await.unwrap())
        }
        None => Box::new(TcpStream::connect((target.get_host(), target.get_port())).await.unwrap()),
    };
    let dead = async {
        while age.load(Ordering::SeqCst) == born {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        () = dead => {}
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

#[tokio::test]
async fn a_wire_that_went_dead_is_given_up_and_nothing_is_lost_or_twice() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let wire = Wire::to(world.database_url.parse().unwrap());
    let node = world.node_at(&wire.of(&world.database_url));
    let cx = crate::context::Cx { domain: node.clone(), ..acme.clone() };
    receipts::issue(&cx, new("before"), Some("before")).await.unwrap();
    wire.goes_dead();
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
