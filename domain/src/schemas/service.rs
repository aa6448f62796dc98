//! Use-cases of schemas.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::validator::Validator;
use super::{BUILT_IN, MAX_BYTES, MAX_VERSIONS, NONE, RESERVED, Schema, store};
use crate::context::Cx;
use crate::id::OrgId;
use crate::permission::Permission;
use crate::receipts::is_kind;
use crate::{Mode, Problem};

/// How long another node may hold payloads against the version before.
const STALE: Duration = Duration::from_secs(5);

/// Logs whose versions in force are kept.
const LOGS: u64 = 20_000;
/// Compiled schemas that are kept.
const COMPILED: u64 = 2_000;

type Log = (OrgId, Mode);

/// CertNode's own, compiled when the first payload of theirs comes.
static COMPILED_IN: LazyLock<HashMap<&str, Arc<Validator>>> = LazyLock::new(|| {
    let compile = |(kind, document)| Some((kind, Arc::new(compile(document).ok()?)));
    BUILT_IN.into_iter().filter_map(compile).collect()
});

/// What payloads are held against.
pub(crate) struct Cache {
    /// The version in force of each kind that has a schema of the log's own.
    in_force: moka::future::Cache<Log, Arc<HashMap<String, u32>>>,
    /// By log, kind and version, which never change.
    compiled: moka::future::Cache<(Log, String, u32), Arc<Validator>>,
}

impl Default for Cache {
    fn default() -> Self {
        let in_force = moka::future::Cache::builder().max_capacity(LOGS).time_to_live(STALE).build();
        Self { in_force, compiled: moka::future::Cache::new(COMPILED) }
    }
}

/// Holds a payload against the schema of its kind; what the statement says of it: `kind/version`, or `receipt/1` where a
/// kind has no schema.
pub(crate) async fn hold(cx: &Cx, kind: &str, payload: &[u8]) -> Result<String, Problem> {
    if RESERVED.contains(&kind) {
        return Ok(NONE.to_owned());
    }
    let Some((version, validator)) = current(cx, kind).await? else { return Ok(NONE.to_owned()) };
    let name = format!("{kind}/{version}");
    validator.hold(payload, &name)?;
    Ok(name)
}

async fn current(cx: &Cx, kind: &str) -> Result<Option<(u32, Arc<Validator>)>, Problem> {
    let log = cx.tenant()?;
    let Cache { in_force, compiled } = &cx.domain.schemas;
    let ask = async {
        let versions = store::in_force(&mut cx.begin().await?, log).await?;
        Ok(Arc::new(versions.into_iter().collect::<HashMap<_, _>>()))
    };
    let known = in_force.try_get_with(log, ask).await.map_err(Arc::<Problem>::unwrap_or_clone)?;
    let Some(version) = known.get(kind).copied() else {
        return Ok(COMPILED_IN.get(kind).map(|own| (1, own.clone())));
    };
    let load = async {
        let document = store::document(&mut cx.begin().await?, log, kind, version).await?;
        Ok(Arc::new(compile(&document)?))
    };
    let validator = compiled.try_get_with((log, kind.to_owned(), version), load).await;
    Ok(Some((version, validator.map_err(Arc::<Problem>::unwrap_or_clone)?)))
}

fn compile(document: &str) -> Result<Validator, Problem> {
    Validator::new(&serde_json::from_str(document).map_err(Problem::internal)?)
}

fn built_in(kind: &str) -> Option<Schema> {
    let (kind, document) = BUILT_IN.iter().find(|(known, _)| *known == kind)?;
    let document = ledger::json::parse(document.as_bytes()).ok()?;
    let document = String::from_utf8(ledger::jcs::canonical(&document)).ok()?;
    Some(Schema { kind: (*kind).to_owned(), version: 1, document, created_at: None })
}

/// Puts a schema: from now on payloads of the kind are held against it. Its version is one more than the one before; the
/// same schema again is the same version.
///
/// Errors: 403; 422 for a kind that is none or CertNode's own, for a schema that is none, and for one that is over
/// [`MAX_BYTES`], refers to others, or would cost too much to hold payloads against.
pub async fn put(cx: &Cx, kind: &str, body: &[u8]) -> Result<Schema, Problem> {
    let log = cx.require(Permission::SchemasWrite)?;
    if !is_kind(kind) || RESERVED.contains(&kind) {
        let message = "A kind of your own or of CertNode's is wanted: lower-case letters, digits, `_`, `.` or `-`.";
        return Err(Problem::invalid().field("kind", "kind", message));
    }
    if body.len() > MAX_BYTES {
        return Err(Problem::new(413, "too_large", "A schema has 64 KiB at most."));
    }
    let read =
        |error| Problem::new(422, "invalid_json", "").because(format!("The schema is not acceptable JSON: {error}."));
    let document = ledger::json::parse(body).map_err(read)?;
    let document = String::from_utf8(ledger::jcs::canonical(&document)).map_err(Problem::internal)?;
    compile(&document)?;
    let mut tx = cx.begin().await?;
    // Two that are put at once are one after the other.
    store::lock(&mut tx, log).await?;
    let before = store::versions(&mut tx, log, kind, 1).await?.into_iter().next().or_else(|| built_in(kind));
    if let Some(before) = before.as_ref().filter(|before| before.document == document) {
        return Ok(before.clone());
    }
    if store::count(&mut tx, log).await? >= MAX_VERSIONS {
        let message = format!("There are {MAX_VERSIONS} versions of schemas already, which is the most.");
        return Err(Problem::invalid().field("kind", "too_many", message));
    }
    let version = before.map_or(1, |before| before.version + 1);
    let schema = Schema { kind: kind.to_owned(), version, document, created_at: Some(cx.now()) };
    store::insert(&mut tx, log, &schema, cx.now()).await?;
    tx.commit().await?;
    cx.domain.schemas.in_force.invalidate(&log).await;
    Ok(schema)
}

/// The schema in force of every kind that has one, by kind.
pub async fn list(cx: &Cx) -> Result<Vec<Schema>, Problem> {
    let log = cx.require(Permission::ReceiptsRead)?;
    let mut tx = cx.begin().await?;
    let mut schemas = store::current(&mut tx, log).await?;
    let own = BUILT_IN.iter().filter(|(kind, _)| schemas.iter().all(|schema| schema.kind != *kind));
    let own: Vec<Schema> = own.filter_map(|(kind, _)| built_in(kind)).collect();
    schemas.extend(own);
    schemas.sort_by(|one, other| one.kind.cmp(&other.kind));
    Ok(schemas)
}

/// Every version of a kind's schema, the newest first. Errors: 404 when it never had one.
pub async fn versions(cx: &Cx, kind: &str) -> Result<Vec<Schema>, Problem> {
    let log = cx.require(Permission::ReceiptsRead)?;
    let mut tx = cx.begin().await?;
    let mut schemas = store::versions(&mut tx, log, kind, MAX_VERSIONS).await?;
    schemas.extend(built_in(kind));
    if schemas.is_empty() { Err(Problem::not_found()) } else { Ok(schemas) }
}
