//! Client authentication, RFC 6749 section 2.3: `client_secret_basic`, `client_secret_post`, `none`.

use std::{net::IpAddr, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};

use doorward_shared::ClientId;

use super::{Failure, Form, authorize::SAID_NO};
use crate::{
    clock::Clock,
    crypto::secret::{Digest256, Secret},
    domain::{Act, Authority, Cause, Client, Door, Holder},
    service::RefusedClients,
    store::Store,
};

/// What a client says who it is with.
#[derive(Debug)]
pub struct ClientCredentials {
    id: String,
    secret: Option<Secret>,
    basic: bool,
}

/// A client that has shown who it is.
pub(crate) struct Authenticated {
    pub client: Arc<Client>,
    /// Hash of the secret it came with.
    pub secret: Option<Digest256>,
    /// Whether it came with HTTP Basic.
    pub basic: bool,
}

impl Authenticated {
    /// What the client is about to do to what is its own.
    pub fn act(&self, cause: Cause) -> Act {
        let authority = Authority {
            holder: Holder::Registered {
                id: self.client.id,
                secret: self.secret,
            },
            door: Door::Own,
            signed_in_at: None,
            step_up_seconds: 0,
        };
        Act::new(authority, cause)
    }
}

impl ClientCredentials {
    /// Hash of the secret.
    pub fn digest(&self) -> Option<Digest256> {
        self.secret.as_ref().map(Secret::digest)
    }

    /// From the `Authorization` headers and the body.
    ///
    /// # Errors
    /// `invalid_client` for what cannot be read or names two clients; `invalid_request` for two ways at once.
    pub fn read(headers: &[&str], form: &Form) -> Result<Option<Self>, Failure> {
        if headers.len() > 1 {
            return Err(Failure::client(true));
        }
        let in_body = form.get("client_id");
        let secret_in_body = form.get("client_secret");
        let basic = headers.first().and_then(|header| {
            let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
            scheme.eq_ignore_ascii_case("basic").then_some(rest)
        });
        let Some(basic) = basic else {
            let credentials = in_body.map(|id| Self {
                id: id.to_owned(),
                secret: secret_in_body.map(|secret| secret.to_owned().into()),
                basic: false,
            });
            return Ok(credentials);
        };
        let (id, secret) = decode(basic.trim()).ok_or(Failure::client(true))?;
        if in_body.is_some_and(|other| other != id) {
            return Err(Failure::client(true));
        }
        if secret_in_body.is_some() {
            // RFC 6749 section 2.3: not more than one method in each request.
            return Err(Failure::request(
                "client credentials came in two ways at once",
            ));
        }
        Ok(Some(Self {
            id,
            secret: Some(secret.into()),
            basic: true,
        }))
    }
}

/// RFC 6749 section 2.3.1: both halves are form-encoded before they are joined.
fn decode(basic: &str) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64_STANDARD.decode(basic).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((decoded(id)?, decoded(secret)?))
}

fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8();
    decoded.ok().map(std::borrow::Cow::into_owned)
}

/// What knows clients by what they come with.
#[derive(Debug, Clone)]
pub struct Clients {
    pub(crate) store: Store,
    pub(crate) refused: RefusedClients,
    pub(crate) clock: Clock,
}

/// Whether nothing is wrong with the client: a person has yet to sign in or to consent, or said no.
fn is_ordinary(failure: &Failure) -> bool {
    matches!(failure.error, "login_required" | "consent_required") || failure.description == SAID_NO
}

impl Clients {
    /// Notes that a client was refused. What is the server's own fault is not.
    pub(crate) fn refused(&self, client: Option<ClientId>, failure: &Failure, ip: IpAddr) {
        if failure.status < 500 && !is_ordinary(failure) {
            let cause = format!("{}: {}", failure.error, failure.description);
            self.refused.note(client, &cause, ip);
        }
    }

    /// The client that sends a request. Operators are told of one that is refused, and why; it is not.
    ///
    /// # Errors
    /// `invalid_client`; `invalid_request` for two ways of authentication at once; 503 when storage cannot be read.
    pub(crate) async fn client_of(
        &self,
        headers: &[&str],
        form: &Form,
        ip: IpAddr,
    ) -> Result<Arc<Client>, Failure> {
        Ok(self.authenticated(headers, form, ip).await?.client)
    }

    /// As [`Clients::client_of`], with the hash of the secret that it came with.
    ///
    /// # Errors
    /// As [`Clients::client_of`].
    pub(crate) async fn authenticated(
        &self,
        headers: &[&str],
        form: &Form,
        ip: IpAddr,
    ) -> Result<Authenticated, Failure> {
        let credentials = match ClientCredentials::read(headers, form) {
            Ok(Some(credentials)) => credentials,
            Ok(None) => {
                let failure = Failure::client(false);
                self.refused
                    .note(None, "invalid_client: no client credentials came", ip);
                return Err(failure);
            }
            Err(failure) => {
                self.refused(None, &failure, ip);
                return Err(failure);
            }
        };
        let id = credentials.id.parse().ok();
        let why = match id {
            Some(id) => match self.store.client(id).await? {
                Some(client) => match self.why_refused(&client, &credentials) {
                    None => {
                        let secret = credentials.digest();
                        let basic = credentials.basic;
                        return Ok(Authenticated {
                            client,
                            secret,
                            basic,
                        });
                    }
                    Some(why) => why,
                },
                None => "there is no client with this client_id",
            },
            None => "the client_id is malformed",
        };
        self.refused.note(id, &format!("invalid_client: {why}"), ip);
        Err(Failure::client(credentials.basic))
    }

    /// What is wrong with a client's credentials, if something is.
    fn why_refused(
        &self,
        client: &Client,
        credentials: &ClientCredentials,
    ) -> Option<&'static str> {
        match (&client.secrets, &credentials.secret) {
            (Some(secrets), Some(given)) if secrets.accept(given.expose(), self.clock.now()) => {
                None
            }
            (Some(_), Some(_)) => Some("the client secret is wrong"),
            (Some(_), None) => Some("the client secret is missing"),
            (None, None) => None,
            // Many libraries send Basic with an empty secret for a public client.
            (None, Some(given)) if credentials.basic && given.expose().is_empty() => None,
            // It has no secret, and proves nothing with one.
            (None, Some(_)) => Some("a client secret came for a public client"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str, body: &str) -> Result<Option<(String, bool)>, &'static str> {
        let form = Form::parse(body.as_bytes()).map_err(|failure| failure.error)?;
        let headers: Vec<_> = Some(header).into_iter().filter(|h| !h.is_empty()).collect();
        ClientCredentials::read(&headers, &form)
            .map(|found| found.map(|c| (c.id, c.secret.is_some())))
            .map_err(|failure| failure.error)
    }

    #[test]
    fn credentials_come_one_way_or_the_other() {
        let basic = format!("bAsIc {}", BASE64_STANDARD.encode("a%3Ab:c"));
        assert_eq!(read(&basic, ""), Ok(Some(("a:b".into(), true))));
        assert_eq!(
            read(&basic, "client_id=a:b"),
            Ok(Some(("a:b".into(), true)))
        );
        assert_eq!(read(&basic, "client_id=x"), Err("invalid_client"));
        assert_eq!(
            read(&basic, "client_id=a:b&client_secret=c"),
            Err("invalid_request")
        );
        assert_eq!(read("Basic !!", ""), Err("invalid_client"));
        assert_eq!(read("", "client_id=x"), Ok(Some(("x".into(), false))));
        assert_eq!(read("", ""), Ok(None));
    }
}
