//! `/receipts`

use domain::page::{List, Page};
use domain::receipts::{Filter, KINDS, Summary};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;

use super::{Found, StandingBadge, StateBadge, filter_of, list_receipts, query_of};
use crate::dashboard::TestActions;
use crate::error::{field_sentence, sentence};
use crate::private::{crumb, show};
use crate::ui::{
    Button, Column, DateTime, EmptyState, Field, Icon, Input, LinkButton, Menu, MoneyText, Notice, PageHeader, Pager,
    Select, SortLink, Table, format_count,
};

/// The list: the address says what is shown.
#[component]
pub fn ReceiptsPage() -> impl IntoView {
    let query = use_query_map();
    let source = move || {
        let query = query.get();
        let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or_default();
        (filter_of(&query), Page { limit, after: query.get("after"), before: query.get("before") })
    };
    let found = Resource::new(source, |(filter, page)| list_receipts(filter, page));
    view! {
        <Title text="Receipts"/>
        {show::<Found>(found, vec![crumb("/receipts", "Receipts")], receipts_page)}
    }
}

fn receipts_page(Found { list, filter }: Found) -> AnyView {
    let narrowed = !query_of(&Filter { sort: None, ..filter.clone() }).is_empty();
    let refused = list.as_ref().err().map(|error| error.fields.clone()).unwrap_or_default();
    let actions = list.as_ref().ok().map(|_| view! { <ExportMenu query=query_of(&filter)/> }.into_any());
    let rows = match list {
        Ok(list) if list.data.is_empty() => view! { <NoReceipts narrowed=narrowed/> }.into_any(),
        Ok(list) => view! { <Rows list=list filter=filter.clone()/> }.into_any(),
        Err(error) => {
            view! { <div class="card-body"><Notice tone="bad">{sentence(&error.code)}</Notice></div> }.into_any()
        }
    };
    view! {
        <PageHeader title="Receipts" about="Everything that was certified in this mode." actions=actions.into_any()/>
        <section class="card">
            <Filters filter=filter refused=refused/>
            {rows}
            <ExportPeriod/>
        </section>
    }
    .into_any()
}

#[component]
fn Filters(filter: Filter, refused: Vec<(String, String)>) -> impl IntoView {
    let placed = ["from", "until", "min", "max"];
    let unplaced = refused
        .iter()
        .find(|(field, _)| !placed.contains(&field.as_str()))
        .map(|(field, code)| field_sentence(field, code));
    let unplaced = unplaced.map(|said| view! { <p class="field-error filters-wide" role="alert">{said}</p> });
    let error = move |name: &str| {
        refused
            .iter()
            .find(|(field, _)| field == name)
            .map(|(field, code)| field_sentence(field, code))
            .unwrap_or_default()
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let sort = filter.sort.clone().map(|sort| view! { <input type="hidden" name="sort" value=sort/> });
    let kinds = [("", "Any kind")].into_iter().map(|(value, text)| (value.to_owned(), text.to_owned()));
    let mut kinds: Vec<(String, String)> =
        kinds.chain(KINDS.iter().map(|kind| ((*kind).to_owned(), kind.replace('_', " ")))).collect();
    if let Some(own) = filter.kind.as_ref().filter(|kind| !kind.is_empty() && !KINDS.contains(&kind.as_str())) {
        kinds.push((own.clone(), own.clone()));
    }
    let currencies = ["", "USD", "EUR", "GBP", "CHF", "JPY", "BTC"]
        .map(|code| (code.to_owned(), if code.is_empty() { "Any".to_owned() } else { code.to_owned() }));
    view! {
        <Form method="GET" action="/receipts" attr:class="filters" attr:role="search" attr:aria-label="Filter receipts">
            <div class="filters-wide"><Input name="search" label="Reference or id" value=text(&filter.search) placeholder="order-1001 or rcpt_…"/></div>
            <Select name="kind" label="Kind" value=text(&filter.kind) options=kinds/>
            <Input name="from" label="Happened from" kind="date" value=text(&filter.from) error=error("from")/>
            <Input name="until" label="Happened until" kind="date" value=text(&filter.until) error=error("until")/>
            <Select name="currency" label="Currency" value=text(&filter.currency) options=currencies.to_vec()/>
            <Input name="min" label="Amount from" value=text(&filter.min) error=error("min") placeholder="0.00"/>
            <Input name="max" label="Amount to" value=text(&filter.max) error=error("max") placeholder="100.00"/>
            {unplaced}
            {sort}
            <div class="page-actions"><Button>"Filter"</Button><LinkButton href="/receipts" tone="quiet">"Clear"</LinkButton></div>
        </Form>
    }
}

/// The list as a file, narrowed and sorted as it is shown.
#[component]
fn ExportMenu(query: String) -> impl IntoView {
    let period = format!("/receipts?{}{}export=period#export-period", query, if query.is_empty() { "" } else { "&" });
    let (csv, lines) = (format!("/receipts.csv?{query}"), format!("/receipts.ndjson?{query}"));
    let button = view! { <Icon name="download"/>"Export" }.into_any();
    view! {
        <Menu label="Export" button=button>
            <a href=csv rel="external"><Icon name="download"/>"This list for a spreadsheet (CSV)"</a>
            <a href=lines rel="external"><Icon name="download"/>"This list for programs (JSON lines)"</a>
            <a href=period><Icon name="shield-check"/>"A period, to be verified offline"</a>
        </Menu>
    }
}

/// A period as one file: a plain form, whose answer is the download.
#[component]
fn ExportPeriod() -> impl IntoView {
    let query = use_query_map();
    let open = move || query.read().get("export").is_some();
    let refused = move || query.read().get("export").is_some_and(|export| export == "refused");
    let notice = move || {
        refused().then(|| view! { <Notice tone="warn">"There is no such archive: no receipt was issued in that period, or its last day is before its first."</Notice> })
    };
    let day = |name: &'static str, label: &'static str| {
        let id = format!("export-{name}");
        view! { <Field id=id.clone() label=label><input class="input" type="date" id=id name=name required/></Field> }
    };
    view! {
        <details class="card-body" id="export-period" open=open>
            <summary class="link">"Export a period"</summary>
            <div class="stack">
                <p>"Every receipt that was issued in it, as one file that anyone can check offline: that each is as it was signed, and that none is missing."</p>
                {notice}
                <form method="get" action="/receipts/export">
                    <div class="form-row">
                        {day("from", "First day (UTC)")}
                        {day("until", "Last day (UTC)")}
                        <Button><Icon name="download"/>"Export"</Button>
                    </div>
                </form>
            </div>
        </details>
    }
}

#[component]
fn NoReceipts(narrowed: bool) -> impl IntoView {
    if narrowed {
        let clear = view! { <LinkButton href="/receipts">"Clear the filter"</LinkButton> }.into_any();
        view! { <EmptyState icon="filter" title="Nothing matches" text="No receipt in this mode fits all of these conditions." action=clear/> }.into_any()
    } else {
        let actions = view! { <div class="page-actions"><TestActions/></div> }.into_any();
        view! { <EmptyState icon="receipt-text" title="No receipts yet" text="Send the first one through the API, or try it with one that means nothing (test mode)." action=actions/> }.into_any()
    }
}

#[component]
fn Rows(list: List<Summary>, filter: Filter) -> impl IntoView {
    let query = query_of(&filter);
    let page = |name: &str, cursor: Option<String>| {
        let join = if query.is_empty() { "" } else { "&" };
        cursor.map(|cursor| format!("/receipts?{query}{join}{name}={cursor}"))
    };
    let (previous, next) = (page("before", list.previous), page("after", list.next));
    let about = format!("{} receipts on this page", list.data.len());
    // Amounts are sorted in one currency.
    let one_currency = filter.currency.as_ref().is_some_and(|currency| !currency.is_empty());
    let sorts = [
        one_currency.then(|| sort_link(&filter, "amount")),
        Some(sort_link(&filter, "happened")),
        Some(sort_link(&filter, "issued")),
    ];
    view! {
        <ReceiptTable receipts=list.data query=query.clone() sorts=sorts/>
        <Pager about=about previous=previous next=next/>
    }
}

/// What sorts the columns of amounts, of when it happened, and of when it was signed.
pub type Sorts = [Option<SortLink>; 3];

/// Receipts as rows; `query` is the filter they were found by, which their pages keep.
#[component]
pub fn ReceiptTable(receipts: Vec<Summary>, query: String, #[prop(optional)] sorts: Sorts) -> impl IntoView {
    let [amount, happened, issued] = sorts;
    let columns = vec![
        Column::new("Receipt"),
        Column::new("Kind"),
        Column { sort: amount, ..Column::end("Amount") },
        Column { sort: happened, ..Column::new("Happened") },
        Column { sort: issued, ..Column::new("Certified") },
        Column::end("Entry"),
        Column::new("State"),
    ];
    let row = move |receipt: Summary| {
        let mark = if query.is_empty() { "" } else { "?" };
        let href = format!("/receipts/{}{mark}{query}", receipt.id);
        let name = match receipt.reference {
            Some(reference) => reference.into_any(),
            None => view! { <code>{short(&receipt.id.to_string())}</code> }.into_any(),
        };
        view! {
            <tr data-card-grid="">
                <td data-label="Receipt" data-card="title"><a class="link" href=href>{name}</a></td>
                <td data-label="Kind" data-card="note">{receipt.kind.replace('_', " ")}</td>
                <td data-label="Amount" data-card="value" data-align="end"><MoneyText money=receipt.amount/></td>
                <td data-label="Happened" data-card="note"><DateTime at=receipt.occurred_at day=true/></td>
                <td data-label="Certified" data-card="none"><DateTime at=receipt.issued_at/></td>
                <td data-label="Entry" data-card="none" data-align="end">{format_count(receipt.log_index)}</td>
                <td data-label="State" data-card="state"><StateBadge state=receipt.state/>" "<StandingBadge standing=receipt.standing/></td>
            </tr>
        }
    };
    view! { <Table caption="Receipts" columns=columns>{receipts.into_iter().map(row).collect_view()}</Table> }
}

/// The same list in another order: a column not sorted by begins with its greatest.
fn sort_link(filter: &Filter, order: &str) -> SortLink {
    let falling = format!("-{order}");
    let now = match filter.sort.as_deref().filter(|sort| !sort.is_empty()).unwrap_or("-issued") {
        sort if sort == falling => "descending",
        sort if sort == order => "ascending",
        _ => "none",
    };
    let sort = if now == "descending" { order.to_owned() } else { falling };
    SortLink { href: format!("/receipts?{}", query_of(&Filter { sort: Some(sort), ..filter.clone() })), now }
}

/// `rcpt_…z3nm4`: ids of one moment differ at their end.
fn short(id: &str) -> String {
    let (start, rest) = id.split_once('_').unwrap_or_default();
    format!("{start}_…{}", rest.get(rest.len().saturating_sub(8)..).unwrap_or_default())
}
