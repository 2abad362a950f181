//! The response of an error: its body and its headers.

use std::{borrow::Cow, io::Cursor, sync::LazyLock};

use doorward_shared::{
    ErrorBody, ErrorCode,
    error::{ErrorDetail, MfaRequiredBody},
};
use rocket::{
    Request, Response,
    http::{ContentType, Header},
    response::{self, Responder},
};

use super::ApiError;

impl ApiError {
    fn body(&self) -> String {
        let body = ErrorBody {
            error: ErrorDetail {
                code: self.code,
                message: self.message.clone().into_owned(),
                field: self.field.clone(),
            },
        };
        match &self.mfa {
            Some(step) if self.code == ErrorCode::MfaRequired => {
                serde_json::to_string(&MfaRequiredBody {
                    error: body.error,
                    mfa_token: step.token.to_string(),
                    methods: step.methods.clone(),
                })
            }
            _ => serde_json::to_string(&body),
        }
        .unwrap_or_default()
    }

    /// The response.
    pub(in crate::http) fn response(&self) -> Response<'static> {
        let mut response = Response::new();
        self.put_into(&mut response);
        response
    }

    /// The response to an invalid token, built once because it is frequent under attack.
    fn ready(&self) -> Option<&'static Ready> {
        static READY: LazyLock<[Ready; 3]> = LazyLock::new(|| {
            [
                ApiError::invalid_token(),
                ApiError::token_expired(),
                ApiError::token_revoked(),
            ]
            .map(|error| Ready {
                challenge: error.challenge(),
                body: error.body(),
                error,
            })
        });
        READY.iter().find(|ready| ready.error == *self)
    }

    /// Turns `response` into this error's response.
    pub(in crate::http) fn put_into(&self, response: &mut Response<'_>) {
        let ready = self.ready();
        let body: Cow<'static, [u8]> = match ready {
            Some(ready) => ready.body.as_bytes().into(),
            None => self.body().into_bytes().into(),
        };
        let status = self.status();
        response.set_status(status);
        response.set_header(ContentType::JSON);
        response.set_header(Header::new("Cache-Control", "no-store"));
        if matches!(status.code, 401 | 403) {
            let challenge: Cow<'static, str> = match ready {
                Some(ready) => ready.challenge.as_str().into(),
                None => self.challenge().into(),
            };
            response.set_header(Header::new("WWW-Authenticate", challenge));
        }
        if let Some(seconds) = self.retry_after {
            response.set_header(Header::new("Retry-After", seconds.to_string()));
        }
        response.set_sized_body(body.len(), Cursor::new(body));
    }
}
impl<'r> Responder<'r, 'static> for ApiError {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        if self.code == ErrorCode::InternalError {
            tracing::error!(message = %self.message, "a request failed");
        }
        Ok(self.response())
    }
}

/// A prebuilt error response.
struct Ready {
    error: ApiError,
    challenge: String,
    body: String,
}
