//! The client of the admin API: what the console and the CLI call a server with.
//!
//! Each route of the API has one typed method, by what it is about: `client.users().get(id)`. What deletes is one for all:
//! `client.delete(Collection::Users, id)`.

mod api_keys;
mod blocks;
mod call;
mod certificate;
mod clients;
mod error;
mod events;
mod query;
mod roles;
mod server;
mod sessions;
mod signing_keys;
mod stream;
mod trust;
mod users;

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use rustls::crypto::ring;
use serde_json::Value;

pub use self::{
    api_keys::ApiKeys,
    blocks::Blocks,
    clients::Clients,
    error::ClientError,
    events::Events,
    query::{Collection, Filter, ListQuery, Sort, SortField},
    roles::Roles,
    server::Server,
    sessions::Sessions,
    signing_keys::SigningKeys,
    stream::EventStream,
    trust::{Trust, is_loopback, loopback},
    users::Users,
};
use trust::{LOCALHOST, pinned};

use crate::Timestamp;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);

/// Changes an answer before it is read: see [`Client::cleaned`].
pub type Clean = fn(&mut Value);

/// Judges, before each request, whether it may be sent: see [`Client::guarded`].
pub type Guard = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// A client of one server. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: Arc<str>,
    /// Why its changes are made, percent-encoded.
    reason: Option<Arc<str>>,
    guard: Option<Guard>,
    clean: Option<Clean>,
    /// How many calls were answered, by all that were made from this one.
    answers: Arc<AtomicU64>,
    /// When the server's certificate ends, in milliseconds since 1970; 0 where none was seen.
    certificate_ends: Arc<AtomicI64>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client that calls `base` (`http://host:port`) with an API key or access token.
    ///
    /// # Errors
    /// [`ClientError::Setup`] for a URL, certificate or key that cannot be used.
    pub fn new(base: &str, key: &str, trust: &Trust) -> Result<Self, ClientError> {
        let setup = |reason: String| ClientError::Setup(reason);
        let base = base.trim_end_matches('/').to_owned();
        if !base.starts_with("http://") && !base.starts_with("https://") {
            return Err(setup(format!(
                "{base}: the server must be an http or https URL"
            )));
        }
        if !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(setup("the key holds characters no key has".into()));
        }
        // Fails when it was done before, which is as good.
        let _ = ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .tls_info(true)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("doorward/", env!("CARGO_PKG_VERSION")));
        let url = reqwest::Url::parse(&base)
            .map_err(|error| setup(format!("{base} is not a URL: {error}")))?;
        let local = loopback(&url);
        if !local.is_empty() {
            // `http_proxy` would hand the key of this machine's server to another.
            builder = builder.no_proxy();
            // Connections go to the addresses a guard judges, whatever the system's resolver says. Port 0: the URL's own.
            let local: Vec<_> = local.iter().map(|ip| SocketAddr::new(*ip, 0)).collect();
            builder = builder.resolve_to_addrs(LOCALHOST, &local);
        }
        if let Some(pem) = &trust.ca_pem {
            let certificates = reqwest::Certificate::from_pem_bundle(pem)
                .map_err(|error| setup(format!("the CA file cannot be read: {error}")))?;
            for certificate in certificates {
                builder = builder.add_root_certificate(certificate);
            }
        }
        if let Some(pin) = trust.pin {
            builder = builder.use_preconfigured_tls(pinned(pin)?);
        }
        let http = builder.build().map_err(|error| setup(error.to_string()))?;
        Ok(Self {
            http,
            base,
            key: key.into(),
            reason: None,
            guard: None,
            clean: None,
            answers: Arc::default(),
            certificate_ends: Arc::default(),
        })
    }

    /// Number of responses received so far; multi-request operations report progress with it.
    pub fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    /// When the certificate ends that the server showed last; none over plain HTTP, and before the first answer.
    pub fn certificate_ends(&self) -> Option<Timestamp> {
        let at = self.certificate_ends.load(Ordering::Relaxed);
        (at != 0).then_some(Timestamp(at))
    }

    /// The same client, which asks `guard` before each request and sends nothing where it answers an error.
    #[must_use]
    pub fn guarded(self, guard: Option<Guard>) -> Self {
        Self { guard, ..self }
    }

    /// The same client, which hands each answer and each event to `clean` before it is read. For those that print what
    /// strangers chose on a terminal.
    #[must_use]
    pub fn cleaned(self, clean: Clean) -> Self {
        Self {
            clean: Some(clean),
            ..self
        }
    }

    /// The server's URL.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The same server, with another credential.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self {
            key: key.into(),
            ..self.clone()
        }
    }

    /// The same client, whose changes are made for a reason: it stands in the events they lead to.
    #[must_use]
    pub fn with_reason(&self, reason: &str) -> Self {
        let encoded = call::percent_encoded(reason, b"-_.~ ");
        Self {
            reason: Some(encoded.trim().into()).filter(|text: &Arc<str>| !text.is_empty()),
            ..self.clone()
        }
    }

    /// Deletes, revokes, ends or lifts one thing of a collection, by its id or name: of users with all sessions and keys,
    /// of roles one that nobody has, of signing keys one that does not sign any more. Events stay.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn delete(&self, from: Collection, id: impl fmt::Display) -> Result<(), ClientError> {
        let path = format!("{}/{}", from.path(), call::segment(id));
        self.done(reqwest::Method::DELETE, &path, None::<&()>).await
    }
}
