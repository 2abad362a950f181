//! Clients that register themselves: RFC 7591, RFC 7592 and client-id metadata documents.

use std::{net::IpAddr, sync::Arc};

use doorward_shared::{ClientId, Scope, ScopeSet, Timestamp};
use ulid::Ulid;

use super::{
    Failure,
    registration::{Allowed, Metadata, Registration, decide},
};
use crate::{
    clock::{Clock, random_bytes},
    crypto::secret::{Secret, client_secret, registration_token},
    domain::{Act, Actor, Cause, Client, ClientSecrets, mail::Language},
    outbound::Outbound,
    settings::{ClientRegistration, Settings},
    state::limits::Limits,
    store::{Admission, Document, Store},
};

/// Scopes that any client which registers itself may have.
const ANYBODYS: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// A client that has just registered.
#[derive(Debug)]
pub(crate) struct Registered {
    pub client: Client,
    pub secret: Option<Secret>,
    pub token: Secret,
}

/// With what a client comes to register.
#[derive(Debug)]
pub(crate) enum Invitation {
    None,
    /// An initial access token of ours.
    Token(Secret),
    /// A credential that may manage clients.
    Act(Act),
}

fn refused((error, why): (&'static str, String)) -> Failure {
    Failure::new(error, why)
}

/// A client with this registration. It has no id yet.
fn client(registration: Registration, secrets: Option<ClientSecrets>) -> Client {
    Client {
        id: ClientId(Ulid::nil()),
        name: registration.name,
        redirect_uris: registration.redirect_uris,
        grant_types: registration.grant_types,
        scopes: registration.scopes,
        resources: Vec::new(),
        secrets,
        require_pkce: false,
        resource_server: false,
        policy: registration.policy,
        dynamic: true,
        document: None,
        created_at: Timestamp::default(),
    }
}

/// What clients register themselves with.
#[derive(Debug, Clone)]
pub struct Registrations {
    pub(crate) store: Store,
    pub(crate) settings: Arc<Settings>,
    pub(crate) limits: Limits,
    pub(crate) outbound: Outbound,
    pub(crate) clock: Clock,
}

impl Registrations {
    fn dynamic_scopes(&self) -> ScopeSet {
        let listed = self.settings.open_registration_scopes.iter();
        let names = ANYBODYS.into_iter().chain(listed.map(String::as_str));
        names
            .filter_map(|name| name.parse::<Scope>().ok())
            .collect()
    }

    fn anonymous(&self, ip: IpAddr, request_id: Arc<str>) -> Cause {
        Cause {
            actor: Actor::Anonymous,
            client_id: None,
            ip: Some(ip),
            request_id: Some(request_id),
            at: self.clock.now(),
            language: Language::default(),
            reason: None,
        }
    }

    /// Registers a client, RFC 7591 section 3. Whether anybody may is judged before what they send.
    ///
    /// # Errors
    /// `access_denied` where registration is closed, `invalid_token`, `invalid_client_metadata`, `invalid_redirect_uri`,
    /// 429 for too many from one address.
    pub(crate) async fn register(
        &self,
        asked: Result<Metadata, Failure>,
        invitation: Invitation,
        (ip, request_id): (IpAddr, Arc<str>),
    ) -> Result<Registered, Failure> {
        let mode = self.settings.client_registration;
        let cause = self.anonymous(ip, request_id);
        let admission = match (mode, invitation) {
            (ClientRegistration::Closed, _) => return Err(closed()),
            (_, Invitation::Token(token)) => Admission::Token(token.digest(), cause),
            (_, Invitation::Act(act)) => Admission::Act(act),
            (ClientRegistration::Open, Invitation::None) => Admission::Open(cause),
            (ClientRegistration::Token, Invitation::None) => return Err(Failure::no_token()),
        };
        let allowed = Allowed {
            scopes: self.dynamic_scopes(),
            confidential: !matches!(admission, Admission::Open(_)),
        };
        let registration = decide(&asked?, &allowed).map_err(refused)?;
        if matches!(admission, Admission::Open(_)) {
            let counted = self.limits.client_registration(ip, self.clock.monotonic());
            counted.map_err(Failure::too_many_registrations)?;
        }
        let secret = registration
            .with_secret
            .then(|| client_secret(random_bytes()));
        let secrets = secret.as_ref().map(|secret| ClientSecrets {
            current: secret.digest(),
            previous: None,
            unmarked: 0,
        });
        let token = registration_token(random_bytes());
        let client = client(registration, secrets);
        let made = self
            .store
            .register_dynamic(client, token.digest(), admission);
        let client = made.await.map_err(not_admitted)?;
        Ok(Registered {
            client,
            secret,
            token,
        })
    }

    /// Changes a client that registered itself, RFC 7592 section 2.2. What it leaves out it has no more.
    ///
    /// # Errors
    /// `invalid_token`; as [`Registrations::register`].
    pub(crate) async fn change(
        &self,
        id: ClientId,
        token: &Secret,
        asked: Result<Metadata, Failure>,
        (ip, request_id): (IpAddr, Arc<str>),
    ) -> Result<Client, Failure> {
        let before = self.find(id, token).await?;
        let allowed = Allowed {
            // Beside what an operator has given it.
            scopes: self.dynamic_scopes().union(&before.scopes),
            confidential: before.is_confidential(),
        };
        let registration = decide(&asked?, &allowed).map_err(refused)?;
        if registration.with_secret != before.secrets.is_some() {
            let why = "token_endpoint_auth_method cannot change between a secret and none";
            return Err(Failure::new("invalid_client_metadata", why));
        }
        let client = Client {
            id,
            ..client(registration, before.secrets)
        };
        let cause = Cause {
            actor: Actor::Client(id),
            ..self.anonymous(ip, request_id)
        };
        let changed = self.store.change_registered(client, token.digest(), cause);
        changed.await.map_err(not_admitted)
    }

    /// The client of a registration access token.
    ///
    /// # Errors
    /// `invalid_token`, for an unknown client too.
    pub(crate) async fn find(&self, id: ClientId, token: &Secret) -> Result<Client, Failure> {
        let found = self.store.registered(id, token.digest()).await?;
        found.ok_or_else(|| Failure::token("the registration access token is not valid"))
    }

    /// Deletes a client that registered itself, RFC 7592 section 2.3.
    ///
    /// # Errors
    /// `invalid_token`.
    pub(crate) async fn end(
        &self,
        id: ClientId,
        token: &Secret,
        (ip, request_id): (IpAddr, Arc<str>),
    ) -> Result<(), Failure> {
        let cause = Cause {
            actor: Actor::Client(id),
            ..self.anonymous(ip, request_id)
        };
        let done = self.store.delete_registered(id, token.digest(), cause);
        done.await.map_err(not_admitted)
    }

    /// The client that a `client_id` names: one that was registered, or a metadata document.
    ///
    /// # Errors
    /// 503 when storage cannot be read; why a document cannot be used.
    pub(crate) async fn client_named(
        &self,
        name: &str,
        ip: IpAddr,
    ) -> Result<Option<Arc<Client>>, Failure> {
        let id = match name.parse() {
            Ok(id) => id,
            Err(_) if self.settings.client_metadata_documents && name.starts_with("https://") => {
                self.client_of_document(name, ip).await?
            }
            Err(_) => return Ok(None),
        };
        Ok(self.store.client(id).await?)
    }

    async fn client_of_document(&self, url: &str, ip: IpAddr) -> Result<ClientId, Failure> {
        check_document_url(url)?;
        let now = self.clock.now();
        let known = self.store.document_client(url.to_owned()).await?;
        if let Some((id, until)) = known
            && now < until
        {
            return Ok(id);
        }
        // Each fetch goes to an address that a stranger has named.
        let counted = self.limits.client_registration(ip, self.clock.monotonic());
        counted.map_err(Failure::too_many_registrations)?;
        let fetched = self.outbound.fetch(url).await.map_err(|error| {
            tracing::info!(%url, %error, "a client's metadata document was not fetched");
            unusable("the metadata document cannot be fetched")
        })?;
        let registration = read_document(url, &fetched.body, self.dynamic_scopes())?;
        let seconds = i64::try_from(fetched.keep_seconds).unwrap_or_default();
        let document = Document {
            url: url.to_owned(),
            until: now.plus_seconds(seconds),
        };
        let cause = Cause {
            request_id: None,
            ..self.anonymous(ip, "".into())
        };
        let client = Client {
            document: Some(url.to_owned()),
            ..client(registration, None)
        };
        Ok(self.store.keep_document(client, document, cause).await?)
    }
}

fn closed() -> Failure {
    Failure {
        status: 403,
        ..Failure::new("access_denied", "clients are registered by an operator")
    }
}

fn not_admitted(error: crate::store::StoreError) -> Failure {
    use crate::{domain::Refusal, store::StoreError};
    match error {
        StoreError::Refused(Refusal::CredentialEnded) => {
            Failure::token("the token is not valid, or used up")
        }
        StoreError::Refused(Refusal::Scope(scope)) => Failure::insufficient_scope(&scope),
        error => error.into(),
    }
}

/// 401: a metadata document is no client.
fn unusable(why: impl Into<std::borrow::Cow<'static, str>>) -> Failure {
    Failure {
        status: 401,
        ..Failure::new("invalid_client", why)
    }
}

/// Client-id metadata document draft section 3: https, with a path, without user, fragment and dot segments.
fn check_document_url(url: &str) -> Result<(), Failure> {
    let parsed = url::Url::parse(url).map_err(|_| unusable("client_id is not a URL"))?;
    let plain = parsed.as_str() == url && url.len() <= 500;
    if !plain || parsed.path() == "/" || parsed.fragment().is_some() {
        return Err(unusable(
            "client_id must be an https URL with a path, in its plain form",
        ));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(unusable("client_id must not carry user information"));
    }
    Ok(())
}

/// What a metadata document registers. It must name itself.
fn read_document(url: &str, body: &[u8], scopes: ScopeSet) -> Result<Registration, Failure> {
    #[derive(serde::Deserialize)]
    struct Named {
        client_id: String,
        client_secret: Option<serde::de::IgnoredAny>,
        #[serde(flatten)]
        metadata: Metadata,
    }
    let named: Named = serde_json::from_slice(body)
        .map_err(|_| unusable("the metadata document cannot be read"))?;
    if named.client_id != url {
        return Err(unusable("the metadata document names another client_id"));
    }
    let method = named.metadata.token_endpoint_auth_method.as_deref();
    if named.client_secret.is_some() || method.is_some_and(|method| method.contains("secret")) {
        return Err(unusable("a metadata document holds no secret"));
    }
    let allowed = Allowed {
        scopes,
        confidential: false,
    };
    decide(&named.metadata, &allowed).map_err(|(_, why)| unusable(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://app.example/oauth/client.json";

    fn read(document: &serde_json::Value) -> Result<Registration, Failure> {
        let scopes = ScopeSet::parse("openid offline_access").unwrap();
        read_document(URL, document.to_string().as_bytes(), scopes)
    }

    #[test]
    fn a_document_must_name_itself_and_hold_no_secret() {
        let right = serde_json::json!({
            "client_id": URL, "client_name": "App", "redirect_uris": ["http://127.0.0.1/cb"],
            "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none",
        });
        let made = read(&right).unwrap();
        assert_eq!((made.name.as_str(), made.with_secret), ("App", false));
        for (name, value) in [
            ("client_id", "https://app.example/other".into()),
            ("client_secret", "x".into()),
            ("token_endpoint_auth_method", "client_secret_basic".into()),
            ("redirect_uris", serde_json::json!(["javascript:alert(1)"])),
            ("redirect_uris", serde_json::json!([])),
            ("redirect_uris", serde_json::json!(7)),
        ] {
            let mut document = right.clone();
            document[name] = value;
            assert_eq!(
                read(&document).unwrap_err().error,
                "invalid_client",
                "{name}"
            );
        }
    }

    #[test]
    fn a_documents_address_is_a_plain_https_url_with_a_path() {
        assert!(check_document_url(URL).is_ok());
        for bad in [
            "https://app.example",
            "https://app.example/",
            "https://app.example/a/../b",
            "https://app.example/a#b",
            "https://u@app.example/a",
            "https://u:p@app.example/a",
            "https://APP.example/a",
            &format!("https://app.example/{}", "x".repeat(500)),
        ] {
            assert!(check_document_url(bad).is_err(), "{bad}");
        }
    }
}
