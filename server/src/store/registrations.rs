//! Clients that register themselves: RFC 7591 and 7592, and metadata documents.

use std::{collections::HashSet, sync::Arc};

use doorward_shared::{ClientId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Store, StoreError, authority,
    clients::{self, find, remove, what_changed, write},
    memory::through,
    rows::{self, ulid},
    writer::Unit,
};
use crate::{
    crypto::secret::Digest256,
    domain::{
        Act, Cause, Client, ClientPolicy, Refusal,
        diff::quoted,
        rules::authority::{self as rule, ClientActs},
    },
};

/// Clients that a sweep looks at at once.
const SOME: usize = 50;
/// How long an unused client stays, in seconds: a day.
const UNUSED: i64 = 86_400;

/// On whose word a client may register.
#[derive(Debug, Clone)]
pub enum Admission {
    /// Anybody may.
    Open(Cause),
    /// With an initial access token: it has uses.
    Token(Digest256, Cause),
    /// With a credential that may manage clients.
    Act(Act),
}

/// A metadata document, as it was fetched.
#[derive(Debug, Clone)]
pub struct Document {
    pub url: String,
    /// Until when it need not be fetched again.
    pub until: Timestamp,
}

impl Store {
    /// Registers a client that does so itself. `client.id` and `client.created_at` are set here.
    ///
    /// # Errors
    /// [`Refusal::CredentialEnded`] for an initial access token that is used up or over; as [`rule::change_client`].
    pub async fn register_dynamic(
        &self,
        mut client: Client,
        token: Digest256,
        admission: Admission,
    ) -> Result<Client, StoreError> {
        self.write(move |unit| {
            let cause = admitted(unit, &client, &admission)?;
            client.id = ClientId(unit.id(cause.at));
            client.created_at = cause.at;
            create(unit, &client, &cause)?;
            unit.conn
                .prepare_cached("UPDATE clients SET registration_token = ?2 WHERE id = ?1")?
                .execute(params![client.id.0.to_bytes(), token.0])?;
            Ok(client)
        })
        .await
    }

    /// The client that a registration access token is of, if it is this one.
    pub async fn registered(
        &self,
        id: ClientId,
        token: Digest256,
    ) -> Result<Option<Client>, StoreError> {
        self.read(move |conn| {
            if !is_token_of(conn, id, token)? {
                return Ok(None);
            }
            find(conn, id)
        })
        .await
    }

    /// Changes a client that registered itself, at its own wish.
    ///
    /// # Errors
    /// [`Refusal::CredentialEnded`], when the token is not its.
    pub async fn change_registered(
        &self,
        client: Client,
        token: Digest256,
        cause: Cause,
    ) -> Result<Client, StoreError> {
        self.write(move |unit| {
            if !is_token_of(unit.conn, client.id, token)? {
                return Err(Refusal::CredentialEnded.into());
            }
            change(unit, &client, &cause)
        })
        .await
    }

    /// Deletes a client that registered itself, at its own wish.
    ///
    /// # Errors
    /// [`Refusal::CredentialEnded`], when the token is not its.
    pub async fn delete_registered(
        &self,
        id: ClientId,
        token: Digest256,
        cause: Cause,
    ) -> Result<(), StoreError> {
        self.write(move |unit| {
            let client = find(unit.conn, id)?;
            match client {
                Some(client) if is_token_of(unit.conn, id, token)? => remove(unit, &client, &cause),
                _ => Err(Refusal::CredentialEnded.into()),
            }
        })
        .await
    }

    /// Keeps an initial access token.
    ///
    /// # Errors
    /// As [`rule::change_client`].
    pub async fn add_registration_token(
        &self,
        hash: Digest256,
        expires_at: Timestamp,
        uses: u32,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            let acts = ClientActs {
                scopes: &doorward_shared::ScopeSet::default(),
                sees_all: false,
                resource_server: false,
            };
            rule::change_client(&by, acts)?;
            unit.conn
                .prepare_cached("INSERT INTO registration_tokens VALUES (?1, ?2, ?3)")?
                .execute(params![hash.0, expires_at.0, uses])?;
            let detail = format!("{uses} uses until {expires_at}");
            unit.event(
                act.cause(&by),
                "client.registration_token_created",
                None,
                None,
                Some(&detail),
            )
        })
        .await
    }

    /// The client that a metadata document is, and until when the document is good.
    pub async fn document_client(
        &self,
        url: String,
    ) -> Result<Option<(ClientId, Timestamp)>, StoreError> {
        self.read(move |conn| {
            let sql = "SELECT id, document_until FROM clients WHERE document_url = ?1";
            let found = conn.prepare_cached(sql)?.query_row([url], |row| {
                Ok((ClientId(ulid(row, 0)?), Timestamp(row.get(1)?)))
            });
            Ok(found.optional()?)
        })
        .await
    }

    /// Makes the client of a metadata document, or brings it up to what the document says now.
    pub async fn keep_document(
        &self,
        mut client: Client,
        document: Document,
        cause: Cause,
    ) -> Result<ClientId, StoreError> {
        self.write(move |unit| {
            let sql = "SELECT id FROM clients WHERE document_url = ?1";
            let known = unit
                .conn
                .prepare_cached(sql)?
                .query_row([&document.url], |row| ulid(row, 0))
                .optional()?;
            match known {
                Some(id) => {
                    client.id = ClientId(id);
                    change(unit, &client, &cause)?;
                }
                None => {
                    client.id = ClientId(unit.id(cause.at));
                    client.created_at = cause.at;
                    create(unit, &client, &cause)?;
                }
            }
            unit.conn
                .prepare_cached(
                    "UPDATE clients SET document_url = ?2, document_until = ?3 WHERE id = ?1",
                )?
                .execute(params![
                    client.id.0.to_bytes(),
                    document.url,
                    document.until.0
                ])?;
            Ok(client.id)
        })
        .await
    }

    /// Resources that operators' clients name: those that a client which registered itself may ask for. From memory until
    /// a client changes.
    pub async fn operator_resources(&self) -> Result<Arc<HashSet<String>>, StoreError> {
        let found = through(&self.memory().operator_resources, &(), async {
            self.read(|conn| Ok(Some(Arc::new(operator_resources(conn)?))))
                .await
        });
        Ok(found.await?.unwrap_or_default())
    }

    /// Deletes clients that registered themselves and were not used for a day; answers how many. One that has a live
    /// session is in use.
    pub async fn sweep_unused_clients(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut gone = 0;
        loop {
            let found = self.read(move |conn| unused(conn, now)).await?;
            let last = found.len() < SOME;
            gone += self
                .write(move |unit| {
                    let mut gone = 0;
                    for id in found {
                        // It may have been used since.
                        if let Some(client) = find(unit.conn, id)?
                            && is_unused(unit.conn, id, now)?
                        {
                            remove(unit, &client, &Cause::system(now))?;
                            gone += 1;
                        }
                    }
                    Ok(gone)
                })
                .await?;
            if last {
                return Ok(gone);
            }
        }
    }
}

/// Uses up what admits a client; answers what its registration is put down to.
fn admitted(
    unit: &mut Unit<'_>,
    client: &Client,
    admission: &Admission,
) -> Result<Cause, StoreError> {
    match admission {
        Admission::Open(cause) => Ok(cause.clone()),
        Admission::Token(hash, cause) => {
            let sql = "UPDATE registration_tokens SET uses_left = uses_left - 1 \
                       WHERE hash = ?1 AND uses_left > 0 AND expires_at > ?2";
            let used = unit
                .conn
                .prepare_cached(sql)?
                .execute(params![hash.0, cause.at.0])?;
            if used == 1 {
                Ok(cause.clone())
            } else {
                Err(Refusal::CredentialEnded.into())
            }
        }
        Admission::Act(act) => {
            let by = authority::judge(unit, act)?;
            let acts = ClientActs {
                scopes: &client.scopes,
                sees_all: false,
                resource_server: false,
            };
            rule::change_client(&by, acts)?;
            Ok(act.cause(&by).clone())
        }
    }
}

fn create(unit: &mut Unit<'_>, client: &Client, cause: &Cause) -> Result<(), StoreError> {
    write(unit, client)?;
    let name = quoted(&client.name);
    let diff = what_changed(None, client);
    let of = (&client.id as &dyn std::fmt::Display, None);
    unit.changed(cause, "client.created", of, &diff, Some(&name))
}

/// Changes a client; answers it as it is then.
fn change(unit: &mut Unit<'_>, client: &Client, cause: &Cause) -> Result<Client, StoreError> {
    let before = find(unit.conn, client.id)?.ok_or(Refusal::NotFound("client"))?;
    // What an operator has decided about it, and what it was given, is not its own to change.
    let decided = before.policy.clone();
    let client = Client {
        created_at: before.created_at,
        secrets: before.secrets.clone(),
        resources: before.resources.clone(),
        require_pkce: before.require_pkce,
        resource_server: before.resource_server,
        policy: ClientPolicy {
            id_token_claims: decided.id_token_claims,
            unverified_email: decided.unverified_email,
            allowed_groups: decided.allowed_groups,
            default_resource: decided.default_resource,
            skip_consent: decided.skip_consent,
            ..client.policy.clone()
        },
        ..client.clone()
    };
    if client == before {
        return Ok(client);
    }
    write(unit, &client)?;
    let name = quoted(&client.name);
    let diff = what_changed(Some(&before), &client);
    let of = (&client.id as &dyn std::fmt::Display, None);
    unit.changed(cause, "client.updated", of, &diff, Some(&name))?;
    Ok(client)
}

fn is_token_of(conn: &Connection, id: ClientId, token: Digest256) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM clients WHERE id = ?1 AND registration_token = ?2)";
    Ok(conn
        .prepare_cached(sql)?
        .query_row(params![id.0.to_bytes(), token.0], |row| row.get(0))?)
}

/// A client that registered itself (`c`) and was not used for so long, nor has a live session.
const IS_UNUSED: &str = "c.dynamic = 1 AND coalesce(c.last_used_at, c.created_at) < ?1 AND NOT EXISTS \
     (SELECT 1 FROM sessions s WHERE s.client_id = c.id AND s.revoked_at IS NULL AND s.idle_until > ?2)";

fn unused(conn: &Connection, now: Timestamp) -> Result<Vec<ClientId>, StoreError> {
    let sql = format!("SELECT c.id FROM clients c WHERE {IS_UNUSED} LIMIT ?3");
    let mut select = conn.prepare_cached(&sql)?;
    let before = now.plus_seconds(-UNUSED).0;
    let rows = select.query_map(params![before, now.0, SOME], |row| {
        ulid(row, 0).map(ClientId)
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn is_unused(conn: &Connection, id: ClientId, now: Timestamp) -> Result<bool, StoreError> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM clients c WHERE c.id = ?3 AND {IS_UNUSED})");
    let before = now.plus_seconds(-UNUSED).0;
    Ok(conn
        .prepare_cached(&sql)?
        .query_row(params![before, now.0, id.0.to_bytes()], |row| row.get(0))?)
}

/// Notes that a session's client is in use.
pub(super) fn session_used(
    unit: &mut Unit<'_>,
    client: Option<ClientId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    client.map_or(Ok(()), |id| clients::used(unit, id, now))
}

/// Every audience of an operator's client.
pub(super) fn operator_resources(conn: &Connection) -> Result<HashSet<String>, StoreError> {
    let sql = "SELECT resources FROM clients WHERE dynamic = 0 AND resources <> ''";
    let mut select = conn.prepare_cached(sql)?;
    let mut rows = select.query([])?;
    let mut resources = HashSet::new();
    while let Some(row) = rows.next()? {
        resources.extend(rows::split_lines(row, 0)?);
    }
    Ok(resources)
}
