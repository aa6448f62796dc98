#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::receipts::{self, NewReceipt};
use domain::testing::{FixedClock, World};
use ledger::note::VerifierKey;
use ledger::verify::{Outcome, verify};

use super::*;
use crate::witness::{self, Settings};

/// A real witness on a port of its own, until the test ends.
async fn witness(name: &str, log: &VerifierKey, data: &Path) -> (VerifierKey, SocketAddr) {
    // A key of its own: the clock of tests gives everyone the same randomness.
    std::fs::create_dir(data).unwrap();
    std::fs::write(data.join("witness.key"), ledger::hash::sha256(&[name.as_bytes()]).to_hex()).unwrap();
    let settings = Settings { name: name.to_owned(), logs: vec![log.clone()], data: data.to_owned() };
    let witness = witness::Witness::open(settings, Arc::new(FixedClock::default())).unwrap();
    let (key, listener) = (witness.verifier().clone(), tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, witness.router()).await });
    (key, address)
}

fn folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("/tmp/certnode-witnessing-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed)).into()
}

#[tokio::test]
async fn a_receipt_is_witnessed_by_two_of_three_while_the_third_is_away() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let issue = async |reference: &str| {
        let new = NewReceipt::from_json(format!(r#"{{"reference":"{reference}"}}"#).as_bytes()).unwrap();
        let id = receipts::issue(&acme, new, None).await.unwrap().receipt.summary.id;
        anchors::anchor(&world.domain).await.unwrap();
        id
    };
    let first = issue("a").await;
    let bundle = String::from_utf8(receipts::bundle(&acme, first).await.unwrap()).unwrap();
    let logs: Vec<&str> = bundle.split("log ").skip(1).map(|rest| rest.split("\\n").next().unwrap()).collect();
    let (own, root) = (logs[logs.len() - 2], logs[logs.len() - 1]);
    let folders = [folder(), folder()];
    let (key1, at1) = witness("w1.example", &root.parse().unwrap(), &folders[0]).await;
    let (key2, at2) = witness("w2.example", &root.parse().unwrap(), &folders[1]).await;
    let away = ledger::note::NoteSigner::cosigner("w3.example", &[3; 32]).unwrap();
    let policy = format!(
        "log {own}\nlog {root}\nwitness w1 {key1} http://{at1}\nwitness w2 {key2} http://{at2}/\n\
        witness w3 {} http://127.0.0.1:1\ngroup enough 2 w1 w2 w3\nquorum enough\n",
        away.verifier()
    );
    let parsed = Policy::parse(&policy).unwrap();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut known = [0; 2];
    for round in 0..3 {
        for (known, (witness, at)) in known.iter_mut().zip(parsed.witnesses.iter().zip([at1, at2])) {
            let url = format!("http://{at}/add-checkpoint");
            // In the second round as after a restart: what the witness knows is learnt from its refusal.
            let begin = if round == 1 { 0 } else { *known };
            *known = ask(&world.domain, &agent, witness, &url, begin).await.unwrap();
            *known = ask(&world.domain, &agent, witness, &url, *known).await.unwrap();
        }
        let refused = ask(&world.domain, &agent, &parsed.witnesses[2], "http://127.0.0.1:1/add-checkpoint", 0).await;
        assert!(refused.is_err(), "nobody is there");
        issue(&format!("r{round}")).await;
    }
    let report = verify(&receipts::bundle(&acme, first).await.unwrap(), Some(&policy));
    let witnesses = report.steps.iter().find(|step| step.id == "witnesses").unwrap();
    assert!(report.is_verified() && witnesses.outcome == Outcome::Passed, "{:?}", report.steps);
    let strict = policy.replace("group enough 2", "group enough 3");
    assert!(!verify(&receipts::bundle(&acme, first).await.unwrap(), Some(&strict)).is_verified(), "two are not three");

    // What the witnesses cosigned last is what the database has; one that begins anew is behind them, and signs nothing.
    inspect(&world.domain, &parsed).await;
    assert!(world.domain.database().fence().rolled_back().is_none());
    let empty = World::new().await;
    inspect(&empty.domain, &parsed).await;
    let rolled_back = empty.domain.database().fence().rolled_back().unwrap();
    assert_eq!((rolled_back.origin.as_str(), rolled_back.stored), ("log.example/root", 0));
    let other = empty.org("acme").await;
    // And at run time, from the refusal of a witness that is further.
    let late = World::new().await;
    let cx = late.org("acme").await;
    receipts::issue(&cx, NewReceipt::from_json(b"{}").unwrap(), None).await.unwrap();
    anchors::anchor(&late.domain).await.unwrap();
    let url = format!("http://{at1}/add-checkpoint");
    ask(&late.domain, &agent, &parsed.witnesses[0], &url, 0).await.unwrap();
    assert!(late.domain.database().fence().rolled_back().is_some_and(|rolled_back| rolled_back.stored == 2));
    let refused = receipts::issue(&other, NewReceipt::from_json(b"{}").unwrap(), None).await.unwrap_err();
    assert_eq!((refused.status, refused.code.as_ref()), (503, "log_rolled_back"));
    folders.iter().for_each(|folder| std::fs::remove_dir_all(folder).unwrap());
}
