//! The ledger: how the log stands, who has seen it, and proof that it only ever grew.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::private::{crumb, show};
use crate::ui::{Card, EmptyState, LinkButton, PageHeader};

mod api;
mod check;
mod compare;
mod explain;
mod keys;
mod standing;
mod tree;

pub use api::{
    GetLedgerPicture, GetLogCheck, Kept, LedgerView, StartLogCheck, get_ledger, get_ledger_picture, get_log_check,
    start_log_check,
};

use check::WholeLog;
use compare::Compare;
use explain::Explanation;
use keys::{KeyHistory, Witnesses};
use standing::Standing;

/// `/ledger`
#[component]
pub fn LedgerPage() -> impl IntoView {
    let query = use_query_map();
    let happened = crate::live::use_live(&["log_keys"]);
    let source = move || (query.read().get("from"), query.read().get("to"), happened.get());
    let ledger = Resource::new(source, |(from, to, _)| get_ledger(from, to));
    view! {
        <Title text="Ledger"/>
        {show::<LedgerView>(ledger, vec![crumb("/ledger", "Ledger")], ledger_page)}
    }
}

fn ledger_page(LedgerView { picture, kept, keys, comparison, chosen }: LedgerView) -> AnyView {
    let header = view! { <PageHeader title="Ledger" about="The log that holds your receipts: how it stands, who has seen it, and proof that it only ever grew."/> };
    let compared = picture.clone();
    let witnesses = view! { <Witnesses witnesses=picture.witnesses.clone() quorum=picture.quorum/> };
    let standing = if picture.head.size == 0 {
        let action = view! { <LinkButton href="/receipts">"To the receipts"</LinkButton> }.into_any();
        view! { <Card><EmptyState icon="git-commit-horizontal" title="Nothing in this log yet" text="The first receipt of this mode begins it. From then on it only grows." action=action/></Card> }.into_any()
    } else {
        view! {
            <Standing picture=picture/>
            <WholeLog kept=kept/>
            <Compare picture=compared comparison=comparison chosen=chosen/>
        }
        .into_any()
    };
    view! {
        {header}
        {standing}
        {witnesses}
        <KeyHistory keys=keys/>
        <Explanation/>
    }
    .into_any()
}
