//! The overview: the way to the first receipt, and then how things stand.

use domain::api_keys::ApiKey;
use domain::imports::{Import, State};
use domain::logs::Head;
use domain::receipts::Summary;
use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};

use crate::error::sentence;
use crate::imports::{ImportProgress, StartDemo};
use crate::keys::CreateApiKey;
use crate::private::{Framed, crumb, show};
use crate::receipts::{CreateTestReceipt, ReceiptTable};
use crate::ui::{Button, Card, Icon, LinkButton, Notice, PageHeader, Stat, format_count};

mod api;
mod first;

use api::get_overview;
pub(crate) use first::curl;
use first::{FirstKey, FirstReceipt};

/// What the overview shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    keys: Vec<ApiKey>,
    latest: Vec<Summary>,
    today: Today,
    head: Head,
    import: Option<Import>,
    test: bool,
    url: String,
}

/// What happened today, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Today {
    /// `YYYY-MM-DD`.
    day: String,
    /// Receipts, as many as one page holds at most: a count never holds the page up.
    receipts: usize,
    /// There are more than that.
    more: bool,
}

/// `/dashboard`
#[component]
pub fn DashboardPage() -> impl IntoView {
    provide_context(FirstKey(ServerAction::<CreateApiKey>::new()));
    let happened = crate::live::use_live(&["receipts", "import"]);
    let overview = Resource::new(move || happened.get(), |_| get_overview());
    view! {
        <Title text="Overview"/>
        {show::<Overview>(overview, vec![crumb("/dashboard", "Overview")], overview_page)}
    }
}

fn overview_page(overview: Overview) -> AnyView {
    let running = overview.import.clone().filter(|import| matches!(import.state, State::Queued | State::Running));
    let import = running.map(|import| view! { <Card title="Import"><ImportProgress import=import/></Card> });
    if overview.head.receipts == 0 {
        return view! {
            <PageHeader title="Welcome to CertNode" about="Three steps to a receipt that anyone can check. It takes about three minutes."/>
            {import}
            <FirstReceipt overview=overview/>
        }
        .into_any();
    }
    let actions = overview.test.then(|| view! { <TestActions/> }.into_any());
    let first = overview.latest.first().map(|receipt| receipt.id.to_string()).unwrap_or_default();
    // The first one is celebrated, and leads on to its verification.
    let checklist = (overview.head.receipts == 1).then(|| view! { <FirstReceipt overview=overview.clone()/> });
    view! {
        <PageHeader title="Overview" about="What was certified, and the state of the log that holds it." actions=actions.into_any()/>
        {import}
        {checklist}
        <Figures head=overview.head today=overview.today latest=first/>
        <Card title="Latest receipts" flush=true actions=view! { <LinkButton href="/receipts" size="small">"All receipts"</LinkButton> }.into_any()>
            <ReceiptTable receipts=overview.latest query=String::new()/>
        </Card>
    }
    .into_any()
}

#[component]
fn Figures(head: Head, today: Today, latest: String) -> impl IntoView {
    let root = head.checkpoint.as_deref().and_then(|text| text.lines().nth(2)).unwrap_or("–");
    let root: String = root.chars().take(12).collect();
    let happened = format!("{}{}", today.receipts, if today.more { "+" } else { "" });
    view! {
        <section class="card stats" aria-label="Figures">
            <Stat label="Receipts" value=format_count(head.receipts) note="in this mode's log" href="/receipts"/>
            <Stat label="Today" value=happened note="happened since midnight, UTC" href=format!("/receipts?from={0}&until={0}", today.day)/>
            <Stat label="Checkpoint" value=format!("{} entries", format_count(head.size)) note=format!("signed root {root}…") href=format!("/receipts/{latest}")/>
        </section>
    }
}

/// What can be done in test mode: one receipt, or thousands.
#[component]
pub(crate) fn TestActions() -> impl IntoView {
    let (receipt, demo) = (ServerAction::<CreateTestReceipt>::new(), ServerAction::<StartDemo>::new());
    let refused =
        move || receipt.value().get().and_then(Result::err).or_else(|| demo.value().get().and_then(Result::err));
    view! {
        <ActionForm action=receipt><Button disabled=receipt.pending()><Icon name="plus"/>"Generate test receipt"</Button></ActionForm>
        <ActionForm action=demo><Button disabled=demo.pending()><Icon name="download"/>"Load the demo"</Button></ActionForm>
        {move || refused().map(|error| view! { <Notice tone="bad">{sentence(&error.code)}</Notice> })}
    }
}
