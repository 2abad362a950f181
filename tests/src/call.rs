//! One HTTP call, and its answer held for looking at.

use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;

/// A call that is being put together.
#[derive(Debug)]
pub struct Call(RequestBuilder);

impl Call {
    pub(crate) fn new(http: &reqwest::Client, method: Method, url: &str) -> Self {
        Self(http.request(method, url))
    }

    /// With this credential.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        Self(self.0.bearer_auth(token))
    }

    /// With HTTP Basic.
    #[must_use]
    pub fn basic(self, user: &str, password: &str) -> Self {
        Self(self.0.basic_auth(user, Some(password)))
    }

    /// With one more header.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// With query parameters.
    #[must_use]
    pub fn query(self, pairs: &[(&str, &str)]) -> Self {
        Self(self.0.query(pairs))
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: Value) -> Self {
        Self(self.0.json(&body))
    }

    /// With a form as its body.
    #[must_use]
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        Self(self.0.form(pairs))
    }

    /// With these bytes as its body, and their content type.
    #[must_use]
    pub fn body(self, kind: &str, bytes: impl Into<reqwest::Body>) -> Self {
        Self(self.0.header("content-type", kind).body(bytes))
    }

    /// With these bytes as its body, and nothing that says what they are.
    #[must_use]
    pub fn raw_body(self, bytes: impl Into<reqwest::Body>) -> Self {
        Self(self.0.body(bytes))
    }

    /// Makes the call.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn send(self) -> Reply {
        self.try_send().await.expect("the server answers")
    }

    /// Makes the call and answers before the body has come: for a stream.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn open(self) -> reqwest::Response {
        self.0.send().await.expect("the server answers")
    }

    /// Makes the call.
    ///
    /// # Errors
    /// When no whole answer comes: then nobody knows what was done.
    pub async fn try_send(self) -> Result<Reply, reqwest::Error> {
        let response = self.0.send().await?;
        Ok(Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await?.to_vec(),
        })
    }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    /// The answer itself, when its status is `status`.
    ///
    /// # Panics
    /// When it is another, with the body.
    #[track_caller]
    #[expect(
        clippy::return_self_not_must_use,
        reason = "the status may be all that is asked"
    )]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Checks an error of the REST API: status, code, the one shape and the request id.
    ///
    /// # Panics
    /// When it is another.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> &Self {
        assert_eq!(self.status, status, "{}", self.text());
        let body = self.json();
        assert_eq!(body["error"]["code"], code, "{body}");
        assert!(body["error"]["message"].is_string(), "{body}");
        assert_eq!(body.as_object().map(serde_json::Map::len), Some(1));
        assert!(self.headers.contains_key("x-request-id"));
        self
    }

    /// As [`Reply::refused`], with the field at fault.
    ///
    /// # Panics
    /// When it is another.
    #[track_caller]
    pub fn refused_at(&self, status: u16, code: &str, field: &str) -> &Self {
        self.refused(status, code);
        assert_eq!(self.json()["error"]["field"], field, "{}", self.text());
        self
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// A string of the JSON body.
    ///
    /// # Panics
    /// When there is none of this name.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        let body = self.json();
        let text = body[name].as_str();
        text.unwrap_or_else(|| panic!("no {name} in {body}"))
            .to_owned()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}
