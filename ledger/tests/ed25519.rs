//! Ed25519 by four collections. Keys and signatures pass through `VerifierKey`, which is `verify_strict`.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use ledger::note::{NoteSigner, VerifierKey};

/// Whether our strict verifier accepts; a key or signature of the wrong length is a refusal.
fn accepts(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = public.try_into().ok().and_then(|public| VerifierKey::new("vector", public).ok());
    key.is_some_and(|key| key.verify(message, signature).is_ok())
}

/// Strict verification differs from no published case: all 88 valid pass, all 63 invalid fail.
#[test]
fn wycheproof_is_judged_as_published() {
    let suite = support::json("wycheproof/ed25519_test.json");
    let (mut valid, mut invalid) = (0, 0);
    for group in suite["testGroups"].as_array().unwrap() {
        let public = support::hex(group["publicKey"]["pk"].as_str().unwrap());
        for case in group["tests"].as_array().unwrap() {
            let (message, signature) = (case["msg"].as_str().unwrap(), case["sig"].as_str().unwrap());
            let wanted = case["result"] == "valid";
            assert_eq!(accepts(&public, &support::hex(message), &support::hex(signature)), wanted, "{case}");
            if wanted { valid += 1 } else { invalid += 1 }
        }
    }
    assert_eq!((valid, invalid), (88, 63));
}

/// The twelve cases on which libraries differ. Strict verification refuses small-order keys and nonces (0, 1, 2), a signature that
/// holds only with the cofactor (4, 5), scalars not reduced (6, 7) and encodings of points that are not canonical (8 to 11).
/// It accepts 3: a nonce and a key of mixed order, for which the equation without cofactor holds.
#[test]
fn the_twelve_disputed_signatures_have_stated_verdicts() {
    let cases = support::json("ed25519-speccheck/cases.json");
    let field = |index: usize, name: &str| support::hex(cases[index][name].as_str().unwrap());
    let accepted: Vec<usize> = (0..cases.as_array().unwrap().len())
        .filter(|&index| accepts(&field(index, "pub_key"), &field(index, "message"), &field(index, "signature")))
        .collect();
    assert_eq!(cases.as_array().unwrap().len(), 12);
    assert_eq!(accepted, [3]);
}

#[test]
fn every_dalek_vector_is_signed_and_verified_as_published() {
    let mut count = 0;
    for line in support::text("dalek/TESTVECTORS").lines() {
        let fields: Vec<Vec<u8>> = line.split(':').take(4).map(support::hex).collect();
        let [secret, public, message, signed] = fields.as_slice() else { panic!("{line}") };
        let signer = NoteSigner::from_seed("vector", secret[..32].try_into().unwrap()).unwrap();
        assert_eq!(*signer.verifier(), VerifierKey::new("vector", public.as_slice().try_into().unwrap()).unwrap());
        assert_eq!(signer.sign_bytes(message), signed[..64]);
        assert!(accepts(public, message, &signed[..64]));
        let mut bent = signed[..64].to_vec();
        bent[count % 64] ^= 1 << (count % 8);
        assert!(!accepts(public, message, &bent));
        count += 1;
    }
    assert_eq!(count, 128);
}

/// Of all that can be odd about a key and a signature, strict verification lets one thing pass: a key or a nonce of mixed
/// order, where the equation holds without the cofactor. No small order, no encoding that is not canonical.
#[test]
fn every_dalek_case_at_the_edges_of_the_group_is_judged_as_verify_strict_says() {
    let cases = support::json("dalek/VALIDATIONVECTORS");
    let (mut accepted, mut refused) = (0, 0);
    for case in cases.as_array().unwrap() {
        let flags: Vec<&str> =
            case["flags"].as_array().into_iter().flatten().filter_map(|flag| flag.as_str()).collect();
        let wanted = flags.iter().all(|flag| matches!(*flag, "low_order_component_A" | "low_order_component_R"));
        let field = |name: &str| case[name].as_str().unwrap();
        let message = field("msg").as_bytes();
        assert_eq!(accepts(&support::hex(field("key")), message, &support::hex(field("sig"))), wanted, "{case}");
        if wanted { accepted += 1 } else { refused += 1 }
    }
    assert_eq!((accepted, refused), (43, 871));
}
