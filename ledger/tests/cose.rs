//! COSE receipts, read by a reader of our own: it knows CBOR and RFC 9052's words, and nothing of how they were written.
#![cfg(feature = "cose")]
#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::checkpoint::Checkpoint;
use ledger::hash::{Hash, leaf_hash};
use ledger::note::{NoteSigner, VerifierKey};
use ledger::proof::inclusion_path;
use ledger::tree::{Batch, Frontier};

/// Deterministic CBOR, as far as it occurs here (RFC 8949 §3).
#[derive(Clone, Debug, PartialEq)]
enum Item {
    Integer(i64),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Item>),
    Map(Vec<(Item, Item)>),
    Tag(u64, Box<Item>),
    Null,
}

impl Item {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (item, rest) = Self::next(bytes)?;
        rest.is_empty().then_some(item)
    }

    fn next(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&head, rest) = bytes.split_first()?;
        if head == 0xf6 {
            return Some((Self::Null, rest));
        }
        let (number, mut rest) = match head & 31 {
            small @ 0..=23 => (u64::from(small), rest),
            size @ 24..=27 => {
                let (bytes, rest) = rest.split_at_checked(1 << (size - 24))?;
                (bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)), rest)
            }
            _ => return None,
        };
        let count = usize::try_from(number).ok()?;
        let item = match head >> 5 {
            0 => Self::Integer(i64::try_from(number).ok()?),
            1 => Self::Integer(-1 - i64::try_from(number).ok()?),
            2 | 3 => {
                let (text, after) = rest.split_at_checked(count)?;
                rest = after;
                if head >> 5 == 2 {
                    Self::Bytes(text.to_vec())
                } else {
                    Self::Text(String::from_utf8(text.to_vec()).ok()?)
                }
            }
            4 | 5 => {
                let mut items = Vec::new();
                for _ in 0..count.checked_mul(if head >> 5 == 5 { 2 } else { 1 })? {
                    let (item, after) = Self::next(rest)?;
                    (items, rest) = ([items, vec![item]].concat(), after);
                }
                match head >> 5 {
                    4 => Self::Array(items),
                    _ => Self::Map(items.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()),
                }
            }
            6 => {
                let (item, after) = Self::next(rest)?;
                rest = after;
                Self::Tag(number, Box::new(item))
            }
            _ => return None,
        };
        Some((item, rest))
    }

    fn get(&self, label: i64) -> Option<&Self> {
        let Self::Map(members) = self else { return None };
        members.iter().find(|(name, _)| *name == Self::Integer(label)).map(|(_, value)| value)
    }

    fn bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }
}

/// A byte string's head and its bytes.
fn byte_string(bytes: &[u8]) -> Vec<u8> {
    let head = match bytes.len() {
        short @ 0..=23 => vec![0x40 | short as u8],
        long => vec![0x58, u8::try_from(long).unwrap()],
    };
    [&head, bytes].concat()
}

/// What a verifier does: the index and the size, if all holds.
fn verify(receipt: &[u8], entry: &[u8], key: &VerifierKey) -> Option<(i64, i64)> {
    let Item::Tag(18, sign1) = Item::read(receipt)? else { return None };
    let Item::Array(parts) = *sign1 else { return None };
    let [protected, unprotected, Item::Null, signature] = parts.as_slice() else { return None };
    let headers = Item::read(protected.bytes()?)?;
    let expected = [(1, Item::Integer(-8)), (395, Item::Integer(1)), (4, Item::Bytes(key.id().to_vec()))];
    if !expected.iter().all(|(label, value)| headers.get(*label) == Some(value)) {
        return None;
    }
    (headers.get(15)?.get(1)? == &Item::Text(key.name().to_owned())).then_some(())?;
    let Item::Map(members) = unprotected else { return None };
    let Item::Array(proofs) = unprotected.get(396)?.get(-1)? else { return None };
    let ([_], [proof]) = (members.as_slice(), proofs.as_slice()) else { return None };
    let Item::Array(proof) = Item::read(proof.bytes()?)? else { return None };
    let [Item::Integer(size), Item::Integer(index), Item::Array(path)] = proof.as_slice() else { return None };
    let path: Vec<Hash> = path.iter().map(|hash| Hash::from_slice(hash.bytes()?)).collect::<Option<_>>()?;
    let (index_, size_) = (u64::try_from(*index).ok()?, u64::try_from(*size).ok()?);
    let root = inclusion_path(&leaf_hash(entry), index_, size_, &path).ok()?.last()?.result;
    // Sig_structure: ["Signature1", protected, external_aad, payload].
    let signed =
        [b"\x84\x6aSignature1".as_slice(), &byte_string(protected.bytes()?), b"\x40", &byte_string(&root.0)].concat();
    key.verify(&signed, signature.bytes()?).ok()?;
    Some((*index, *size))
}

#[test]
fn a_cose_receipt_holds_and_no_byte_of_it_can_be_another() {
    let signer = NoteSigner::from_seed("log.example/t/1", &[3; 32]).unwrap();
    let entries: Vec<Vec<u8>> = (0..300_u32).map(|n| n.to_be_bytes().to_vec()).collect();
    let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let batch = Batch::append(&Frontier::empty(), &leaves);
    let checkpoint = Checkpoint::new("log.example/t/1", 300, *batch.root());
    for index in [0, 1, 255, 256, 299] {
        let receipt =
            ledger::cose::receipt(&signer, &checkpoint, index, &batch.inclusion_proof(index as usize)).unwrap();
        assert_eq!(verify(&receipt, &entries[index as usize], signer.verifier()), Some((index as i64, 300)));
        assert_eq!(verify(&receipt, b"another", signer.verifier()), None);
        for at in 0..receipt.len() {
            let mut spoilt = receipt.clone();
            spoilt[at] ^= 1;
            // The format signs the root alone: another size with a path of the same turns says the same.
            let found = verify(&spoilt, &entries[index as usize], signer.verifier());
            assert!(found.is_none_or(|(same, size)| same == index as i64 && size != 300), "byte {at}: {found:?}");
        }
    }
    assert!(ledger::cose::receipt(&signer, &checkpoint, 0, &[]).is_none(), "a path has one hash or more");
}

#[test]
fn a_cose_receipt_is_these_bytes() {
    let signer = NoteSigner::from_seed("log.example/t/1", &[3; 32]).unwrap();
    let checkpoint = Checkpoint::new("log.example/t/1", 2, Hash([7; 32]));
    let receipt = ledger::cose::receipt(&signer, &checkpoint, 1, &[Hash([9; 32])]).unwrap();
    let id = signer.verifier().id_hex();
    let origin = ledger::encoding::hex(b"log.example/t/1");
    // 18([<<{1: -8, 4: id, 15: {1: origin}, 395: 1}>>, {396: {-1: [<<[2, 1, [hash]]>>]}}, null, signature])
    let expected = format!(
        "d2845820a401270444{id}0fa1016f{origin}19018b01a119018ca120815826830201815820{}f65840",
        "09".repeat(32)
    );
    let text = ledger::encoding::hex(&receipt);
    assert!(text.starts_with(&expected) && text.len() == expected.len() + 128, "{text}\n{expected}");
}
