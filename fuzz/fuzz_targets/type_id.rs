//! Public ids, which are the cursors of lists too: TypeID 0.3.
#![no_main]

use domain::id::{ReceiptId, encode_suffix, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok((prefix, uuid)) = parse(text) {
        let parts = [prefix, &encode_suffix(uuid)];
        assert_eq!(if prefix.is_empty() { parts.concat() } else { parts.join("_") }, text, "an id has one form");
    }
    if let Ok(id) = text.parse::<ReceiptId>() {
        assert_eq!(id.to_string(), text);
    }
});
