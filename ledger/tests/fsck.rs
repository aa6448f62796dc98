//! Every byte of a log of 1,000 entries is flipped, and each flip is found and named.
#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::checkpoint::Checkpoint;
use ledger::commitment::commit;
use ledger::fsck::{
    Bundle, Finding, Rebuilt, SigningKey, SigningKeys, Subject, check_leaves, check_statement, read_bundle,
};
use ledger::hash::{Hash, leaf_hash};
use ledger::key::IssuingKey;
use ledger::note::{NoteSigner, VerifierKey};
use ledger::statement::Statement;
use ledger::tile::{TileId, encode_entries};
use ledger::tree::Frontier;

const ORIGIN: &str = "log.example/t/000102030405060708090a0b0c0d0e0f";
const SIZE: usize = 1000;

struct Log {
    entries: Vec<Vec<u8>>,
    bundles: Vec<Bundle>,
    rebuilt: Rebuilt,
    issuing: IssuingKey,
    signer: NoteSigner,
    checkpoint: String,
}

fn log() -> Log {
    let issuing = IssuingKey::from_seed(ORIGIN, &[2; 32]).unwrap();
    let statement = |n: usize| Statement {
        log: ORIGIN.to_owned(),
        id: "rcpt_01h455vb4pex5vsknk084sn02q".to_owned(),
        kind: "payment".to_owned(),
        issued_at: format!("2026-11-20T22:48:01.{:03}Z", n % 1000),
        schema: "receipt/1".to_owned(),
        payload: commit(&[n as u8; 16], &n.to_be_bytes()),
        evidence: Vec::new(),
        refs: Vec::new(),
        idempotency: None,
    };
    let entries: Vec<Vec<u8>> = (0..SIZE).map(|n| statement(n).sign(&issuing).unwrap()).collect();
    let bundles: Vec<Bundle> = entries.chunks(256).map(|part| Bundle::of(part.iter().map(Vec::as_slice))).collect();
    let mut rebuilt = Rebuilt::default();
    bundles.iter().cloned().for_each(|bundle| rebuilt.push(bundle));
    let signer = NoteSigner::from_seed(ORIGIN, &[1; 32]).unwrap();
    let checkpoint = Checkpoint::new(ORIGIN, SIZE as u64, rebuilt.root()).sign(&signer);
    Log { entries, bundles, rebuilt, issuing, signer, checkpoint }
}

fn tile_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

fn subjects(found: &[Finding]) -> Vec<Subject> {
    found.iter().map(|finding| finding.subject.clone()).collect()
}

#[test]
fn every_flipped_byte_of_every_entry_is_named() {
    let Log { mut entries, bundles, .. } = log();
    let mut flipped = 0;
    for (part, mut bundle) in bundles.into_iter().enumerate() {
        let tile = tile_bytes(&bundle.leaves);
        for within in 0..bundle.leaves.len() {
            let at = part * 256 + within;
            let right = bundle.leaves[within];
            for byte in 0..entries[at].len() {
                entries[at][byte] ^= 1 << (byte % 8);
                bundle.leaves[within] = leaf_hash(&entries[at]);
                entries[at][byte] ^= 1 << (byte % 8);
                let mut found = Vec::new();
                check_leaves(part as u64, &bundle, &tile, &mut found);
                assert_eq!(subjects(&found), [Subject::Entry(at as u64)], "byte {byte}");
                flipped += 1;
            }
            bundle.leaves[within] = right;
        }
    }
    assert!(flipped > 300_000, "{flipped}");
}

#[test]
fn every_flipped_byte_of_every_tile_is_named() {
    let Log { bundles, rebuilt, .. } = log();
    for (index, bundle) in (0_u64..).zip(&bundles) {
        let mut tile = tile_bytes(&bundle.leaves);
        for byte in 0..tile.len() {
            tile[byte] ^= 0x80;
            let mut found = Vec::new();
            check_leaves(index, bundle, &tile, &mut found);
            assert_eq!(subjects(&found), [Subject::Entry(index * 256 + byte as u64 / 32)]);
            tile[byte] ^= 0x80;
        }
        let mut found = Vec::new();
        check_leaves(index, bundle, &tile[1..], &mut found);
        assert!(matches!(&found[..], [Finding { subject: Subject::Tile(id), .. }] if id.index == index));
    }
    for (id, hashes) in rebuilt.tiles() {
        let mut tile = tile_bytes(hashes);
        for byte in 0..tile.len() {
            tile[byte] ^= 1;
            let mut found = Vec::new();
            rebuilt.check_tile(id, &tile, &mut found);
            assert_eq!(subjects(&found), [Subject::Tile(id)]);
            assert!(found[0].problem.ends_with(&format!("at {}", byte / 32)), "{}", found[0]);
            tile[byte] ^= 1;
        }
    }
}

#[test]
fn a_changed_length_in_a_bundle_is_named() {
    let log = log();
    for (index, part) in (0_u64..).zip(log.entries.chunks(256)) {
        let bytes = encode_entries(part.iter().map(Vec::as_slice)).unwrap();
        let tile = tile_bytes(&log.bundles[index as usize].leaves);
        let mut place = 0;
        for entry in part {
            for byte in [place, place + 1] {
                let mut bytes = bytes.clone();
                bytes[byte] ^= 1;
                let named = match read_bundle(index, part.len() as u16, &bytes) {
                    Err(finding) => matches!(finding.subject, Subject::Bundle(at, _) if at == index),
                    Ok(entries) => {
                        let mut found = Vec::new();
                        check_leaves(index, &Bundle::of(entries), &tile, &mut found);
                        !found.is_empty()
                    }
                };
                assert!(named, "byte {byte} of bundle {index}");
            }
            place += 2 + entry.len();
        }
    }
}

#[test]
fn every_flipped_byte_of_the_checkpoint_is_named() {
    let Log { rebuilt, signer, checkpoint, .. } = log();
    let keys = SigningKeys(vec![SigningKey::always("the key", signer.verifier().clone())]);
    let check = |note: &[u8]| {
        let mut found = Vec::new();
        match keys.check_checkpoint(&String::from_utf8_lossy(note), ORIGIN) {
            Ok(checkpoint) => rebuilt.check_root(&checkpoint, &mut found),
            Err(finding) => found.push(finding),
        }
        subjects(&found)
    };
    let mut note = checkpoint.into_bytes();
    assert!(check(&note).is_empty());
    for byte in 0..note.len() {
        for bit in 0..8 {
            note[byte] ^= 1 << bit;
            assert_eq!(check(&note), [Subject::Checkpoint], "byte {byte}, bit {bit}");
            note[byte] ^= 1 << bit;
        }
    }
    // Signed, and of another tree: shorter, longer, or with another root.
    for (size, root) in [(999, rebuilt.root()), (1001, rebuilt.root()), (1000, leaf_hash(b""))] {
        assert_eq!(check(Checkpoint::new(ORIGIN, size, root).sign(&signer).as_bytes()), [Subject::Checkpoint]);
    }
}

#[test]
fn every_flipped_byte_of_a_statement_breaks_its_signature() {
    let Log { mut entries, issuing, .. } = log();
    let keys = [issuing.verifier().clone()];
    assert!(check_statement(7, &entries[7], ORIGIN, &keys).is_ok());
    assert!(
        check_statement(7, &entries[7], "another", &keys).is_err()
            && check_statement(7, &entries[7], ORIGIN, &[]).is_err()
    );
    for byte in 0..entries[7].len() {
        entries[7][byte] ^= 1;
        assert_eq!(check_statement(7, &entries[7], ORIGIN, &keys).unwrap_err().subject, Subject::Entry(7));
        entries[7][byte] ^= 1;
    }
}

#[test]
fn a_tree_made_again_has_every_root_it_ever_had() {
    // 66,000 entries: past the first full tile of level 1.
    let leaves: Vec<Hash> = (0..66_000_u32).map(|n| leaf_hash(&n.to_be_bytes())).collect();
    let (mut rebuilt, mut frontier) = (Rebuilt::default(), Frontier::empty());
    assert_eq!(rebuilt.root(), frontier.root());
    for part in leaves.chunks(256) {
        for n in [1, 100, part.len() - 1, part.len()] {
            let mut then = frontier.clone();
            part[..n].iter().for_each(|leaf| then.push(*leaf));
            assert_eq!(rebuilt.root_with(&part[..n]), then.root());
        }
        part.iter().for_each(|leaf| frontier.push(*leaf));
        let root = *ledger::tree::Batch::append(&Frontier::empty(), part).root();
        rebuilt.push(Bundle { leaves: part.to_vec(), root });
        assert_eq!((rebuilt.size(), rebuilt.root()), (frontier.size(), frontier.root()));
    }
    let widths: Vec<(u8, u64, u16)> = rebuilt.tiles().map(|(id, _)| (id.level, id.index, id.width)).collect();
    assert_eq!(widths, [(1, 0, 256), (1, 1, 1), (2, 0, 1)]);
    assert!(rebuilt.tile(1, 2).is_none() && rebuilt.tile(3, 0).is_none() && rebuilt.tile(0, 0).is_none());
    let mut found = Vec::new();
    rebuilt.check_tile(TileId { level: 2, index: 9, width: 1 }, &[0; 32], &mut found);
    assert_eq!(found[0].problem, "is beyond the log");
}

/// A log whose two keys were replaced at 1000: checkpoints with an overlap until 1500, entries at once.
#[test]
fn each_entry_and_each_state_is_held_against_the_keys_in_force_there() {
    let signer = |seed: u8| NoteSigner::from_seed(ORIGIN, &[seed; 32]).unwrap();
    let (old, new) = (signer(1), signer(2));
    let key = |label: &str, key: &VerifierKey, from_size, until_size, revoked_from| SigningKey {
        label: label.to_owned(),
        key: key.clone(),
        from_size,
        until_size,
        revoked_from,
    };
    let of = |revoked_from| {
        SigningKeys(vec![
            key("checkpoint key 1", old.verifier(), 0, Some(1500), revoked_from),
            key("checkpoint key 2", new.verifier(), 1000, None, None),
        ])
    };
    let keys = of(None);
    let state = |size, by: &[&NoteSigner]| Checkpoint::new(ORIGIN, size, leaf_hash(b"")).sign_by(by.iter().copied());
    let said = |found: Result<Checkpoint, Finding>| found.err().map(|finding| finding.problem).unwrap_or_default();
    for (size, by) in [(999, &[&old][..]), (1000, &[&old, &new]), (1499, &[&new, &old]), (1500, &[&new])] {
        assert_eq!(keys.check_checkpoint(&state(size, by), ORIGIN).unwrap().size, size);
    }
    for (size, by, problem) in [
        (999, &[&new][..], "is not signed by checkpoint key 1, which signs at 999 entries"),
        (1000, &[&old], "is not signed by checkpoint key 2, which signs at 1000 entries"),
        (1499, &[&new], "is not signed by checkpoint key 1, which signs at 1499 entries"),
        (1500, &[&new, &old], "is signed by checkpoint key 1, which does not sign at 1500 entries"),
    ] {
        assert_eq!(said(keys.check_checkpoint(&state(size, by), ORIGIN)), problem);
    }
    // Every flipped byte of both signatures is noticed.
    let both = state(1200, &[&old, &new]).into_bytes();
    for byte in 0..both.len() {
        let mut note = both.clone();
        note[byte] ^= 1;
        assert!(keys.check_checkpoint(&String::from_utf8_lossy(&note), ORIGIN).is_err(), "byte {byte}");
    }
    // What was kept before keys changed: by either, at a size that it signed, or by nobody else.
    assert!(
        keys.check_kept(&state(1200, &[&old]), ORIGIN).is_ok()
            && keys.check_kept(&state(1500, &[&old]), ORIGIN).is_ok()
    );
    assert_eq!(
        said(keys.check_kept(&state(999, &[&new]), ORIGIN)),
        "is signed by checkpoint key 2, which never signed 999 entries"
    );
    assert_eq!(
        said(keys.check_kept(&state(1501, &[&old]), ORIGIN)),
        "is signed by checkpoint key 1, which never signed 1501 entries"
    );
    assert_eq!(said(keys.check_kept(&state(999, &[&signer(3)]), ORIGIN)), "is not signed by the log's key");
    // Revoked from 900 on: the state of 950 rests on it alone, that of 1200 on the other.
    let keys = of(Some(900));
    assert!(keys.check_checkpoint(&state(1200, &[&new]), ORIGIN).is_ok());
    assert!(keys.check_checkpoint(&state(950, &[&old]), ORIGIN).is_ok());
    let rests: Vec<String> = keys.check_rests(950).iter().map(Finding::to_string).collect();
    assert_eq!(rests, ["checkpoint key 1: is revoked from size 900 on: the state of 950 entries rests on it alone"]);
    assert!(keys.check_rests(1200).is_empty() && keys.check_rests(899).is_empty());
}

#[test]
fn a_statement_by_a_key_that_was_replaced_and_those_by_a_revoked_one_are_named() {
    let Log { entries, issuing, .. } = log();
    let key = |from_size, until_size, revoked_from| SigningKey {
        label: "issuing key 1".to_owned(),
        key: issuing.verifier().clone(),
        from_size,
        until_size,
        revoked_from,
    };
    let keys = SigningKeys(vec![key(0, Some(7), None)]);
    assert!(keys.check_statement(6, &entries[6], ORIGIN).is_ok());
    let found = keys.check_statement(7, &entries[7], ORIGIN).unwrap_err();
    assert_eq!(found.to_string(), "entry 7: is signed by issuing key 1, which does not sign at this place");
    assert!(SigningKeys::default().check_statement(7, &entries[7], ORIGIN).is_err());
    let said = |key: SigningKey| key.check_revoked(9).map(|finding| finding.to_string());
    assert_eq!(
        said(key(0, Some(7), Some(2))).unwrap(),
        "issuing key 1: is revoked from entry 2 on: entries 2 to 6, which it signed, are not to be believed"
    );
    assert!(said(key(0, None, Some(8))).unwrap().contains("entry 8, which it signed, is not to be believed"));
    for nothing in [key(0, Some(7), Some(7)), key(0, None, Some(9)), key(0, None, None), key(9, None, Some(9))] {
        assert_eq!(said(nothing), None);
    }
}
