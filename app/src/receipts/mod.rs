//! Receipts: the list, and one of them with its proof.

mod api;
mod evidence;
mod index;
mod life;
mod pretty;
mod proof;
mod share;
mod show;
mod status;

pub use api::{
    CreateTestReceipt, Found, ReceiptView, ShareReceipt, WithdrawShare, create_test_receipt, get_receipt, list_receipts,
};
pub use index::{ReceiptTable, ReceiptsPage};
pub use life::{EraseContents, May, RevokeReceipt, StandingBadge, erase_contents, revoke_receipt};
pub use pretty::pretty;
pub(crate) use show::Fact;
pub use show::ReceiptPage;
use status::StateBadge;

use domain::receipts::Filter;

/// A filter as a query string, without what is not set: the address is the state.
pub(crate) fn query_of(filter: &Filter) -> String {
    let parts = [
        ("kind", &filter.kind),
        ("search", &filter.search),
        ("from", &filter.from),
        ("until", &filter.until),
        ("min", &filter.min),
        ("max", &filter.max),
        ("currency", &filter.currency),
        ("sort", &filter.sort),
    ];
    let given =
        parts.into_iter().filter_map(|(name, value)| Some((name, value.as_deref().filter(|value| !value.is_empty())?)));
    given.map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

/// Percent-encodes a query's value.
fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The filter of an address.
pub(crate) fn filter_of(query: &leptos_router::params::ParamsMap) -> Filter {
    Filter {
        kind: query.get("kind"),
        search: query.get("search"),
        from: query.get("from"),
        until: query.get("until"),
        min: query.get("min"),
        max: query.get("max"),
        currency: query.get("currency"),
        sort: query.get("sort"),
    }
}
