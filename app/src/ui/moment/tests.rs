use time::macros::datetime;

use super::*;

#[test]
fn moments_are_written_for_machines_and_for_people() {
    for (at, machine, day) in [
        (datetime!(1997-03-25 0:00 UTC), "1997-03-25T00:00:00Z", "25 Mar 1997"),
        (datetime!(2026-11-01 09:30:01.204 UTC), "2026-11-01T09:30:01.204Z", "1 Nov 2026"),
        (datetime!(0999-12-31 23:59:59 UTC), "0999-12-31T23:59:59Z", "31 Dec 999"),
    ] {
        assert_eq!((rfc3339(at).as_str(), written_day(at).as_str()), (machine, day));
    }
}
