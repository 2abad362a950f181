//! Request bodies: JSON up to 64 KiB; errors name the field.

mod rejection;
mod strict_object;

use std::time::Duration;

use doorward_shared::ErrorCode;
use rocket::{
    Data, Request,
    data::{FromData, Outcome, ToByteUnit},
    http::ContentType,
    tokio::{
        io::{AsyncReadExt as _, copy, sink},
        time::timeout,
    },
};
use serde::de::DeserializeOwned;

use self::{rejection::refused, strict_object::Objects};
use super::ApiError;
use crate::oauth::BYTE_ORDER_MARK;

/// Maximum size of a body, in bytes.
pub(super) const MAX_BODY: u64 = 64 * 1024;
/// How much of an oversized body is still read before responding, in bytes, and for how long.
const LINGER: u64 = 8 * 1024 * 1024;
const LINGER_TIME: Duration = Duration::from_secs(2);
/// Timeout for receiving a body, so that a slow sender does not hold a connection.
const READ_TIMEOUT: Duration = Duration::from_secs(15);

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// A JSON body, or an empty one, which means all defaults.
#[derive(Debug)]
pub struct OptionalBody<T>(pub T);

#[rocket::async_trait]
impl<'r, T: DeserializeOwned + Send> FromData<'r> for Body<T> {
    type Error = ApiError;
    async fn from_data(request: &'r Request<'_>, mut data: Data<'r>) -> Outcome<'r, Self> {
        let taken = match json_declared(request) {
            Ok(()) => read(data).await.and_then(|bytes| parse(&bytes)),
            // An empty body needs no content type.
            Err(_) if request.content_type().is_none() && data.peek(1).await.is_empty() => {
                parse(&[])
            }
            Err(error) => Err(error),
        };
        match taken {
            Ok(value) => Outcome::Success(Self(value)),
            Err(error) => Outcome::Error(error.leave(request)),
        }
    }
}

#[rocket::async_trait]
impl<'r, T: DeserializeOwned + Default + Send> FromData<'r> for OptionalBody<T> {
    type Error = ApiError;
    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        let taken = match read(data).await {
            Ok(bytes) if bytes.is_empty() && is_announced(request) => {
                Err(broken("the announced body is empty"))
            }
            Ok(bytes) if bytes.is_empty() => Ok(T::default()),
            Ok(bytes) => json_declared(request).and_then(|()| parse(&bytes)),
            Err(error) => Err(error),
        };
        match taken {
            Ok(value) => Outcome::Success(Self(value)),
            Err(error) => Outcome::Error(error.leave(request)),
        }
    }
}

fn json_declared(request: &Request<'_>) -> Result<(), ApiError> {
    let is_json = |kind: &ContentType| kind.top() == "application" && kind.sub() == "json";
    if request.content_type().is_some_and(is_json) {
        Ok(())
    } else {
        Err(ApiError::new(
            ErrorCode::UnsupportedMediaType,
            "the body must be application/json",
        ))
    }
}

/// Whether the headers announce a body, RFC 9112 section 6. Rocket does not report one that breaks off before its first
/// byte: it looks like an empty one.
fn is_announced(request: &Request<'_>) -> bool {
    let headers = request.headers();
    let length = headers.get_one("content-length");
    headers.contains("transfer-encoding") || length.is_some_and(|length| length.trim() != "0")
}

fn broken(why: &str) -> ApiError {
    let message = format!("could not read the request body: {why}");
    ApiError::new(ErrorCode::InvalidRequest, message)
}

/// The complete body.
pub(super) async fn read(data: Data<'_>) -> Result<Vec<u8>, ApiError> {
    let mut body = data.open((MAX_BODY + LINGER).bytes());
    let mut bytes = Vec::new();
    let mut start = (&mut body).take(MAX_BODY + 1);
    let read = timeout(READ_TIMEOUT, start.read_to_end(&mut bytes));
    let read = read.await.map_err(|_| broken("it took too long"))?;
    read.map_err(|_| broken("it was cut short"))?;
    if bytes.len() as u64 <= MAX_BODY {
        return Ok(bytes);
    }
    // Many clients send the whole body before they read: closing the connection early would hide the response.
    let _ = timeout(LINGER_TIME, copy(&mut body, &mut sink())).await;
    Err(too_large())
}

pub(super) fn too_large() -> ApiError {
    ApiError::new(
        ErrorCode::PayloadTooLarge,
        "the body must be at most 64 KiB",
    )
}

/// Parses JSON.
///
/// # Errors
/// `invalid_request` naming the field that is missing, unknown, duplicate or of the wrong type.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if bytes.starts_with(BYTE_ORDER_MARK) {
        // RFC 8259 section 8.1: senders must not add one.
        let message = "the body begins with a byte order mark (U+FEFF): send JSON without it";
        return Err(ApiError::new(ErrorCode::InvalidRequest, message));
    }
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if matches!(
        first,
        Some(b'[' | b'"' | b'0'..=b'9' | b'-' | b't' | b'f' | b'n')
    ) {
        let message = "the body must be a JSON object";
        return Err(ApiError::new(ErrorCode::InvalidRequest, message));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(Objects(&mut json)).map_err(|error| {
        let path = error.path().to_string();
        refused(&path, error.inner())
    })?;
    json.end().map_err(|error| refused(".", &error))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use doorward_shared::auth::{LoginRequest, RegisterRequest};

    use super::*;

    fn field_of(body: &str) -> Option<String> {
        let error = parse::<RegisterRequest>(body.as_bytes()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidRequest, "{body}");
        error.field().map(str::to_owned)
    }

    #[test]
    fn a_refused_body_names_the_field() {
        assert_eq!(field_of(r#"{"password":"x"}"#).as_deref(), Some("email"));
        assert_eq!(
            field_of(r#"{"email":"a","password":"x","role":"admin"}"#).as_deref(),
            Some("role")
        );
        assert_eq!(
            field_of(r#"{"email":1,"password":"x"}"#).as_deref(),
            Some("email")
        );
        assert_eq!(
            field_of(r#"{"email":"a","email":"b","password":"x"}"#).as_deref(),
            Some("email")
        );
        assert_eq!(field_of("[]"), None);
        assert_eq!(field_of("{"), None);
        assert_eq!(field_of(&"[".repeat(10_000)), None);
        assert_eq!(field_of(r#"{"email":"\ud800","password":"x"}"#), None);
        assert_eq!(field_of("{\"email\":\"\u{0}\"}"), None);
        assert_eq!(field_of("{\"email\":\"a\", \"password\": \"x\"} x"), None);
    }

    #[test]
    fn a_byte_order_mark_is_refused_by_its_name() {
        let body = "\u{feff}{\"email\":\"a\",\"password\":\"x\"}";
        let error = parse::<LoginRequest>(body.as_bytes()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidRequest);
        assert!(error.message().contains("byte order mark"), "{error:?}");
    }

    #[test]
    fn a_refused_number_is_told_in_words() {
        use doorward_shared::apikey::RotateRequest;
        let error = parse::<RotateRequest>(br#"{"graceSeconds":-1}"#).unwrap_err();
        assert_eq!(error.field(), Some("graceSeconds"));
        assert!(
            error
                .message()
                .ends_with("must be a whole number, 0 or more")
        );
    }

    #[test]
    fn what_is_an_object_comes_as_one_however_deep_it_stands() {
        use doorward_shared::apikey::{KeyPatch, MintRequest};
        let at = |error: ApiError| {
            let field = error.field().unwrap_or_default().to_owned();
            (error.code(), field, error.message().to_owned())
        };
        for value in ["[5,60]", "[]", "5", "\"x\"", "true"] {
            let (mint, patch) = (
                format!(r#"{{"name":"a","scopes":[],"rateLimit":{value}}}"#),
                format!(r#"{{"rateLimit":{value}}}"#),
            );
            let refused = (
                ErrorCode::InvalidRequest,
                "rateLimit".to_owned(),
                "rateLimit must be an object".to_owned(),
            );
            assert_eq!(
                at(parse::<MintRequest>(mint.as_bytes()).unwrap_err()),
                refused
            );
            assert_eq!(
                at(parse::<KeyPatch>(patch.as_bytes()).unwrap_err()),
                refused
            );
        }
        let good = br#"{"rateLimit":{"limit":5,"windowSeconds":60},"quota":null,"metadata":{"a":[1,{"b":2}]}}"#;
        let read = parse::<KeyPatch>(good).unwrap();
        assert_eq!(read.rate_limit.flatten().map(|limit| limit.limit), Some(5));
        assert_eq!(read.quota, Some(None));
        let twice = parse::<KeyPatch>(br#"{"rateLimit":{"limit":5,"limit":6,"windowSeconds":1}}"#);
        assert_eq!(at(twice.unwrap_err()).0, ErrorCode::InvalidRequest);
    }

    #[test]
    fn a_number_that_is_not_whole_is_a_value_that_is_refused() {
        use doorward_shared::apikey::{KeyPatch, RotateRequest};
        for number in ["-1", "1.5", "1.0", "1e3", "-0.5", "99999999999999999999"] {
            let body = format!(r#"{{"graceSeconds":{number}}}"#);
            let error = parse::<RotateRequest>(body.as_bytes()).unwrap_err();
            assert_eq!(error.code(), ErrorCode::ValidationFailed, "{number}");
            assert_eq!(
                error.message(),
                "graceSeconds must be a whole number, 0 or more"
            );
            let body = format!(r#"{{"rateLimit":{{"limit":{number},"windowSeconds":1}}}}"#);
            let error = parse::<KeyPatch>(body.as_bytes()).unwrap_err();
            assert_eq!(
                (error.code(), error.field(), error.message()),
                (
                    ErrorCode::ValidationFailed,
                    Some("rateLimit"),
                    "rateLimit.limit must be a whole number from 1"
                )
            );
        }
        for other in ["\"1\"", "true", "null", "[]", "{}"] {
            let body = format!(r#"{{"graceSeconds":{other}}}"#);
            let error = parse::<RotateRequest>(body.as_bytes()).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidRequest, "{other}");
        }
    }

    #[test]
    fn what_is_wrong_deep_in_a_field_is_named_with_the_way_to_it() {
        use doorward_shared::apikey::{KeyPatch, VerifyRequest};
        let patch = |body: &str| parse::<KeyPatch>(body.as_bytes()).unwrap_err();
        let week = patch(r#"{"quota":{"limit":1,"period":"week"}}"#);
        assert_eq!(week.message(), "quota.period is neither day nor month");
        assert_eq!(week.field(), Some("quota"));
        let scope = patch(r#"{"scopes":["read",1]}"#);
        assert_eq!(scope.message(), "scopes[1] must be a string");
        for number in ["0", "1.5", "-1", "1e3"] {
            let body = format!(r#"{{"key":"k","cost":{number}}}"#);
            let cost = parse::<VerifyRequest>(body.as_bytes()).unwrap_err();
            assert_eq!(cost.message(), "cost must be a whole number from 1");
            assert_eq!(cost.code(), ErrorCode::ValidationFailed);
        }
        let none = parse::<VerifyRequest>(br#"{"key":"k","cost":null}"#);
        assert_eq!(none.unwrap().cost, None);
    }

    #[test]
    fn a_refused_value_is_not_repeated() {
        let error = parse::<LoginRequest>(br#"{"email":"a","password":12345678901}"#).unwrap_err();
        assert!(!error.message().contains("12345678901"), "{error:?}");
    }
}
