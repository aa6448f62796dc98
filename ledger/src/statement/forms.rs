//! The forms of a statement's texts: ids and times.

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Whether this is a TypeID (v0.3) with a prefix, around a UUID of version 7 (RFC 9562 §5.7).
pub(super) fn is_id(id: &str) -> bool {
    let Some((prefix, suffix)) = id.rsplit_once('_') else {
        return false;
    };
    let edges = prefix.starts_with('_') || prefix.ends_with('_');
    let named =
        !prefix.is_empty() && prefix.len() <= 63 && prefix.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_'));
    named && !edges && uuid(suffix).is_some_and(|uuid| uuid >> 76 & 0xf == 7 && uuid >> 62 & 0b11 == 0b10)
}

/// 26 digits of base 32 hold 130 bits, so the first may not use its upper two.
fn uuid(suffix: &str) -> Option<u128> {
    let fits = suffix.len() == 26 && suffix.bytes().next()? <= b'7';
    let digits = suffix.bytes().filter(|_| fits).map(|digit| ALPHABET.iter().position(|known| *known == digit));
    let number =
        digits.map(|digit| Some(digit? as u128)).try_fold(0, |number: u128, digit| Some(number << 5 | digit?))?;
    fits.then_some(number)
}

/// Whether this is a time of RFC 3339 in UTC with milliseconds and `Z`, such as `2026-11-20T22:48:01.250Z`. No leap seconds.
pub(super) fn is_time(text: &str) -> bool {
    let shape = b"0000-00-00T00:00:00.000Z";
    let fits = |(byte, shape): (u8, &u8)| {
        if *shape == b'0' { byte.is_ascii_digit() } else { byte == *shape }
    };
    if text.len() != shape.len() || !text.bytes().zip(shape).all(fits) {
        return false;
    }
    let number =
        |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(u32::MAX);
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (1..=12).contains(&month)
        && (1..=days).contains(&day)
        && number(11, 13) < 24
        && number(14, 16) < 60
        && number(17, 19) < 60
}
