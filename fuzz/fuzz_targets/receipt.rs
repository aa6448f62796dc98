//! The bodies of `POST /v1/receipts` and `POST /v1/receipts/batch`.
#![no_main]

use domain::receipts::{NewReceipt, batch};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = batch::parse(data);
    if let Ok(new) = NewReceipt::from_json(data) {
        let body = [b"{\"receipts\":[", data, b"]}"].concat();
        assert_eq!(batch::parse(&body), Ok(vec![Ok((new, None))]), "alone and in a batch it is the same receipt");
    }
});
