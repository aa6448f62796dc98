//! The files that go with a receipt.

use domain::evidence::File;
use leptos::prelude::*;

use crate::ui::{Card, CopyButton, DateTime, Icon, LinkButton, format_count};

/// Each file with its hash, a download, and how to check it in words; nothing when there are none.
#[component]
pub(super) fn EvidenceCard(files: Vec<File>) -> impl IntoView {
    if files.is_empty() {
        return ().into_any();
    }
    let rows = files.into_iter().map(|file| {
        let href = format!("/evidence/{}", file.sha256);
        let about = format!("{}, {} bytes", file.media, format_count(file.bytes));
        let taken = match file.erased_at {
            Some(at) => view! { <span>"Erased on "<DateTime at=at/>". Its hashes stay: whoever has the file can check it."</span> }.into_any(),
            None => view! { <span><LinkButton href=href size="small" external=true><Icon name="download"/>"Download"</LinkButton></span> }.into_any(),
        };
        let name = (!file.name.is_empty()).then(|| view! { <strong>{file.name}</strong>" · " });
        view! {
            <li class="stack">
                <span>{name}{about}</span>
                <span><code>{file.sha256.clone()}</code>" "<CopyButton text=file.sha256 label="SHA-256"/></span>
                {taken}
            </li>
        }
    });
    view! {
        <Card title="Evidence">
            <div class="stack">
                <ul class="stack">{rows.collect_view()}</ul>
                <p class="field-hint">
                    "To check a file, run "<code>"sha256sum FILE"</code>" on your own computer. If it prints the hash above, the file is the one that was certified, to the last bit: the hash is part of what was signed."
                </p>
            </div>
        </Card>
    }
    .into_any()
}
