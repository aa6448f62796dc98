//! Use-cases of evidence.

use futures::Stream;
use ledger::hash::Hash;
use ledger::statement::{Evidence, Signed};

use super::{Content, File, Files, store};
use crate::context::Cx;
use crate::events::emit;
use crate::permission::Permission;
use crate::{Problem, receipts};

const MEDIA_MAX: usize = 100;
const NAME_MAX: usize = 200;

fn files(cx: &Cx) -> Result<&Files, Problem> {
    cx.domain.evidence.as_ref().ok_or_else(|| Problem::internal("there is no store for evidence"))
}

/// Keeps a file, and tells its hashes; whether it is new. The same bytes again are the same file, by its first name.
///
/// Errors: 413 over the configured size; 422 for a file without a byte; 429 when too many arrive at once; and whatever the
/// body breaks off with, in which case nothing is kept.
pub async fn keep<B: AsRef<[u8]>>(
    cx: &Cx,
    media: &str,
    name: &str,
    body: impl Stream<Item = Result<B, Problem>>,
) -> Result<(File, bool), Problem> {
    let log = cx.require(Permission::ReceiptsWrite)?;
    let files = files(cx)?;
    let _turn = files.turn()?;
    let received = files.receive(cx.new_id(), body).await?;
    let new = store::New {
        sha256: received.sha256,
        blake3: received.blake3,
        bytes: received.bytes,
        media: &media_type(media),
        name: &file_name(name),
        now: cx.now(),
    };
    let mut tx = cx.begin().await?;
    store::hold(&mut tx, log, &new.sha256).await?;
    files.settle(log, &received).await?;
    let is_new = store::insert(&mut tx, log, &new).await?;
    let found = store::find(&mut tx, log, &[new.sha256]).await?;
    tx.commit().await?;
    let file = found.into_iter().next().ok_or_else(|| Problem::internal("a file that was kept is not there"))?;
    Ok((file.into(), is_new))
}

/// Erases a file's bytes, and what its sender called it, for good. Erasing again changes nothing; the same bytes sent again are
/// kept again. Statements that name it keep its hashes, and no new one names it.
///
/// **If we crash** between the store and the database, the file is gone and not yet said to be: nobody gets it, and erasing
/// again says it.
///
/// Errors: 403 unless the actor may erase contents; 404 for a file that never was.
pub async fn erase(cx: &Cx, sha256: &str) -> Result<(), Problem> {
    let log @ (_, mode) = cx.require(Permission::PayloadsErase)?;
    let mut tx = cx.begin().await?;
    let by = receipts::life::eraser(cx, &mut tx).await?;
    let sha256 = Hash::from_hex(sha256).ok_or_else(Problem::not_found)?;
    store::hold(&mut tx, log, &sha256).await?;
    let erased_before = store::find(&mut tx, log, &[sha256]).await?.iter().any(|kept| kept.erased_at.is_some());
    if !store::erase(&mut tx, log, &sha256, &by, cx.now()).await? {
        return Err(Problem::not_found());
    }
    files(cx)?.delete(log, &sha256).await?;
    if !erased_before {
        emit(cx, &mut tx, mode, "evidence.erased", serde_json::json!({ "sha256": sha256.to_hex() })).await?;
    }
    tx.commit().await
}

/// Says of each file of a statement whether it was erased.
pub(crate) async fn mark(cx: &Cx, files: &mut [File]) -> Result<(), Problem> {
    if files.is_empty() {
        return Ok(());
    }
    let wanted: Vec<Hash> = files.iter().filter_map(|file| Hash::from_hex(&file.sha256)).collect();
    let found = store::find(&mut cx.begin().await?, cx.tenant()?, &wanted).await?;
    for file in files {
        let kept = found.iter().find(|kept| kept.evidence.sha256.to_hex() == file.sha256);
        file.erased_at = kept.and_then(|kept| kept.erased_at);
    }
    Ok(())
}

/// A file and its bytes. Errors: 404, also for one that was erased.
pub async fn open(cx: &Cx, sha256: &str) -> Result<(File, Content), Problem> {
    let log = cx.require(Permission::ReceiptsRead)?;
    let sha256 = Hash::from_hex(sha256).ok_or_else(Problem::not_found)?;
    let mut tx = cx.begin().await?;
    let found = store::find(&mut tx, log, &[sha256]).await?;
    drop(tx);
    let file = found.into_iter().find(|kept| kept.erased_at.is_none()).ok_or_else(Problem::not_found)?;
    Ok((file.into(), files(cx)?.open(log, &sha256).await?))
}

/// Which files a receipt may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whether {
    /// Those that are there.
    Kept,
    /// Those that were erased too: the receipt was issued before that.
    KeptOrErased,
}

/// What a statement says of the files that a receipt names. Errors: 422 for those that are not there.
pub(crate) async fn resolve(cx: &Cx, wanted: &[Hash], whether: Whether) -> Result<Vec<Evidence>, Problem> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let log = cx.tenant()?;
    let mut tx = cx.begin().await?;
    let mut found = store::find(&mut tx, log, wanted).await?;
    found.retain(|kept| kept.erased_at.is_none() || whether == Whether::KeptOrErased);
    let mut problem = Problem::invalid();
    let mut evidence = Vec::with_capacity(wanted.len());
    for (index, sha256) in wanted.iter().enumerate() {
        match found.iter().position(|kept| kept.evidence.sha256 == *sha256) {
            Some(at) => evidence.push(found.swap_remove(at).evidence),
            None => {
                let message = "There is no file of this hash in this mode: send it to /v1/evidence first.";
                problem = problem.field(format!("evidence[{index}].sha256"), "unknown_evidence", message);
            }
        }
    }
    problem.unless_empty()?;
    Ok(evidence)
}

/// The files that a statement names.
pub(crate) fn of_statement(statement: &[u8]) -> Vec<File> {
    // Nearly all have none, and canonical JSON begins with them.
    if statement.starts_with(b"{\"evidence\":[]") {
        return Vec::new();
    }
    let evidence = Signed::parse(statement).map(|signed| signed.statement.evidence).unwrap_or_default();
    evidence.into_iter().map(|evidence| store::Kept { evidence, name: String::new(), erased_at: None }.into()).collect()
}

/// `type/subtype`, as far as it is one.
fn media_type(text: &str) -> String {
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let shaped = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let fits = essence.len() <= MEDIA_MAX
        && essence.split_once('/').is_some_and(|(kind, subtype)| shaped(kind) && shaped(subtype));
    // What `curl --data-binary` says when nobody told it, and no file is.
    let untold = essence == "application/x-www-form-urlencoded";
    if fits && !untold { essence } else { "application/octet-stream".to_owned() }
}

/// The last part of a path, without what no file's name has.
fn file_name(text: &str) -> String {
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect::<String>().trim().to_owned()
}
