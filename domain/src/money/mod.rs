//! Money: integer minor units with an ISO 4217 code or an asset's code.

use serde::{Deserialize, Serialize};

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Minor units: cents of a dollar, satoshis of a bitcoin.
    pub minor: i64,
    /// `USD`, `JPY`, `BTC` …
    pub currency: String,
}

/// The codes that do not have two decimals: ISO 4217's, and assets with their own.
const EXPONENTS: &[(&str, u32)] = &[
    ("BHD", 3),
    ("BIF", 0),
    ("BTC", 8),
    ("CLF", 4),
    ("CLP", 0),
    ("DJF", 0),
    ("ETH", 18),
    ("GNF", 0),
    ("IQD", 3),
    ("ISK", 0),
    ("JOD", 3),
    ("JPY", 0),
    ("KMF", 0),
    ("KRW", 0),
    ("KWD", 3),
    ("LYD", 3),
    ("OMR", 3),
    ("PYG", 0),
    ("RWF", 0),
    ("SBTC", 8),
    ("STX", 6),
    ("TND", 3),
    ("UGX", 0),
    ("USDC", 6),
    ("UYI", 0),
    ("UYW", 4),
    ("VND", 0),
    ("VUV", 0),
    ("XAF", 0),
    ("XOF", 0),
    ("XPF", 0),
];

/// Decimal places of a currency.
pub fn exponent(currency: &str) -> u32 {
    EXPONENTS.iter().find(|(code, _)| *code == currency).map_or(2, |(_, places)| *places)
}

/// Why an amount was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyError {
    /// Three to five capital letters are wanted.
    Currency,
    /// An optional minus, digits, and at most one point with digits after it are wanted.
    Syntax,
    /// More decimals than the currency has.
    Decimals,
    /// Beyond 2⁵³−1 minor units, which is as far as every JSON reader counts exactly.
    Range,
}

/// The largest magnitude in minor units: 2⁵³−1.
pub const MAX_MINOR: i64 = (1 << 53) - 1;

impl Money {
    /// Reads a decimal string: `("11.77", "USD")` is 1177 minor units. Missing decimals are zeros; extra ones are refused.
    pub fn parse(value: &str, currency: &str) -> Result<Self, MoneyError> {
        if !(3..=5).contains(&currency.len()) || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(MoneyError::Currency);
        }
        let places = exponent(currency) as usize;
        let (negative, digits) = match value.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, value),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(MoneyError::Syntax),
            Some(parts) => parts,
            None => (digits, ""),
        };
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return Err(MoneyError::Syntax);
        }
        if fraction.len() > places {
            return Err(MoneyError::Decimals);
        }
        let minor = format!("{whole}{fraction:0<places$}").parse::<i64>().map_err(|_| MoneyError::Range)?;
        if minor > MAX_MINOR {
            return Err(MoneyError::Range);
        }
        Ok(Self { minor: if negative { -minor } else { minor }, currency: currency.to_owned() })
    }

    /// The decimal string, with all the currency's decimals: `11.77`, `1200`, `-0.00000001`.
    pub fn value(&self) -> String {
        let places = exponent(&self.currency) as usize;
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let sign = if self.minor < 0 { "-" } else { "" };
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }
}

#[cfg(test)]
mod tests;
