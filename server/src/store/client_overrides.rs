//! What operators have restricted or changed of dynamically registered clients, which these cannot change back.

use doorward_shared::{ClientId, ScopeSet};

use super::{
    StoreError, row_mapping,
    sql::{self, Connection, Row, Value, params},
    write_tx::WriteTx,
};
use crate::domain::{Client, GrantType};

/// Restrictions an operator has put on a dynamically registered client; empty if there are none.
#[derive(Debug, Clone, Default)]
pub struct OperatorOverrides {
    pub scopes: Option<ScopeSet>,
    pub grants: Option<Vec<GrantType>>,
    pub redirect_uris: Option<Vec<String>>,
    pub post_logout_redirect_uris: Option<Vec<String>>,
}

/// The columns of [`OperatorOverrides`].
macro_rules! overrides {
    () => {
        "most_scopes, most_grants, most_redirect_uris, most_post_logout_redirect_uris"
    };
}

pub(super) use overrides;

impl OperatorOverrides {
    /// Reads its columns; `column` is the first.
    pub(super) fn read(row: &Row<'_>, column: usize) -> sql::Result<Self> {
        Ok(Self {
            scopes: if_set(row, column, row_mapping::scopes)?,
            grants: if_set(row, column + 1, row_mapping::grants)?,
            redirect_uris: if_set(row, column + 2, row_mapping::split_lines)?,
            post_logout_redirect_uris: if_set(row, column + 3, row_mapping::split_lines)?,
        })
    }
}

/// Reads a column; `None` if it is NULL.
pub(super) fn if_set<T>(
    row: &Row<'_>,
    column: usize,
    read: impl FnOnce(&Row<'_>, usize) -> sql::Result<T>,
) -> sql::Result<Option<T>> {
    let is_set = row.get::<_, Value>(column)? != Value::Null;
    is_set.then(|| read(row, column)).transpose()
}

/// Metadata that a client is shown with, or its back-channel logout URI.
struct ShownMetadata {
    /// Name in the API.
    name: &'static str,
    of: fn(&Client) -> Option<&str>,
    /// Copies it from another client.
    take: fn(&mut Client, &Client),
}

/// Metadata that keeps the value an operator gave it.
const LOOKS: [ShownMetadata; 4] = [
    ShownMetadata {
        name: "name",
        of: |client| Some(&client.name),
        take: |client, from| client.name.clone_from(&from.name),
    },
    ShownMetadata {
        name: "logoUri",
        of: |client| client.policy.logo_uri.as_deref(),
        take: |client, from| client.policy.logo_uri.clone_from(&from.policy.logo_uri),
    },
    ShownMetadata {
        name: "clientUri",
        of: |client| client.policy.client_uri.as_deref(),
        take: |client, from| client.policy.client_uri.clone_from(&from.policy.client_uri),
    },
    ShownMetadata {
        name: "backchannelLogoutUri",
        of: |client| client.policy.backchannel_logout_uri.as_deref(),
        take: |client, from| {
            let (to, from) = (&mut client.policy, &from.policy);
            to.backchannel_logout_uri
                .clone_from(&from.backchannel_logout_uri);
            to.backchannel_logout_session_required = from.backchannel_logout_session_required;
        },
    },
];

/// Names of the [`LOOKS`] that an operator has changed.
fn decided_looks(conn: &Connection, id: ClientId) -> Result<Vec<String>, StoreError> {
    let mut select =
        conn.prepare_cached("SELECT coalesce(decided, '') FROM clients WHERE id = ?1")?;
    Ok(select.query_row([id.0.to_bytes()], |row| row_mapping::words(row, 0))?)
}

/// The client as it asks to be, except for the [`LOOKS`] that an operator has changed.
pub(super) fn with_decided_looks(
    conn: &Connection,
    client: &Client,
    before: &Client,
) -> Result<Client, StoreError> {
    let decided = decided_looks(conn, before.id)?;
    let mut client = client.clone();
    for look in LOOKS {
        if decided.iter().any(|name| name == look.name) {
            (look.take)(&mut client, before);
        }
    }
    Ok(client)
}

/// Stores an operator's restrictions on a dynamically registered client. The client of a metadata document is kept from
/// then on even if unused: recreated, it would lose the restrictions.
pub(super) fn note(
    tx: &mut WriteTx<'_>,
    before: &Client,
    after: &Client,
) -> Result<(), StoreError> {
    if !after.dynamic {
        return Ok(());
    }
    let id = after.id.0.to_bytes();
    if after.document.is_some() {
        tx.conn
            .prepare_cached("UPDATE clients SET openly = 0 WHERE id = ?1")?
            .execute([id])?;
    }
    if before.scopes != after.scopes {
        tx.conn
            .prepare_cached("UPDATE clients SET most_scopes = ?2 WHERE id = ?1")?
            .execute(params![id, after.scopes.to_string()])?;
    }
    if before.grant_types != after.grant_types {
        let grants: Vec<_> = after.grant_types.iter().map(ToString::to_string).collect();
        tx.conn
            .prepare_cached("UPDATE clients SET most_grants = ?2 WHERE id = ?1")?
            .execute(params![id, row_mapping::lines(&grants)])?;
    }
    addresses_left(tx.conn, before, after)?;
    looks_changed(tx.conn, before, after)
}

/// Stores which [`LOOKS`] an operator has changed.
fn looks_changed(conn: &Connection, before: &Client, after: &Client) -> Result<(), StoreError> {
    let mut decided = decided_looks(conn, after.id)?;
    let changed = LOOKS
        .iter()
        .filter(|look| (look.of)(before) != (look.of)(after));
    decided.extend(changed.map(|look| look.name.to_owned()));
    decided.sort();
    decided.dedup();
    conn.prepare_cached("UPDATE clients SET decided = ?2 WHERE id = ?1")?
        .execute(params![after.id.0.to_bytes(), decided.join(" ")])?;
    Ok(())
}

/// Stores the redirect URIs that are left if an operator has removed any. Adding some restricts nothing.
fn addresses_left(conn: &Connection, before: &Client, after: &Client) -> Result<(), StoreError> {
    let redirect = "UPDATE clients SET most_redirect_uris = ?2 WHERE id = ?1 AND (?3 <> 0 OR most_redirect_uris IS NOT NULL)";
    let post_logout = "UPDATE clients SET most_post_logout_redirect_uris = ?2 WHERE id = ?1 \
                       AND (?3 <> 0 OR most_post_logout_redirect_uris IS NOT NULL)";
    let uris: [fn(&Client) -> &[String]; 2] = [
        |client| &client.redirect_uris,
        |client| &client.policy.post_logout_redirect_uris,
    ];
    for (sql, of) in [redirect, post_logout].into_iter().zip(uris) {
        let (before, left) = (of(before), of(after));
        if before != left {
            let takes = before.iter().any(|uri| !left.contains(uri));
            conn.prepare_cached(sql)?.execute(params![
                after.id.0.to_bytes(),
                row_mapping::lines(left),
                takes
            ])?;
        }
    }
    Ok(())
}
