//! Imports: how far they are, and the rows that were refused.

use domain::imports::{Import, Refusal, State};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use serde::{Deserialize, Serialize};

use crate::codec::Json;
use crate::error::AppError;
use crate::private::{Framed, crumb, show};
use crate::ui::{Badge, Card, Column, EmptyState, LinkButton, PageHeader, Progress, Table};

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportView {
    import: Import,
    refusals: Vec<Refusal>,
}

/// An import and its first refused rows.
#[server(output = Json)]
pub async fn get_import(id: String) -> Result<Framed<ImportView>, AppError> {
    use domain::{Problem, imports, page::Page};
    let cx = crate::request::cx()?;
    crate::private::framed(&cx, async {
        let id = id.parse().map_err(|_| Problem::not_found())?;
        let page = Page { limit: 200, ..Page::default() };
        Ok(ImportView { import: imports::get(&cx, id).await?, refusals: imports::refusals(&cx, id, &page).await?.data })
    })
    .await
}

/// Starts the demo's import, and goes to where its progress is.
#[server(output = Json)]
pub async fn start_demo() -> Result<(), AppError> {
    let cx = crate::request::cx()?;
    let import = domain::imports::start_demo(&cx).await.map_err(crate::request::refuse)?;
    leptos_axum::redirect(&format!("/imports/{}", import.id));
    Ok(())
}

/// `/imports/:id`
#[component]
pub fn ImportPage() -> impl IntoView {
    let params = use_params_map();
    let happened = crate::live::use_live(&["import"]);
    let source = move || (params.read().get("id").unwrap_or_default(), happened.get());
    let import = Resource::new(source, |(id, _)| get_import(id));
    view! {
        <Title text="Import"/>
        {show::<ImportView>(import, vec![crumb("/dashboard", "Overview"), crumb("", "Import")], import_page)}
    }
}

fn import_page(ImportView { import, refusals }: ImportView) -> AnyView {
    let finished = import.state == State::Finished;
    let actions = finished
        .then(|| view! { <LinkButton href="/receipts" tone="primary">"See the receipts"</LinkButton> }.into_any());
    let rows = refusals.into_iter().map(|refusal| {
        view! { <tr><td data-label="Line">{refusal.line}</td><td data-label="Reason">{refusal.reason}</td></tr> }
    });
    let refused = if import.rows_refused > 0 {
        let columns = vec![Column::new("Line"), Column::new("Reason")];
        view! { <Table caption="Refused rows" columns=columns>{rows.collect_view()}</Table> }.into_any()
    } else {
        view! { <EmptyState icon="list-checks" title="No row was refused" text="Rows that cannot become receipts are named here with their line and the reason."/> }.into_any()
    };
    view! {
        <PageHeader title=import.name.clone() about="Each row becomes a receipt that carries the day it happened." actions=actions.into_any()/>
        <Card title="Progress"><ImportProgress import=import/></Card>
        <Card title="Refused rows" flush=true>{refused}</Card>
    }
    .into_any()
}

/// A bar, and the same in words.
#[component]
pub fn ImportProgress(import: Import) -> impl IntoView {
    let under_way = matches!(import.state, State::Queued | State::Running);
    let again = format!("/imports/{}", import.id);
    let settled = import.rows_done + import.rows_refused;
    let (tone, state) = match import.state {
        State::Queued => ("", "Queued"),
        State::Running => ("accent", "Running"),
        State::Finished => ("good", "Finished"),
        State::Failed => ("bad", "Stopped: send the file again to go on"),
    };
    view! {
        <div class="stack">
            <p class="waiting"><Badge tone=tone>{state}</Badge><a class="link" href=format!("/imports/{}", import.id)>{import.name}</a></p>
            {import.failure.map(|why| view! { <p role="status">{why}</p> })}
            {under_way.then(|| view! { <noscript><a class="link" href=again>"Refresh"</a></noscript> })}
            <Progress label=format!("{settled} of {} rows, {} refused", import.rows_total, import.rows_refused) value=settled max=import.rows_total/>
        </div>
    }
}
