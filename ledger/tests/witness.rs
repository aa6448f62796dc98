//! What a witness grants and refuses (C2SP `tlog-witness`).
#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::checkpoint::Checkpoint;
use ledger::hash::{EMPTY_ROOT, Hash, leaf_hash};
use ledger::note::NoteSigner;
use ledger::proof::consistency_proof;
use ledger::tile::{TileSet, tiles_of};
use ledger::tree::Frontier;
use ledger::witness::{AddCheckpoint, Refusal, Trusted};

const ORIGIN: &str = "log.example/root";

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

fn root(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::empty();
    leaves.iter().for_each(|leaf| frontier.push(*leaf));
    frontier.root()
}

fn tree(leaves: &[Hash]) -> TileSet {
    let mut tiles = TileSet::default();
    for tile in tiles_of(leaves.len() as u64).into_iter().filter(|tile| tile.level == 0) {
        let start = (tile.index * 256) as usize;
        let bytes: Vec<u8> = leaves[start..start + usize::from(tile.width)].iter().flat_map(|leaf| leaf.0).collect();
        tiles.insert(tile, &bytes).unwrap();
    }
    tiles
}

fn log() -> NoteSigner {
    NoteSigner::from_seed(ORIGIN, &[1; 32]).unwrap()
}

/// A request to go from one size to another of the tree of 200 leaves.
fn request(old: u64, size: u64) -> AddCheckpoint {
    let all = leaves(200);
    let proof = if old == 0 || old >= size { Vec::new() } else { consistency_proof(old, size, &tree(&all)).unwrap() };
    let checkpoint = Checkpoint::new(ORIGIN, size, root(&all[..size as usize])).sign(&log());
    AddCheckpoint { old, proof, checkpoint }
}

fn asked(request: &AddCheckpoint, last: Option<u64>) -> Result<(), Refusal> {
    let last = last.map(|size| Checkpoint::new(ORIGIN, size, root(&leaves(200)[..size as usize])));
    Trusted::read(&request.text(), &[log().verifier().clone()])?.continues(last.as_ref())
}

#[test]
fn every_continuation_is_granted() {
    for size in 1..200 {
        assert_eq!(asked(&request(0, size), None), Ok(()), "first: {size}");
        for old in [1, 2, 7, 64, 100, 128, 150, 199] {
            if old <= size {
                assert_eq!(asked(&request(old, size), Some(old)), Ok(()), "{old} to {size}");
            }
        }
    }
    let empty = Checkpoint::new(ORIGIN, 0, EMPTY_ROOT).sign(&log());
    assert_eq!(asked(&AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: empty }, None), Ok(()));
    assert_eq!(asked(&request(0, 7), Some(0)), Ok(()), "an empty checkpoint was cosigned");
}

#[test]
fn another_history_is_refused() {
    let mut forked = leaves(200);
    forked[40] = leaf_hash(b"another");
    let fork = |size: usize| Checkpoint::new(ORIGIN, size as u64, root(&forked[..size])).sign(&log());
    let proof = consistency_proof(64, 100, &tree(&forked)).unwrap();
    assert_eq!(asked(&AddCheckpoint { old: 64, proof, checkpoint: fork(100) }, Some(64)), Err(Refusal::Inconsistent));
    let same_size = AddCheckpoint { old: 64, proof: Vec::new(), checkpoint: fork(64) };
    assert_eq!(asked(&same_size, Some(64)), Err(Refusal::Inconsistent));
    let mut longer = request(64, 100);
    longer.proof.push(EMPTY_ROOT);
    assert_eq!(asked(&longer, Some(64)), Err(Refusal::Inconsistent));
    let needless = AddCheckpoint { proof: vec![EMPTY_ROOT], ..request(0, 100) };
    assert_eq!(asked(&needless, None), Err(Refusal::Inconsistent));
    let not_empty = Checkpoint::new(ORIGIN, 0, leaf_hash(b"")).sign(&log());
    let not_empty = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: not_empty };
    assert_eq!(asked(&not_empty, None), Err(Refusal::Inconsistent));
}

#[test]
fn a_stale_size_is_told_the_right_one_and_nothing_goes_back() {
    assert_eq!(asked(&request(64, 100), Some(70)), Err(Refusal::Stale(70)));
    assert_eq!(asked(&request(0, 100), Some(70)), Err(Refusal::Stale(70)));
    assert_eq!(asked(&request(64, 100), None), Err(Refusal::Stale(0)));
    assert_eq!(asked(&AddCheckpoint { old: 100, ..request(0, 70) }, Some(100)), Err(Refusal::Malformed), "smaller");
}

#[test]
fn strangers_and_forgeries_are_refused() {
    let signed_by = |name: &str, seed: u8| {
        let signer = NoteSigner::from_seed(name, &[seed; 32]).unwrap();
        let checkpoint = Checkpoint::new(name, 5, root(&leaves(5))).sign(&signer);
        AddCheckpoint { old: 0, proof: Vec::new(), checkpoint }
    };
    assert_eq!(asked(&signed_by("other.example", 1), None), Err(Refusal::UnknownLog));
    assert_eq!(asked(&signed_by(ORIGIN, 2), None), Err(Refusal::Untrusted), "another key");
    let mut spoilt = request(0, 5);
    spoilt.checkpoint = spoilt.checkpoint.replacen("\n5\n", "\n6\n", 1);
    assert_eq!(asked(&spoilt, None), Err(Refusal::Untrusted), "a signature that does not hold");
}

#[test]
fn bodies_are_read_strictly() {
    let good = request(64, 100);
    assert_eq!(AddCheckpoint::parse(&good.text()), Some(good.clone()));
    let text = good.text();
    for bad in [
        String::new(),
        text.replacen("old 64", "old 064", 1),
        text.replacen("old 64", "old -1", 1),
        text.replacen("old ", "Old ", 1),
        text.replacen('\n', "\r\n", 1),
        text.replacen("=\n", "\n", 1),
        format!("old 1\n{}\n{}", format!("{}\n", EMPTY_ROOT.to_base64()).repeat(64), good.checkpoint),
        "old 5\n".to_owned(),
    ] {
        assert_eq!(Trusted::read(&bad, &[log().verifier().clone()]).err(), Some(Refusal::Malformed), "{bad:?}");
    }
}
