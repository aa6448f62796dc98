#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

fn vectors(text: &str) -> Vec<serde_json::Value> {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_valid_vector_of_the_specification_is_read_and_written_back() {
    let vectors = vectors(include_str!("../../testdata/typeid/valid.json"));
    assert_eq!(vectors.len(), 9);
    for vector in &vectors {
        let (prefix, uuid) = parse(vector["typeid"].as_str().unwrap()).unwrap();
        assert_eq!(prefix, vector["prefix"].as_str().unwrap());
        assert_eq!(uuid.to_string(), vector["uuid"].as_str().unwrap());
        let suffix = vector["typeid"].as_str().unwrap().rsplit('_').next().unwrap();
        assert_eq!(encode_suffix(uuid), suffix);
    }
}

#[test]
fn every_invalid_vector_of_the_specification_is_refused() {
    let vectors = vectors(include_str!("../../testdata/typeid/invalid.json"));
    assert!(vectors.len() >= 15);
    for vector in &vectors {
        assert_eq!(parse(vector["typeid"].as_str().unwrap()), Err(InvalidId), "{}", vector["name"]);
    }
}

#[test]
fn an_id_of_another_type_is_refused() {
    let key = ApiKeyId(Uuid::from_u128(7)).to_string();
    assert_eq!(key.parse::<ReceiptId>(), Err(InvalidId));
    assert_eq!(key.parse::<ApiKeyId>(), Ok(ApiKeyId(Uuid::from_u128(7))));
}
