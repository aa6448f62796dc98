//! The overview: the way to the first receipt, and then how things stand.

use domain::api_keys::ApiKey;
use domain::imports::{Import, State};
use domain::logs::Head;
use domain::receipts::Summary;
use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};

use crate::imports::{ImportProgress, StartDemo};
use crate::keys::CreateApiKey;
use crate::private::{Framed, crumb, show};
use crate::receipts::{CreateTestReceipt, ReceiptTable};
use crate::ui::{Button, Card, Icon, LinkButton, PageHeader, Stat};

mod api;
mod first;

use api::get_overview;
use first::FirstReceipt;
pub(crate) use first::curl;

/// What the overview shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    keys: Vec<ApiKey>,
    latest: Vec<Summary>,
    head: Head,
    import: Option<Import>,
    test: bool,
    url: String,
}

/// `/dashboard`
#[component]
pub fn DashboardPage() -> impl IntoView {
    provide_context(ServerAction::<CreateApiKey>::new());
    let happened = crate::live::use_live();
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
    view! {
        <PageHeader title="Overview" about="What was certified, and the state of the log that holds it." actions=actions.into_any()/>
        {import}
        <Figures head=overview.head latest=first/>
        <Card title="Latest receipts" flush=true actions=view! { <LinkButton href="/receipts" size="small">"All receipts"</LinkButton> }.into_any()>
            <ReceiptTable receipts=overview.latest query=String::new()/>
        </Card>
    }
    .into_any()
}

#[component]
fn Figures(head: Head, latest: String) -> impl IntoView {
    let root = head.checkpoint.as_deref().and_then(|text| text.lines().nth(2)).unwrap_or("–").to_owned();
    let root: String = root.chars().take(12).collect();
    view! {
        <section class="card stats" aria-label="Figures">
            <Stat label="Receipts" value=head.receipts.to_string() note="in this mode's log" href="/receipts"/>
            <Stat label="Log entries" value=head.size.to_string() note="receipts, and the log's own first statement" href="/receipts"/>
            <Stat label="Signed root" value=format!("{root}…") note="the latest receipt proves it" href=format!("/receipts/{latest}")/>
        </section>
    }
}

/// What can be done in test mode: one receipt, or thousands.
#[component]
pub(crate) fn TestActions() -> impl IntoView {
    let (receipt, demo) = (ServerAction::<CreateTestReceipt>::new(), ServerAction::<StartDemo>::new());
    view! {
        <ActionForm action=receipt><Button><Icon name="plus"/>"Generate test receipt"</Button></ActionForm>
        <ActionForm action=demo><Button><Icon name="download"/>"Load the demo"</Button></ActionForm>
    }
}
