//! The page for strangers.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::shell::PublicLayout;
use crate::ui::{Icon, LinkButton};

/// `/`
#[component]
pub fn Home() -> impl IntoView {
    let points = [
        (
            "file-check-2",
            "A receipt for what matters",
            "Payments, calculations, approvals, go-lives: each becomes a signed receipt the moment it happens.",
        ),
        (
            "git-commit-horizontal",
            "In a log nobody can rewrite",
            "Every receipt joins a Merkle tree, and its proof comes back in the same answer. Changing one shows.",
        ),
        (
            "shield-check",
            "Checked without trusting us",
            "In the browser, in a terminal, offline, or with tools we did not write. The formats are public ones.",
        ),
    ];
    let points = points.map(
        |(icon, title, text)| view! { <section class="card"><Icon name=icon/><h2>{title}</h2><p>{text}</p></section> },
    );
    view! {
        <Title text=""/>
        <PublicLayout>
            <section class="hero">
                <h1>"Business events, with proof attached."</h1>
                <p>"CertNode turns what happens in your business into signed, tamper-evident receipts, and keeps them in a log that anyone can verify without trusting us."</p>
                <div class="page-actions">
                    <a class="button" data-tone="primary" href="/sign-up" rel="external">"Create an account"</a>
                    <LinkButton href="/verify">"Verify a receipt"</LinkButton>
                </div>
            </section>
            <div class="three">{points.collect_view()}</div>
        </PublicLayout>
    }
}
