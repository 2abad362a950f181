//! OAuth clients: registration, changes, secrets and deletion.

use std::{collections::HashSet, sync::Arc};

use doorward_shared::{ClientId, Page, Timestamp};
use url::{Origin, Url};

use super::{
    Store, StoreError, apply, authority,
    bulk_revocation_job::is_more_left,
    bulk_revocations::{self, BulkRevocation, RevokedKind},
    caches::through,
    client_overrides, group_access,
    keys::{self, KeysOf},
    list::{Filter, List, ListQuery, folded},
    row_mapping::{self, CLIENT, lines},
    sql::{Connection, OptionalExtension, Value, params},
    write_tx::{NewEvent, WriteTx},
};
use crate::{
    crypto::secret::Digest256,
    domain::{
        Act, Actor, AuditContext, AuthMethod, Client, DomainError,
        diff::quoted,
        rules::{
            authority::{self as rule, ClientActs},
            client::{self as clients, ClientChange},
        },
    },
};

const LIST: List<Client> = List {
    from: "clients AS c",
    columns: CLIENT,
    id: "c.id",
    kept: None,
    sorts: &[
        ("id", "c.id"),
        ("createdAt", "c.created_at"),
        ("name", "c.name"),
    ],
    row: row_mapping::client,
};

/// A secret that replaces another.
#[derive(Debug, Clone, Copy)]
pub struct NewSecret {
    pub hash: Digest256,
    /// When the previous secret expires.
    pub old_until: Timestamp,
}

impl Store {
    /// A client. Cached after the first read.
    pub async fn client(&self, id: ClientId) -> Result<Option<Arc<Client>>, StoreError> {
        through(&self.memory().clients, &id, async {
            self.look_up(move |conn| Ok(find(conn, id)?.map(Arc::new)))
                .await
        })
        .await
    }

    /// A client, if it is in the cache. For callers that cannot wait.
    pub fn client_in_memory(&self, id: ClientId) -> Option<Arc<Client>> {
        self.memory().clients.get(&id)
    }

    /// Origins of the redirect URIs of public clients (browser applications). Cached until a client changes.
    pub async fn browser_origins(&self) -> Result<Arc<HashSet<String>>, StoreError> {
        let found = through(&self.memory().browser_origins, &(), async {
            self.read(|conn| Ok(Some(Arc::new(browser_origins(conn)?))))
                .await
        });
        Ok(found.await?.unwrap_or_default())
    }

    /// Registers a client. Sets `client.id` and `client.created_at`. `sees_all`: its resources include this server.
    ///
    /// # Errors
    /// As [`rule::change_client`].
    pub async fn create_client(
        &self,
        client: Client,
        sees_all: bool,
        act: Act,
    ) -> Result<Client, StoreError> {
        self.write(move |tx| create(tx, client, sees_all, &act))
            .await
    }

    /// Changes a client.
    ///
    /// # Errors
    /// [`DomainError::NotFound`]; as [`rule::change_client`].
    pub async fn change_client(
        &self,
        id: ClientId,
        change: ClientChange,
        act: Act,
    ) -> Result<Client, StoreError> {
        self.write(move |tx| Ok(change_one(tx, id, change, &act)?.1))
            .await
    }

    /// Gives a confidential client a new secret. `own` is this server as a resource: the secret of a client that is an
    /// audience of the server's own tokens gives access to every user's tokens.
    ///
    /// # Errors
    /// [`DomainError::NotFound`], [`DomainError::Conflict`] for a public client; as [`rule::change_client`].
    pub async fn rotate_client_secret(
        &self,
        id: ClientId,
        secret: NewSecret,
        own: String,
        act: Act,
    ) -> Result<Client, StoreError> {
        self.write(move |tx| rotate_secret(tx, id, secret, &own, &act))
            .await
    }

    /// Deletes a client and revokes what it was granted: its sessions and the API keys minted with its tokens. Its own
    /// tokens become invalid with the client.
    ///
    /// # Errors
    /// [`DomainError::NotFound`]; as [`rule::delete_client`].
    pub async fn delete_client(&self, id: ClientId, act: Act) -> Result<(), StoreError> {
        self.write(move |tx| delete(tx, id, &act)).await
    }

    /// A page of clients. `q` searches names, or is an id.
    pub async fn clients(&self, query: ListQuery) -> Result<Page<Client>, StoreError> {
        let order = LIST.order(&query)?;
        self.read(move |conn| {
            let mut conditions = Filter::default();
            if let Some(q) = query.q.as_deref().filter(|q| !q.is_empty()) {
                match q.parse::<ClientId>() {
                    Ok(id) => conditions.and("c.id = ?", [Value::Blob(id.0.to_bytes().to_vec())]),
                    Err(_) => conditions.and("instr(fold(c.name), ?) > 0", [folded(q)]),
                }
            }
            LIST.page(conn, conditions, &query, order)
        })
        .await
    }
}

/// Registers a client, as [`Store::create_client`].
pub(super) fn create(
    tx: &mut WriteTx<'_>,
    mut client: Client,
    sees_all: bool,
    act: &Act,
) -> Result<Client, StoreError> {
    let by = authority::authorize(tx, act)?;
    let acts = ClientActs {
        scopes: &client.scopes,
        sees_all,
        resource_server: client.resource_server,
    };
    rule::change_client(&by, acts)?;
    clients::register(&client)?;
    let context = act.context(&by);
    client.id = ClientId(tx.id(context.at));
    client.created_at = context.at;
    insert(tx, &client, context)?;
    Ok(client)
}

/// Writes a new client, with its event.
pub(super) fn insert(
    tx: &mut WriteTx<'_>,
    client: &Client,
    context: &AuditContext,
) -> Result<(), StoreError> {
    write(tx, client)?;
    let name = quoted(&client.name);
    let diff = clients::diff(None, client);
    let happened = NewEvent {
        action: "client.created",
        target: Some(&client.id),
        user: None,
        detail: Some(&name),
    };
    tx.changed(context, happened, &diff)
}

/// Changes a client, as [`Store::change_client`]; returns it before and after.
pub(super) fn change_one(
    tx: &mut WriteTx<'_>,
    id: ClientId,
    change: ClientChange,
    act: &Act,
) -> Result<(Client, Client), StoreError> {
    let by = authority::authorize(tx, act)?;
    let before = find(tx.conn, id)?.ok_or(DomainError::NotFound("client"))?;
    let acts = ClientActs {
        scopes: &change.scopes_to_hold(&before),
        sees_all: change.sees_all(&before),
        resource_server: change.resource_server(&before),
    };
    rule::change_client(&by, acts)?;
    let client = clients::change(&before, change)?;
    if client != before {
        write(tx, &client)?;
        keys::client_changed(tx, &before)?;
        client_overrides::note(tx, &before, &client)?;
        group_access::groups_changed(tx, &before, &client, act.context(&by))?;
        let name = quoted(&client.name);
        let diff = clients::diff(Some(&before), &client);
        let happened = NewEvent {
            action: "client.updated",
            target: Some(&id),
            user: None,
            detail: Some(&name),
        };
        tx.changed(act.context(&by), happened, &diff)?;
    }
    Ok((before, client))
}

/// Gives a client a new secret, as [`Store::rotate_client_secret`].
pub(super) fn rotate_secret(
    tx: &mut WriteTx<'_>,
    id: ClientId,
    secret: NewSecret,
    own: &str,
    act: &Act,
) -> Result<Client, StoreError> {
    let by = authority::authorize(tx, act)?;
    let client = find(tx.conn, id)?.ok_or(DomainError::NotFound("client"))?;
    // Whoever has a client's secret has all of the client's rights.
    let acts = ClientActs {
        scopes: &client.scopes,
        sees_all: client.sees_all(own),
        resource_server: client.resource_server,
    };
    rule::change_client(&by, acts)?;
    let context = act.context(&by);
    let ends_at_once = secret.old_until <= context.at;
    let client = clients::rotate_secret(&client, secret.hash, secret.old_until, context.at)?;
    write(tx, &client)?;
    if ends_at_once {
        // Revoked with the client's tokens: a leaked secret may have been used to create these.
        keys::end_shown_to(tx, Actor::Client(id))?;
    }
    tx.event(context, "client.secret_rotated", Some(&id), None, None)?;
    Ok(client)
}

/// Deletes a client, as [`Store::delete_client`].
pub(super) fn delete(tx: &mut WriteTx<'_>, id: ClientId, act: &Act) -> Result<(), StoreError> {
    let by = authority::authorize(tx, act)?;
    rule::delete_client(&by)?;
    let context = act.context(&by);
    let client = find(tx.conn, id)?.ok_or(DomainError::NotFound("client"))?;
    remove(tx, &client, context)
}

/// Deletes a client and revokes what it was granted.
pub(super) fn remove(
    tx: &mut WriteTx<'_>,
    client: &Client,
    context: &AuditContext,
) -> Result<(), StoreError> {
    let id = client.id;
    bulk_revocations::end_sessions_of_client(tx, id, context)?;
    keys::end_all(tx, KeysOf::Client(id), context)?;
    if is_more_left(tx.conn, None, Some(id))? {
        let rows = BulkRevocation {
            what: RevokedKind::Rows,
            client: Some(id),
            ..BulkRevocation::default()
        };
        bulk_revocations::insert(tx, &rows, context)?;
    }
    tx.conn
        .prepare_cached("DELETE FROM clients WHERE id = ?1")?
        .execute([id.0.to_bytes()])?;
    apply::forget_client(tx, id)?;
    tx.changes.clients.push(id);
    let name = quoted(&client.name);
    tx.event(context, "client.deleted", Some(&id), None, Some(&name))
}

fn browser_origins(conn: &Connection) -> Result<HashSet<String>, StoreError> {
    let sql = "SELECT redirect_uris FROM clients WHERE secret IS NULL AND coalesce(auth_method, 'none') = 'none'";
    let mut select = conn.prepare_cached(sql)?;
    let mut rows = select.query([])?;
    let mut origins = HashSet::new();
    while let Some(row) = rows.next()? {
        let uris = row.get_ref(0)?.as_str().unwrap_or_default();
        let web = uris.lines().filter(|uri| uri.starts_with("http"));
        let parsed = web.filter_map(|uri| Url::parse(uri).ok());
        // An opaque origin is `null`, the same as in every sandboxed frame.
        let tuples = parsed.map(|url| url.origin()).filter(Origin::is_tuple);
        origins.extend(tuples.map(|origin| origin.ascii_serialization()));
    }
    Ok(origins)
}

/// Records that a dynamically registered client is in use: unused ones are deleted. Other clients have no such record.
pub(super) fn used(tx: &mut WriteTx<'_>, id: ClientId, now: Timestamp) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("UPDATE clients SET last_used_at = ?2 WHERE id = ?1 AND dynamic = 1")?
        .execute(params![id.0.to_bytes(), now.0])?;
    Ok(())
}

pub(super) fn find(conn: &Connection, id: ClientId) -> Result<Option<Client>, StoreError> {
    let sql = format!("SELECT {CLIENT} FROM clients AS c WHERE c.id = ?1");
    Ok(conn
        .prepare_cached(&sql)?
        .query_row([id.0.to_bytes()], row_mapping::client)
        .optional()?)
}

/// Writes a client. An upsert instead of a replacement, which would first delete the row and its dependents.
const UPSERT: &str = "INSERT INTO clients (id, name, redirect_uris, grant_types, scopes, resources, secret, old_secret, \
    old_secret_until, created_at, unmarked_secrets, require_pkce, dynamic, id_token_claims, unverified_email, \
    allowed_groups, post_logout_redirect_uris, default_resource, resource_server, backchannel_logout_uri, \
    backchannel_logout_session, auth_method, jwks, jwks_uri, logo_uri, client_uri, skip_consent) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, \
    ?23, ?24, ?25, ?26, ?27) ON CONFLICT (id) DO UPDATE SET \
    name = excluded.name, redirect_uris = excluded.redirect_uris, grant_types = excluded.grant_types, \
    scopes = excluded.scopes, resources = excluded.resources, secret = excluded.secret, \
    old_secret = excluded.old_secret, old_secret_until = excluded.old_secret_until, \
    unmarked_secrets = excluded.unmarked_secrets, require_pkce = excluded.require_pkce, \
    id_token_claims = excluded.id_token_claims, unverified_email = excluded.unverified_email, \
    allowed_groups = excluded.allowed_groups, default_resource = excluded.default_resource, \
    post_logout_redirect_uris = excluded.post_logout_redirect_uris, \
    resource_server = excluded.resource_server, backchannel_logout_uri = excluded.backchannel_logout_uri, \
    backchannel_logout_session = excluded.backchannel_logout_session, auth_method = excluded.auth_method, \
    jwks = excluded.jwks, jwks_uri = excluded.jwks_uri, logo_uri = excluded.logo_uri, \
    client_uri = excluded.client_uri, skip_consent = excluded.skip_consent";

pub(super) fn write(tx: &mut WriteTx<'_>, client: &Client) -> Result<(), StoreError> {
    let grants: Vec<_> = client.grant_types.iter().map(ToString::to_string).collect();
    let secrets = client.secrets.as_ref();
    let previous = secrets.and_then(|secrets| secrets.previous);
    let policy = &client.policy;
    tx.conn.prepare_cached(UPSERT)?.execute(params![
        client.id.0.to_bytes(),
        client.name,
        lines(&client.redirect_uris),
        lines(&grants),
        client.scopes.to_string(),
        lines(&client.resources),
        secrets.map(|secrets| secrets.current.0),
        previous.map(|(digest, _)| digest.0),
        previous.map(|(_, until)| until.0),
        client.created_at.0,
        secrets.map_or(0, |secrets| secrets.unmarked),
        client.require_pkce,
        client.dynamic,
        policy.id_token_claims,
        policy.unverified_email.as_str(),
        policy.allowed_groups.join(" "),
        lines(&policy.post_logout_redirect_uris),
        policy.default_resource,
        client.resource_server,
        policy.backchannel_logout_uri,
        policy.backchannel_logout_session_required,
        policy.auth_method.map(AuthMethod::as_str),
        policy.jwks,
        policy.jwks_uri,
        policy.logo_uri,
        policy.client_uri,
        policy.skip_consent
    ])?;
    tx.changes.clients.push(client.id);
    Ok(())
}
