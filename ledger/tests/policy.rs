//! Trust policies (C2SP tlog-policy) and cosignatures (C2SP tlog-cosignature).
#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::checkpoint::Checkpoint;
use ledger::hash::EMPTY_ROOT;
use ledger::note::{KeyKind, Note, NoteError, NoteSigner, SignatureLine, VerifierKey};
use ledger::policy::Policy;

fn witness(number: u8) -> NoteSigner {
    NoteSigner::cosigner(&format!("w{number}.example"), &[number; 32]).unwrap()
}

/// The specification's own example: two of X, any of Y, and both groups.
fn example() -> String {
    let log = NoteSigner::from_seed("log.example", &[100; 32]).unwrap();
    let mut text = format!("# example\n\n \tlog\t{}  https://log.example/ \n", log.verifier());
    for (name, number) in [("X1", 1), ("X2", 2), ("X3", 3), ("Y1", 4), ("Y2", 5)] {
        text.push_str(&format!("witness {name} {}\n", witness(number).verifier()));
    }
    text + "group X 2 X1 X2 X3\ngroup Y any Y1 Y2\ngroup both all X Y\nquorum both\n"
}

fn seen_by(numbers: &[u8]) -> Note {
    let log = NoteSigner::from_seed("log.example", &[100; 32]).unwrap();
    let checkpoint = Checkpoint::new("log.example", 0, EMPTY_ROOT);
    let mut note = Note::parse(&checkpoint.sign(&log)).unwrap();
    for number in numbers {
        note.push(witness(*number).cosign(&checkpoint.text(), 1_700_000_000 + u64::from(*number)).unwrap());
    }
    Note::parse(&note.to_string()).unwrap()
}

#[test]
fn a_quorum_of_groups_is_met_by_enough_of_each() {
    let policy = Policy::parse(&example()).unwrap();
    for (numbers, met) in [
        (&[1, 2, 4][..], true),
        (&[3, 1, 5, 4], true),
        (&[1, 2, 3], false),
        (&[1, 4, 5], false),
        (&[1, 1, 4], false),
        (&[9, 8, 7, 6], false),
        (&[], false),
    ] {
        let note = seen_by(numbers);
        let evaluation = policy.evaluate(&note).unwrap();
        assert_eq!(evaluation.satisfied, met, "{numbers:?}");
        assert!(evaluation.cosigned.iter().all(|(witness, time)| *time > 1_700_000_000 && witness.name.len() == 2));
    }
}

#[test]
fn a_policy_is_read_as_written() {
    let policy = Policy::parse(&example()).unwrap();
    assert_eq!(Policy::parse(&policy.to_string()), Ok(policy.clone()));
    assert_eq!((policy.logs.len(), policy.witnesses.len(), policy.groups.len()), (1, 5, 3));
    assert_eq!(policy.logs[0].url.as_deref(), Some("https://log.example/"));
    assert_eq!(policy.log_keys("log.example").len(), 1);
    assert!(policy.log_keys("other.example").is_empty());
    assert_eq!(Policy::parse("quorum none"), Ok(Policy::default()));
}

#[test]
fn a_policy_that_breaks_a_rule_is_refused_with_its_line() {
    let (w1, w2) = (witness(1).verifier().to_string(), witness(2).verifier().to_string());
    let log = NoteSigner::from_seed("log.example", &[100; 32]).unwrap().verifier().to_string();
    for (line, text) in [
        (0, String::new()),
        (0, "log\u{1}\nquorum none\n".to_owned()),
        (0, "quorum none\r\n".to_owned()),
        (2, "quorum none\nquorum none\n".to_owned()),
        (1, "quorum w\n".to_owned()),
        (1, "quorum none none\n".to_owned()),
        (1, "trust me\nquorum none\n".to_owned()),
        (1, format!("log {w1}\nquorum none\n")),
        (1, format!("witness w {log}\nquorum none\n")),
        (2, format!("log {log}\nlog {log}\nquorum none\n")),
        (1, format!("log {log} https://a https://b\nquorum none\n")),
        (1, format!("witness none {w1}\nquorum none\n")),
        (2, format!("witness a {w1}\nwitness a {w2}\nquorum none\n")),
        (2, format!("witness a {w1}\nwitness b {w1}\nquorum none\n")),
        (2, format!("witness a {w1}\ngroup g any\nquorum none\n")),
        (2, format!("witness a {w1}\ngroup g 0 a\nquorum none\n")),
        (2, format!("witness a {w1}\ngroup g 2 a\nquorum none\n")),
        (2, format!("witness a {w1}\ngroup g 01 a\nquorum none\n")),
        (2, format!("witness a {w1}\ngroup g all a a\nquorum none\n")),
        (2, format!("witness a {w1}\ngroup g all g\nquorum none\n")),
        (2, format!("witness a {w1}\ngroup g all none\nquorum none\n")),
        (3, format!("witness a {w1}\ngroup g all a\ngroup h all a\nquorum none\n")),
    ] {
        assert_eq!(Policy::parse(&text).unwrap_err().line, line, "{text}");
    }
}

#[test]
fn thirty_two_of_each_are_supported() {
    let mut text = String::new();
    for number in 0..32_u8 {
        let log = NoteSigner::from_seed(&format!("log{number}.example"), &[100 + number; 32]).unwrap();
        text.push_str(&format!("log {}\nwitness w{number} {}\n", log.verifier(), witness(number).verifier()));
        text.push_str(&format!("group g{number} any w{number}\n"));
    }
    assert_eq!(Policy::parse(&format!("{text}quorum g31\n")).unwrap().groups.len(), 32);
}

#[test]
fn a_cosignature_covers_its_time_and_a_known_witness_that_fails_spoils_the_note() {
    let policy = Policy::parse(&example()).unwrap();
    let note = seen_by(&[1]);
    assert_eq!(note.signatures()[1].signature.len(), 72);
    let mut late = note.signatures()[1].clone();
    late.signature[7] ^= 1;
    let mut bent = seen_by(&[2, 4]);
    bent.push(late);
    assert_eq!(policy.evaluate(&bent), Err(NoteError::Signature));
}

#[test]
fn keys_of_one_kind_do_not_sign_for_the_other() {
    let (cosigner, signer) = (witness(1), NoteSigner::from_seed("w1.example", &[1; 32]).unwrap());
    assert_eq!(cosigner.verifier().public(), signer.verifier().public());
    assert_ne!(cosigner.verifier().id(), signer.verifier().id());
    assert_eq!((cosigner.verifier().kind(), signer.verifier().kind()), (KeyKind::Cosignature, KeyKind::Ed25519));
    assert_eq!(signer.cosign("text\n", 0), Err(NoteError::Key));
    for key in [cosigner.verifier(), signer.verifier()] {
        assert_eq!(key.to_string().parse::<VerifierKey>().as_ref(), Ok(key));
    }
    let plain = Note::parse(&cosigner.sign("text\n")).unwrap();
    assert_eq!(plain.verify(&[cosigner.verifier().clone()]), Err(NoteError::Signature));
}

#[test]
fn unknown_signatures_are_passed_over_up_to_the_limit() {
    let log = NoteSigner::from_seed("log.example", &[100; 32]).unwrap();
    let grease = |id: u8| SignatureLine { name: "log.example".to_owned(), id: [id; 4], signature: vec![id; 64] };
    let known = [log.verifier().clone()];
    for (lines, read) in [(15, true), (63, true), (64, false)] {
        let mut note = Note::parse(&log.sign("text\n")).unwrap();
        (0..lines).for_each(|id| note.push(grease(id)));
        let parsed = Note::parse(&note.to_string());
        assert_eq!(parsed.is_ok(), read, "{lines} unknown lines");
        assert!(parsed.is_err() || parsed.unwrap().verify(&known).is_ok());
    }
    let mut strangers = Note::parse(&witness(1).sign("text\n")).unwrap();
    strangers.push(grease(1));
    assert_eq!(strangers.verify(&known), Err(NoteError::Unknown));
}

#[test]
fn what_is_not_a_signed_note_is_refused() {
    let good = NoteSigner::from_seed("log.example", &[100; 32]).unwrap().sign("text\n");
    assert!(Note::parse(&good).is_ok());
    for bad in [
        good.trim_end().to_owned(),
        good.replace("\n\n", "\n"),
        good.replace("text", "te\txt"),
        good.replace('\u{2014}', "-"),
        good.replace("\u{2014} log", "\u{2014}  log"),
        good.replace("log.example", "log+example"),
        good.replace("==\n", "\n").replace("=\n", "\n"),
        format!("{good}\n"),
        format!("{good} "),
        String::new(),
        "text\n\n".to_owned(),
        "text\n\n\u{2014} a AAAAAA==\n".to_owned(),
    ] {
        assert!(bad == good || Note::parse(&bad).is_err(), "{bad:?}");
    }
}
