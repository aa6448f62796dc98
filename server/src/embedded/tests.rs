#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use domain::database::Database;

use super::*;

fn directory(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("certnode-embedded-{name}-{}", std::process::id()))
}

fn programs() -> Option<PathBuf> {
    std::env::var_os("CERTNODE_POSTGRES_BIN").map(PathBuf::from)
}

async fn answers(embedded: &Embedded) -> bool {
    let database = Database::open(&embedded.url(), 1).unwrap();
    let migrated = database.migrate().await;
    let answers = migrated.is_ok() && database.ping().await && database.check_durability().await.is_ok();
    database.close().await;
    answers
}

#[tokio::test]
async fn it_starts_from_nothing_stops_and_starts_again() {
    let (directory, programs) = (directory("fresh"), programs());
    let embedded = Embedded::start(&directory, programs.as_deref()).await.unwrap();
    assert!(answers(&embedded).await);
    assert!(matches!(Embedded::start(&directory, programs.as_deref()).await, Err(EmbeddedError::InUse(_))));
    embedded.stop().await.unwrap();
    drop(embedded);
    let again = Embedded::start(&directory, programs.as_deref()).await.unwrap();
    assert!(answers(&again).await);
    again.stop().await.unwrap();
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn it_recovers_after_being_killed_and_takes_over_one_left_behind() {
    let (directory, programs) = (directory("killed"), programs());
    let embedded = Embedded::start(&directory, programs.as_deref()).await.unwrap();
    assert!(answers(&embedded).await);
    let pid = std::fs::read_to_string(directory.join("postgres/postmaster.pid")).unwrap();
    let killed = std::process::Command::new("kill").arg("-9").arg(pid.lines().next().unwrap()).status().unwrap();
    assert!(killed.success());
    // Its children notice within a moment.
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(embedded);
    let recovered = Embedded::start(&directory, programs.as_deref()).await.unwrap();
    assert!(answers(&recovered).await);
    // The server is gone without a word, and its database still runs.
    drop(recovered);
    let taken_over = Embedded::start(&directory, programs.as_deref()).await.unwrap();
    assert!(answers(&taken_over).await);
    taken_over.stop().await.unwrap();
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_works_too() {
    let directory = directory(&"long".repeat(30));
    let embedded = Embedded::start(&directory, programs().as_deref()).await.unwrap();
    assert!(answers(&embedded).await);
    embedded.stop().await.unwrap();
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn data_of_another_version_is_refused_in_words() {
    let (directory, programs) = (directory("version"), programs());
    let embedded = Embedded::start(&directory, programs.as_deref()).await.unwrap();
    embedded.stop().await.unwrap();
    drop(embedded);
    std::fs::write(directory.join("postgres/PG_VERSION"), "9\n").unwrap();
    let refused = Embedded::start(&directory, programs.as_deref()).await.err().unwrap().to_string();
    assert!(refused.contains("PostgreSQL 9"), "{refused}");
    std::fs::remove_dir_all(directory).unwrap();
}
