//! Signing up and in: plain forms; the server redirects.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::error::{field_sentence, sentence};
use crate::shell::AuthLayout;
use crate::ui::{Button, Input, Notice};

/// The fields a link of the summary may lead to: its address is the reader's, and anybody can write one.
const FIELDS: [&str; 4] = ["name", "email", "password", "organisation"];

/// What a refused form came back with: codes, and what was typed (never the password).
struct Returned {
    error: Option<String>,
    fields: Vec<(String, String)>,
    query: leptos_router::params::ParamsMap,
}

impl Returned {
    fn read() -> Self {
        let query = use_query_map().get_untracked();
        let fields = query.get("fields").unwrap_or_default();
        let fields = fields.split(',').filter_map(|pair| pair.split_once('.'));
        Self {
            error: query.get("error"),
            fields: fields.map(|(field, code)| (field.to_owned(), code.to_owned())).collect(),
            query,
        }
    }

    fn value(&self, name: &str) -> String {
        self.query.get(name).unwrap_or_default()
    }

    fn field_error(&self, name: &str) -> String {
        let refused = self.fields.iter().find(|(field, _)| field == name);
        refused.map(|(field, code)| field_sentence(field, code).to_owned()).unwrap_or_default()
    }

    /// What is wrong, above the form, with the way to each field. It takes the focus as the page opens.
    fn summary(&self) -> Option<AnyView> {
        let said = sentence(self.error.as_deref()?);
        let links = self.fields.iter().filter(|(field, _)| FIELDS.contains(&field.as_str())).map(|(field, code)| {
            let said = field_sentence(field, code);
            view! { <li><a class="link" href=format!("#{field}")>{said}</a></li> }
        });
        let links = links.collect::<Vec<_>>();
        let links = (!links.is_empty()).then(|| view! { <ul>{links}</ul> });
        Some(
            view! { <div tabindex="-1" autofocus id="summary"><Notice tone="bad"><p>{said}</p>{links}</Notice></div> }
                .into_any(),
        )
    }

    /// The page's title, which says first that something is wrong.
    fn title(&self, title: &str) -> String {
        if self.error.is_some() { format!("Error: {title}") } else { title.to_owned() }
    }
}

/// `/sign-up`
#[component]
pub fn SignUpPage() -> impl IntoView {
    let returned = Returned::read();
    let (next, summary) = (returned.value("next"), returned.summary());
    view! {
        <Title text=returned.title("Create your account")/>
        <AuthLayout>
            <section class="card">
                <form class="form" method="post" action="/sign-up">
                    <h1>"Create your account"</h1>
                    {summary}
                    <Input name="name" label="Name" value=returned.value("name") error=returned.field_error("name") autocomplete="name" required=true maxlength=100/>
                    <Input name="email" label="Work email" kind="email" value=returned.value("email") error=returned.field_error("email") autocomplete="username" required=true maxlength=254/>
                    <Input name="password" label="Password" kind="password" hint="At least 15 characters; a few words make a good one."
                        error=returned.field_error("password") autocomplete="new-password" required=true maxlength=256/>
                    <Input name="organisation" label="Organisation" value=returned.value("organisation") error=returned.field_error("organisation") autocomplete="organization" required=true maxlength=100/>
                    <input type="hidden" name="next" value=next/>
                    <Button tone="primary">"Create account"</Button>
                </form>
            </section>
            <p>"Have an account? " <a class="link" href="/sign-in">"Sign in"</a></p>
        </AuthLayout>
    }
}

/// `/sign-in`
#[component]
pub fn SignInPage() -> impl IntoView {
    let returned = Returned::read();
    let (next, summary) = (returned.value("next"), returned.summary());
    view! {
        <Title text=returned.title("Sign in")/>
        <AuthLayout>
            <section class="card">
                <form class="form" method="post" action="/sign-in">
                    <h1>"Sign in"</h1>
                    {summary}
                    <Input name="email" label="Work email" kind="email" value=returned.value("email") autocomplete="username" required=true/>
                    <Input name="password" label="Password" kind="password" autocomplete="current-password" required=true/>
                    <input type="hidden" name="next" value=next/>
                    <Button tone="primary">"Sign in"</Button>
                </form>
            </section>
            <p>"New here? " <a class="link" href="/sign-up">"Create an account"</a></p>
        </AuthLayout>
    }
}
