//! API keys: made, shown once, listed, revoked.

use domain::api_keys::{ApiKey, Created};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_meta::Title;

use crate::dashboard::curl;
use crate::error::{AppError, field_sentence, sentence};
use crate::private::{crumb, show};
use crate::ui::{
    Badge, Button, Card, CodeBlock, Column, DateTime, Dialog, EmptyState, Input, Notice, PageHeader, Select, Table,
};

mod api;

pub use api::{CreateApiKey, KeyPage, RevokeApiKey, create_api_key, list_api_keys, revoke_api_key};

/// `/keys`
#[component]
pub fn KeysPage() -> impl IntoView {
    let create = ServerAction::<CreateApiKey>::new();
    let revoke = ServerAction::<RevokeApiKey>::new();
    provide_context((create, revoke));
    let happened = crate::live::use_live(&["api_key"]);
    let keys =
        Resource::new(move || (create.version().get(), revoke.version().get(), happened.get()), |_| list_api_keys());
    view! {
        <Title text="API keys"/>
        {show::<KeyPage>(keys, vec![crumb("/keys", "API keys")], keys_page)}
    }
}

fn keys_page(page: KeyPage) -> AnyView {
    let KeyPage { keys, url, mode } = page;
    let table = if keys.is_empty() {
        view! { <EmptyState icon="key-round" title="No keys yet" text="A key lets your own systems send receipts. Create one above."/> }.into_any()
    } else {
        let columns = ["Name", "Key", "Mode", "Created", "Last used", "Uses", "Actions"].map(Column::new).to_vec();
        view! { <Table caption="API keys" columns=columns>{keys.into_iter().map(|key| view! { <KeyRow key=key/> }).collect_view()}</Table> }.into_any()
    };
    let refused = move || expect_actions().and_then(|(_, revoke)| revoke.value().get()?.err());
    view! {
        <PageHeader title="API keys" about="A key belongs to one mode. Its secret is shown once, when it is made; only a hash of it is kept."/>
        <Card title="New key"><NewKey url=url mode=mode/></Card>
        {move || refused().map(|error| view! { <Notice tone="bad">{sentence(&error.code)}</Notice> })}
        <Card title="Keys" flush=true>{table}</Card>
    }
    .into_any()
}

type Actions = (ServerAction<CreateApiKey>, ServerAction<RevokeApiKey>);

#[component]
fn NewKey(url: String, mode: String) -> impl IntoView {
    let create = expect_actions().map(|(create, _)| create);
    let outcome = move || create.and_then(|create| create.value().get());
    let shown = move || match outcome() {
        None => ().into_any(),
        Some(Ok(created)) => view! { <Secret created=created url=url.clone()/> }.into_any(),
        Some(Err(error)) => view! { <Notice tone="bad">{refused(&error)}</Notice> }.into_any(),
    };
    let options =
        [("test", "Test"), ("live", "Live")].map(|(value, text)| (value.to_owned(), text.to_owned())).to_vec();
    let form = create.map(|create| {
        view! {
            <NoScriptKey/>
            <ActionForm action=create>
                <div class="form-row" id="new">
                    <Input name="name" label="Name" placeholder="Billing system" required=true maxlength=100/>
                    <Select name="mode" label="Mode" value=mode options=options/>
                    <Button tone="primary" disabled=create.pending()>"Create key"</Button>
                </div>
            </ActionForm>
        }
    });
    view! { <div class="stack">{form}{shown}</div> }
}

/// Without JavaScript the answer that carries the secret is never seen, and it is not kept: better said before.
#[component]
pub(crate) fn NoScriptKey() -> impl IntoView {
    view! { <noscript><Notice tone="warn">"Turn JavaScript on before you make a key: its secret is shown once, and cannot be shown without it."</Notice></noscript> }
}

fn expect_actions() -> Option<Actions> {
    use_context::<Actions>()
}

/// What is wrong with the form, or with the day.
pub(crate) fn refused(error: &AppError) -> &'static str {
    error.fields.first().map_or_else(|| sentence(&error.code), |(field, code)| field_sentence(field, code))
}

#[component]
fn Secret(created: Created, url: String) -> impl IntoView {
    let command = curl(&url, &created.secret);
    view! {
        <Notice tone="good">"Copy the key “" {created.key.name} "” now: this is the only time it is shown."</Notice>
        <CodeBlock code=created.secret label="Your API key" wrap=true/>
        <CodeBlock code=command label="Command to send a receipt"/>
    }
}

#[component]
fn KeyRow(key: ApiKey) -> impl IntoView {
    let used = match (key.used_at, key.used_from.clone()) {
        (Some(at), from) => view! { <DateTime at=at/>{from.map(|from| format!(" from {from}"))} }.into_any(),
        (None, _) => "Never".into_any(),
    };
    let live = key.mode == domain::Mode::Live;
    let action = match key.revoked_at {
        Some(_) => view! { <Badge tone="bad">"Revoked"</Badge> }.into_any(),
        None => view! { <Revoke id=key.id.to_string() name=key.name.clone()/> }.into_any(),
    };
    view! {
        <tr>
            <td data-label="Name">{key.name}</td>
            <td data-label="Key"><code>{key.preview}</code></td>
            <td data-label="Mode"><Badge tone=if live { "accent" } else { "warn" }>{if live { "Live" } else { "Test" }}</Badge></td>
            <td data-label="Created"><span><DateTime at=key.created_at/>" by " {key.created_by}</span></td>
            <td data-label="Last used"><span>{used}</span></td>
            <td data-label="Uses">{key.uses}</td>
            <td data-label="State">{action}</td>
        </tr>
    }
}

#[component]
fn Revoke(id: String, name: String) -> impl IntoView {
    let dialog = format!("revoke-{id}");
    let plain = id.clone();
    let form = expect_actions().map(|(_, revoke)| {
        view! {
            <ActionForm action=revoke>
                <input type="hidden" name="id" value=id/>
                <Button tone="danger">"Revoke key"</Button>
            </ActionForm>
        }
    });
    view! {
        <Dialog id=dialog title=format!("Revoke “{name}”?") open="Revoke" tone="danger">
            <p>"Whatever uses this key is refused within a second. This cannot be undone; receipts it issued stay."</p>
            {form}
        </Dialog>
        // A dialog needs JavaScript to open; the form behind it does not.
        <noscript>
            <form method="post" action=RevokeApiKey::PATH>
                <input type="hidden" name="id" value=plain/>
                <button class="button" data-size="small" data-tone="danger">"Revoke now"</button>
            </form>
        </noscript>
    }
}
