//! Dynamic client registration: RFC 7591 and 7592.

use std::{collections::HashSet, sync::Arc};

use doorward_shared::{ClientId, ScopeSet, Timestamp};

use super::{
    Store, StoreError, authority,
    caches::through,
    client_overrides::{OperatorOverrides, if_set, overrides, with_decided_looks},
    clients::{self, find, remove, write},
    initial_access_tokens, keys, row_mapping,
    sql::{Connection, OptionalExtension, by_index, params},
    unused_clients,
    write_tx::WriteTx,
};
use crate::{
    crypto::secret::Digest256,
    domain::{
        Act, AuditContext, Client, ClientPolicy, DomainError,
        diff::quoted,
        rules::{
            self,
            authority::{self as rule, ClientActs},
        },
    },
};

/// What authorizes a registration.
#[derive(Debug, Clone)]
pub enum Admission {
    /// Open registration.
    Open(AuditContext),
    /// An initial access token, one use of which is consumed.
    Token(Digest256, AuditContext),
    /// A credential that may manage clients.
    Act(Act),
}

/// A dynamically registered client, found by its registration access token.
#[derive(Debug, Clone)]
pub struct SelfRegistered {
    pub client: Client,
    /// Registered without authorization.
    pub openly: bool,
    /// Scopes that the credential which authorized the registration could grant. `None` for open registrations, and for
    /// clients older than this field.
    pub admitted_scopes: Option<ScopeSet>,
    pub left: OperatorOverrides,
}

impl Store {
    /// Registers a client dynamically. Sets `client.id` and `client.created_at`. Stores which of the `allowed` scopes
    /// the authorizing credential can grant; the client cannot get more later.
    ///
    /// # Errors
    /// [`DomainError::CredentialEnded`] if the initial access token is used up or expired; as [`rule::change_client`].
    pub async fn register_dynamic(
        &self,
        mut client: Client,
        token: Digest256,
        allowed: ScopeSet,
        admission: Admission,
    ) -> Result<Client, StoreError> {
        self.write(move |tx| {
            let (context, given) = admitted(tx, &client, &allowed, &admission)?;
            let openly = matches!(admission, Admission::Open(_));
            if openly {
                unused_clients::make_room(tx, context.at)?;
            }
            client.id = ClientId(tx.id(context.at));
            client.created_at = context.at;
            clients::insert(tx, &client, &context)?;
            let admitted = given.map(|given| rule::allowed_of(&given, &allowed).to_string());
            let sql = "UPDATE clients SET registration_token = ?2, openly = ?3, admitted_scopes = ?4 WHERE id = ?1";
            tx.conn.prepare_cached(sql)?.execute(params![
                client.id.0.to_bytes(),
                token.0,
                openly,
                admitted
            ])?;
            Ok(client)
        })
        .await
    }

    /// The client of a registration access token, if the token is valid for it.
    pub async fn registered(
        &self,
        id: ClientId,
        token: Digest256,
    ) -> Result<Option<SelfRegistered>, StoreError> {
        self.read(move |conn| of_token(conn, id, token)).await
    }

    /// Changes a dynamically registered client on its own request; `decide` computes the new state from the current
    /// one.
    ///
    /// # Errors
    /// [`DomainError::CredentialEnded`] if the token is not the client's; [`DomainError::Invalid`] if the change
    /// conflicts with an operator's restrictions. An error of `decide` is returned, and nothing is changed.
    pub async fn change_registered<E, F>(
        &self,
        id: ClientId,
        token: Digest256,
        decide: F,
        context: AuditContext,
    ) -> Result<Result<Client, E>, StoreError>
    where
        E: Send + 'static,
        F: FnOnce(SelfRegistered) -> Result<Client, E> + Send + 'static,
    {
        self.write(move |tx| {
            let found = of_token(tx.conn, id, token)?.ok_or(DomainError::CredentialEnded)?;
            match decide(found) {
                Ok(client) => Ok(Ok(change(tx, &client, &context)?)),
                Err(refused) => Ok(Err(refused)),
            }
        })
        .await
    }

    /// Deletes a dynamically registered client on its own request.
    ///
    /// # Errors
    /// [`DomainError::CredentialEnded`] if the token is not the client's.
    pub async fn delete_registered(
        &self,
        id: ClientId,
        token: Digest256,
        context: AuditContext,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let found = of_token(tx.conn, id, token)?.ok_or(DomainError::CredentialEnded)?;
            remove(tx, &found.client, &context)
        })
        .await
    }

    /// Resources of operators' clients, which a dynamically registered client may request. Cached until a client
    /// changes.
    pub async fn operator_resources(&self) -> Result<Arc<HashSet<String>>, StoreError> {
        let found = through(&self.memory().operator_resources, &(), async {
            self.read(|conn| Ok(Some(Arc::new(operator_resources(conn)?))))
                .await
        });
        Ok(found.await?.unwrap_or_default())
    }
}

/// Consumes the authorization of a registration; returns its audit context, and the scopes that the authorizing
/// credential can grant.
fn admitted(
    tx: &mut WriteTx<'_>,
    client: &Client,
    allowed: &ScopeSet,
    admission: &Admission,
) -> Result<(AuditContext, Option<ScopeSet>), StoreError> {
    match admission {
        Admission::Open(context) => Ok((context.clone(), None)),
        Admission::Token(hash, context) => {
            let given = initial_access_tokens::use_up(tx, *hash, &client.scopes, context.at)?;
            Ok((context.clone(), Some(given)))
        }
        Admission::Act(act) => {
            let by = authority::authorize(tx, act)?;
            let acts = ClientActs {
                scopes: &client.scopes,
                sees_all: false,
                resource_server: false,
            };
            rule::change_client(&by, acts)?;
            let given = rule::grantable(&by, allowed);
            Ok((act.context(&by).clone(), Some(given)))
        }
    }
}

/// Changes a client; returns its new state.
pub(super) fn change(
    tx: &mut WriteTx<'_>,
    client: &Client,
    context: &AuditContext,
) -> Result<Client, StoreError> {
    let before = find(tx.conn, client.id)?.ok_or(DomainError::NotFound("client"))?;
    // The client cannot change an operator's restrictions or what it was granted.
    let client = with_decided_looks(tx.conn, client, &before)?;
    let decided = before.policy.clone();
    let client = Client {
        created_at: before.created_at,
        secrets: before.secrets.clone(),
        resources: before.resources.clone(),
        require_pkce: before.require_pkce,
        resource_server: before.resource_server,
        client_tokens_valid_from: before.client_tokens_valid_from,
        codes_valid_after: before.codes_valid_after,
        policy: ClientPolicy {
            id_token_claims: decided.id_token_claims,
            unverified_email: decided.unverified_email,
            allowed_groups: decided.allowed_groups,
            default_resource: decided.default_resource,
            skip_consent: decided.skip_consent,
            // Read again, with the key fingerprints.
            key_thumbprints: decided.key_thumbprints,
            ..client.policy
        },
        ..client
    };
    if client == before {
        return Ok(client);
    }
    rules::client::register(&client)?;
    write(tx, &client)?;
    keys::client_changed(tx, &before)?;
    // Field names only, so that a dynamically registered client cannot fill the log with long values.
    let diff = rules::client::diff(Some(&before), &client);
    let fields: Vec<_> = diff.iter().map(|(field, ..)| *field).collect();
    let detail = format!("{}: {}", quoted(&client.name), fields.join(", "));
    tx.event(
        context,
        "client.updated",
        Some(&client.id),
        None,
        Some(&detail),
    )?;
    Ok(client)
}

/// The client, if the registration access token belongs to it.
fn of_token(
    conn: &Connection,
    id: ClientId,
    token: Digest256,
) -> Result<Option<SelfRegistered>, StoreError> {
    let sql = concat!(
        "SELECT openly, admitted_scopes, ",
        overrides!(),
        " FROM clients WHERE id = ?1 AND registration_token = ?2"
    );
    let found = conn
        .prepare_cached(sql)?
        .query_row(params![id.0.to_bytes(), token.0], |row| {
            let admitted = if_set(row, 1, row_mapping::scopes)?;
            Ok((row.get(0)?, OperatorOverrides::read(row, 2)?, admitted))
        });
    let Some((openly, left, admitted_scopes)) = found.optional()? else {
        return Ok(None);
    };
    let client = find(conn, id)?;
    Ok(client.map(|client| SelfRegistered {
        client,
        openly,
        admitted_scopes,
        left,
    }))
}

/// Records that a session's client is in use.
pub(super) fn session_used(
    tx: &mut WriteTx<'_>,
    client: Option<ClientId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    client.map_or(Ok(()), |id| clients::used(tx, id, now))
}

const OPERATOR_RESOURCES: &str = concat!(
    "SELECT resources FROM clients ",
    by_index!("clients_resources"),
    " WHERE dynamic = 0 AND resources <> ''"
);

/// Every audience of operators' clients.
pub(super) fn operator_resources(conn: &Connection) -> Result<HashSet<String>, StoreError> {
    let mut select = conn.prepare_cached(OPERATOR_RESOURCES)?;
    let mut rows = select.query([])?;
    let mut resources = HashSet::new();
    while let Some(row) = rows.next()? {
        resources.extend(row_mapping::split_lines(row, 0)?);
    }
    Ok(resources)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::test::{database, plan};

    /// Rows of dynamically registered clients are long, so the writer reads none of them.
    #[test]
    fn resources_of_operators_clients_come_from_their_index_alone() {
        let conn = database();
        let plan = plan(OPERATOR_RESOURCES);
        assert!(plan.contains("COVERING INDEX clients_resources"), "{plan}");
        let row = "INSERT INTO clients (id, name, redirect_uris, grant_types, scopes, resources, created_at, dynamic) \
                   VALUES (randomblob(16), 'c', '', '', '', ?1, 0, ?2)";
        for (resources, dynamic) in [
            ("https://a.example\nhttps://b.example", 0),
            ("", 0),
            ("https://c.example", 1),
        ] {
            conn.execute(row, params![resources, dynamic]).unwrap();
        }
        let found = operator_resources(&conn).unwrap();
        let expected = ["https://a.example", "https://b.example"].map(str::to_owned);
        assert_eq!(found, HashSet::from(expected));
    }
}
