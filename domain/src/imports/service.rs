//! Use-cases of imports.

use super::{Import, MAX_BYTES, Mapping, Refusal, demo, rows, store};
use crate::context::Cx;
use crate::id::ImportId;
use crate::page::{List, Page};
use crate::permission::Permission;
use crate::{Problem, events, jobs};

/// Starts an import, or finds the one of the same file and mapping: importing twice is importing once.
///
/// Errors: 413 over [`MAX_BYTES`]; 422 when the mapping does not fit the file.
pub async fn start(cx: &Cx, name: &str, mapping: Mapping, source: Vec<u8>) -> Result<Import, Problem> {
    let log @ (org_id, mode) = cx.require(Permission::ImportsWrite)?;
    if source.len() > MAX_BYTES {
        return Err(Problem::new(413, "too_large", "A file of up to 64 MiB can be imported at once."));
    }
    let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
    let rows_total = rows::read(&source, &mapping)?.len() as i64;
    let mut hasher = blake3::Hasher::new_derive_key("certnode import content v1");
    hasher.update(serde_json::to_string(&mapping).map_err(Problem::internal)?.as_bytes());
    hasher.update(&source);
    let new = store::New {
        id: ImportId(cx.new_id()),
        name: &name,
        content_hash: *hasher.finalize().as_bytes(),
        mapping: &mapping,
        source: &source,
        rows_total,
        created_by: cx.user_id().map(|id| id.0),
        now: cx.now(),
    };
    let mut tx = cx.begin().await?;
    let id = store::insert(&mut tx, log, new).await?;
    jobs::enqueue(&mut tx, &super::RunImport { org_id, mode, import_id: id }, &id.to_string()).await?;
    events::emit(cx, &mut tx, mode, "import.started", serde_json::json!({ "id": id })).await?;
    let import = store::find(&mut tx, org_id, id).await?;
    tx.commit().await?;
    Ok(import)
}

/// Starts the demo's import: 6,919 real purchases, each a receipt that carries the day it happened. Test mode only.
pub async fn start_demo(cx: &Cx) -> Result<Import, Problem> {
    let (_, mode) = cx.require(Permission::ImportsWrite)?;
    if mode != crate::Mode::Test {
        return Err(Problem::new(409, "test_mode_only", "The demo is for test mode: switch first."));
    }
    start(cx, "CDNOW sample", demo::mapping(), demo::SAMPLE.to_vec()).await
}

/// An import.
pub async fn get(cx: &Cx, id: ImportId) -> Result<Import, Problem> {
    let (org_id, mode) = cx.require(Permission::ImportsRead)?;
    let mut tx = cx.begin().await?;
    let import = store::find(&mut tx, org_id, id).await?;
    if import.mode == mode { Ok(import) } else { Err(Problem::not_found()) }
}

/// The newest imports, 50 at most.
pub async fn list(cx: &Cx) -> Result<Vec<Import>, Problem> {
    let log = cx.require(Permission::ImportsRead)?;
    let mut tx = cx.begin().await?;
    store::list(&mut tx, log, 50).await
}

/// The newest import, if there is one.
pub async fn latest(cx: &Cx) -> Result<Option<Import>, Problem> {
    let log = cx.require(Permission::ImportsRead)?;
    let mut tx = cx.begin().await?;
    Ok(store::list(&mut tx, log, 1).await?.into_iter().next())
}

/// The rows of an import that were refused, in the file's order; the cursor is a line.
pub async fn refusals(cx: &Cx, id: ImportId, page: &Page) -> Result<List<Refusal>, Problem> {
    let (org_id, _) = cx.require(Permission::ImportsRead)?;
    get(cx, id).await?;
    let refused = |_| Problem::invalid().field("after", "cursor", "This is not a cursor of this list.");
    let after: i64 = page.after.as_deref().map_or(Ok(0), str::parse).map_err(refused)?;
    let mut tx = cx.begin().await?;
    let rows = page.rows() as usize;
    let mut data = store::refusals(&mut tx, org_id, id, after, rows as i64 + 1).await?;
    let more = data.len() > rows;
    data.truncate(rows);
    Ok(List { next: data.last().filter(|_| more).map(|refusal| refusal.line.to_string()), previous: None, data })
}
