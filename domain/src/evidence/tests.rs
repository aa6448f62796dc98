#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use futures::stream;

use super::*;
use crate::context::{Actor, Cx};
use crate::permission::Role;
use crate::receipts::{NewReceipt, bundle, issue};
use crate::testing::World;
use crate::{Mode, Problem};

/// SHA-256 of `abc` (FIPS 180-4, appendix B.1) and its BLAKE3.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const ABC_BLAKE3: &str = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";

/// A folder that goes with its test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(format!("/tmp/certnode-evidence-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn files(&self) -> Vec<PathBuf> {
        fn below(path: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(path).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() { below(&entry.path(), found) } else { found.push(entry.path()) }
            }
        }
        let mut found = Vec::new();
        below(&self.0, &mut found);
        found
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn chunks(chunks: &[&str]) -> impl futures::Stream<Item = Result<Vec<u8>, Problem>> + use<> {
    stream::iter(chunks.iter().map(|chunk| Ok(chunk.as_bytes().to_vec())).collect::<Vec<_>>())
}

async fn read(cx: &Cx, sha256: &str) -> Result<Vec<u8>, Problem> {
    use futures::TryStreamExt as _;
    let (_, content) = open(cx, sha256).await?;
    let parts: Vec<bytes::Bytes> = content.try_collect().await.unwrap();
    Ok(parts.concat())
}

/// The organisation's owner, with a folder for evidence.
async fn with_folder(world: &World, folder: &Folder) -> Cx {
    let acme = world.org("acme").await;
    let domain = world.keeping(Files::folder(&folder.0, 1 << 20).unwrap());
    Cx { domain, ..acme }
}

#[tokio::test]
async fn a_file_is_hashed_on_its_way_and_a_receipt_names_it() {
    let (world, folder) = (World::new().await, Folder::new("kept"));
    let acme = with_folder(&world, &folder).await;
    let (file, is_new) =
        keep(&acme, "Text/Plain; charset=utf-8", "C:\\a\\Rechnung ü😀\n.txt", chunks(&["a", "", "bc"])).await.unwrap();
    let expected = File {
        sha256: ABC.to_owned(),
        blake3: ABC_BLAKE3.to_owned(),
        bytes: 3,
        media: "text/plain".to_owned(),
        name: "Rechnung ü😀.txt".to_owned(),
        erased_at: None,
    };
    assert_eq!((&file, is_new), (&expected, true));
    assert_eq!(read(&acme, ABC).await.unwrap(), b"abc");
    let again = keep(&acme, "application/pdf", "other.pdf", chunks(&["abc"])).await.unwrap();
    assert_eq!(again, (expected, false), "the same bytes are the same file");
    assert_eq!(folder.files().len(), 1, "{:?}", folder.files());
    let body = format!(r#"{{"evidence":[{{"sha256":"{ABC}"}}]}}"#);
    let new = || NewReceipt::from_json(body.as_bytes()).unwrap();
    let issued = issue(&acme, new(), Some("k")).await.unwrap().receipt;
    let stated = format!(r#""evidence":[{{"blake3":"{ABC_BLAKE3}","bytes":3,"media":"text/plain","sha256":"{ABC}"}}]"#);
    assert!(issued.statement.contains(&stated), "{}", issued.statement);
    assert_eq!(issued.evidence, [File { name: String::new(), ..file }]);
    assert!(ledger::verify::verify(&bundle(&acme, issued.summary.id).await.unwrap(), None).is_verified());
    assert!(issue(&acme, new(), Some("k")).await.unwrap().replayed);
    let without = NewReceipt::from_json(b"{}").unwrap();
    assert_eq!(&*issue(&acme, without, Some("k")).await.unwrap_err().code, "idempotency_conflict");
}

#[tokio::test]
async fn what_breaks_off_or_is_too_large_leaves_nothing() {
    let (world, folder) = (World::new().await, Folder::new("broken"));
    let acme = with_folder(&world, &folder).await;
    let broken = Problem::new(400, "body_unread", "cut off");
    let body = stream::iter([Ok(vec![1; 600_000]), Err(broken.clone())]);
    assert_eq!(keep(&acme, "", "", body).await.unwrap_err(), broken);
    let large = stream::iter((0..3).map(|_| Ok(vec![1; 600_000])));
    assert_eq!(keep(&acme, "", "", large).await.unwrap_err().status, 413);
    assert_eq!(keep(&acme, "", "", chunks(&[])).await.unwrap_err().fields[0].code, "empty");
    // Nobody waits any more: the request is dropped in the midst of the body.
    let endless = futures::StreamExt::chain(stream::iter([Ok(vec![1; 600_000])]), stream::pending());
    let dropped = tokio::time::timeout(std::time::Duration::from_millis(200), keep(&acme, "", "", endless)).await;
    assert!(dropped.is_err());
    for _ in 0..100 {
        if folder.files().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(folder.files().is_empty(), "{:?}", folder.files());
    let rows: i64 =
        sqlx::query_scalar("select count(*) from evidence").fetch_one(&mut world.superuser().await).await.unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn a_file_larger_than_a_part_comes_back_whole() {
    let (world, folder) = (World::new().await, Folder::new("large"));
    let acme = world.org("acme").await;
    let domain = world.keeping(Files::folder(&folder.0, MAX_BYTES).unwrap());
    let acme = Cx { domain, ..acme };
    let parts: Vec<Vec<u8>> = (0..130_u8).map(|n| vec![n; 100_000]).collect();
    let body = stream::iter(parts.clone().into_iter().map(Ok));
    let (file, _) = keep(&acme, "application/x-www-form-urlencoded", "", body).await.unwrap();
    assert_eq!((file.bytes, &*file.media), (13_000_000, "application/octet-stream"));
    assert_eq!(read(&acme, &file.sha256).await.unwrap(), parts.concat());
}

#[tokio::test]
async fn a_file_is_of_one_organisation_and_mode() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    keep(&acme, "", "", chunks(&["abc"])).await.unwrap();
    let Actor::User { user_id, session_id, org_id, .. } = *acme.actor() else { unreachable!("a person") };
    let acting = |role, mode| acme.acting(Actor::User { user_id, session_id, org_id, mode, role });
    let body = format!(r#"{{"evidence":[{{"sha256":"{ABC}"}}]}}"#);
    for cx in [&other, &acting(Role::Owner, Mode::Live)] {
        assert_eq!(read(cx, ABC).await.unwrap_err(), Problem::not_found());
        let refused = issue(cx, NewReceipt::from_json(body.as_bytes()).unwrap(), None).await.unwrap_err();
        assert_eq!((refused.status, &*refused.fields[0].location), (422, "evidence[0].sha256"));
    }
    for role in [Role::Technical, Role::Billing, Role::Viewer] {
        let cx = acting(role, Mode::Test);
        assert_eq!(keep(&cx, "", "", chunks(&["x"])).await.unwrap_err().status, 403, "{role:?}");
        assert_eq!(read(&cx, ABC).await.unwrap(), b"abc");
    }
    for name in ["", "x", "../../etc/passwd", &ABC[1..]] {
        assert_eq!(read(&acme, name).await.unwrap_err(), Problem::not_found(), "{name}");
    }
}

#[tokio::test]
async fn an_erased_file_is_gone_with_its_name_and_what_was_signed_of_it_stays() {
    let (world, folder) = (World::new().await, Folder::new("erased"));
    let acme = with_folder(&world, &folder).await;
    let (file, _) = keep(&acme, "text/plain", "Zoë.txt", chunks(&["abc"])).await.unwrap();
    let body = format!(r#"{{"evidence":[{{"sha256":"{ABC}"}}]}}"#);
    let new = || NewReceipt::from_json(body.as_bytes()).unwrap();
    let id = issue(&acme, new(), Some("k")).await.unwrap().receipt.summary.id;
    world.clock.advance(time::Duration::DAY);
    erase(&acme, ABC).await.unwrap();
    assert!(folder.files().is_empty(), "{:?}", folder.files());
    assert_eq!(read(&acme, ABC).await.unwrap_err(), Problem::not_found());
    let named: bool = sqlx::query_scalar("select exists (select from evidence where evidence::text like '%Zoë%')")
        .fetch_one(&mut world.superuser().await)
        .await
        .unwrap();
    assert!(!named);
    let receipt = crate::receipts::get(&acme, id).await.unwrap();
    let at = time::macros::datetime!(2026-11-21 09:30 UTC);
    assert_eq!(receipt.evidence, [File { name: String::new(), erased_at: Some(at), ..file.clone() }]);
    assert!(ledger::verify::verify(&bundle(&acme, id).await.unwrap(), None).is_verified());
    assert!(issue(&acme, new(), Some("k")).await.unwrap().replayed, "what was issued is answered as it was");
    let refused = issue(&acme, new(), None).await.unwrap_err();
    assert_eq!((refused.status, &*refused.fields[0].code), (422, "unknown_evidence"), "no new one names it");

    world.clock.advance(time::Duration::DAY);
    erase(&acme, ABC).await.unwrap();
    assert_eq!(crate::receipts::get(&acme, id).await.unwrap().evidence[0].erased_at, Some(at), "again changes nothing");
    let told: i64 = sqlx::query_scalar("select count(*) from events where type = 'evidence.erased'")
        .fetch_one(&mut world.superuser().await)
        .await
        .unwrap();
    assert_eq!(told, 1);
    let (again, is_new) = keep(&acme, "text/plain", "again.txt", chunks(&["abc"])).await.unwrap();
    assert_eq!(
        (again.name.as_str(), again.erased_at, is_new),
        ("again.txt", None, true),
        "sent again, it is kept again"
    );
    assert_eq!(read(&acme, ABC).await.unwrap(), b"abc");
}

#[tokio::test]
async fn only_who_may_erase_contents_erases_files_and_only_their_own() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    keep(&acme, "", "", chunks(&["abc"])).await.unwrap();
    let Actor::User { user_id, session_id, org_id, .. } = *acme.actor() else { unreachable!("a person") };
    let acting = |role, mode| acme.acting(Actor::User { user_id, session_id, org_id, mode, role });
    for cx in [&other, &acting(Role::Owner, Mode::Live)] {
        assert_eq!(erase(cx, ABC).await.unwrap_err(), Problem::not_found());
    }
    for role in [Role::Developer, Role::Finance, Role::Technical, Role::Billing, Role::Viewer] {
        assert_eq!(erase(&acting(role, Mode::Test), ABC).await.unwrap_err().status, 403, "{role:?}");
    }
    for name in ["", "x", "../../etc/passwd", &"0".repeat(64)] {
        assert_eq!(erase(&acme, name).await.unwrap_err(), Problem::not_found(), "{name}");
    }
    assert_eq!(read(&acme, ABC).await.unwrap(), b"abc");
    erase(&acting(Role::Admin, Mode::Test), ABC).await.unwrap();
    assert_eq!(read(&acme, ABC).await.unwrap_err(), Problem::not_found());
}

#[test]
fn what_a_killed_upload_left_is_cleared_away_once_it_is_old() {
    let folder = Folder::new("left");
    let incoming = folder.0.join("incoming");
    std::fs::create_dir_all(&incoming).unwrap();
    for (name, hours) in [("0a#1", 25), ("0b", 25), ("0c#1", 23)] {
        let file = std::fs::File::create(incoming.join(name)).unwrap();
        let written = file.metadata().unwrap().modified().unwrap();
        file.set_modified(written - std::time::Duration::from_secs(hours * 60 * 60)).unwrap();
    }
    let kept = folder.0.join("kept");
    std::fs::File::create(&kept).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    Files::folder(&folder.0, MAX_BYTES).unwrap();
    let mut left = folder.files();
    left.sort();
    assert_eq!(left, [incoming.join("0c#1"), kept], "one may be arriving, and what was kept stays");
}

#[test]
fn refusals_of_evidence_name_the_place() {
    let refused = |evidence: &str| {
        let problem = NewReceipt::from_json(format!(r#"{{"evidence":{evidence}}}"#).as_bytes()).unwrap_err();
        problem.fields[0].location.clone()
    };
    assert_eq!(refused("1"), "evidence");
    assert_eq!(refused(r#"[{"sha256":"abc"}]"#), "evidence[0].sha256");
    let one = format!(r#"{{"sha256":"{ABC}"}}"#);
    assert_eq!(refused(&format!("[{one},{one}]")), "evidence[1].sha256");
    assert_eq!(refused(&format!(r#"[{{"sha256":"{ABC}","bytes":3}}]"#)), "evidence[0].sha256");
    assert_eq!(refused(&format!("[{}]", vec![one; 17].join(","))), "evidence");
}
