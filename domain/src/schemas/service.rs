//! Use-cases of schemas.

use std::sync::Arc;
use std::time::Duration;

use super::validator::Validator;
use super::{BUILT_IN, MAX_BYTES, MAX_VERSIONS, NONE, RESERVED, Schema, store};
use crate::context::Cx;
use crate::id::OrgId;
use crate::permission::Permission;
use crate::receipts::is_kind;
use crate::{Mode, Problem};

/// How long another node may hold payloads against the version before.
const STALE: Duration = Duration::from_secs(1);

type Current = Option<Arc<(u32, Validator)>>;

/// The compiled schemas in force, by log and kind.
#[derive(Clone)]
pub(crate) struct Cache(moka::sync::Cache<(OrgId, Mode, String), Current>);

impl Default for Cache {
    fn default() -> Self {
        Self(moka::sync::Cache::builder().max_capacity(2_000).time_to_live(STALE).build())
    }
}

/// Holds a payload against the schema of its kind; what the statement says of it: `kind/version`, or `receipt/1` where a
/// kind has no schema.
pub(crate) async fn hold(cx: &Cx, kind: &str, payload: &[u8]) -> Result<String, Problem> {
    match current(cx, kind).await? {
        Some(schema) => {
            let name = format!("{kind}/{}", schema.0);
            schema.1.hold(payload, &name)?;
            Ok(name)
        }
        None => Ok(NONE.to_owned()),
    }
}

async fn current(cx: &Cx, kind: &str) -> Result<Current, Problem> {
    if RESERVED.contains(&kind) {
        return Ok(None);
    }
    let log @ (org_id, mode) = cx.tenant()?;
    let key = (org_id, mode, kind.to_owned());
    if let Some(current) = cx.domain.schemas.0.get(&key) {
        return Ok(current);
    }
    let mut tx = cx.begin().await?;
    let found = match store::versions(&mut tx, log, kind, 1).await?.into_iter().next() {
        Some(schema) => Some((schema.version, schema.document)),
        None => built_in(kind).map(|schema| (schema.version, schema.document)),
    };
    let compile = |(version, document): (u32, String)| {
        let document = serde_json::from_str(&document).map_err(Problem::internal)?;
        Ok::<_, Problem>(Arc::new((version, Validator::new(&document)?)))
    };
    let current = found.map(compile).transpose()?;
    cx.domain.schemas.0.insert(key, current.clone());
    Ok(current)
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
    let log @ (org_id, mode) = cx.require(Permission::SchemasWrite)?;
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
    Validator::new(&serde_json::from_str(&document).map_err(Problem::internal)?)?;
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
    cx.domain.schemas.0.invalidate(&(org_id, mode, kind.to_owned()));
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
