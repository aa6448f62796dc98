//! What holds for every tree, path, note, document and statement.
#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::checkpoint::Checkpoint;
use ledger::hash::{EMPTY_ROOT, Hash, leaf_hash, node_hash};
use ledger::jcs::canonical;
use ledger::json::{self, Value};
use ledger::key::IssuingKey;
use ledger::note::{Note, NoteSigner};
use ledger::proof::{consistency_proof, inclusion_path, inclusion_proof, verify_consistency, verify_inclusion};
use ledger::statement::{Evidence, Ref, Relation, Signed, Statement};
use ledger::tile::{
    TileId, TileSet, entries_path, parse_entries_path, tiles_for_consistency, tiles_for_inclusion, tiles_of,
};
use ledger::tlog_proof::TlogProof;
use ledger::tree::{Batch, Frontier};
use proptest::collection::vec;
use proptest::prelude::*;

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|index| leaf_hash(&index.to_be_bytes())).collect()
}

/// RFC 6962 §2.1, word for word: the recursion our code never takes.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&root(left), &root(right))
        }
    }
}

/// RFC 6962 §2.1.1, word for word.
fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut inner, other) = if index < left.len() {
        (path(index, left), root(right))
    } else {
        (path(index - left.len(), right), root(left))
    };
    inner.push(other);
    inner
}

/// RFC 6962 §2.1.2, word for word.
fn subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut inner, other) = if old <= left.len() {
        (subproof(old, left, whole), root(right))
    } else {
        (subproof(old - left.len(), right, false), root(left))
    };
    inner.push(other);
    inner
}

/// The tiles of a tree, out of its leaves.
fn tiles(leaves: &[Hash]) -> TileSet {
    let size = leaves.len() as u64;
    let mut set = TileSet::default();
    for id in tiles_of(size) {
        set.insert(id, &tile(leaves, id)).unwrap();
    }
    set
}

fn tile(leaves: &[Hash], id: TileId) -> Vec<u8> {
    let span = 256_usize.pow(id.level.into());
    let first = id.index as usize * 256;
    (first..first + usize::from(id.width)).flat_map(|hash| root(&leaves[hash * span..(hash + 1) * span]).0).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_batch_is_the_tree_built_from_nothing(old in 0_usize..300, new in 0_usize..80) {
        let leaves = leaves(old + new);
        let before = Batch::append(&Frontier::empty(), &leaves[..old]);
        let batch = Batch::append(before.frontier(), &leaves[old..]);
        let mut pushed = Frontier::empty();
        leaves.iter().for_each(|leaf| pushed.push(*leaf));
        prop_assert_eq!(batch.frontier(), &pushed);
        prop_assert_eq!(*batch.root(), root(&leaves));
        prop_assert_eq!(pushed.root(), root(&leaves));
        prop_assert_eq!(Frontier::from_bytes(pushed.size(), &pushed.to_bytes()), Some(pushed.clone()));
        prop_assert!(Frontier::from_bytes(2 * pushed.size() + 1, &pushed.to_bytes()).is_none());
        for k in 0..new {
            let proof = batch.inclusion_proof(k);
            prop_assert_eq!(&proof, &path(old + k, &leaves));
            verify_inclusion(&leaves[old + k], (old + k) as u64, leaves.len() as u64, &proof, batch.root()).unwrap();
        }
        prop_assert!(batch.inclusion_proof(new).is_empty());
    }

    #[test]
    fn proofs_from_nodes_are_those_of_the_rfc(size in 1_usize..300, picks in any::<[prop::sample::Index; 2]>()) {
        let leaves = leaves(size);
        let whole = Batch::append(&Frontier::empty(), &leaves);
        let index = picks[0].index(size);
        let proof = inclusion_proof(index as u64, size as u64, &whole).unwrap();
        prop_assert_eq!(&proof, &path(index, &leaves));
        let steps = inclusion_path(&leaves[index], index as u64, size as u64, &proof).unwrap();
        prop_assert_eq!(steps.last().map_or(leaves[index], |step| step.result), root(&leaves));
        let old = 1 + picks[1].index(size);
        let proof = consistency_proof(old as u64, size as u64, &whole).unwrap();
        prop_assert_eq!(&proof, &subproof(old, &leaves, true));
        verify_consistency(old as u64, size as u64, &proof, &root(&leaves[..old]), &root(&leaves)).unwrap();
    }

    #[test]
    fn a_proof_proves_one_place_of_one_tree(size in 1_usize..200, pick in any::<prop::sample::Index>(), other in 0_u64..256) {
        let leaves = leaves(size);
        let (index, root) = (pick.index(size), root(&leaves));
        let proof = path(index, &leaves);
        let holds = |index: u64, size: u64| verify_inclusion(&leaves[pick.index(leaves.len())], index, size, &proof, &root).is_ok();
        prop_assert!(holds(index as u64, size as u64));
        prop_assert!(other == index as u64 || !holds(other, size as u64));
        let mut longer = proof.clone();
        longer.push(EMPTY_ROOT);
        verify_inclusion(&leaves[index], index as u64, size as u64, &longer, &root).unwrap_err();
    }

    #[test]
    fn tiles_for_an_entry_are_enough_for_its_proof(size in 1_usize..1500, pick in any::<prop::sample::Index>()) {
        let (leaves, index) = (leaves(size), pick.index(size));
        let mut few = TileSet::default();
        for id in tiles_for_inclusion(index as u64, size as u64) {
            prop_assert!(tiles_of(size as u64).contains(&id));
            few.insert(id, &tile(&leaves, id)).unwrap();
        }
        prop_assert_eq!(inclusion_proof(index as u64, size as u64, &few).unwrap(), path(index, &leaves));
    }

    #[test]
    fn consistency_is_proven_from_tiles(size in 1_usize..1200, pick in any::<prop::sample::Index>()) {
        let (leaves, old) = (leaves(size), 1 + pick.index(size));
        let proof = consistency_proof(old as u64, size as u64, &tiles(&leaves)).unwrap();
        prop_assert_eq!(&proof, &subproof(old, &leaves, true));
        let mut few = TileSet::default();
        for id in tiles_for_consistency(old as u64, size as u64) {
            few.insert(id, &tile(&leaves, id)).unwrap();
        }
        prop_assert_eq!(consistency_proof(old as u64, size as u64, &few).unwrap(), proof);
    }

    #[test]
    fn tile_paths_are_read_as_written(level in 0_u8..64, index in any::<u64>(), width in 1_u16..=256) {
        let id = TileId { level, index, width };
        prop_assert_eq!(TileId::parse(&id.path()), Some(id));
        prop_assert_eq!(parse_entries_path(&entries_path(index, width)), Some((index, width)));
    }

    #[test]
    fn notes_are_read_as_signed(seed: [u8; 32], lines in vec("[^\\x00-\\x1f\\x7f]{1,20}", 1..5), name in "[a-z./-]{1,20}") {
        let signer = NoteSigner::from_seed(&name, &seed).unwrap();
        let text = lines.join("\n") + "\n";
        let note = Note::parse(&signer.sign(&text)).unwrap();
        prop_assert_eq!(note.text(), text);
        let known = [signer.verifier().clone()];
        prop_assert_eq!(note.verify(&known).unwrap(), [signer.verifier()]);
        prop_assert_eq!(signer.verifier().to_string().parse(), Ok(signer.verifier().clone()));
    }

    #[test]
    fn checkpoints_and_proof_files_are_read_as_written(size: u64, root: [u8; 32], index: u64, extra: Option<[u8; 9]>, seed: [u8; 32]) {
        let checkpoint = Checkpoint::new("example.com/log", size, Hash(root));
        prop_assert_eq!(Checkpoint::parse(&checkpoint.text()), Some(checkpoint.clone()));
        let signer = NoteSigner::from_seed("example.com/log", &seed).unwrap();
        let file = TlogProof { extra: extra.map(Vec::from), index, hashes: leaves(5), checkpoint: checkpoint.sign(&signer) };
        prop_assert_eq!(TlogProof::parse(&file.text()), Some(file));
    }

    #[test]
    fn canonical_documents_stay_as_they_are(value in values()) {
        let bytes = canonical(&value);
        let read = json::parse(&bytes).unwrap();
        prop_assert_eq!(canonical(&read), &bytes[..]);
        prop_assert_eq!(canonical(&reversed(value)), bytes);
    }

    #[test]
    fn statements_are_written_as_canonical_json_and_read_as_signed(statement in statements(), seed: [u8; 32]) {
        let key = IssuingKey::from_seed(&statement.log, &seed).unwrap();
        let bytes = statement.sign(&key).unwrap();
        let value = json::parse(&bytes).unwrap();
        prop_assert_eq!(canonical(&value), &bytes[..]);
        let signed = Signed::parse(&bytes).unwrap();
        prop_assert_eq!(&signed.statement, &statement);
        prop_assert_eq!(signed.verify(key.verifier()), Ok(()));
        let Value::Object(mut members) = value else { panic!() };
        members.retain(|(name, _)| name != "sig");
        let message = [b"certnode/receipt/v1\n", canonical(&Value::Object(members)).as_slice()].concat();
        let signature = ledger::encoding::from_base64(json::parse(&bytes).unwrap().get("sig").unwrap().as_str().unwrap()).unwrap();
        prop_assert_eq!(key.verifier().verify(&message, &signature), Ok(()));
    }
}

/// The same value with every object's members the other way round.
fn reversed(value: Value) -> Value {
    match value {
        Value::Array(values) => Value::Array(values.into_iter().map(reversed).collect()),
        Value::Object(members) => {
            Value::Object(members.into_iter().rev().map(|(name, value)| (name, reversed(value))).collect())
        }
        other => other,
    }
}

/// Text without what I-JSON refuses.
fn texts() -> impl Strategy<Value = String> {
    let any_text = vec(
        prop_oneof![any::<char>(), prop::char::range('\0', '\u{7f}'), prop::char::range('\u{e000}', '\u{10400}')],
        0..12,
    );
    any_text.prop_map(|chars| {
        let noncharacter = |c: &char| (0xfdd0..=0xfdef).contains(&u32::from(*c)) || u32::from(*c) & 0xfffe == 0xfffe;
        chars.into_iter().filter(|c| !noncharacter(c)).collect()
    })
}

fn values() -> impl Strategy<Value = Value> {
    let simple = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-json::MAX_SAFE_INTEGER..=json::MAX_SAFE_INTEGER).prop_map(Value::Integer),
        any::<f64>().prop_filter("JSON has no infinities", |number| number.is_finite()).prop_map(Value::Float),
        texts().prop_map(Value::String),
    ];
    simple.prop_recursive(4, 40, 20, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map(texts(), inner, 0..20).prop_map(|members| {
                // Backwards, so that there is something to sort.
                Value::Object(members.into_iter().rev().collect())
            }),
        ]
    })
}

fn statements() -> impl Strategy<Value = Statement> {
    let file =
        (any::<[u8; 32]>(), any::<[u8; 32]>(), 0_u64..1 << 53, texts()).prop_map(|(sha256, blake3, bytes, media)| {
            Evidence { sha256: Hash(sha256), blake3: Hash(blake3), bytes, media }
        });
    let id = "rcpt_01[0-9a-hjkmnp-tv-z]{8}[ef][0-9a-hjkmnp-tv-z]{2}[89abrstv][0-9a-hjkmnp-tv-z]{12}";
    let refs = vec((id, prop::sample::select(&Relation::ALL)).prop_map(|(id, relation)| Ref { id, relation }), 0..4);
    let hashes = (any::<[u8; 32]>(), any::<Option<[u8; 32]>>());
    ("[a-z.]{1,20}/t/[0-9a-f]{32}", texts(), texts(), vec(file, 0..4), refs, hashes).prop_map(
        |(log, kind, schema, evidence, refs, (payload, idempotency))| Statement {
            log,
            id: "rcpt_01h455vb4pex5vsknk084sn02q".to_owned(),
            kind,
            issued_at: "2026-11-20T22:48:01.250Z".to_owned(),
            schema,
            payload: Hash(payload),
            evidence,
            refs,
            idempotency: idempotency.map(Hash),
        },
    )
}
