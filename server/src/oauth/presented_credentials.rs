//! Parses client authentication from a request: RFC 6749 section 2.3, RFC 7523.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{Form, OAuthError};
use crate::{
    crypto::{
        client_assertion::claimed_client,
        secret::{Digest256, Secret},
    },
    domain::AuthMethod,
};

/// The credentials that a client presents.
#[derive(Debug)]
pub struct PresentedCredentials {
    pub(super) id: String,
    pub(super) secret: Option<Secret>,
    /// A JWT signed by the client, RFC 7523.
    pub(super) assertion: Option<String>,
    pub(super) basic: bool,
}

impl PresentedCredentials {
    /// The authentication method.
    pub(super) fn way(&self) -> AuthMethod {
        match (&self.secret, &self.assertion) {
            (_, Some(_)) => AuthMethod::PrivateKeyJwt,
            (Some(_), None) if self.basic => AuthMethod::SecretBasic,
            (Some(_), None) => AuthMethod::SecretPost,
            (None, None) => AuthMethod::None,
        }
    }

    /// Hash of the secret.
    pub fn digest(&self) -> Option<Digest256> {
        self.secret.as_ref().map(Secret::digest)
    }

    /// Parses the `Authorization` headers and the body.
    ///
    /// # Errors
    /// `invalid_client` for malformed credentials and for two different clients; `invalid_request` for two methods at
    /// once.
    pub fn read(headers: &[&str], form: &Form) -> Result<Option<Self>, OAuthError> {
        if headers.len() > 1 {
            return Err(OAuthError::client(true));
        }
        if let Some(assertion) = assertion(form)? {
            return Self::signed(headers, form, assertion).map(Some);
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
                assertion: None,
                basic: false,
            });
            return Ok(credentials);
        };
        let (id, secret) = decode(basic.trim()).ok_or(OAuthError::client(true))?;
        if in_body.is_some_and(|other| other != id) {
            return Err(OAuthError::client(true));
        }
        if secret_in_body.is_some() {
            // RFC 6749 section 2.3: not more than one method in each request.
            return Err(OAuthError::request("client credentials sent in two ways"));
        }
        Ok(Some(Self {
            id,
            secret: Some(secret.into()),
            assertion: None,
            basic: true,
        }))
    }

    /// Credentials with an assertion, which contains the client id itself.
    fn signed(headers: &[&str], form: &Form, assertion: &str) -> Result<Self, OAuthError> {
        if !headers.is_empty() || form.get("client_secret").is_some() {
            return Err(OAuthError::request("client credentials sent in two ways"));
        }
        let claimed = claimed_client(assertion).ok_or(OAuthError::client(false))?;
        if form.get("client_id").is_some_and(|id| id != claimed) {
            return Err(OAuthError::client(false));
        }
        Ok(Self {
            id: claimed,
            secret: None,
            assertion: Some(assertion.to_owned()),
            basic: false,
        })
    }
}

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The client assertion of a request, RFC 7521 section 4.2.
fn assertion(form: &Form) -> Result<Option<&str>, OAuthError> {
    match (
        form.get("client_assertion"),
        form.get("client_assertion_type"),
    ) {
        (None, None) => Ok(None),
        (Some(assertion), Some(ASSERTION_TYPE)) => Ok(Some(assertion)),
        (Some(_), _) => Err(OAuthError::request(
            "client_assertion_type must be jwt-bearer",
        )),
        (None, Some(_)) => Err(OAuthError::request("client_assertion is missing")),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str, body: &str) -> Result<Option<(String, bool)>, &'static str> {
        let form = Form::parse(body.as_bytes()).map_err(|failure| failure.error)?;
        let headers: Vec<_> = Some(header).into_iter().filter(|h| !h.is_empty()).collect();
        PresentedCredentials::read(&headers, &form)
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
