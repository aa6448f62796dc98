//! Money as people read it.

use domain::money::Money;
use leptos::prelude::*;

/// Signs of currencies that have one of their own; the others are written with their code.
const SIGNS: [(&str, &str); 5] = [("USD", "$"), ("EUR", "€"), ("GBP", "£"), ("JPY", "¥"), ("BTC", "₿")];

/// `6919` as `6,919`.
pub fn format_count(count: u64) -> String {
    group(&count.to_string())
}

/// A comma before every third digit from the end.
fn group(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `$1,234.50`, `−€0.05`, `1,200 CHF` … with all the currency's decimals.
pub fn format_money(money: &Money) -> String {
    let value = money.value();
    let digits = value.trim_start_matches('-');
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut grouped = group(whole);
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    let minus = if money.minor < 0 { "−" } else { "" };
    match SIGNS.iter().find(|(code, _)| *code == money.currency) {
        Some((_, sign)) => format!("{minus}{sign}{grouped}"),
        None => format!("{minus}{grouped} {}", money.currency),
    }
}

/// An amount, or a dash for none.
#[component]
pub fn MoneyText(money: Option<Money>) -> impl IntoView {
    let text = money.as_ref().map_or_else(|| "–".to_owned(), format_money);
    view! { <span class="money">{text}</span> }
}

#[cfg(test)]
mod tests;
