#![expect(clippy::unwrap_used, reason = "tests")]

use clap::FromArgMatches as _;
use time::macros::datetime;

use super::*;

fn read(line: &str) -> Result<Command, clap::Error> {
    let archive = clap::Command::new("archive").version("1").propagate_version(true).subcommand_required(true);
    let matches = Command::augment_subcommands(archive).try_get_matches_from(line.split(' '))?;
    Command::from_arg_matches(&matches)
}

#[test]
fn a_month_is_a_year_and_two_digits() {
    let Command::Detach { before } = read("archive detach --before 2026-02").unwrap() else { panic!("a detachment") };
    assert_eq!(before, datetime!(2026-02-01 00:00 UTC));
    assert!(matches!(read("archive attach --from 2025-12").unwrap(), Command::Attach { .. }));
    for wrong in ["2026-13", "2026-1", "202-01", "2026-02-01", "+026-01", "", "now"] {
        let said = read(&format!("archive detach --before {wrong}")).unwrap_err().to_string();
        assert!(said.contains("a month such as 2026-01 is wanted") || wrong.is_empty(), "{wrong}: {said}");
    }
    assert!(read("archive detach").is_err(), "before which?");
}

#[test]
fn a_line_says_where_a_month_is_and_what_it_takes() {
    let month = Month {
        of: "payloads".to_owned(),
        is_archived: true,
        name: "payloads_begin".to_owned(),
        from_at: None,
        until_at: Some(datetime!(2026-12-01 00:00 UTC)),
        bytes: 8193,
        tablespace: Some("cold".to_owned()),
    };
    assert_eq!(
        line(&month),
        "archive.payloads_begin              from -          until 2026-12-01          9 KiB  in cold"
    );
}
