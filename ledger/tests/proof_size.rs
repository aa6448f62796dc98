//! How large a proof is: the two `.tlog-proof` texts of a receipt, with the cosignatures of three witnesses.

#[path = "support/deep.rs"]
mod deep;

#[test]
fn a_witnessed_proof_in_a_hundred_million_receipts_is_below_3_6_kilobytes() {
    let (tenant, root, _) = deep::witnessed(b"a statement");
    assert_eq!((tenant.hashes.len(), root.hashes.len()), (27, 30));
    let bytes = tenant.text().len() + root.text().len();
    assert!(bytes <= 3_600, "{bytes} bytes");
}
