//! Requests and responses as the library takes them: plain owned values.

use std::borrow::Cow;

use oxide_auth::endpoint::{NormalizedParameter, QueryParameter, WebRequest, WebResponse};
use url::Url;

use crate::oauth::{Form, OAuthError};

/// A request as plain owned values, read from Rocket before a flow starts.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub query: NormalizedParameter,
    pub body: NormalizedParameter,
    pub authorization: Option<String>,
}

pub(super) fn normalized(form: &Form) -> NormalizedParameter {
    let mut parameters = NormalizedParameter::new();
    for (name, value) in form.pairs() {
        parameters.insert_or_poison(name.clone().into(), value.clone().into());
    }
    parameters
}

impl WebRequest for Request {
    type Error = OAuthError;
    type Response = Response;

    fn query(&mut self) -> Result<Cow<'_, dyn QueryParameter + 'static>, OAuthError> {
        Ok(Cow::Borrowed(&self.query))
    }

    fn urlbody(&mut self) -> Result<Cow<'_, dyn QueryParameter + 'static>, OAuthError> {
        Ok(Cow::Borrowed(&self.body))
    }

    fn authheader(&mut self) -> Result<Option<Cow<'_, str>>, OAuthError> {
        Ok(self.authorization.as_deref().map(Cow::Borrowed))
    }
}

/// What a flow answers. Only how it ended is used: tokens and errors are written by us.
#[derive(Debug, Default)]
pub(super) struct Response {
    /// RFC 6749's error code, when it is one.
    pub error: Option<String>,
    pub unauthorized: bool,
}

impl WebResponse for Response {
    type Error = OAuthError;

    fn ok(&mut self) -> Result<(), OAuthError> {
        Ok(())
    }

    fn redirect(&mut self, url: Url) -> Result<(), OAuthError> {
        let error = url.query_pairs().find(|(name, _)| name == "error");
        self.error = error.map(|(_, value)| value.into_owned());
        Ok(())
    }

    fn client_error(&mut self) -> Result<(), OAuthError> {
        self.error.get_or_insert_with(|| "invalid_request".into());
        Ok(())
    }

    fn unauthorized(&mut self, _: &str) -> Result<(), OAuthError> {
        self.unauthorized = true;
        Ok(())
    }

    fn body_text(&mut self, _: &str) -> Result<(), OAuthError> {
        Ok(())
    }

    fn body_json(&mut self, json: &str) -> Result<(), OAuthError> {
        #[derive(serde::Deserialize)]
        struct Error {
            error: Option<String>,
        }
        if let Ok(Error { error: Some(error) }) = serde_json::from_str(json) {
            self.error = Some(error);
        }
        Ok(())
    }
}
