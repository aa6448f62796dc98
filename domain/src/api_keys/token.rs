//! The text of a key.

use crate::Mode;
use crate::secret::base58;

const RANDOM_CHARS: usize = 43;
const CHECK_CHARS: usize = 6;
/// Characters shown of a key in lists: `cn_live_` and six more.
const PREVIEW: usize = 14;

/// A key of 31 random bytes: 248 bits fit 43 characters.
pub fn make(mode: Mode, random: [u8; 31]) -> String {
    let body = base58(&random, RANDOM_CHARS);
    let check = checksum(mode, &body);
    format!("cn_{mode}_{body}{check}")
}

/// The mode of a well-formed key; none for anything else, without asking the database.
pub fn mode_of(token: &str) -> Option<Mode> {
    let (mode, rest) = token.strip_prefix("cn_")?.split_once('_')?;
    let mode: Mode = mode.parse().ok()?;
    let (body, check) = rest.split_at_checked(RANDOM_CHARS)?;
    (check == checksum(mode, body)).then_some(mode)
}

/// What a list shows of it.
pub fn preview(token: &str) -> String {
    format!("{}…", token.get(..PREVIEW).unwrap_or_default())
}

/// Six characters of BLAKE3 over the rest: a scanner tells a key from noise, a typing error is told before it is looked up.
fn checksum(mode: Mode, body: &str) -> String {
    let hash = crate::secret::hash("certnode api key checksum v1", &format!("{mode}_{body}"));
    base58(&hash[..4], CHECK_CHARS)
}
