//! The client of the admin API: what the console and its twin call a server with.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use reqwest::{Method, StatusCode, header};
use rustls::{ClientConfig, crypto::ring};
use serde::{Serialize, de::DeserializeOwned};

use crate::{ErrorCode, EventId, admin::Event, tls};

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
const LOCALHOST: &str = "localhost";
/// Silence after which an event stream counts as lost; the server says something every 10 seconds.
const QUIET: Duration = Duration::from_secs(30);

/// Why a call did not give what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The server could not be asked, or did not answer: nobody knows whether anything was done.
    #[error("cannot reach {url}: {reason}")]
    Unreachable { url: String, reason: String },
    /// The server said no.
    #[error("{message}")]
    Refused {
        status: u16,
        /// `None` for a code this client does not know.
        code: Option<ErrorCode>,
        message: String,
        field: Option<String>,
        /// When to come again, in seconds.
        retry_after: Option<u64>,
    },
    /// Something answered that is no Doorward server.
    #[error("{url} does not answer like a Doorward server: {reason}")]
    Strange {
        url: String,
        reason: String,
        /// Of the answer, where it was no success.
        status: Option<u16>,
    },
    /// What was given to make a client with is wrong.
    #[error("{0}")]
    Setup(String),
    /// Somebody else than the server that is meant listens there: nothing was sent.
    #[error("{0}")]
    Untrusted(String),
}

impl ClientError {
    /// Whether the same call may succeed later: nobody answered, or the server, or a proxy in front of it, says that it
    /// cannot now (429 or 5xx).
    pub fn is_passing(&self) -> bool {
        let passing = |status: u16| status == 429 || status >= 500;
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => passing(*status),
            Self::Strange { status, .. } => status.is_some_and(passing),
            Self::Setup(_) | Self::Untrusted(_) => false,
        }
    }

    /// How long the server asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => retry_after.map(Duration::from_secs),
            _ => None,
        }
    }
}

/// Loopback addresses that a URL's host stands for. None for another host, and none for `localhost.` and names below
/// `localhost`: a resolver may ask the network for those.
pub fn loopback(url: &reqwest::Url) -> Vec<IpAddr> {
    let Some(host) = url.host_str() else {
        return Vec::new();
    };
    if host == LOCALHOST {
        return vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    }
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let ip = ip.map(|ip| ip.to_canonical());
    ip.into_iter().filter(IpAddr::is_loopback).collect()
}

/// Whether a host is this machine itself: no request to it leaves through a proxy, and none needs TLS.
pub fn is_loopback(url: &reqwest::Url) -> bool {
    !loopback(url).is_empty()
}

/// Judges, before each request, whether it may be sent: see [`Client::guarded`].
pub type Guard = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Whom to trust, beside the public certificate authorities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Certificates of an authority, in PEM.
    pub ca_pem: Option<Vec<u8>>,
    /// SHA-256 of the server's certificate, in hex: that certificate and no other.
    pub pin: Option<[u8; 32]>,
}

/// A client of one server. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: Arc<str>,
    /// Why its changes are made, percent-encoded.
    reason: Option<Arc<str>>,
    guard: Option<Guard>,
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
        })
    }

    /// The same client, which asks `guard` before each request and sends nothing where it answers an error.
    #[must_use]
    pub fn guarded(self, guard: Option<Guard>) -> Self {
        Self { guard, ..self }
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
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~ ".contains(&byte);
        let encoded: String = reason
            .bytes()
            .map(|byte| {
                if plain(byte) {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect();
        Self {
            reason: Some(encoded.trim().into()).filter(|text: &Arc<str>| !text.is_empty()),
            ..self.clone()
        }
    }

    /// `GET`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(String, String)],
    ) -> Result<T, ClientError> {
        let request = self.request(Method::GET, path).query(query);
        self.read(request).await
    }

    /// A call with a body that answers something.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<T, ClientError> {
        self.read(self.request(method, path).json(body)).await
    }

    /// A `POST` that mints something: sent again with the same key it gives the same answer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn mint<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized),
        idempotency_key: &str,
    ) -> Result<T, ClientError> {
        let request = self
            .request(Method::POST, path)
            .header("idempotency-key", idempotency_key);
        self.read(request.json(body)).await
    }

    /// A call with a body that answers nothing.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn done(
        &self,
        method: Method,
        path: &str,
        body: Option<&(impl Serialize + ?Sized)>,
    ) -> Result<(), ClientError> {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        self.answered(request).await.map(drop)
    }

    /// Opens the stream of events after `after`, or of new ones. Where it starts is known then: [`EventStream::last`].
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn events(&self, after: Option<EventId>) -> Result<EventStream, ClientError> {
        let mut request = self
            .http
            .get(format!("{}/admin/events/stream", self.base))
            .bearer_auth(&self.key);
        if let Some(id) = after {
            request = request.header("last-event-id", id.to_string());
        }
        let response = self.answered(request).await?;
        let mut stream = EventStream {
            response,
            buffer: Vec::new(),
            url: self.base.clone(),
            last: after,
        };
        stream.start().await?;
        Ok(stream)
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .timeout(TIMEOUT);
        let request = match &self.reason {
            Some(reason) => request.header("x-reason", &**reason),
            None => request,
        };
        if self.key.is_empty() {
            request
        } else {
            request.bearer_auth(&self.key)
        }
    }

    async fn read<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, ClientError> {
        let response = self.answered(request).await?;
        let bytes = response
            .bytes()
            .await
            .map_err(|error| self.unreachable(&error))?;
        serde_json::from_slice(&bytes).map_err(|error| ClientError::Strange {
            url: self.base.clone(),
            reason: error.to_string(),
            status: None,
        })
    }

    async fn answered(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<reqwest::Response, ClientError> {
        if let Some(guard) = &self.guard {
            guard().map_err(ClientError::Untrusted)?;
        }
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = response.headers().get(header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
        let body = response.bytes().await.unwrap_or_default();
        Err(self.refused(status, &body, retry_after))
    }

    fn refused(&self, status: StatusCode, body: &[u8], retry_after: Option<u64>) -> ClientError {
        let said: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let error = &said["error"];
        match error["message"].as_str() {
            Some(message) => ClientError::Refused {
                status: status.as_u16(),
                // A newer server may know more codes.
                code: serde_json::from_value(error["code"].clone()).ok(),
                message: message.to_owned(),
                field: error["field"].as_str().map(str::to_owned),
                retry_after,
            },
            None => ClientError::Strange {
                url: self.base.clone(),
                reason: format!("it says {status}"),
                status: Some(status.as_u16()),
            },
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> ClientError {
        let mut reason: &dyn std::error::Error = error;
        // The innermost cause is what a person can do something about.
        while let Some(source) = reason.source() {
            reason = source;
        }
        let reason = if error.is_timeout() {
            "no answer in time".into()
        } else {
            reason.to_string()
        };
        ClientError::Unreachable {
            url: self.base.clone(),
            reason,
        }
    }
}

/// Events as they happen.
#[derive(Debug)]
pub struct EventStream {
    response: reqwest::Response,
    buffer: Vec<u8>,
    url: String,
    last: Option<EventId>,
}

impl EventStream {
    /// The event after which a lost stream goes on: the last one that came, or the one before the stream's first.
    pub fn last(&self) -> Option<EventId> {
        self.last
    }

    /// The next event; `None` once the server has ended the stream. Cancel-safe.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] when the connection is lost or silent.
    pub async fn next(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            while let Some(block) = self.take() {
                if let Some(event) = self.read(&block) {
                    return Ok(Some(event));
                }
            }
            if !self.more().await? {
                return Ok(None);
            }
        }
    }

    /// Waits for the first block, which the server sends at once: it says where the stream starts.
    async fn start(&mut self) -> Result<(), ClientError> {
        while self.end().is_none() {
            if !self.more().await? {
                return Ok(());
            }
        }
        let end = self.end().unwrap_or_default();
        let first = self.buffer.get(..end).unwrap_or_default();
        // An event is read later, by whoever asks for it.
        let text = String::from_utf8_lossy(first);
        if !text.lines().any(|line| line.starts_with("data:")) {
            let first: Vec<u8> = self.buffer.drain(..end).collect();
            self.read(&first);
        }
        Ok(())
    }

    /// Whether more came.
    async fn more(&mut self) -> Result<bool, ClientError> {
        let lost = |reason: String| ClientError::Unreachable {
            url: self.url.clone(),
            reason,
        };
        match tokio::time::timeout(QUIET, self.response.chunk()).await {
            Err(_) => Err(lost("the event stream fell silent".into())),
            Ok(Err(error)) => Err(lost(error.to_string())),
            Ok(Ok(None)) => Ok(false),
            Ok(Ok(Some(bytes))) => {
                self.buffer.extend_from_slice(&bytes);
                Ok(true)
            }
        }
    }

    /// Where the buffer's first block ends, behind its empty line.
    fn end(&self) -> Option<usize> {
        let end = self.buffer.windows(2).position(|two| two == b"\n\n")?;
        Some(end + 2)
    }

    /// The next whole block of the buffer.
    fn take(&mut self) -> Option<Vec<u8>> {
        let end = self.end()?;
        Some(self.buffer.drain(..end).collect())
    }

    /// A block's event, if it is one. Its id is kept, with and without an event: WHATWG HTML, section 9.2.6.
    fn read(&mut self, block: &[u8]) -> Option<Event> {
        let text = String::from_utf8_lossy(block);
        let field = |name: &str| {
            let lines = text.lines().filter_map(|line| line.strip_prefix(name));
            lines.map(str::trim_start).collect::<String>()
        };
        if let Ok(id) = field("id:").parse() {
            self.last = Some(id);
        }
        serde_json::from_str(&field("data:")).ok()
    }
}

/// A configuration that takes the one certificate whose SHA-256 is known.
fn pinned(pin: [u8; 32]) -> Result<ClientConfig, ClientError> {
    use sha2::{Digest, Sha256};
    tls::accepting(move |certificate| Sha256::digest(certificate).as_slice() == pin)
        .map_err(|error| ClientError::Setup(error.to_string()))
}
