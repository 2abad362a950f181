//! Client authentication, RFC 6749 section 2.3: `client_secret_basic`, `client_secret_post`,
//! `private_key_jwt`, `none`.

use std::{net::IpAddr, sync::Arc};

use doorward_shared::{ClientId, Timestamp};

use super::{
    Form, OAuthError, authorize::SAID_NO, dynamic_registration::Registrations,
    error::UNKNOWN_CLIENT, presented_credentials::PresentedCredentials,
};
use crate::{
    clock::Clock,
    crypto::{
        client_assertion::{Expected, lacks_key, verify},
        secret::Digest256,
    },
    domain::{
        Act, AuditContext, AuthMethod, Authority, Client, ClientSecrets, EntryPoint, Principal,
        RejectedParameter,
    },
    service::{ClientKeys, RefusedClients},
    state::NamedClient,
    store::Store,
};

/// An authenticated client.
pub(crate) struct Authenticated {
    pub client: Arc<Client>,
    /// Hash of the secret it used, or the thumbprint of its key.
    pub secret: Option<Digest256>,
    /// Whether it used HTTP Basic.
    pub basic: bool,
}

impl Authenticated {
    /// An operation by the client on its own tokens.
    pub(crate) fn act(&self, cause: AuditContext) -> Act {
        let authority = Authority {
            holder: Principal::Registered {
                id: self.client.id,
                secret: self.secret,
            },
            door: EntryPoint::Own,
            signed_in_at: None,
            step_up_seconds: 0,
        };
        Act::new(authority, cause)
    }
}

/// Description of an unknown `client_id`. Text of another form may be a secret in the wrong field, so it is not
/// recorded.
fn unknown_name(name: &str) -> Option<RejectedParameter> {
    let is_named = name.starts_with("client_") || name.starts_with("https://");
    is_named.then(|| RejectedParameter::uri("client_id", name, [""; 0]))
}

/// Adds an unknown `client_id` to an error.
pub(super) fn about_name(failure: OAuthError, name: &str) -> OAuthError {
    OAuthError {
        sent: unknown_name(name).map(Box::new),
        ..failure
    }
}

/// Authenticates clients.
#[derive(Debug, Clone)]
pub struct Clients {
    pub(crate) store: Store,
    pub(crate) refused: RefusedClients,
    pub(crate) registrations: Registrations,
    pub(crate) keys: Arc<ClientKeys>,
    pub(crate) issuer: String,
    pub(crate) clock: Clock,
}

/// Whether the error is not the client's fault: the user has yet to sign in or to consent, or denied the request.
fn is_ordinary(failure: &OAuthError) -> bool {
    matches!(failure.error, "login_required" | "consent_required") || failure.description == SAID_NO
}

impl Clients {
    /// Records that a client was rejected. The server's own faults are not recorded.
    pub(crate) fn refused(&self, client: Option<ClientId>, failure: &OAuthError, ip: IpAddr) {
        if failure.status < 500 && !is_ordinary(failure) {
            let why = failure.description.clone();
            let sent = failure.sent.as_deref().cloned();
            let exists = why != UNKNOWN_CLIENT;
            let client = client.map(|id| NamedClient {
                exists,
                ..NamedClient::known(id)
            });
            self.refused.record(client, failure.error, why, sent, ip);
        }
    }

    /// Authenticates the client of a request. The reason for a rejection is recorded for operators, and not disclosed
    /// to the client.
    ///
    /// # Errors
    /// `invalid_client`; `invalid_request` for two authentication methods at once; 503 when storage cannot be read.
    pub(crate) async fn client_of(
        &self,
        headers: &[&str],
        form: &Form,
        ip: IpAddr,
    ) -> Result<Arc<Client>, OAuthError> {
        Ok(self.authenticated(headers, form, ip).await?.client)
    }

    /// As [`Clients::client_of`], with the hash of the secret it used.
    ///
    /// # Errors
    /// As [`Clients::client_of`].
    pub(crate) async fn authenticated(
        &self,
        headers: &[&str],
        form: &Form,
        ip: IpAddr,
    ) -> Result<Authenticated, OAuthError> {
        let credentials = match PresentedCredentials::read(headers, form) {
            Ok(Some(credentials)) => credentials,
            Ok(None) => {
                let failure = OAuthError::client(false);
                let why = "missing client credentials";
                self.refused.record(None, failure.error, why, None, ip);
                return Err(failure);
            }
            Err(failure) => {
                self.refused(None, &failure, ip);
                return Err(failure);
            }
        };
        let name = &credentials.id;
        let named = self.registrations.client_named(name, ip).await;
        let named = named.map_err(|failure| about_name(failure, name));
        // Its client ID metadata document cannot be used.
        let named = named.inspect_err(|failure| self.refused(None, failure, ip))?;
        let (client, why, sent) = match named {
            Some(client) => match self.shown(&client, &credentials).await? {
                Ok(secret) => {
                    let basic = credentials.basic;
                    return Ok(Authenticated {
                        client,
                        secret,
                        basic,
                    });
                }
                Err(ClientAuthError { why, sent }) => {
                    (Some(NamedClient::known(client.id)), why, sent)
                }
            },
            None => {
                let exists = false;
                let client = name.parse().ok().map(|id| NamedClient {
                    exists,
                    ..NamedClient::known(id)
                });
                (client, UNKNOWN_CLIENT, unknown_name(name))
            }
        };
        self.refused.record(client, "invalid_client", why, sent, ip);
        Err(OAuthError::client(credentials.basic))
    }

    /// Authenticates a client; returns the hash of the secret, or the thumbprint of the key, that its own tokens are
    /// bound to, or the error.
    async fn shown(
        &self,
        client: &Client,
        credentials: &PresentedCredentials,
    ) -> Result<Result<Option<Digest256>, ClientAuthError>, OAuthError> {
        let assertion = credentials.assertion.as_ref();
        let registered = client.policy.auth_method;
        if (assertion.is_some() || client.is_confidential())
            && registered.is_some_and(|method| method != credentials.way())
        {
            return Ok(Err(other_way(registered, credentials.way())));
        }
        if let Some(assertion) = assertion {
            let shown = self.shown_by_key(client, assertion).await?;
            return Ok(shown.map(Some).map_err(ClientAuthError::from));
        }
        let digest = credentials.digest();
        let why = why_refused(client, credentials, digest.as_ref(), self.clock.now());
        Ok(why.map_or(Ok(digest), |why| Err(why.into())))
    }

    /// RFC 7523 section 3. An assertion can be used once.
    async fn shown_by_key(
        &self,
        client: &Client,
        assertion: &str,
    ) -> Result<Result<Digest256, &'static str>, OAuthError> {
        let policy = &client.policy;
        if !client.is_confidential() {
            return Ok(Err("client assertion sent by a public client"));
        }
        let Some(mut keys) = self.keys.of(policy, false).await else {
            return Ok(Err("the client has no keys"));
        };
        if lacks_key(assertion, &keys)
            && let Some(newer) = self.keys.of(policy, true).await
        {
            keys = newer;
        }
        let now = self.clock.now();
        let audiences = [
            self.issuer.clone(),
            format!("{}/oauth/token", self.issuer),
            format!("{}/auth/token", self.issuer),
        ];
        let expected = Expected {
            client: &client.id.to_string(),
            audiences: &audiences,
            now: now.seconds(),
        };
        let accepted = match verify(assertion, &keys, &expected) {
            Ok(accepted) => accepted,
            Err(why) => return Ok(Err(why)),
        };
        let until = Timestamp::from_seconds(accepted.expires);
        let name = format!("{}\n{}", client.id, accepted.jti);
        let is_first = self
            .store
            .use_assertion(Digest256::of(name.as_bytes()), until);
        let uri = policy.jwks_uri.as_ref();
        let mark = uri.map_or(accepted.mark, |uri| Digest256::of(uri.as_bytes()));
        Ok(if is_first.await? {
            Ok(mark)
        } else {
            Err("the client assertion has been used before")
        })
    }
}

/// Why client authentication failed, and the parameters at fault.
struct ClientAuthError {
    why: &'static str,
    sent: Option<RejectedParameter>,
}

impl From<&'static str> for ClientAuthError {
    fn from(why: &'static str) -> Self {
        Self { why, sent: None }
    }
}

/// A client that used another method than it is registered for.
fn other_way(registered: Option<AuthMethod>, way: AuthMethod) -> ClientAuthError {
    let registered = registered.map(AuthMethod::as_str);
    let sent = RejectedParameter::new("token_endpoint_auth_method", way.as_str(), registered);
    ClientAuthError {
        why: "the client is registered with a different token_endpoint_auth_method",
        sent: Some(sent),
    }
}

/// The error in a client's secret, whose hash is `digest`, or in its absence, if there is one.
fn why_refused(
    client: &Client,
    credentials: &PresentedCredentials,
    digest: Option<&Digest256>,
    now: Timestamp,
) -> Option<&'static str> {
    let accepts =
        |secrets: &ClientSecrets| digest.is_some_and(|digest| secrets.accept_digest(digest, now));
    match (&client.secrets, &credentials.secret) {
        (Some(secrets), Some(_)) if accepts(secrets) => None,
        (Some(_), Some(_)) => Some("the client secret is wrong"),
        (Some(_), None) => Some("the client secret is missing"),
        (None, None) if client.is_confidential() => Some("the client assertion is missing"),
        (None, None) => None,
        // Many libraries send Basic with an empty secret for a public client.
        (None, Some(given)) if credentials.basic && given.expose().is_empty() => None,
        // It has no secret, so one proves nothing.
        (None, Some(_)) => Some("client secret sent by a public client"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_in_the_wrong_field_is_not_told() {
        let told = |name| unknown_name(name).map(|sent| sent.value);
        assert_eq!(told("client_01arz"), Some("client_01arz".into()));
        assert_eq!(
            told("https://app.example/?x"),
            Some("https://app.example/?…".into())
        );
        assert_eq!(told("Tr0ub4dor&3"), None);
    }
}
