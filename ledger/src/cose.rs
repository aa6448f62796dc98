//! COSE receipts (RFC 9052, RFC 9942): an inclusion proof as `COSE_Sign1` over the root, with the verifiable data structure
//! `RFC9162_SHA256`. For those whose tools speak COSE; the same key signs the same root in the checkpoint.
//!
//! What is signed begins with the bytes `84 6a`, which no checkpoint's text can: the one key's two kinds of signature
//! cannot be taken for each other.

use coset::cbor::value::Value;
use coset::{CborSerializable as _, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable as _, iana};

use crate::checkpoint::Checkpoint;
use crate::hash::Hash;
use crate::note::NoteSigner;

/// The header parameter that names the verifiable data structure, and its value for RFC 9162 trees with SHA-256.
const VDS: (i64, i64) = (395, 1);
/// The header parameter of the proofs, and the label of inclusion proofs in it.
const PROOFS: (i64, i64) = (396, -1);
/// The header parameter of CWT claims, and the label of the issuer in them.
const CLAIMS: (i64, i64) = (15, 1);

/// The receipt of an entry: that the tree of this checkpoint includes it at an index. The root is detached: a verifier
/// computes it from the entry; the format signs nothing but it, so the size only says how to get there. None where the proof is empty, which the format cannot say: a log of one entry.
///
/// `18([<<{1: -8, 4: key id, 15: {1: origin}, 395: 1}>>, {396: {-1: [<<[size, index, [hash …]]>>]}}, null, signature])`
pub fn receipt(signer: &NoteSigner, checkpoint: &Checkpoint, index: u64, hashes: &[Hash]) -> Option<Vec<u8>> {
    if hashes.is_empty() {
        return None;
    }
    let path = hashes.iter().map(|hash| Value::Bytes(hash.0.to_vec())).collect();
    let proof = Value::Array(vec![checkpoint.size.into(), index.into(), Value::Array(path)]).to_vec().ok()?;
    let proofs = Value::Map(vec![(PROOFS.1.into(), Value::Array(vec![Value::Bytes(proof)]))]);
    let issuer = Value::Map(vec![(CLAIMS.1.into(), checkpoint.origin.as_str().into())]);
    let protected = HeaderBuilder::new()
        .algorithm(iana::Algorithm::EdDSA)
        .key_id(signer.verifier().id().to_vec())
        .value(CLAIMS.0, issuer)
        .value(VDS.0, VDS.1.into());
    let receipt = CoseSign1Builder::new()
        .protected(protected.build())
        .unprotected(HeaderBuilder::new().value(PROOFS.0, proofs).build())
        .create_detached_signature(&checkpoint.root.0, &[], |message| signer.sign_bytes(message).to_vec());
    receipt.build().to_tagged_vec().ok()
}
