//! What a statement says of others is signed, and written in one way only.
#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::hash::leaf_hash;
use ledger::key::IssuingKey;
use ledger::statement::{Ref, Relation, Signed, Statement, StatementError};

const LOG: &str = "log.example/t/000102030405060708090a0b0c0d0e0f";
const OTHER: &str = "rcpt_01h455vb4pex5vsknk084sn02q";

fn key() -> IssuingKey {
    IssuingKey::from_seed(LOG, &[3; 32]).unwrap()
}

fn signed(refs: Vec<Ref>) -> Vec<u8> {
    let statement = Statement {
        log: LOG.to_owned(),
        id: "rcpt_01h455vb4pex5vsknk084sn02r".to_owned(),
        kind: "revocation".to_owned(),
        issued_at: "2026-11-20T22:48:01.250Z".to_owned(),
        schema: "receipt/1".to_owned(),
        payload: leaf_hash(b"1"),
        evidence: Vec::new(),
        refs,
        idempotency: None,
    };
    statement.sign(&key()).unwrap()
}

fn refers(relation: Relation) -> Ref {
    Ref { id: OTHER.to_owned(), relation }
}

/// The statement with its refs written otherwise.
fn rewritten(refs: &str) -> Result<Signed, StatementError> {
    let text = String::from_utf8(signed(Vec::new())).unwrap();
    Signed::parse(text.replace("\"refs\":[]", &format!("\"refs\":{refs}")).as_bytes())
}

#[test]
fn each_relation_is_read_as_it_was_signed() {
    for relation in Relation::ALL {
        let bytes = signed(vec![refers(relation)]);
        let read = Signed::parse(&bytes).unwrap();
        assert_eq!(read.statement.refs, [refers(relation)]);
        read.verify(key().verifier()).unwrap();
        let other = String::from_utf8(bytes).unwrap().replace("revokes", "supersedes");
        let changed = Signed::parse(other.as_bytes()).unwrap().verify(key().verifier());
        assert_eq!(
            changed.is_err(),
            relation == Relation::Revokes,
            "a relation that was changed is not what was signed"
        );
    }
}

#[test]
fn an_id_alone_is_written_as_before_there_were_relations() {
    let text = String::from_utf8(signed(vec![refers(Relation::RelatesTo)])).unwrap();
    assert!(text.contains(&format!(r#""refs":["{OTHER}"]"#)), "{text}");
    assert_eq!(rewritten(&format!(r#"["{OTHER}"]"#)).unwrap().statement.refs, [refers(Relation::RelatesTo)]);
}

#[test]
fn a_second_spelling_is_none() {
    for refs in [
        format!(r#"[{{"id":"{OTHER}","relation":"relates_to"}}]"#),
        format!(r#"[{{"id":"{OTHER}","relation":"undoes"}}]"#),
        format!(r#"[{{"id":"{OTHER}"}}]"#),
        format!(r#"[{{"id":"{OTHER}","relation":"revokes","why":"x"}}]"#),
        r#"[{"id":"rcpt_x","relation":"revokes"}]"#.to_owned(),
        format!(r#"{{"id":"{OTHER}","relation":"revokes"}}"#),
    ] {
        assert_eq!(rewritten(&refs), Err(StatementError::Malformed), "{refs}");
    }
}
