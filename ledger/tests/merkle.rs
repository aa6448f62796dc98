//! Probes of transparency-dev/merkle: proofs that hold, and every way to bend one.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use ledger::hash::sha256;
use ledger::proof::{ProofError, verify_consistency_bytes, verify_inclusion_bytes};
use serde_json::Value;

fn base64(value: &Value) -> Vec<u8> {
    ledger::encoding::from_base64(value.as_str().unwrap_or_default()).unwrap()
}

fn base64s(value: &Value) -> Vec<Vec<u8>> {
    value.as_array().map(|hashes| hashes.iter().map(base64).collect()).unwrap_or_default()
}

/// Runs every probe of a folder; returns how many hold and how many must not.
fn run(folder: &str, holds: fn(&Value) -> bool) -> (usize, usize) {
    let mut counts = (0, 0);
    for path in support::files(folder) {
        let probe: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let wanted = !probe["wantErr"].as_bool().unwrap();
        assert_eq!(holds(&probe), wanted, "{}", path.display());
        if wanted { counts.0 += 1 } else { counts.1 += 1 }
    }
    counts
}

#[test]
fn every_inclusion_probe_is_judged_as_published() {
    let counts = run("merkle/inclusion", |probe| {
        let (index, size) = (probe["leafIdx"].as_u64().unwrap(), probe["treeSize"].as_u64().unwrap());
        let (leaf, root) = (base64(&probe["leafHash"]), base64(&probe["root"]));
        verify_inclusion_bytes(&leaf, index, size, &base64s(&probe["proof"]), &root).is_ok()
    });
    assert_eq!(counts, (INCLUSION_HOLDS, 98 - INCLUSION_HOLDS));
}

/// The additional consistency probes write `dont care 1` for a root. We refuse any root that is not 32 bytes long, also in the
/// one probe that is published as holding (`sizes are equal (one) and proof is empty`). Hashed to 32 bytes, all are judged.
#[test]
fn every_consistency_probe_is_judged_as_published() {
    let counts = run("merkle/consistency", |probe| {
        let (size1, size2) = (probe["size1"].as_u64().unwrap(), probe["size2"].as_u64().unwrap());
        let (root1, root2, proof) = (base64(&probe["root1"]), base64(&probe["root2"]), base64s(&probe["proof"]));
        if root1.len() == 32 && root2.len() == 32 {
            return verify_consistency_bytes(size1, size2, &proof, &root1, &root2).is_ok();
        }
        let refused = verify_consistency_bytes(size1, size2, &proof, &root1, &root2);
        assert_eq!(refused, Err(ProofError::HashLength));
        verify_consistency_bytes(size1, size2, &proof, &sha256(&[&root1]).0, &sha256(&[&root2]).0).is_ok()
    });
    assert_eq!(counts, (CONSISTENCY_HOLDS, 98 - CONSISTENCY_HOLDS));
}

const INCLUSION_HOLDS: usize = 6;
const CONSISTENCY_HOLDS: usize = 6;
