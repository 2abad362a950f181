//! Client ID metadata documents: a `client_id` that is an https URL refers to the client metadata served there.

use std::{net::IpAddr, sync::Arc};

use doorward_shared::{ClientId, ScopeSet, Timestamp};
use quick_cache::sync::Cache;

use super::{
    OAuthError, Registrations,
    client_metadata::{DynamicClientLimits, Metadata, MetadataError, decide},
    dynamic_registration::{Origin, client},
};
use crate::{
    domain::{AuditContext, Client},
    outbound::{Outbound, OutboundError},
    store::{Document, OperatorOverrides, StoreError},
};

/// Maximum number of addresses whose last fetch is remembered.
const REMEMBERED: usize = 1000;
/// Back-off before an address that failed is fetched again, in seconds.
const RETRY_AFTER_SECONDS: i64 = 60;
/// How long an expired document stays valid while its address cannot be reached, in seconds: an hour.
const STALE: i64 = 3600;

/// Result of a fetch.
#[derive(Debug)]
struct Fetched {
    client: Result<ClientId, FetchError>,
    /// When it may be fetched again.
    until: Timestamp,
}

#[derive(Debug, Clone)]
struct FetchError {
    failure: OAuthError,
    /// It was not reached: the document may be unchanged.
    unreached: bool,
}

impl Fetched {
    /// An address that failed backs off for a while.
    fn not(failure: OAuthError, unreached: bool, now: Timestamp) -> Self {
        Self {
            client: Err(FetchError { failure, unreached }),
            until: now.plus_seconds(RETRY_AFTER_SECONDS),
        }
    }
}

/// Fetches metadata documents; concurrent requests for one document share a fetch.
#[derive(Debug)]
pub(crate) struct Documents {
    outbound: Outbound,
    fetched: Cache<String, Arc<Fetched>>,
}

impl Documents {
    pub(crate) fn new(outbound: Outbound) -> Self {
        Self {
            outbound,
            fetched: Cache::new(REMEMBERED),
        }
    }
}

impl Registrations {
    /// The client that a `client_id` refers to: a registered one, or a metadata document. The latter is only found by
    /// its URL: its internal id would bypass fetching the current document.
    ///
    /// # Errors
    /// 503 when storage cannot be read; the reason why a document cannot be used.
    pub(crate) async fn client_named(
        &self,
        name: &str,
        ip: IpAddr,
    ) -> Result<Option<Arc<Client>>, OAuthError> {
        if let Ok(id) = name.parse() {
            let client = self.store.client(id).await?;
            return Ok(client.filter(|client| client.document.is_none()));
        }
        if !self.settings.client_metadata_documents || !name.starts_with("https://") {
            return Ok(None);
        }
        let id = self.client_of_document(name, ip).await?;
        Ok(self.store.client(id).await?)
    }

    async fn client_of_document(&self, url: &str, ip: IpAddr) -> Result<ClientId, OAuthError> {
        check_document_url(url)?;
        let now = self.clock.now();
        let known = self.store.document_client(url.to_owned()).await?;
        if let Some((id, until)) = known
            && now < until
        {
            return Ok(id);
        }
        let fetched = &self.documents.fetched;
        let rests = fetched.get(url).filter(|fetched| now < fetched.until);
        let fetched = match rests {
            Some(fetched) => fetched,
            None => {
                // One that is being fetched has no result yet, and stays.
                fetched.remove_if(url, |fetched| now >= fetched.until);
                let fetch = async {
                    // Each first fetch goes to an address that an unauthenticated client chose, so it counts against
                    // the rate limit. Refetching a known document, or waiting for a fetch in progress, does not.
                    if known.is_none() {
                        let counted = self.limits.client_registration(ip, self.clock.monotonic());
                        counted.map_err(OAuthError::too_many_registrations)?;
                    }
                    Ok::<_, OAuthError>(Arc::new(self.fetch_document(url, ip, now).await?))
                };
                fetched.get_or_insert_async(url, fetch).await?
            }
        };
        match (&fetched.client, known) {
            (Ok(id), _) => Ok(*id),
            (Err(not), Some((id, until))) if not.unreached && now < until.plus_seconds(STALE) => {
                Ok(id)
            }
            (Err(not), _) => Err(not.failure.clone()),
        }
    }

    /// Fetches a document and stores its client.
    ///
    /// # Errors
    /// Only of storage: errors in the document are remembered.
    async fn fetch_document(
        &self,
        url: &str,
        ip: IpAddr,
        now: Timestamp,
    ) -> Result<Fetched, OAuthError> {
        let answer = match self.documents.outbound.fetch(url).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::info!(%url, %error, "a client's metadata document was not fetched");
                let unreached = matches!(
                    error,
                    OutboundError::Failed(_) | OutboundError::Status(500..)
                );
                let failure = unusable("the metadata document cannot be fetched");
                return Ok(Fetched::not(failure, unreached, now));
            }
        };
        let seconds = i64::try_from(answer.keep_seconds).unwrap_or_default();
        let document = Document {
            url: url.to_owned(),
            until: now.plus_seconds(seconds),
        };
        match read_document(url, &answer.body) {
            Ok(metadata) => self.keep(document, metadata, ip, now).await,
            Err(failure) => Ok(Fetched::not(failure, false, now)),
        }
    }

    /// Stores the client of a document.
    ///
    /// # Errors
    /// As [`Registrations::fetch_document`].
    async fn keep(
        &self,
        document: Document,
        metadata: Metadata,
        ip: IpAddr,
        now: Timestamp,
    ) -> Result<Fetched, OAuthError> {
        let cause = AuditContext {
            request_id: None,
            ..self.anonymous(Origin {
                ip,
                request_id: "".into(),
            })
        };
        let (url, scopes) = (document.url.clone(), self.dynamic_scopes());
        // On the current row: an operator may be changing it.
        let decide = move |left: OperatorOverrides| described(url, &metadata, left, scopes);
        Ok(
            match self.store.keep_document(document, decide, cause).await {
                // From here on the client is in the database.
                Ok(Ok(id)) => Fetched {
                    client: Ok(id),
                    until: now,
                },
                Ok(Err(failure)) => Fetched::not(failure, false, now),
                // It contradicts an operator's decision.
                Err(StoreError::Refused(refusal)) => {
                    Fetched::not(unusable(refusal.to_string()), false, now)
                }
                Err(error) => return Err(error.into()),
            },
        )
    }
}

/// 401: the metadata document cannot be used.
fn unusable(why: impl Into<std::borrow::Cow<'static, str>>) -> OAuthError {
    OAuthError {
        status: 401,
        ..OAuthError::new("invalid_client", why)
    }
}

/// Client-id metadata document draft section 3: https, with a path, without user, fragment and dot segments.
fn check_document_url(url: &str) -> Result<(), OAuthError> {
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

/// The contents of a metadata document. It must contain its own URL as `client_id`.
fn read_document(url: &str, body: &[u8]) -> Result<Metadata, OAuthError> {
    #[derive(serde::Deserialize)]
    struct DocumentFields {
        client_id: String,
        client_secret: Option<serde::de::IgnoredAny>,
        #[serde(flatten)]
        metadata: Metadata,
    }
    let named: DocumentFields = serde_json::from_slice(body)
        .map_err(|_| unusable("the metadata document cannot be read"))?;
    if named.client_id != url {
        return Err(unusable("the metadata document names another client_id"));
    }
    let method = named.metadata.token_endpoint_auth_method.as_deref();
    if named.client_secret.is_some() || method.is_some_and(|method| method.contains("secret")) {
        return Err(unusable("a metadata document holds no secret"));
    }
    Ok(named.metadata)
}

/// The client that a document describes. Permissions that an operator removed stay removed.
fn described(
    url: String,
    metadata: &Metadata,
    left: OperatorOverrides,
    scopes: ScopeSet,
) -> Result<Client, OAuthError> {
    let allowed = DynamicClientLimits {
        scopes: left.scopes.clone().unwrap_or(scopes),
        confidential: false,
        bytes: usize::MAX,
    };
    let decided = decide(metadata, &allowed);
    let decided = decided.and_then(|registration| registration.within(&left));
    let registration = decided.map_err(|refused: MetadataError| unusable(refused.why))?;
    Ok(Client {
        document: Some(url),
        ..client(registration, None)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://app.example/oauth/client.json";

    fn read(document: &serde_json::Value) -> Result<Client, OAuthError> {
        let scopes = ScopeSet::parse("openid offline_access").unwrap();
        let metadata = read_document(URL, document.to_string().as_bytes())?;
        described(URL.into(), &metadata, OperatorOverrides::default(), scopes)
    }

    #[test]
    fn a_document_must_name_itself_and_hold_no_secret() {
        let right = serde_json::json!({
            "client_id": URL, "client_name": "App", "redirect_uris": ["http://127.0.0.1/cb"],
            "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none",
        });
        let made = read(&right).unwrap();
        assert_eq!((made.name.as_str(), made.secrets), ("App", None));
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
