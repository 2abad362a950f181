//! Consents: the clients a user has authorized.

use doorward_shared::{ClientId, Page, ScopeSet, Timestamp, UserId};

use super::{
    Store, StoreError, authority,
    authorization_codes::drop_unused,
    bulk_revocations,
    keys::{self, KeysOf},
    list::{Filter, List, ListQuery, Sort, folded},
    row_mapping::{self, ulid},
    sql::{self, Row, Value, params},
};
use crate::domain::{Act, rules::authority as rule};

/// A client that a user has authorized.
#[derive(Debug, Clone)]
pub struct Consent {
    pub client_id: ClientId,
    pub client_name: String,
    pub scope: ScopeSet,
    pub granted_at: Timestamp,
}

const LIST: List<Consent> = List {
    from: "consents AS g JOIN clients AS c ON c.id = g.client_id",
    columns: "c.id, c.name, g.scope, g.granted_at",
    id: "g.client_id",
    kept: None,
    sorts: &[("grantedAt", "g.granted_at"), ("name", "c.name")],
    row: consent,
};

fn consent(row: &Row<'_>) -> sql::Result<Consent> {
    Ok(Consent {
        client_id: ClientId(ulid(row, 0)?),
        client_name: row.get(1)?,
        scope: row_mapping::scopes(row, 2)?,
        granted_at: Timestamp(row.get(3)?),
    })
}

impl Store {
    /// A page of the clients a user has authorized, newest first by default. `q` searches names.
    pub async fn consents(
        &self,
        user: UserId,
        mut query: ListQuery,
    ) -> Result<Page<Consent>, StoreError> {
        if query.cursor.is_none() {
            query.sort.get_or_insert_with(|| Sort {
                field: "grantedAt".into(),
                descending: true,
            });
        }
        let order = LIST.order(&query)?;
        self.read(move |conn| {
            let mut conditions = Filter::default();
            let user = Value::Blob(user.0.to_bytes().to_vec());
            conditions.and("g.user_id = ?", [user]);
            if let Some(q) = &query.q {
                conditions.and("instr(fold(c.name), ?) > 0", [folded(q)]);
            }
            LIST.page(conn, conditions, &query, order)
        })
        .await
    }

    /// Revokes a user's consent to a client: the consent, unused codes, the sessions it opened, and the keys, links and
    /// registration tokens created with their tokens.
    ///
    /// # Errors
    /// As [`rule::revoke_consent`].
    pub async fn revoke_consent(
        &self,
        user: UserId,
        client: ClientId,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            rule::revoke_consent(&by, user)?;
            let context = act.context(&by);
            let both = params![user.0.to_bytes(), client.0.to_bytes()];
            tx.conn
                .prepare_cached("DELETE FROM consents WHERE user_id = ?1 AND client_id = ?2")?
                .execute(both)?;
            drop_unused(tx, user, Some(client))?;
            bulk_revocations::end_sessions_of(tx, user, Some(client), None, context)?;
            keys::end_all(tx, KeysOf::MintedThrough(user, client), context)?;
            tx.event(context, "consent.revoked", Some(&client), Some(user), None)
        })
        .await
    }
}
