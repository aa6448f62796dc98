//! What people fill in.

use leptos::prelude::*;

/// A label, a control, a hint and an error, tied together.
#[component]
pub fn Field(
    /// The control's id; its hint is `<id>-hint`, its error `<id>-error`.
    #[prop(into)]
    id: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] hint: String,
    #[prop(optional, into)] error: String,
    children: Children,
) -> impl IntoView {
    let hint = (!hint.is_empty()).then(|| view! { <p class="field-hint" id=format!("{id}-hint")>{hint}</p> });
    let error = (!error.is_empty()).then(|| view! { <p class="field-error" id=format!("{id}-error")>{error}</p> });
    view! {
        <div class="field">
            <label class="field-label" for=id>{label}</label>
            {children()}
            {hint}
            {error}
        </div>
    }
}

/// A one-line field with its label. The id is the name, so a page has each name once.
#[component]
pub fn Input(
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] hint: String,
    #[prop(optional, into)] error: String,
    #[prop(optional, into)] placeholder: String,
    #[prop(optional)] autocomplete: &'static str,
    #[prop(optional)] required: bool,
    #[prop(optional)] disabled: bool,
    #[prop(optional)] maxlength: Option<u32>,
) -> impl IntoView {
    let described = [("hint", !hint.is_empty()), ("error", !error.is_empty())];
    let described: Vec<String> =
        described.iter().filter(|(_, given)| *given).map(|(part, _)| format!("{name}-{part}")).collect();
    let described = (!described.is_empty()).then(|| described.join(" "));
    let invalid = (!error.is_empty()).then_some("true");
    view! {
        <Field id=name label=label hint=hint error=error>
            <input class="input" id=name name=name type=kind value=value placeholder=placeholder
                autocomplete=(!autocomplete.is_empty()).then_some(autocomplete) required=required disabled=disabled
                maxlength=maxlength aria-invalid=invalid aria-describedby=described/>
        </Field>
    }
}

/// A choice of some, with its label.
#[component]
pub fn Select(
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(optional, into)] value: String,
    /// Value and text.
    options: Vec<(String, String)>,
    #[prop(optional)] disabled: bool,
) -> impl IntoView {
    let options = options.into_iter().map(move |(option, text)| {
        let selected = option == value;
        view! { <option value=option selected=selected>{text}</option> }
    });
    view! {
        <Field id=name label=label>
            <select class="select" id=name name=name disabled=disabled>{options.collect_view()}</select>
        </Field>
    }
}

/// A field of many lines, with its label.
#[component]
pub fn Textarea(
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] hint: String,
    #[prop(optional, into)] placeholder: String,
) -> impl IntoView {
    view! {
        <Field id=name label=label hint=hint>
            <textarea class="textarea" id=name name=name placeholder=placeholder spellcheck="false">{value}</textarea>
        </Field>
    }
}

/// Yes or no, among others.
#[component]
pub fn Checkbox(
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(optional)] checked: bool,
    #[prop(optional)] disabled: bool,
) -> impl IntoView {
    view! {
        <label class="choice">
            <input class="checkbox" type="checkbox" name=name checked=checked disabled=disabled/>
            {label}
        </label>
    }
}

/// On or off, at once.
#[component]
pub fn Switch(
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(optional)] checked: bool,
    #[prop(optional)] disabled: bool,
    #[prop(optional)] on_change: Option<Callback<bool>>,
) -> impl IntoView {
    let changed = move |event| {
        if let Some(on_change) = on_change {
            on_change.run(event_target_checked(&event));
        }
    };
    view! {
        <label class="choice">
            <input class="switch" type="checkbox" role="switch" name=name checked=checked disabled=disabled on:change=changed/>
            {label}
        </label>
    }
}
