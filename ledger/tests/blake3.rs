//! BLAKE3's own vectors, by the calls we make.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

#[test]
fn every_length_has_the_published_hashes() {
    let suite = support::json("blake3/test_vectors.json");
    let key: &[u8; 32] = suite["key"].as_str().unwrap().as_bytes().try_into().unwrap();
    let context = suite["context_string"].as_str().unwrap();
    let mut count = 0;
    for case in suite["cases"].as_array().unwrap() {
        let length = usize::try_from(case["input_len"].as_u64().unwrap()).unwrap();
        let input: Vec<u8> = (0..251).cycle().take(length).collect();
        let extended = |mut hasher: blake3::Hasher, mode: &str| {
            let wanted = support::hex(case[mode].as_str().unwrap());
            let mut output = vec![0; wanted.len()];
            hasher.update(&input).finalize_xof().fill(&mut output);
            assert_eq!(output, wanted, "{mode} of {length} bytes");
            wanted[..32].to_vec()
        };
        let hash = extended(blake3::Hasher::new(), "hash");
        let keyed = extended(blake3::Hasher::new_keyed(key), "keyed_hash");
        let derived = extended(blake3::Hasher::new_derive_key(context), "derive_key");
        assert_eq!(blake3::hash(&input).as_bytes(), hash.as_slice());
        assert_eq!(blake3::keyed_hash(key, &input).as_bytes(), keyed.as_slice());
        assert_eq!(blake3::derive_key(context, &input), derived.as_slice());
        count += 1;
    }
    assert_eq!(count, 35);
}
