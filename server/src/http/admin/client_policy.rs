//! Conversions of a client's policy between the API and the domain.

use doorward_shared::admin::{Client, ClientPatch, RegisterClient};

use crate::{
    crypto::{client_jwks, secret::Secret},
    domain::{
        self, ClientPolicy, PolicyChange,
        client::{check_redirect_uri, check_resource},
        client_uris::{check_backchannel_uri, check_jwks_uri, check_shown_uri},
    },
    http::{ApiError, admin::clients::uris, path_ids},
};

/// The policy of a registration, as a change of the default policy.
pub(super) fn registered(
    form: &RegisterClient,
    http_hosts: &[String],
) -> Result<ClientPolicy, ApiError> {
    let patch = ClientPatch {
        id_token_claims: form.id_token_claims,
        unverified_email: form.unverified_email.clone(),
        allowed_groups: form.allowed_groups.clone(),
        post_logout_redirect_uris: form.post_logout_redirect_uris.clone(),
        default_resource: form.default_resource.clone().map(Some),
        backchannel_logout_uri: form.backchannel_logout_uri.clone().map(Some),
        backchannel_logout_session_required: form.backchannel_logout_session_required,
        token_endpoint_auth_method: form.token_endpoint_auth_method.clone().map(Some),
        jwks: form.jwks.clone().map(Some),
        jwks_uri: form.jwks_uri.clone().map(Some),
        logo_uri: form.logo_uri.clone().map(Some),
        client_uri: form.client_uri.clone().map(Some),
        skip_consent: form.skip_consent,
        ..ClientPatch::default()
    };
    let mut policy = ClientPolicy::default();
    change(&patch, http_hosts, false)?.apply(&mut policy);
    Ok(policy)
}

/// The policy of a change, validated.
///
/// # Errors
/// `validation_failed`, naming the field.
pub(super) fn change(
    patch: &ClientPatch,
    http_hosts: &[String],
    is_dynamic: bool,
) -> Result<PolicyChange, ApiError> {
    let groups = patch.allowed_groups.as_deref();
    let post_logout = patch.post_logout_redirect_uris.as_deref();
    let backchannel = |uri: &str| check_backchannel_uri(uri, is_dynamic);
    Ok(PolicyChange {
        id_token_claims: patch.id_token_claims,
        unverified_email: parsed("unverifiedEmail", patch.unverified_email.as_deref())?,
        allowed_groups: groups
            .map(|given| path_ids::groups("allowedGroups", given))
            .transpose()?,
        post_logout_redirect_uris: post_logout
            .map(|given| {
                uris("postLogoutRedirectUris", given, |uri| {
                    check_redirect_uri(uri, http_hosts)
                })
            })
            .transpose()?,
        default_resource: uri("defaultResource", &patch.default_resource, check_resource)?,
        backchannel_logout_uri: uri(
            "backchannelLogoutUri",
            &patch.backchannel_logout_uri,
            backchannel,
        )?,
        backchannel_logout_session_required: patch.backchannel_logout_session_required,
        auth_method: match &patch.token_endpoint_auth_method {
            Some(Some(method)) => {
                parsed("tokenEndpointAuthMethod", Some(method.as_str()))?.map(Some)
            }
            Some(None) => Some(None),
            None => None,
        },
        jwks: match &patch.jwks {
            Some(Some(keys)) => Some(Some(key_set(keys)?)),
            Some(None) => Some(None),
            None => None,
        },
        jwks_uri: uri("jwksUri", &patch.jwks_uri, check_jwks_uri)?,
        logo_uri: uri("logoUri", &patch.logo_uri, check_shown_uri)?,
        client_uri: uri("clientUri", &patch.client_uri, check_shown_uri)?,
        skip_consent: patch.skip_consent,
    })
}

fn parsed<T: std::str::FromStr<Err = &'static str>>(
    field: &str,
    given: Option<&str>,
) -> Result<Option<T>, ApiError> {
    let parse = |text: &str| {
        text.parse::<T>()
            .map_err(|why| ApiError::validation(field, why))
    };
    given.map(parse).transpose()
}

/// A change of one URI; `null` removes it.
fn uri(
    field: &str,
    given: &Option<Option<String>>,
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<Option<Option<String>>, ApiError> {
    if let Some(Some(uri)) = given {
        check(uri).map_err(|why| ApiError::validation(field, why))?;
    }
    Ok(given.clone())
}

fn key_set(keys: &serde_json::Value) -> Result<String, ApiError> {
    let text = keys.to_string();
    client_jwks::check(&text).map_err(|why| ApiError::validation("jwks", why))?;
    Ok(text)
}

/// The view of a client; with `secret` if one was just generated.
pub(super) fn view(client: domain::Client, secret: Option<&Secret>) -> Client {
    let confidential = client.is_confidential();
    let require_pkce = client.needs_pkce();
    let policy = client.policy;
    Client {
        id: client.id,
        client_id: client.id,
        confidential,
        require_pkce,
        name: client.name,
        redirect_uris: client.redirect_uris,
        grant_types: client.grant_types.iter().map(ToString::to_string).collect(),
        scopes: client.scopes,
        resources: client.resources,
        id_token_claims: policy.id_token_claims,
        unverified_email: policy.unverified_email.as_str().to_owned(),
        allowed_groups: policy.allowed_groups,
        post_logout_redirect_uris: policy.post_logout_redirect_uris,
        default_resource: policy.default_resource,
        resource_server: client.resource_server,
        backchannel_logout_uri: policy.backchannel_logout_uri,
        backchannel_logout_session_required: policy.backchannel_logout_session_required,
        token_endpoint_auth_method: policy.auth_method.map(|method| method.to_string()),
        jwks: policy
            .jwks
            .and_then(|keys| serde_json::from_str(&keys).ok()),
        jwks_uri: policy.jwks_uri,
        logo_uri: policy.logo_uri,
        client_uri: policy.client_uri,
        skip_consent: policy.skip_consent,
        dynamic: client.dynamic,
        created_at: client.created_at,
        client_secret: secret.map(|secret| secret.expose().to_owned()),
    }
}

/// Whether a new client gets a secret: one that may only authenticate with its key has none.
pub(super) fn needs_secret(client: &domain::Client, confidential: bool) -> bool {
    confidential && client.policy.auth_method != Some(domain::AuthMethod::PrivateKeyJwt)
}
