#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

fn refused(file: &str, environment: &[(&str, &str)]) -> String {
    let read =
        |variable: &str| environment.iter().find(|(name, _)| *name == variable).map(|(_, value)| (*value).to_owned());
    Config::read(file, &read).unwrap_err().0
}

#[test]
fn the_shipped_file_says_what_the_defaults_are() {
    let shipped = Config::read(include_str!("../../../Leptos.toml"), &|_| None).unwrap();
    let defaults = Config::read("", &|_| None).unwrap();
    assert_eq!(format!("{shipped:?}"), format!("{defaults:?}"));
}

#[test]
fn the_environment_wins_over_the_file() {
    let file = "[certnode]\npool_size = 7\n";
    assert_eq!(Config::read(file, &|_| None).unwrap().pool_size, 7);
    let environment = |variable: &str| (variable == "CERTNODE_POOL_SIZE").then(|| "9".to_owned());
    assert_eq!(Config::read(file, &environment).unwrap().pool_size, 9);
}

#[test]
fn a_wrong_value_is_refused_with_key_value_and_what_is_allowed() {
    let said = refused("", &[("CERTNODE_POOL_SIZE", "many")]);
    assert_eq!(
        said,
        r#"CERTNODE_POOL_SIZE in the environment = "many" is not allowed: a whole number from 1 to 200 is wanted"#
    );
    assert!(refused("[certnode]\nlog_format = \"xml\"\n", &[]).contains("text or json"));
    assert!(refused("[certnode]\npool_sise = 3\n", &[]).contains("pool_sise"));
    assert!(refused("", &[("DATABASE_URL", "mysql://user:secret@host")]).contains("(hidden)"));
    assert!(!refused("", &[("CERTNODE_MASTER_KEY", "abc123")]).contains("abc123"));
    assert!(refused("certnode = [", &[]).contains("not TOML"));
}

#[test]
fn the_master_key_is_made_once_and_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = std::env::temp_dir().join(format!("certnode-key-{}", std::process::id()));
    let config = Config { data_dir: directory.clone(), ..Config::read("", &|_| None).unwrap() };
    assert_eq!(config.keyring_secret(|| [7; 32]).unwrap(), [7; 32]);
    assert_eq!(config.keyring_secret(|| [8; 32]).unwrap(), [7; 32], "never over another");
    let mode = std::fs::metadata(directory.join("master.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::write(directory.join("master.key"), "nonsense").unwrap();
    assert!(config.keyring_secret(|| [9; 32]).is_err());
    std::fs::remove_dir_all(directory).unwrap();
}
