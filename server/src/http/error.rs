//! The one shape of every error: DESIGN section 2's body, RFC 6750's header.

mod from;

use std::{
    borrow::Cow,
    io::Cursor,
    sync::{Arc, LazyLock, Mutex},
};

use doorward_shared::{
    ErrorBody, ErrorCode,
    error::{ErrorDetail, MfaRequiredBody},
    mfa::MfaMethod,
};
use rocket::{
    Request, Response,
    http::{ContentType, Header, Status},
    request::Outcome,
    response::{self, Responder},
};

use crate::{crypto::secret::Secret, domain::ACR_VALUES};

/// After so many seconds a server that was too busy, or whose disk failed, may be asked again.
const RETRY_SECONDS: u64 = 1;

/// An error as it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    code: ErrorCode,
    message: Cow<'static, str>,
    field: Option<String>,
    /// The scope that is missing.
    scope: Option<String>,
    retry_after: Option<u64>,
    /// How recent a sign-in must be, in seconds.
    max_age: Option<u32>,
    /// Whether it is not known if the change is on disk.
    uncertain: bool,
    /// With what a sign-in goes on.
    mfa: Option<Box<MfaStep>>,
}

/// With what a sign-in goes on whose second factor is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MfaStep {
    /// The secret of the sign-in so far, for the answer's body.
    pub token: Arc<str>,
    pub methods: Vec<MfaMethod>,
}

impl ApiError {
    /// An error with a message for people.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        let retry_after = (code.status() == 503).then_some(RETRY_SECONDS);
        Self {
            code,
            message: message.into(),
            field: None,
            scope: None,
            retry_after,
            max_age: None,
            uncertain: false,
            mfa: None,
        }
    }

    /// 401: the password is right, and the account has a second factor.
    pub fn mfa_required(token: &Secret, methods: Vec<MfaMethod>) -> Self {
        Self {
            mfa: Some(Box::new(MfaStep {
                token: token.expose().into(),
                methods,
            })),
            ..Self::new(
                ErrorCode::MfaRequired,
                "a second factor is required: go on at /auth/mfa with the mfaToken",
            )
        }
    }

    /// 401: the password is right, and the account's role must have a second factor, which it has not. The token is for
    /// the pages, where one is set up.
    pub fn enrolment_required(token: &Secret) -> Self {
        Self {
            mfa: Some(Box::new(MfaStep {
                token: token.expose().into(),
                methods: Vec::new(),
            })),
            ..Self::new(
                ErrorCode::MfaEnrolmentRequired,
                "this account must have a second factor: sign in on the page, which leads through its set-up",
            )
        }
    }

    /// With what the sign-in goes on, for `mfa_required` and on pages for `mfa_enrolment_required`.
    pub fn mfa(&self) -> Option<&MfaStep> {
        self.mfa.as_deref()
    }

    /// 403, naming the scope the caller lacks.
    pub fn scope(scope: &str) -> Self {
        Self {
            scope: Some(scope.to_owned()),
            ..Self::new(
                ErrorCode::InsufficientScope,
                format!("this needs the scope {scope}"),
            )
        }
    }

    /// 401: not a credential of this server.
    pub fn invalid_token() -> Self {
        Self::new(ErrorCode::InvalidToken, "the token is not valid")
    }

    /// 401: it was good once, and somebody ended it.
    pub fn token_revoked() -> Self {
        Self::new(ErrorCode::TokenRevoked, "the token has been revoked")
    }

    /// 401: the sign-in is too long ago for a call that destroys something, RFC 9470.
    pub fn step_up(within_seconds: u32) -> Self {
        Self {
            max_age: Some(within_seconds),
            ..Self::new(
                ErrorCode::StepUpRequired,
                format!("sign in again: this needs a sign-in of the last {within_seconds} seconds"),
            )
        }
    }

    /// 401: its time is up.
    pub fn token_expired() -> Self {
        Self::new(ErrorCode::TokenExpired, "the token has expired")
    }

    /// 429: a limit is used up; it may be tried again after so many seconds.
    pub fn limited(message: impl Into<Cow<'static, str>>, retry_after: u64) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(ErrorCode::RateLimited, message)
        }
    }

    /// 422: a value is refused.
    pub fn validation(field: &str, reason: impl std::fmt::Display) -> Self {
        Self::at(ErrorCode::ValidationFailed, field, reason)
    }

    /// As [`ApiError::validation`], of one element of a list.
    pub fn element(field: &str, at: usize, reason: impl std::fmt::Display) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new(
                ErrorCode::ValidationFailed,
                format!("{field}[{at}]: {reason}"),
            )
        }
    }

    /// 400: the request's form is wrong at `field`.
    pub fn request(field: &str, reason: impl std::fmt::Display) -> Self {
        Self::at(ErrorCode::InvalidRequest, field, reason)
    }

    /// 404.
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("there is no such {what}"))
    }

    fn at(code: ErrorCode, field: &str, reason: impl std::fmt::Display) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new(code, format!("{field} {reason}"))
        }
    }

    /// What kind of error it is.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// What it says to people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The field at fault, where one is.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// Whether the change may be there all the same, wholly.
    pub fn is_uncertain(&self) -> bool {
        self.uncertain
    }

    /// How recent a sign-in has to be, in seconds, for `step_up_required`.
    pub fn max_age(&self) -> Option<u32> {
        self.max_age
    }

    /// When to come again, in seconds.
    pub fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    /// The HTTP status.
    pub fn status(&self) -> Status {
        Status::from_code(self.code.status()).unwrap_or(Status::InternalServerError)
    }

    /// RFC 6750 section 3: no error code where no credential came.
    fn challenge(&self) -> String {
        let realm = r#"Bearer realm="doorward""#;
        // Messages hold no quotes or backslashes but what a scope or a field name has, which are plain.
        let message = self.message.replace(['"', '\\'], "'");
        match self.code {
            ErrorCode::TokenExpired | ErrorCode::TokenRevoked | ErrorCode::InvalidToken => {
                format!(r#"{realm}, error="invalid_token", error_description="{message}""#)
            }
            ErrorCode::StepUpRequired => {
                let wanted = match self.max_age {
                    Some(seconds) => format!(r#"max_age="{seconds}""#),
                    None => format!(r#"acr_values="{}""#, ACR_VALUES[1]),
                };
                format!(
                    r#"{realm}, error="insufficient_user_authentication", error_description="{message}", {wanted}"#
                )
            }
            ErrorCode::InsufficientScope => {
                let scope = self.scope.as_deref().unwrap_or_default();
                let scope = if scope.is_empty() {
                    String::new()
                } else {
                    format!(r#", scope="{scope}""#)
                };
                format!(
                    r#"{realm}, error="insufficient_scope", error_description="{message}"{scope}"#
                )
            }
            _ => realm.to_owned(),
        }
    }

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

    /// The answer.
    pub(super) fn response(&self) -> Response<'static> {
        let mut response = Response::new();
        self.put_into(&mut response);
        response
    }

    /// The answer to a token that is not good: floods of those come, so that it is made once.
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

    /// Turns `response` into this error's answer.
    pub(super) fn put_into(&self, response: &mut Response<'_>) {
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

/// An error's answer, made once.
struct Ready {
    error: ApiError,
    challenge: String,
    body: String,
}

/// Where a guard leaves its error for the catcher, which Rocket does not hand it.
#[derive(Default)]
struct Left(Mutex<Option<ApiError>>);

impl ApiError {
    /// Leaves the error with the request and answers its status: what a guard fails with.
    pub(super) fn leave(self, request: &Request<'_>) -> (Status, ApiError) {
        let place = request.local_cache(Left::default);
        *place
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(self.clone());
        (self.status(), self)
    }

    /// The outcome of a guard, with its error left for the catcher.
    pub(in crate::http) fn outcome<T>(
        request: &Request<'_>,
        judged: Result<T, ApiError>,
    ) -> Outcome<T, ApiError> {
        match judged {
            Ok(value) => Outcome::Success(value),
            Err(error) => Outcome::Error(error.leave(request)),
        }
    }

    /// What a guard of this request failed with.
    pub(super) fn left(request: &Request<'_>) -> Option<ApiError> {
        let place = request.local_cache(Left::default);
        place
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take()
    }
}
