//! Use-cases of API keys.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;

use super::{ApiKey, Created, store, token};
use crate::context::{Actor, Cx, Domain, Request};
use crate::id::{ApiKeyId, OrgId};
use crate::permission::Permission;
use crate::{Mode, Problem, events, secret};

const SECRET: &str = "certnode api key v1";

/// Makes a key. The secret is in the answer, and nowhere afterwards.
pub async fn create(cx: &Cx, name: &str, mode: Mode) -> Result<Created, Problem> {
    let (org_id, _) = cx.require(Permission::ApiKeysWrite)?;
    let created_by = cx.user_id().ok_or_else(|| Problem::forbidden(Permission::ApiKeysWrite))?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Problem::invalid().field("name", "length", "Give the key a name of up to 100 characters."));
    }
    let (id, now) = (ApiKeyId(cx.new_id()), cx.now());
    let secret = token::make(mode, cx.random());
    let preview = token::preview(&secret);
    let secret_hash = secret::hash(SECRET, &secret);
    let mut tx = cx.begin().await?;
    let new = store::New { org_id, id, mode, name, secret_hash, preview: &preview, created_by, now };
    store::insert(&mut tx, new).await?;
    events::emit(cx, &mut tx, mode, "api_key.created", serde_json::json!({ "id": id })).await?;
    let key =
        store::list(&mut tx, org_id).await?.into_iter().find(|key| key.id == id).ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    Ok(Created { key, secret })
}

/// The organisation's keys of both modes.
pub async fn list(cx: &Cx) -> Result<Vec<ApiKey>, Problem> {
    let (org_id, _) = cx.require(Permission::ApiKeysRead)?;
    let mut tx = cx.begin().await?;
    store::list(&mut tx, org_id).await
}

/// Ends a key: here at once, on every other node within a second. Revoking twice is revoking once.
pub async fn revoke(cx: &Cx, id: ApiKeyId) -> Result<(), Problem> {
    let (org_id, mode) = cx.require(Permission::ApiKeysWrite)?;
    let mut tx = cx.begin().await?;
    if !store::revoke(&mut tx, org_id, id, cx.now()).await? {
        return Err(Problem::not_found());
    }
    events::emit(cx, &mut tx, mode, "api_key.revoked", serde_json::json!({ "id": id })).await?;
    tx.commit().await?;
    cx.domain.api_keys.0.believed.invalidate_all();
    Ok(())
}

/// What is remembered of keys between requests. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Cache(Arc<Remembered>);

struct Remembered {
    believed: moka::future::Cache<[u8; 32], Option<(OrgId, ApiKeyId, Mode)>>,
    uses: Mutex<HashMap<(OrgId, ApiKeyId), Uses>>,
}

/// Uses since they were last written down.
struct Uses {
    count: i64,
    at: OffsetDateTime,
    from: Option<String>,
}

impl Default for Cache {
    fn default() -> Self {
        let believed = moka::future::Cache::builder().max_capacity(100_000).time_to_live(store::BELIEVED).build();
        Self(Arc::new(Remembered { believed, uses: Mutex::default() }))
    }
}

/// The context of a presented key; 401 for one that is malformed, unknown or revoked.
pub async fn authenticate(domain: &Domain, presented: &str, request: Request) -> Result<Cx, Problem> {
    token::mode_of(presented).ok_or_else(Problem::unauthenticated)?;
    let hash = secret::hash(SECRET, presented);
    let remembered = &domain.api_keys.0;
    // However many requests come with it at that moment, the database is asked once.
    let find = async {
        let mut tx = domain.database.begin_with_key(&hash).await?;
        store::find(&mut tx, &hash).await
    };
    let found = remembered.believed.try_get_with(hash, find).await.map_err(Arc::unwrap_or_clone)?;
    let (org_id, id, mode) = found.ok_or_else(Problem::unauthenticated)?;
    let cx = domain.nobody(request);
    let mut uses = remembered.uses.lock().unwrap_or_else(PoisonError::into_inner);
    let entry = uses.entry((org_id, id)).or_insert_with(|| Uses { count: 0, at: cx.now(), from: None });
    entry.count += 1;
    entry.at = cx.now();
    if entry.from.is_none() {
        entry.from = cx.request().address.map(|address| address.to_string());
    }
    drop(uses);
    Ok(cx.acting(Actor::ApiKey { id, org_id, mode }))
}

/// Writes down how often keys were used since the last time; called every few seconds.
pub async fn record_uses(domain: &Domain) -> Result<(), Problem> {
    let uses = std::mem::take(&mut *domain.api_keys.0.uses.lock().unwrap_or_else(PoisonError::into_inner));
    for ((org_id, id), Uses { count, at, from }) in uses {
        let mut tx = domain.database.begin(Some(org_id), None).await?;
        store::record_uses(&mut tx, org_id, id, count, at, from.as_deref()).await?;
        tx.commit().await?;
    }
    Ok(())
}
