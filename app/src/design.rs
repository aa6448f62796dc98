//! `/design`: every component in all its states, for development and tests.

use domain::money::Money;
use leptos::prelude::*;
use leptos_meta::Title;
use time::macros::datetime;

use crate::shell::PublicLayout;
use crate::ui::{
    Avatar, Badge, Button, Card, Checkbox, CodeBlock, Column, DateTime, Dialog, Drawer, EmptyState, ErrorState, Icon,
    Input, Link, LinkButton, Menu, MoneyText, Notice, PageHeader, Pager, Progress, Segmented, Select, Skeleton,
    SortLink, Stat, Step, Stepper, Switch, Table, Tabs, Textarea, Tooltip, use_toasts,
};

/// The gallery.
#[component]
pub fn DesignPage() -> impl IntoView {
    view! {
        <Title text="Design"/>
        <PublicLayout>
            <PageHeader title="Design" about="Every component, in all its states. The theme menu is in the corner."/>
            <div class="gallery">
                <Actions/>
                <Fields/>
                <Containers/>
                <Tables/>
                <FeedbackStates/>
                <Overlays/>
            </div>
        </PublicLayout>
    }
}

#[component]
fn Actions() -> impl IntoView {
    view! {
        <Card title="Actions">
            <div class="gallery-row">
                <Button kind="button" tone="primary">"Primary"</Button>
                <Button kind="button">"Ordinary"</Button>
                <Button kind="button" tone="danger">"Danger"</Button>
                <Button kind="button" tone="quiet">"Quiet"</Button>
                <Button kind="button" disabled=Signal::stored(true)>"Disabled"</Button>
                <Button kind="button" disabled=Signal::stored(true)><Icon name="loader-circle" spin=true/>"Working"</Button>
                <Button kind="button" size="small"><Icon name="download"/>"Small, with icon"</Button>
                <LinkButton href="#actions">"Link button"</LinkButton>
                <Link href="#actions">"Link in text"</Link>
                <Segmented action="/theme" name="theme" label="Theme choice" chosen="light" options=vec![("light", "Light"), ("dark", "Dark")]/>
            </div>
        </Card>
    }
}

#[component]
fn Fields() -> impl IntoView {
    let options = [("transaction", "transaction"), ("approval", "approval")]
        .map(|(value, text)| (value.to_owned(), text.to_owned()))
        .to_vec();
    view! {
        <Card title="Fields">
            <div class="gallery-grid">
                <Input name="empty" label="Empty" placeholder="order-1001"/>
                <Input name="filled" label="Filled, with a hint" value="order-1001" hint="Your own name for the event."/>
                <Input name="wrong" label="Refused" value="11.777" error="USD has 2 decimals."/>
                <Input name="off" label="Disabled" value="cn_test_7Gk2…" disabled=true/>
                <Select name="kind" label="Choice" value="approval" options=options/>
                <Textarea name="words" label="Many lines" placeholder="What was agreed?" hint="Plain text."/>
                <div class="stack">
                    <Checkbox name="checked" label="Checked" checked=true/>
                    <Checkbox name="unchecked" label="Not checked"/>
                    <Checkbox name="fixed" label="Disabled" disabled=true/>
                </div>
                <div class="stack">
                    <Switch name="on" label="On" checked=true/>
                    <Switch name="not-on" label="Off"/>
                    <Switch name="stuck" label="Disabled" disabled=true/>
                </div>
            </div>
        </Card>
    }
}

#[component]
fn Containers() -> impl IntoView {
    view! {
        <section class="card stats" aria-label="Stats">
            <Stat label="Receipts" value="69,659" note="in this mode's log" href="#stats"/>
            <Stat label="Certified today" value="412" note="8 % more than yesterday" href="#stats"/>
            <Stat label="Signed root" value="Jh3kq0Zw…" href="#stats"/>
        </section>
        <Card title="Tabs, badges, avatars, times, money">
            <div class="stack">
                <Tabs label="Example tabs" chosen="#one" tabs=vec![("#one".into(), "Details".into()), ("#two".into(), "History".into())]/>
                <div class="gallery-row">
                    <Badge>"Plain"</Badge><Badge tone="good">"Included"</Badge><Badge tone="bad">"Revoked"</Badge><Badge tone="warn">"Test"</Badge><Badge tone="accent">"Live"</Badge>
                    <Avatar name="Ada Lovelace"/><Avatar name="Björk"/>
                    <DateTime at=datetime!(1997-01-18 00:00 UTC) day=true/>
                    <DateTime at=datetime!(2026-11-20 09:30 UTC)/>
                    <MoneyText money=Some(Money { minor: 123_456, currency: "USD".into() })/>
                    <MoneyText money=Some(Money { minor: -5, currency: "EUR".into() })/>
                    <MoneyText money=Some(Money { minor: 120_000, currency: "JPY".into() })/>
                    <MoneyText money=None/>
                </div>
                <CodeBlock label="Example command" code="certnode verify rcpt_01kaqm7n4ef8zs9v0yq2p3r5tw.certnode"/>
            </div>
        </Card>
        <Card title="Stepper">
            <Stepper label="Example steps">
                <Step number=1 title="Create an API key" state=Signal::stored("done")><p>"Made 20 Nov 2026."</p></Step>
                <Step number=2 title="Send your first receipt" state=Signal::stored("current")><p>"Waiting…"</p></Step>
                <Step number=3 title="Verify it" state=Signal::stored("later")><p>"In your browser."</p></Step>
            </Stepper>
        </Card>
    }
}

#[component]
fn Tables() -> impl IntoView {
    let sorted =
        |title: &str, now| Column { sort: Some(SortLink { href: "#table".into(), now }), ..Column::new(title) };
    let columns = vec![
        Column::new("Select"),
        sorted("Reference", "ascending"),
        sorted("Happened", "none"),
        Column::end("Amount"),
    ];
    let rows = [("order-1001", 4_990, true), ("order-1002", 1_177, false), ("order-1003", -1_177, false)];
    let rows = rows.map(|(reference, minor, selected)| {
        view! {
            <tr aria-selected=selected.then_some("true")>
                <td data-label="Select"><input class="checkbox" type="checkbox" checked=selected aria-label=format!("Select {reference}")/></td>
                <td data-label="Reference"><a class="link" href="#table">{reference}</a></td>
                <td data-label="Happened"><DateTime at=datetime!(1997-08-02 00:00 UTC) day=true/></td>
                <td data-label="Amount" data-align="end"><MoneyText money=Some(Money { minor, currency: "USD".into() })/></td>
            </tr>
        }
    });
    view! {
        <Card title="Table and pager" flush=true>
            <Table caption="Example receipts" columns=columns>{rows.collect_view()}</Table>
            <Pager about="3 receipts on this page" previous=None next=Some("#table".into())/>
        </Card>
    }
}

#[component]
fn FeedbackStates() -> impl IntoView {
    let toasts = use_toasts();
    let good = move |_| {
        if let Some(toasts) = toasts {
            toasts.good("The key was revoked.")
        }
    };
    let bad = move |_| {
        if let Some(toasts) = toasts {
            toasts.bad("The server cannot be reached just now.")
        }
    };
    view! {
        <Card title="Notices, progress, skeleton, toasts">
            <div class="stack">
                <Notice>"The log is signed after every batch."</Notice>
                <Notice tone="good">"Your key was made."</Notice>
                <Notice tone="warn">"This key has not been used for 90 days."</Notice>
                <Notice tone="bad">"USD has 2 decimals."</Notice>
                <Progress label="4,120 of 6,919 rows" value=4_120 max=6_919/>
                <Skeleton/>
                <div class="gallery-row">
                    <Button kind="button" on:click=good>"Show a good toast"</Button>
                    <Button kind="button" on:click=bad>"Show a bad toast"</Button>
                    <span class="pulse" aria-hidden="true"></span>"Waiting"
                    <span class="pulse" data-tone="good" aria-hidden="true"></span>"Arrived"
                </div>
            </div>
        </Card>
        <Card title="Empty"><EmptyState icon="receipt-text" title="No receipts yet" text="Send the first one through the API." action=view! { <LinkButton href="#empty" tone="primary">"Show me how"</LinkButton> }.into_any()/></Card>
        <Card title="Error"><ErrorState text="The server cannot be reached just now." retry="#error" request="req_01kaqm7n4ef8zs9v0yq2p3r5tw"/></Card>
    }
}

#[component]
fn Overlays() -> impl IntoView {
    view! {
        <Card title="Dialog, drawer, menu, tooltip">
            <div class="gallery-row">
                <Dialog id="example-dialog" title="Revoke “Billing system”?" open="Open dialog"><p>"Whatever uses this key is refused within a second."</p></Dialog>
                <Drawer id="example-drawer" title="Receipt" open="Open drawer"><p>"Details stand at the side."</p></Drawer>
                <Menu label="Example menu" side="start" button=view! { <Icon name="ellipsis"/> }.into_any()><a href="#menu"><Icon name="copy"/>"Copy"</a><a href="#menu"><Icon name="download"/>"Download"</a></Menu>
                <Tooltip id="example-tooltip" text="Copied from the receipt"><button class="button" type="button" aria-describedby="example-tooltip">"Hover or focus"</button></Tooltip>
            </div>
        </Card>
    }
}
