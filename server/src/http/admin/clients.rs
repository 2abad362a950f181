//! `/admin/clients`: OAuth clients.

use doorward_shared::{
    ClientId, Page, Timestamp,
    admin::{Client, ClientPatch, RegisterClient},
    apikey::RotateRequest,
};
use rocket::{Route, delete, get, patch, post, routes};
use ulid::Ulid;

use super::{
    client_policy::{self, view},
    scopes::{Clients, ClientsRead},
};
use crate::{
    clock::random_bytes,
    crypto::secret::client_secret,
    domain::{
        self, Act, ClientSecrets, EntryPoint, GrantType,
        client::{check_redirect_uri, check_resource, names_resource},
        rules::{
            authority::{self as rule, ClientActs},
            client::{self as clients, ClientChange},
        },
    },
    http::{
        Allowed, ApiError, Body, Listing, OptionalBody, Recent, RequestInfo, Services,
        idempotency_key::IdempotencyKey,
        path_ids,
        response::{ApiResult, EmptyResult, NoContent, created, ok},
    },
    service::MAX_GRACE,
    store::NewSecret,
};

/// Maximum number of redirect URIs, and of resources, of one client.
const MAX_URIS: usize = 50;

pub(super) fn routes() -> Vec<Route> {
    routes![list, register, get, change, delete, rotate_secret]
}

pub(super) fn uris(
    field: &str,
    given: &[String],
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<Vec<String>, ApiError> {
    if given.len() > MAX_URIS {
        return Err(ApiError::validation(field, "must be at most 50"));
    }
    for (at, uri) in given.iter().enumerate() {
        check(uri).map_err(|why| ApiError::element(field, at, why))?;
    }
    Ok(given.to_vec())
}

fn redirect_uris(services: &Services, given: &[String]) -> Result<Vec<String>, ApiError> {
    let hosts = &services.settings.http_redirect_hosts;
    uris("redirectUris", given, |uri| check_redirect_uri(uri, hosts))
}

fn grants(given: &[String]) -> Result<Vec<GrantType>, ApiError> {
    let parse = |text: &String| {
        text.parse::<GrantType>()
            .map_err(|why| ApiError::validation("grantTypes", why))
    };
    let mut grants = given.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    grants.sort();
    grants.dedup();
    Ok(grants)
}

/// A client that is an audience of tokens for this server can introspect every user's.
pub(super) fn for_this_server(services: &Services, resources: Option<&[String]>) -> bool {
    resources.is_some_and(|named| names_resource(named, &services.issuer))
}

/// Whether a caller may have a client with these scopes now; checked before a stored idempotent response is returned.
fn may_have(
    services: &Services,
    act: &Act,
    client: Client,
) -> impl Future<Output = Result<(), ApiError>> + Send {
    let sees_all = client.resource_server || for_this_server(services, Some(&client.resources));
    let (store, act) = (services.store.clone(), act.clone());
    async move {
        let validated = store.allowed(act, move |by| {
            let acts = ClientActs {
                scopes: &client.scopes,
                sees_all,
                resource_server: client.resource_server,
            };
            rule::change_client(by, acts)
        });
        Ok(validated.await?)
    }
}

pub(super) fn checked(
    services: &Services,
    form: &RegisterClient,
) -> Result<domain::Client, ApiError> {
    let grant_types = grants(&form.grant_types)?;
    let redirect_uris = redirect_uris(services, &form.redirect_uris)?;
    let client = domain::Client {
        id: ClientId(Ulid::nil()),
        name: path_ids::required_name("name", &form.name)?,
        redirect_uris,
        scopes: path_ids::scopes("scopes", &form.scopes)?,
        resources: uris("resources", &form.resources, check_resource)?,
        grant_types,
        secrets: None,
        require_pkce: form.require_pkce,
        resource_server: form.resource_server,
        policy: client_policy::registered(form, &services.settings.http_redirect_hosts)?,
        dynamic: false,
        document: None,
        client_tokens_valid_from: None,
        codes_valid_after: None,
        created_at: Timestamp::default(),
    };
    if !form.confidential && client.policy.auth_method == Some(domain::AuthMethod::PrivateKeyJwt) {
        let reason = "must not be private_key_jwt: that is for confidential clients";
        return Err(ApiError::validation("tokenEndpointAuthMethod", reason));
    }
    Ok(client)
}

#[get("/admin/clients")]
async fn list(
    services: &Services,
    _by: Allowed<ClientsRead>,
    listing: Listing<()>,
) -> ApiResult<Page<Client>> {
    let page = services.store.clients(listing.query).await?;
    ok(page.map(|client| view(client, None)))
}

#[post("/admin/clients", data = "<body>")]
async fn register(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Clients>,
    once: IdempotencyKey,
    body: Body<RegisterClient>,
) -> ApiResult<Client> {
    let act = services.act(&by, EntryPoint::Admin, info)?;
    let again = |kept: Client| may_have(services, &act, kept);
    let work = async {
        let mut client = checked(services, &body.0)?;
        let sees_all = for_this_server(services, Some(&client.resources));
        let with_secret = client_policy::needs_secret(&client, body.0.confidential);
        let secret = with_secret.then(|| client_secret(random_bytes()));
        client.secrets = secret.as_ref().map(|secret| ClientSecrets {
            current: secret.digest(),
            previous: None,
            unmarked: 0,
        });
        clients::register(&client)?;
        let act = services.act(&by, EntryPoint::Admin, info)?;
        let client = services.store.create_client(client, sees_all, act).await?;
        created(view(client, secret.as_ref()))
    };
    once.run(services, &by, &body.0, again, work).await
}

async fn find(services: &Services, id: &str) -> Result<domain::Client, ApiError> {
    let client = services.store.client(path_ids::id(id, "client")?).await?;
    let client = client.ok_or_else(|| ApiError::not_found("client"))?;
    Ok(domain::Client::clone(&client))
}

#[get("/admin/clients/<id>")]
async fn get(services: &Services, _by: Allowed<ClientsRead>, id: &str) -> ApiResult<Client> {
    ok(view(find(services, id).await?, None))
}

/// A change of a client, validated.
///
/// # Errors
/// `validation_failed`, naming the field.
pub(super) fn change_of(
    services: &Services,
    patch: &ClientPatch,
    is_dynamic: bool,
) -> Result<ClientChange, ApiError> {
    let hosts = &services.settings.http_redirect_hosts;
    let policy = client_policy::change(patch, hosts, is_dynamic)?;
    let name = patch.name.as_deref();
    let redirect_uris = patch.redirect_uris.as_deref();
    let resources = patch.resources.as_deref();
    Ok(ClientChange {
        name: name
            .map(|name| path_ids::required_name("name", name))
            .transpose()?,
        redirect_uris: redirect_uris
            .map(|given| self::redirect_uris(services, given))
            .transpose()?,
        grant_types: patch.grant_types.as_deref().map(grants).transpose()?,
        scopes: patch
            .scopes
            .as_deref()
            .map(|given| path_ids::scopes("scopes", given))
            .transpose()?,
        resources: resources
            .map(|given| uris("resources", given, check_resource))
            .transpose()?,
        require_pkce: patch.require_pkce,
        resource_server: patch.resource_server,
        policy,
        own: services.issuer.clone(),
    })
}

#[patch("/admin/clients/<id>", data = "<body>")]
async fn change(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Clients>,
    id: &str,
    body: Body<ClientPatch>,
) -> ApiResult<Client> {
    let client = find(services, id).await?;
    let change = change_of(services, &body.0, client.dynamic)?;
    let act = services.act(&by, EntryPoint::Admin, info)?;
    let client = services.store.change_client(client.id, change, act).await?;
    ok(view(client, None))
}

#[delete("/admin/clients/<id>")]
async fn delete(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Clients>,
    id: &str,
) -> EmptyResult {
    let id = path_ids::id(id, "client")?;
    let act = services.act(&by, EntryPoint::Admin, info)?;
    services.store.delete_client(id, act).await?;
    Ok(NoContent)
}

#[post("/admin/clients/<id>/secret", data = "<body>")]
async fn rotate_secret(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Clients>,
    id: &str,
    once: IdempotencyKey,
    body: OptionalBody<RotateRequest>,
) -> ApiResult<Client> {
    let now = services.clock.now();
    let act = services.act(&by, EntryPoint::Admin, info)?;
    let again = |kept: Client| may_have(services, &act, kept);
    let work = async {
        let grace = body.0.grace_seconds;
        if grace > MAX_GRACE {
            return Err(ApiError::validation(
                "graceSeconds",
                "must be at most 30 days",
            ));
        }
        let client = find(services, id).await?;
        let secret = client_secret(random_bytes());
        let new = NewSecret {
            hash: secret.digest(),
            old_until: now.plus_seconds(i64::from(grace)),
        };
        let act = services.act(&by, EntryPoint::Admin, info)?;
        let client = services
            .store
            .rotate_client_secret(client.id, new, services.issuer.clone(), act)
            .await?;
        ok(view(client, Some(&secret)))
    };
    once.run(services, &by, &body.0, again, work).await
}
