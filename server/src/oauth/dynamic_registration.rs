//! Dynamic client registration: RFC 7591 and RFC 7592.

use std::{net::IpAddr, sync::Arc};

use doorward_shared::{ClientId, Scope, ScopeSet, Timestamp};
use ulid::Ulid;

use super::{
    OAuthError,
    client_id_documents::Documents,
    client_metadata::{
        DynamicClientLimits, Metadata, MetadataError, Registration, STRANGERS_BYTES, decide,
    },
};
use crate::{
    clock::{Clock, random_bytes},
    crypto::secret::{Secret, client_secret, registration_token},
    domain::{Act, Actor, AuditContext, AuthMethod, Client, ClientSecrets, mail::Language},
    settings::{ClientRegistration, Settings},
    state::limits::Limits,
    store::{Admission, NewRegistrationToken, SelfRegistered, Store, StoreError},
};

/// Scopes that every dynamically registered client may have.
const ANYBODYS: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// A newly registered client.
#[derive(Debug)]
pub(crate) struct Registered {
    pub client: Client,
    pub secret: Option<Secret>,
    pub token: Secret,
}

/// The credential presented to register.
#[derive(Debug)]
pub(crate) enum RegistrationCredential {
    None,
    /// An initial access token.
    Token(Secret),
    /// A credential that may manage clients, with its scopes.
    Act(Box<Act>, ScopeSet),
}

/// Origin of a call.
#[derive(Debug)]
pub(crate) struct Origin {
    pub ip: IpAddr,
    pub request_id: Arc<str>,
}

impl From<MetadataError> for OAuthError {
    fn from(refused: MetadataError) -> Self {
        Self::new(refused.error, refused.why)
    }
}

/// A client with this registration, without an id yet.
pub(super) fn client(registration: Registration, secrets: Option<ClientSecrets>) -> Client {
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
        client_tokens_valid_from: None,
        codes_valid_after: None,
        created_at: Timestamp::default(),
    }
}

/// Registers and updates clients.
#[derive(Debug, Clone)]
pub struct Registrations {
    pub(crate) store: Store,
    pub(crate) settings: Arc<Settings>,
    pub(crate) limits: Limits,
    pub(crate) documents: Arc<Documents>,
    pub(crate) clock: Clock,
}

impl Registrations {
    pub(super) fn dynamic_scopes(&self) -> ScopeSet {
        let listed = self.settings.open_registration_scopes.iter();
        let names = ANYBODYS.into_iter().chain(listed.map(String::as_str));
        names
            .filter_map(|name| name.parse::<Scope>().ok())
            .collect()
    }

    /// The scopes that a client may have if it registers with a credential that may grant these.
    fn scopes_beside(&self, given: &ScopeSet) -> ScopeSet {
        let may = |scope: &&Scope| {
            let name = scope.as_str();
            ANYBODYS.contains(&name) || given.covers(name) || given.covers("admin")
        };
        self.dynamic_scopes().iter().filter(may).cloned().collect()
    }

    pub(super) fn anonymous(&self, from: Origin) -> AuditContext {
        AuditContext {
            actor: Actor::Anonymous,
            client_id: None,
            ip: Some(from.ip),
            request_id: Some(from.request_id),
            at: self.clock.now(),
            language: Language::default(),
            reason: None,
        }
    }

    /// Stores an initial access token, which can grant the scopes that its creator can grant.
    ///
    /// # Errors
    /// As [`Store::add_registration_token`].
    pub(crate) async fn keep_token(
        &self,
        token: &Secret,
        expires_at: Timestamp,
        uses: u32,
        act: Act,
    ) -> Result<(), StoreError> {
        let token = NewRegistrationToken {
            hash: token.digest(),
            expires_at,
            uses,
            scopes: self.dynamic_scopes(),
        };
        self.store.add_registration_token(token, act).await
    }

    /// The authorization for a registration, and the scopes it allows.
    async fn admission(
        &self,
        invitation: RegistrationCredential,
        from: Origin,
    ) -> Result<(Admission, ScopeSet), OAuthError> {
        let mode = self.settings.client_registration;
        let cause = self.anonymous(from);
        Ok(match (mode, invitation) {
            (ClientRegistration::Closed, _) => return Err(closed()),
            (_, RegistrationCredential::Token(token)) => {
                let given = self.store.registration_token(token.digest(), cause.at);
                let given = given.await?.ok_or_else(used_up)?;
                let scopes = self.scopes_beside(&given);
                (Admission::Token(token.digest(), cause), scopes)
            }
            (_, RegistrationCredential::Act(act, held)) => {
                (Admission::Act(*act), self.scopes_beside(&held))
            }
            (ClientRegistration::Open, RegistrationCredential::None) => {
                (Admission::Open(cause), self.dynamic_scopes())
            }
            (ClientRegistration::Token, RegistrationCredential::None) => {
                return Err(OAuthError::no_token());
            }
        })
    }

    /// Registers a client, RFC 7591 section 3. Permission to register is checked before the metadata.
    ///
    /// # Errors
    /// `access_denied` if registration is closed, `invalid_token`, `invalid_client_metadata`, `invalid_redirect_uri`,
    /// 429 for too many from one address.
    pub(crate) async fn register(
        &self,
        asked: Result<Metadata, OAuthError>,
        invitation: RegistrationCredential,
        from: Origin,
    ) -> Result<Registered, OAuthError> {
        let ip = from.ip;
        let (admission, scopes) = self.admission(invitation, from).await?;
        let openly = matches!(admission, Admission::Open(_));
        let allowed = DynamicClientLimits {
            scopes,
            confidential: !openly,
            bytes: if openly { STRANGERS_BYTES } else { usize::MAX },
        };
        let registration = decide(&asked?, &allowed)?;
        if openly {
            let counted = self.limits.client_registration(ip, self.clock.monotonic());
            counted.map_err(OAuthError::too_many_registrations)?;
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
            .register_dynamic(client, token.digest(), allowed.scopes, admission);
        let client = made.await.map_err(not_admitted)?;
        Ok(Registered {
            client,
            secret,
            token,
        })
    }

    /// Updates a dynamically registered client, RFC 7592 section 2.2. Omitted members are removed.
    ///
    /// # Errors
    /// `invalid_token`; as [`Registrations::register`].
    pub(crate) async fn change(
        &self,
        id: ClientId,
        token: &Secret,
        asked: Result<Metadata, OAuthError>,
        from: Origin,
    ) -> Result<Client, OAuthError> {
        let found = self.found(id, token).await?;
        let asked = asked?;
        if asked
            .client_id
            .as_ref()
            .is_some_and(|named| *named != id.to_string())
        {
            let why = "client_id is not the client that is changed";
            return Err(OAuthError::new("invalid_client_metadata", why));
        }
        let now = self.clock.monotonic();
        let counted = if found.openly {
            self.limits.client_change(from.ip, now)
        } else {
            // A caller with a credential of its own is limited as accounts are.
            self.limits.write(id, now)
        };
        counted.map_err(OAuthError::too_many_changes)?;
        let cause = AuditContext {
            actor: Actor::Client(id),
            ..self.anonymous(from)
        };
        let scopes = self.dynamic_scopes();
        // On the current row: an operator may be changing it.
        let decide = move |row: SelfRegistered| changed(&asked, row, &scopes);
        let changed = self
            .store
            .change_registered(id, token.digest(), decide, cause);
        changed.await.map_err(not_admitted)?
    }

    /// The client that a registration access token belongs to.
    ///
    /// # Errors
    /// `invalid_token`, for an unknown client too.
    pub(crate) async fn find(&self, id: ClientId, token: &Secret) -> Result<Client, OAuthError> {
        Ok(self.found(id, token).await?.client)
    }

    async fn found(&self, id: ClientId, token: &Secret) -> Result<SelfRegistered, OAuthError> {
        let found = self.store.registered(id, token.digest()).await?;
        found.ok_or_else(|| OAuthError::token("the registration access token is not valid"))
    }

    /// Deletes a dynamically registered client, RFC 7592 section 2.3.
    ///
    /// # Errors
    /// `invalid_token`.
    pub(crate) async fn end(
        &self,
        id: ClientId,
        token: &Secret,
        from: Origin,
    ) -> Result<(), OAuthError> {
        // Wrong tokens are rejected before they reach the writer.
        self.found(id, token).await?;
        let cause = AuditContext {
            actor: Actor::Client(id),
            ..self.anonymous(from)
        };
        let done = self.store.delete_registered(id, token.digest(), cause);
        done.await.map_err(not_admitted)
    }
}

fn closed() -> OAuthError {
    OAuthError {
        status: 403,
        ..OAuthError::new("access_denied", "clients are registered by an operator")
    }
}

fn used_up() -> OAuthError {
    OAuthError::token("the token is not valid, or used up")
}

/// The scopes that a client may request for itself: those an operator has left it; otherwise its current ones, and
/// those scopes of dynamically registered clients that its registration credential could grant.
fn most_scopes(row: &SelfRegistered, scopes: &ScopeSet) -> ScopeSet {
    let has = &row.client.scopes;
    match (&row.left.scopes, &row.admitted_scopes) {
        (Some(most), _) => most.clone(),
        (None, Some(admitted)) => scopes.intersect(admitted).union(has),
        (None, None) if row.openly => scopes.union(has),
        (None, None) => has.clone(),
    }
}

/// The client after its own update. Permissions that an operator removed stay removed.
fn changed(asked: &Metadata, row: SelfRegistered, scopes: &ScopeSet) -> Result<Client, OAuthError> {
    let is_confidential = row.client.is_confidential();
    let allowed = DynamicClientLimits {
        scopes: most_scopes(&row, scopes),
        confidential: is_confidential,
        bytes: if row.openly {
            STRANGERS_BYTES
        } else {
            usize::MAX
        },
    };
    let before = row.client;
    let registration = decide(asked, &allowed)?.within(&row.left)?;
    let signs = registration.policy.auth_method == Some(AuthMethod::PrivateKeyJwt);
    if registration.with_secret != before.secrets.is_some()
        || (registration.with_secret || signs) != is_confidential
    {
        let why = "token_endpoint_auth_method cannot change between a secret, a key and none";
        return Err(OAuthError::new("invalid_client_metadata", why));
    }
    Ok(Client {
        id: before.id,
        ..client(registration, before.secrets)
    })
}

fn not_admitted(error: StoreError) -> OAuthError {
    use crate::domain::DomainError;
    match error {
        StoreError::Refused(DomainError::CredentialEnded) => used_up(),
        StoreError::Refused(DomainError::Invalid { field, reason }) => OAuthError::new(
            "invalid_client_metadata",
            format!("{field} {reason} under the operator's policy"),
        ),
        StoreError::Refused(DomainError::Scope(scope)) => OAuthError::insufficient_scope(&scope),
        error => error.into(),
    }
}
