#![expect(clippy::unwrap_used, reason = "tests")]

use clap::FromArgMatches as _;

use super::*;

fn read(line: &str) -> Result<Command, clap::Error> {
    // As the binary has it, whose subcommands all know --version.
    let keys = clap::Command::new("keys").version("1").propagate_version(true).subcommand_required(true);
    let matches = Command::augment_subcommands(keys).try_get_matches_from(line.split(' '))?;
    Command::from_arg_matches(&matches)
}

#[test]
fn the_command_line_says_which_key_and_from_which_size() {
    let Command::Revoke { log, purpose, key_version, from_size } =
        read("keys revoke --log root --purpose issuing --key-version 2 --from-size 17").unwrap()
    else {
        panic!("a revocation")
    };
    assert_eq!((log.as_str(), purpose, key_version, from_size), ("root", Purpose::Issuing, 2, Some(17)));
    assert!(matches!(read("keys list").unwrap(), Command::List { log: None }));
    let rotated = read("keys rotate --log a/t/b --purpose checkpoint --overlap-days 7").unwrap();
    assert!(matches!(rotated, Command::Rotate { overlap_days: Some(7), purpose: Purpose::Checkpoint, .. }));
}

#[test]
fn a_wrong_purpose_is_refused_in_a_sentence() {
    let said = read("keys rotate --log root --purpose signing").unwrap_err().to_string();
    assert!(said.contains("checkpoint or issuing is wanted"), "{said}");
    assert!(read("keys rotate --purpose issuing").is_err(), "which log?");
}
