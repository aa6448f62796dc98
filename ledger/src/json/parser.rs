//! The recursive-descent reader; depth is bounded, so the stack is.

use std::collections::HashSet;

use super::{Limits, MAX_SAFE_INTEGER, Value};

type Refusal = (usize, &'static str);

/// Objects up to this many members are searched in order for a duplicate name; larger ones through a set.
const SMALL: usize = 16;

const NONCHARACTER: &str = "this code point is not a character";

/// Reserved for programs' own use, never for exchange (RFC 7493 §2.1).
fn is_noncharacter(c: char) -> bool {
    let code = u32::from(c);
    (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
}

pub(super) struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    limits: Limits,
    /// Where the refused value is: filled on the way out, innermost first.
    path: String,
}

impl<'a> Parser<'a> {
    pub(super) const fn new(bytes: &'a [u8], limits: Limits) -> Self {
        Self { bytes, at: 0, limits, path: String::new() }
    }

    /// Names and indices that lead to the value that was refused.
    pub(super) fn into_path(self) -> String {
        self.path
    }

    fn beneath<T>(&mut self, step: &str, result: Result<T, Refusal>) -> Result<T, Refusal> {
        if result.is_err() {
            self.path = super::join(step, &self.path);
        }
        result
    }

    pub(super) fn document(&mut self) -> Result<Value, Refusal> {
        if self.bytes.len() > self.limits.bytes {
            return Err((self.limits.bytes, "the document is too large"));
        }
        if let Err(error) = std::str::from_utf8(self.bytes) {
            return Err((error.valid_up_to(), "this is not UTF-8"));
        }
        if self.bytes.starts_with(b"\xef\xbb\xbf") {
            return Err((0, "a byte-order mark is not allowed"));
        }
        self.space();
        let value = self.value(0)?;
        self.space();
        if self.at < self.bytes.len() { self.refuse("something follows the document's end") } else { Ok(value) }
    }

    fn refuse<T>(&self, reason: &'static str) -> Result<T, Refusal> {
        Err((self.at, reason))
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Refusal> {
        match self.peek() {
            Some(b'{' | b'[') if depth >= self.limits.depth => self.refuse("arrays and objects are nested too deep"),
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => self.refuse("a value is wanted here"),
            None => self.refuse("the document ends where a value is wanted"),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Refusal> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else {
            self.refuse("a value is wanted here")
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Refusal> {
        self.at += 1;
        let mut values = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(values));
        }
        loop {
            self.space();
            match self.value(depth) {
                Ok(value) => values.push(value),
                refused => return self.beneath(&format!("[{}]", values.len()), refused),
            }
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::Array(values));
                }
                _ => return self.refuse("a comma or the array's end is wanted here"),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Refusal> {
        self.at += 1;
        let mut members: Vec<(String, Value)> = Vec::new();
        let mut names = HashSet::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(members));
        }
        loop {
            self.space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return self.refuse("a name in quotes is wanted here");
            }
            let name = self.string()?;
            if members.len() == SMALL {
                names.extend(members.iter().map(|(name, _)| name.clone()));
            }
            let duplicate = match members.len() < SMALL {
                true => members.iter().any(|(known, _)| *known == name),
                false => !names.insert(name.clone()),
            };
            if duplicate {
                return self.beneath(&name, Err((start, "this name is already in the object")));
            }
            self.space();
            if self.peek() != Some(b':') {
                return self.refuse("a colon is wanted here");
            }
            self.at += 1;
            self.space();
            match self.value(depth) {
                Ok(value) => members.push((name, value)),
                refused => return self.beneath(&name, refused),
            }
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Object(members));
                }
                _ => return self.refuse("a comma or the object's end is wanted here"),
            }
        }
    }

    fn number(&mut self) -> Result<Value, Refusal> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return self.refuse("a digit is wanted here"),
        }
        let mut whole = true;
        if self.peek() == Some(b'.') {
            whole = false;
            self.at += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            whole = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.some_digits()?;
        }
        let text = std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default();
        if whole
            && text != "-0"
            && let Ok(number) = text.parse::<i64>()
            && number.abs() <= MAX_SAFE_INTEGER
        {
            return Ok(Value::Integer(number));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Float(number)),
            _ => Err((start, "this number is too large")),
        }
    }

    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Result<(), Refusal> {
        match self.peek() {
            Some(b'0'..=b'9') => {
                self.digits();
                Ok(())
            }
            _ => self.refuse("a digit is wanted here"),
        }
    }

    fn string(&mut self) -> Result<String, Refusal> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let start = self.at;
            let mut ascii = true;
            while let Some(byte) = self.peek().filter(|byte| *byte != b'"' && *byte != b'\\' && *byte >= 0x20) {
                ascii &= byte < 0x80;
                self.at += 1;
            }
            let run = std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default();
            if !ascii && let Some((at, _)) = run.char_indices().find(|(_, c)| is_noncharacter(*c)) {
                return Err((start + at, NONCHARACTER));
            }
            text.push_str(run);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    let start = self.at;
                    let c = self.escape()?;
                    if is_noncharacter(c) {
                        return Err((start, NONCHARACTER));
                    }
                    text.push(c);
                }
                Some(_) => return self.refuse("a control character must be written as an escape"),
                None => return self.refuse("the document ends inside a string"),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Refusal> {
        let start = self.at;
        self.at += 2;
        Ok(match self.bytes.get(start + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(start),
            _ => return Err((start, "this escape is not one of JSON's")),
        })
    }

    fn unicode(&mut self, start: usize) -> Result<char, Refusal> {
        let lone = (start, "half of a surrogate pair stands alone");
        let first = self.four_digits()?;
        if !(0xd800..0xe000).contains(&first) {
            return char::from_u32(first).ok_or(lone);
        }
        if first >= 0xdc00 || !self.bytes[self.at..].starts_with(b"\\u") {
            return Err(lone);
        }
        self.at += 2;
        let second = self.four_digits()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(lone);
        }
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or(lone)
    }

    fn four_digits(&mut self) -> Result<u32, Refusal> {
        let digits = self.bytes.get(self.at..self.at + 4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let Some(digits) = digits.and_then(|digits| std::str::from_utf8(digits).ok()) else {
            return self.refuse("four hex digits are wanted here");
        };
        self.at += 4;
        u32::from_str_radix(digits, 16).or_else(|_| self.refuse("four hex digits are wanted here"))
    }
}
