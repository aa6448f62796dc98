//! Canonical JSON (RFC 8785): the one way to write a value, so that equal values have equal bytes.

use crate::json::Value;

/// The canonical bytes: no space, names in UTF-16 order, numbers as ECMAScript writes them.
pub fn canonical(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend(b"null"),
        Value::Bool(true) => out.extend(b"true"),
        Value::Bool(false) => out.extend(b"false"),
        Value::Integer(number) => out.extend(number.to_string().as_bytes()),
        Value::Float(number) => out.extend(ryu_js::Buffer::new().format(*number).as_bytes()),
        Value::String(text) => write_string(text, out),
        Value::Array(values) => {
            out.push(b'[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(value, out);
            }
            out.push(b']');
        }
        Value::Object(members) => write_object(members, out),
    }
}

fn write_object(members: &[(String, Value)], out: &mut Vec<u8>) {
    let mut sorted: Vec<&(String, Value)> = members.iter().collect();
    sorted.sort_unstable_by(|(a, _), (b, _)| {
        // For ASCII, which names nearly always are, bytes and UTF-16 units order alike.
        if a.is_ascii() && b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
    });
    out.push(b'{');
    for (index, (name, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_string(name, out);
        out.push(b':');
        write(value, out);
    }
    out.push(b'}');
}

/// A string in quotes, with only the escapes that RFC 8785 §3.2.2.2 wants.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\') {
        let (plain, special) = rest.split_at(at);
        out.extend(plain);
        match special[0] {
            b'"' => out.extend(b"\\\""),
            b'\\' => out.extend(b"\\\\"),
            0x08 => out.extend(b"\\b"),
            0x09 => out.extend(b"\\t"),
            0x0a => out.extend(b"\\n"),
            0x0c => out.extend(b"\\f"),
            0x0d => out.extend(b"\\r"),
            control => out.extend(format!("\\u{control:04x}").as_bytes()),
        }
        rest = &special[1..];
    }
    out.extend(rest);
    out.push(b'"');
}
