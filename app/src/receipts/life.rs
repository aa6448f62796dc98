//! What became of a receipt, and what can be done about it: revoked, superseded, erased.

use domain::receipts::life::{Erasure, Life, REASON_MAX};
use domain::receipts::{Ref, Relation, Standing};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use serde::{Deserialize, Serialize};

use crate::codec::Json;
use crate::error::{AppError, field_sentence, sentence};
use crate::ui::{Badge, Button, Card, DateTime, Dialog, Field, Notice};

/// What the reader may do with the receipt, as it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct May {
    /// Revoke it.
    pub revoke: bool,
    /// Erase its contents.
    pub erase: bool,
}

impl May {
    /// What the actor's role and the receipt's standing leave.
    #[cfg(feature = "ssr")]
    pub(super) fn of(cx: &domain::context::Cx, receipt: &domain::receipts::Receipt) -> Self {
        use domain::permission::Permission;
        let revokes = receipt.life.refs.iter().any(|other| other.relation == Relation::Revokes);
        let may_end = receipt.summary.standing == Standing::Active && !revokes;
        Self {
            revoke: may_end
                && !["payload_erased", "log_created"].contains(&receipt.summary.kind.as_str())
                && cx.require(Permission::ReceiptsWrite).is_ok(),
            erase: receipt.payload.is_some() && cx.require(Permission::PayloadsErase).is_ok(),
        }
    }
}

/// Revokes a receipt, by a new one that says why.
#[server(output = Json)]
pub async fn revoke_receipt(id: String, reason: String) -> Result<(), AppError> {
    let cx = crate::request::cx()?;
    let revoked = async {
        let id = id.parse().map_err(|_| domain::Problem::not_found())?;
        domain::receipts::life::revoke(&cx, id, &reason, None).await
    };
    revoked.await.map(drop).map_err(crate::request::refuse)
}

/// Erases what a receipt is about, for good.
#[server(output = Json)]
pub async fn erase_contents(id: String, reason: String) -> Result<(), AppError> {
    let cx = crate::request::cx()?;
    let erased = async {
        let id = id.parse().map_err(|_| domain::Problem::not_found())?;
        domain::receipts::life::erase(&cx, id, &reason).await
    };
    erased.await.map(drop).map_err(crate::request::refuse)
}

/// The two things that can be done.
#[derive(Clone, Copy)]
pub(super) struct Actions {
    revoke: ServerAction<RevokeReceipt>,
    erase: ServerAction<EraseContents>,
}

impl Actions {
    /// Those of the page, for its dialogs to find.
    pub(super) fn provide() -> Self {
        let actions = Self { revoke: ServerAction::new(), erase: ServerAction::new() };
        provide_context(actions);
        actions
    }

    /// Changes when something was done.
    pub(super) fn done(self) -> (usize, usize) {
        (self.revoke.version().get(), self.erase.version().get())
    }

    fn refused(self) -> Option<AppError> {
        let refused = self.revoke.value().get().and_then(Result::err);
        refused.or_else(|| self.erase.value().get().and_then(Result::err))
    }
}

/// A word on a receipt that holds no longer; nothing on one that does.
#[component]
pub fn StandingBadge(standing: Standing) -> impl IntoView {
    match standing {
        Standing::Active => None,
        Standing::Revoked => Some(view! { <Badge tone="bad">"Revoked"</Badge> }),
        Standing::Superseded => Some(view! { <Badge tone="warn">"Superseded"</Badge> }),
    }
}

/// That a receipt holds no longer, above all else on its page; and why what was tried did not work.
#[component]
pub(super) fn StandingNotice(standing: Standing, ended_by: Option<Ref>) -> impl IntoView {
    let ended = ended_by.map(|by| {
        let (tone, how, said) = match standing {
            Standing::Superseded => ("warn", "superseded", ", which holds in its place"),
            Standing::Active | Standing::Revoked => ("bad", "revoked", ", which says why: it holds no longer"),
        };
        view! {
            <Notice tone=tone>
                "This receipt was "{how}" by "<Other id=by.id.to_string()/>{said}". What is checked below is what was signed then, which stays true."
            </Notice>
        }
    });
    let refused = move || use_context::<Actions>().and_then(Actions::refused).map(said);
    view! { {ended} {refused} }
}

fn said(error: AppError) -> impl IntoView {
    let field = error.fields.first().map(|(field, code)| field_sentence(field, code));
    view! { <Notice tone="bad">{field.unwrap_or_else(|| sentence(&error.code))}</Notice> }
}

#[component]
fn Other(id: String) -> impl IntoView {
    view! { <a class="link" href=format!("/receipts/{id}")><code>{id.clone()}</code></a> }
}

/// Where contents were.
#[component]
pub(super) fn Erased(erasure: Option<Erasure>) -> impl IntoView {
    let told = erasure.map(|Erasure { erased_at, erased_by, reason, record }| {
        let record = record.map(|id| view! { "The record of it: "<Other id=id.to_string()/>"." });
        let by = (!reason.is_empty()).then(|| view! { " by "{erased_by}", because: “"{reason}"”" });
        view! { <p>"Erased on "<DateTime at=erased_at/>{by}</p><p>{record}</p> }
    });
    view! {
        <div class="stack">
            <p>"The contents were erased. What was signed about them still verifies."</p>
            {told}
        </div>
    }
}

/// The receipts that this one has to do with, and what can be done with it; nothing when there is neither.
#[component]
pub(super) fn LifeCard(id: String, life: Life, may: May) -> impl IntoView {
    let Life { refs, referred_by, .. } = life;
    if refs.is_empty() && referred_by.is_empty() && may == May::default() {
        return ().into_any();
    }
    let line = |said: &'static str, id: String| view! { <dt>{said}</dt><dd><Other id=id/></dd> };
    let out = refs.into_iter().map(|other| line(refers(other.relation), other.id.to_string()));
    let back = referred_by.into_iter().map(|other| line(is_referred_to(other.relation), other.id.to_string()));
    let links = out.chain(back).collect::<Vec<_>>();
    let links = if links.is_empty() {
        view! { <p>"No other receipt refers to this one."</p> }.into_any()
    } else {
        view! { <dl class="facts">{links}</dl> }.into_any()
    };
    let actions = use_context::<Actions>();
    let can = may != May::default();
    let revoke = actions.filter(|_| may.revoke).map(|actions| view! { <Revoke id=id.clone() action=actions.revoke/> });
    let erase = actions.filter(|_| may.erase).map(|actions| view! { <Erase id=id action=actions.erase/> });
    let actions = can.then(|| view! { <div class="page-actions">{revoke}{erase}</div> });
    view! {
        <Card title="Other receipts about it">
            <div class="stack">{links}{actions}</div>
        </Card>
    }
    .into_any()
}

const fn refers(relation: Relation) -> &'static str {
    match relation {
        Relation::RelatesTo => "Has to do with",
        Relation::Revokes => "Revokes",
        Relation::Supersedes => "Takes the place of",
    }
}

const fn is_referred_to(relation: Relation) -> &'static str {
    match relation {
        Relation::RelatesTo => "Mentioned by",
        Relation::Revokes => "Revoked by",
        Relation::Supersedes => "Superseded by",
    }
}

#[component]
fn Revoke(id: String, action: ServerAction<RevokeReceipt>) -> impl IntoView {
    let plain = id.clone();
    view! {
        <Dialog id="revoke" title="Revoke this receipt?" open="Revoke" tone="danger">
            <p>"A new receipt says that this one holds no longer, and why. Both stay in the log for good; it cannot be taken back."</p>
            <ActionForm action=action>
                <input type="hidden" name="id" value=id/>
                <Why id="revoke-reason"/>
                {move || action.value().get().and_then(Result::err).map(said)}
                <Button tone="danger" disabled=action.pending()>"Revoke receipt"</Button>
            </ActionForm>
        </Dialog>
        <Plain path=RevokeReceipt::PATH id=plain summary="Revoke" submit="Revoke receipt"/>
    }
}

#[component]
fn Erase(id: String, action: ServerAction<EraseContents>) -> impl IntoView {
    let plain = id.clone();
    view! {
        <Dialog id="erase" title="Erase the contents?" open="Erase contents" tone="danger">
            <p>"Contents, reference, amount and time of happening are gone for good; copies that were downloaded are not. The receipt stays, and still verifies. A receipt of its own tells that you did this, and why."</p>
            <ActionForm action=action>
                <input type="hidden" name="id" value=id/>
                <Why id="erase-reason"/>
                <label class="choice"><input class="checkbox" type="checkbox" required=true/>"I know that this cannot be undone."</label>
                {move || action.value().get().and_then(Result::err).map(said)}
                <Button tone="danger" disabled=action.pending()>"Erase contents"</Button>
            </ActionForm>
        </Dialog>
        <Plain path=EraseContents::PATH id=plain summary="Erase contents" submit="Erase contents for good"/>
    }
}

#[component]
fn Why(id: &'static str) -> impl IntoView {
    view! {
        <Field id=id label="Why" hint="It is signed, and stays: name nobody in it.">
            <textarea class="textarea" id=id name="reason" required=true maxlength=REASON_MAX.to_string()
                aria-describedby=format!("{id}-hint")></textarea>
        </Field>
    }
}

/// The same without JavaScript, which a dialog needs to open.
#[component]
fn Plain(path: &'static str, id: String, summary: &'static str, submit: &'static str) -> impl IntoView {
    view! {
        <noscript>
            <details>
                <summary class="link">{summary}</summary>
                <form class="stack" method="post" action=path>
                    <input type="hidden" name="id" value=id/>
                    <label class="field-label">"Why (it is signed, and stays: name nobody in it)"
                        <textarea class="textarea" name="reason" required=true maxlength=REASON_MAX.to_string()></textarea>
                    </label>
                    <button class="button" data-tone="danger">{submit}</button>
                </form>
            </details>
        </noscript>
    }
}
