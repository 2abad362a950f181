//! Errors on the wire: `{"error":{"code":"…","message":"…","field":"…"}}`.

use serde::{Deserialize, Serialize};

/// The body of every error answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// Code, sentence and field of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorDetail {
    /// What programs decide by.
    pub code: ErrorCode,
    /// What is wrong, for people.
    pub message: String,
    /// The field at fault, where one is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
}

/// The body of 401 `mfa_required`: with what the sign-in goes on at `/auth/mfa`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MfaRequiredBody {
    /// With the code `mfa_required`.
    pub error: ErrorDetail,
    /// Good for 5 minutes and 5 tries, once.
    pub mfa_token: String,
    /// Factors of the account, any of which will do.
    pub methods: Vec<crate::mfa::MfaMethod>,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal;)*) => {
        /// The closed list of error codes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [ErrorCode] = &[$(Self::$name,)*];

            /// Its spelling on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status it comes with.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }
        }
    };
}

// By hand: the derive does not see names that a macro gives.
#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for ErrorCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some("The closed list of error codes."))
            .enum_values(Some(Self::ALL.iter().map(|code| code.as_str())))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for ErrorCode {}

codes! {
    /// Not JSON, or a missing, unknown or mistyped field.
    InvalidRequest = "invalid_request", 400;
    /// Wrong email or password; which of them is not said.
    InvalidCredentials = "invalid_credentials", 401;
    /// The token's or key's end is past.
    TokenExpired = "token_expired", 401;
    /// The token or key, or its session, was revoked; a refresh token was used before.
    TokenRevoked = "token_revoked", 401;
    /// Neither a token nor a key of this server.
    InvalidToken = "invalid_token", 401;
    /// The call needs a credential and has none.
    MissingToken = "missing_token", 401;
    /// Only where the setting `step_up_seconds` asks for it: the sign-in is too long ago for this call.
    StepUpRequired = "step_up_required", 401;
    /// The password is right, and a second factor has to be shown beside it.
    MfaRequired = "mfa_required", 401;
    /// The account's role must have a second factor, and has none yet.
    MfaEnrolmentRequired = "mfa_enrolment_required", 401;
    /// The credential lacks a scope, which the message names.
    InsufficientScope = "insufficient_scope", 403;
    /// Only after a right password.
    AccountDisabled = "account_disabled", 403;
    /// Only after a right password, where the setting `require_verified_email` asks for it.
    EmailNotVerified = "email_not_verified", 403;
    /// The setting `registration` is `closed`: operators make the accounts.
    RegistrationClosed = "registration_closed", 403;
    /// The network is blocked for sign-in and sign-up.
    Blocked = "blocked", 403;
    /// No such path or resource, or one of another owner.
    NotFound = "not_found", 404;
    /// The server sends no mail.
    MailDisabled = "mail_disabled", 404;
    /// The path exists, with other methods.
    MethodNotAllowed = "method_not_allowed", 405;
    /// Another account has the address.
    EmailTaken = "email_taken", 409;
    /// The state of things does not allow it; the message says why.
    Conflict = "conflict", 409;
    /// Over 64 KiB.
    PayloadTooLarge = "payload_too_large", 413;
    /// A body without `Content-Type`, or of a type that the call does not take.
    UnsupportedMediaType = "unsupported_media_type", 415;
    /// The shape is right, a value is refused.
    ValidationFailed = "validation_failed", 422;
    /// Too many calls; `Retry-After` says when to come again.
    RateLimited = "rate_limited", 429;
    /// A fault of the server; its log has the cause under the request's id.
    InternalError = "internal_error", 500;
    /// The queue is full; nothing was done.
    Overloaded = "overloaded", 503;
    /// The disk is; nothing was done.
    StorageUnavailable = "storage_unavailable", 503;
}
