//! Outgoing HTTP calls: logout tokens, key sets and metadata documents of clients. URLs from untrusted clients are
//! fetched from public addresses only, so that the server cannot be used for SSRF.

mod guard;
pub(crate) mod smtp;
mod smtp_plaintext;
#[cfg(test)]
pub(crate) mod test_server;

use std::{sync::Arc, time::Duration};

use reqwest::{Client, ClientBuilder, Response, StatusCode, Url, header, redirect::Policy};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;

pub(crate) use guard::AllowedDestinations;
use guard::PublicOnly;

use crate::domain::client_uris::is_inside;

/// Time limit of a call, from the name lookup to the last byte.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum size of a response, in bytes.
pub(crate) const MAX_ANSWER: usize = 16 * 1024;
/// Maximum size of a range of hashes, in bytes.
const MAX_RANGE: usize = 1024 * 1024;
/// Bounds of a response's cache lifetime, in seconds: five minutes and a day.
const KEPT: (u64, u64) = (300, 86_400);

/// Why a call failed, as text for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutboundError {
    #[error("{0} is not a public https address")]
    Inside(String),
    #[error("it answered with status {0}")]
    Status(u16),
    #[error("the answer is longer than {} KiB", .0 / 1024)]
    TooLong(usize),
    #[error("{0}")]
    Failed(String),
}

/// A fetched document.
#[derive(Debug, Clone)]
pub(crate) struct Fetched {
    pub body: Vec<u8>,
    /// Cache lifetime, in seconds.
    pub keep_seconds: u64,
}

/// The HTTP clients of these calls, created on first use. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbound(Arc<Clients>);

#[derive(Debug, Default)]
struct Clients {
    public: OnceCell<Client>,
    anywhere: OnceCell<Client>,
}

impl Outbound {
    /// Fetches a document from an untrusted URL: https, and public addresses only.
    ///
    /// # Errors
    /// [`OutboundError`].
    pub(crate) async fn fetch(&self, url: &str) -> Result<Fetched, OutboundError> {
        let url = Self::target(url, AllowedDestinations::Public)?;
        let client = self.client(AllowedDestinations::Public).await?;
        let call = client.get(url).header(header::ACCEPT, "application/json");
        let mut response = call.send().await.map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(OutboundError::Status(response.status().as_u16()));
        }
        let control = response.headers().get(header::CACHE_CONTROL);
        let control = control.and_then(|value| value.to_str().ok());
        let keep_seconds = kept_for(control.unwrap_or_default());
        let body = read(&mut response, MAX_ANSWER).await?;
        Ok(Fetched { body, keep_seconds })
    }

    /// Fetches a range of hashes from the configured service.
    ///
    /// # Errors
    /// [`OutboundError`].
    pub(crate) async fn range(&self, url: &str) -> Result<Vec<u8>, OutboundError> {
        let url = Self::target(url, AllowedDestinations::Anywhere)?;
        // Responses are padded with hashes of count 0, so that their size does not reveal the requested range.
        let call = self
            .client(AllowedDestinations::Anywhere)
            .await?
            .get(url)
            .header("Add-Padding", "true");
        let mut response = call.send().await.map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(OutboundError::Status(response.status().as_u16()));
        }
        read(&mut response, MAX_RANGE).await
    }

    /// Posts a form; any success status is accepted.
    ///
    /// # Errors
    /// [`OutboundError`].
    pub(crate) async fn post_form(
        &self,
        url: &str,
        fields: &[(&str, &str)],
        reach: AllowedDestinations,
    ) -> Result<(), OutboundError> {
        let url = Self::target(url, reach)?;
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let call = self
            .client(reach)
            .await?
            .post(url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        let response = call.send().await.map_err(failed)?;
        if response.status().is_success() {
            Ok(())
        } else {
            Err(OutboundError::Status(response.status().as_u16()))
        }
    }

    /// Parses a URL and checks that it may be called. IP addresses are never resolved, so they are checked here.
    fn target(url: &str, reach: AllowedDestinations) -> Result<Url, OutboundError> {
        let parsed = Url::parse(url).map_err(|error| OutboundError::Failed(error.to_string()))?;
        let inside = parsed.host().is_none_or(|host| is_inside(&host));
        if reach == AllowedDestinations::Public && (parsed.scheme() != "https" || inside) {
            return Err(OutboundError::Inside(url.to_owned()));
        }
        Ok(parsed)
    }

    async fn client(&self, reach: AllowedDestinations) -> Result<&Client, OutboundError> {
        let cell = match reach {
            AllowedDestinations::Public => &self.0.public,
            AllowedDestinations::Anywhere => &self.0.anywhere,
        };
        cell.get_or_try_init(|| async move {
            let made = tokio::task::spawn_blocking(move || make(reach)).await;
            made.map_err(|error| OutboundError::Failed(error.to_string()))?
        })
        .await
    }
}

/// A client that trusts the system's certificates, or those of `SSL_CERT_FILE`, and follows neither redirects nor
/// proxies.
fn make(reach: AllowedDestinations) -> Result<Client, OutboundError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let made = builder(roots, reach)?.build();
    made.map_err(|error| OutboundError::Failed(error.to_string()))
}

fn builder(
    roots: RootCertStore,
    reach: AllowedDestinations,
) -> Result<ClientBuilder, OutboundError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| OutboundError::Failed(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut builder = Client::builder()
        .use_preconfigured_tls(tls)
        .timeout(CALL_TIMEOUT)
        .redirect(Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(0)
        .user_agent("Doorward");
    if reach == AllowedDestinations::Public {
        builder = builder.https_only(true).dns_resolver(Arc::new(PublicOnly));
    }
    Ok(builder)
}

/// Reads a response body of at most `most` bytes.
async fn read(response: &mut Response, most: usize) -> Result<Vec<u8>, OutboundError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > most {
            return Err(OutboundError::TooLong(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The chain of causes without the URL, which may contain private data.
fn failed(error: reqwest::Error) -> OutboundError {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut context = std::error::Error::source(&error);
    while let Some(inner) = context {
        text = inner.to_string();
        context = inner.source();
    }
    OutboundError::Failed(text)
}

/// Cache lifetime from a `Cache-Control` header, limited to [`KEPT`].
fn kept_for(control: &str) -> u64 {
    let directive = |name: &str| {
        let mut parts = control.split(',').map(str::trim);
        parts.find_map(|part| {
            part.to_ascii_lowercase()
                .strip_prefix(name)
                .map(str::to_owned)
        })
    };
    let age = directive("max-age=").and_then(|text| text.trim_matches('"').parse().ok());
    let age = if directive("no-store").is_some() || directive("no-cache").is_some() {
        0
    } else {
        age.unwrap_or(0)
    };
    age.clamp(KEPT.0, KEPT.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_as_long_as_it_says_within_bounds() {
        for (control, seconds) in [
            ("", 300),
            ("max-age=10", 300),
            ("public, Max-Age=3600", 3600),
            ("max-age=9999999", 86_400),
            ("no-store, max-age=3600", 300),
            ("max-age=-1", 300),
        ] {
            assert_eq!(kept_for(control), seconds, "{control}");
        }
    }

    #[tokio::test]
    async fn inside_addresses_are_not_fetched() {
        let outbound = Outbound::default();
        for url in [
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "https://[::ffff:127.0.0.1]/x",
            "https://2130706433/x",
            "https://0177.0.0.1/x",
            "https://169.254.169.254/latest/meta-data",
            "https://localhost/x",
            "https://router/x",
            "http://app.example/x",
            "file:///etc/passwd",
        ] {
            let error = outbound.fetch(url).await.unwrap_err();
            assert!(matches!(error, OutboundError::Inside(_)), "{url}: {error}");
        }
    }
}
