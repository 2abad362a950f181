//! Lists of API keys.

use doorward_shared::{Page, Scope, Timestamp};

use super::{
    Store, StoreError,
    bulk_revocations::{self, KEY_ENDS},
    list::{Filter, List, ListQuery, folded},
    row_mapping::{self, API_KEY},
    sql::Value,
};
use crate::domain::{ApiKey, KeyOwner};

/// Filter of the key list.
#[derive(Debug, Clone, Default)]
pub struct KeyFilter {
    pub owner: Option<KeyOwner>,
    /// Keys with exactly this scope.
    pub scope: Option<Scope>,
    /// Not used at or after this time.
    pub unused_since: Option<Timestamp>,
    /// Expiring before this time.
    pub expires_before: Option<Timestamp>,
    /// Whether to list live keys or revoked and expired ones.
    pub active: Option<bool>,
}

const LIST: List<ApiKey> = List {
    from: "api_keys AS k",
    columns: API_KEY,
    id: "k.id",
    kept: None,
    sorts: &[
        ("id", "k.id"),
        ("createdAt", "k.created_at"),
        ("name", "k.name"),
        ("expiresAt", "coalesce(k.expires_at, 9223372036854775807)"),
        ("lastUsedAt", "coalesce(k.last_used_at, 0)"),
        ("ownerId", "coalesce(k.owner_id, x'')"),
    ],
    row: row_mapping::api_key,
};

impl Store {
    /// A page of keys. `q` searches names and hints.
    pub async fn keys(
        &self,
        filter: KeyFilter,
        query: ListQuery,
        now: Timestamp,
    ) -> Result<Page<ApiKey>, StoreError> {
        let order = LIST.order(&query)?;
        if filter.unused_since.is_some() || query.sorts_by("lastUsedAt") {
            // The filter depends on buffered last-used times; if the flush fails, the stored ones are used.
            let _ = self.flush_touches().await;
        }
        let page = self
            .read(move |conn| {
                let mut conditions = conditions(&filter, now, bulk_revocations::any(conn)?);
                if let Some(q) = query.q.as_deref().filter(|q| !q.is_empty()) {
                    let found = "(instr(fold(k.name), ?) > 0 OR instr(fold(k.hint), ?) > 0)";
                    conditions.and(found, [folded(q), folded(q)]);
                }
                LIST.page(conn, conditions, &query, order)
            })
            .await?;
        Ok(page.map(|key| self.freshen_key(key)))
    }
}

fn conditions(filter: &KeyFilter, now: Timestamp, pending: bool) -> Filter {
    let mut conditions = Filter::default();
    match filter.owner {
        Some(KeyOwner::User(id)) => {
            conditions.and("k.owner_id = ?", [Value::Blob(id.0.to_bytes().to_vec())]);
        }
        Some(KeyOwner::Operator) => conditions.and("k.owner_id IS NULL", []),
        None => {}
    }
    if let Some(scope) = &filter.scope {
        let held = Value::Text(format!(" {scope} "));
        conditions.and("instr(' ' || k.scopes || ' ', ?) > 0", [held]);
    }
    if let Some(since) = filter.unused_since {
        conditions.and(
            "coalesce(k.last_used_at, k.created_at) < ?",
            [Value::Integer(since.0)],
        );
    }
    if let Some(before) = filter.expires_before {
        conditions.and("k.expires_at < ?", [Value::Integer(before.0)]);
    }
    let now = || [Value::Integer(now.0), Value::Integer(now.0)];
    // Same rule as `ApiKey::is_live`.
    match filter.active {
        Some(true) => {
            conditions.and("(k.revoked_at IS NULL OR k.revoked_at > ?) AND (k.expires_at IS NULL OR k.expires_at > ?)", now());
            if pending {
                conditions.and(format!("NOT {KEY_ENDS}"), []);
            }
        }
        Some(false) if pending => {
            conditions.and(
                format!("(k.revoked_at <= ? OR k.expires_at <= ? OR {KEY_ENDS})"),
                now(),
            );
        }
        Some(false) => conditions.and("(k.revoked_at <= ? OR k.expires_at <= ?)", now()),
        None => {}
    }
    conditions
}
