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
        r#"certnode.pool_size = "many" (from CERTNODE_POOL_SIZE): a whole number from 1 to 200 is wanted"#
    );
    assert_eq!(
        refused("[certnode]\nlog_format = \"xml\"\n", &[]),
        r#"certnode.log_format = "xml" (from Leptos.toml): text or json is wanted"#
    );
    assert_eq!(
        refused("", &[("LEPTOS_SITE_ADDR", "here")]),
        r#"package.metadata.leptos.site-addr = "here" (from LEPTOS_SITE_ADDR): an address and port such as 127.0.0.1:3000 is wanted"#
    );
    assert!(refused("[certnode]\npool_sise = 3\n", &[]).contains("pool_sise"));
    assert!(refused("[package.metadata.leptos]\nsite_addr = \"[::]:80\"\n", &[]).contains("site-addr, site-root are"));
    assert!(refused("", &[("DATABASE_URL", "mysql://user:secret@host")]).contains("(hidden)"));
    assert!(!refused("", &[("CERTNODE_MASTER_KEY", "abc123")]).contains("abc123"));
    assert!(refused("certnode = [", &[]).contains("not TOML"));
}

#[test]
fn numbers_are_refused_at_their_ends() {
    for (value, allowed) in [("0", false), ("1", true), ("200", true), ("201", false), ("-1", false), ("1e2", false)] {
        let read = Config::read("", &|variable| (variable == "CERTNODE_POOL_SIZE").then(|| value.to_owned()));
        assert_eq!(read.is_ok(), allowed, "{value}");
    }
}

#[test]
fn every_setting_of_the_shipped_file_names_its_variable_and_obeys_it() {
    let shipped = include_str!("../../../Leptos.toml");
    let mut named = 0;
    for line in shipped.lines().filter_map(|line| line.split_once('[')?.1.strip_suffix(']')) {
        let Some(variable) = line.split(&['_'][..]).next().filter(|first| first.chars().all(char::is_uppercase)) else {
            continue;
        };
        assert!(["CERTNODE", "LEPTOS", "DATABASE"].contains(&variable), "{line}");
        let nonsense = Config::read(shipped, &|name| (name == line).then(|| "=\u{1}=".to_owned()));
        let anything = [
            "LEPTOS_SITE_ROOT",
            "CERTNODE_DATA_DIR",
            "CERTNODE_EVIDENCE_DIR",
            "CERTNODE_POSTGRES_BIN",
            "CERTNODE_MASTER_KEY_COMMAND",
        ];
        assert_eq!(nonsense.is_ok(), anything.contains(&line), "{line}");
        named += 1;
    }
    assert_eq!(named, KEYS.len() + LEPTOS_KEYS.len());
}

#[test]
fn the_master_key_is_made_once_and_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = std::env::temp_dir().join(format!("certnode-key-{}", std::process::id()));
    let config = Config { data_dir: directory.clone(), ..Config::read("", &|_| None).unwrap() };
    let read = || config.master_key_place().read();
    let (made, path) = (read().unwrap(), directory.join("master.key"));
    assert_eq!(read().unwrap(), made, "never over another");
    let allow = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    for mode in [0o640, 0o604, 0o644] {
        allow(mode);
        let said = read().unwrap_err();
        assert!(said.contains("others than its owner may read it") && said.contains(&format!("{mode:o}")), "{said}");
    }
    allow(0o400);
    assert_eq!(read().unwrap(), made);
    allow(0o600);
    std::fs::write(&path, "nonsense").unwrap();
    assert!(read().unwrap_err().contains("64 hex digits"));
    std::fs::remove_dir_all(&directory).unwrap();

    let asked = |command: &str| {
        let config =
            Config { master_key_command: Some(command.to_owned()), data_dir: directory.clone(), ..config.clone() };
        config.master_key_place().read()
    };
    assert_eq!(*asked(&format!("printf '%s\\n' {}", "0a".repeat(32))).unwrap(), [10; 32]);
    assert!(!directory.exists(), "nothing of it is kept");
    for (command, why) in [("exit 3", "failed"), ("echo nonsense", "64 hex digits"), ("yes", "failed")] {
        let said = asked(command).unwrap_err();
        assert!(said.contains(why) && !said.contains("nonsense"), "{said}");
    }

    let given = Config { master_key: Some([7; 32]), ..config };
    assert_eq!(*given.master_key_place().read().unwrap(), [7; 32]);
    assert!(!given.master_key_place().place().contains("07"), "the place says nothing of the key");
}

#[test]
fn the_logs_files_are_in_a_bucket_or_in_a_folder() {
    let store = |value: &str| {
        let value = value.to_owned();
        Config::read("", &move |variable| (variable == "CERTNODE_LOG_STORE").then(|| value.clone()))
            .map(|config| config.log_store)
    };
    assert_eq!(store("/srv/logs"), Ok(Some(LogStore::Folder("/srv/logs".into()))));
    assert!(
        matches!(store("s3://bucket/prefix"), Ok(Some(LogStore::Bucket(bucket))) if bucket.url == "s3://bucket/prefix")
    );
    for wrong in ["logs", "s3://", "http://bucket"] {
        assert!(store(wrong).is_err(), "{wrong}");
    }
}
