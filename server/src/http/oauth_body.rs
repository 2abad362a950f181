//! Parses requests to OAuth endpoints: the form, and the `Authorization` headers.

use rocket::{
    Data, Request,
    data::{FromData, Outcome},
    request::{self, FromRequest},
};

use super::{RequestInfo, Services, bearer::bearer_of, body};
use crate::oauth::{Form, OAuthError};

/// The parsed body of an OAuth request.
#[derive(Debug)]
pub(super) struct FormBody(pub Result<Form, OAuthError>);

impl FormBody {
    /// The parameters. A malformed body is recorded for operators, without a client, which is not known.
    pub(super) fn read(self, services: &Services, info: &RequestInfo) -> Result<Form, OAuthError> {
        let refused = |why: &OAuthError| services.clients.refused(None, why, info.ip);
        self.0.inspect_err(refused)
    }
}

/// As [`FormBody`], also accepting JSON, in both spellings.
#[derive(Debug)]
pub(super) struct EitherBody(pub Result<Form, OAuthError>);

pub(super) async fn read(
    request: &Request<'_>,
    data: Data<'_>,
    json_too: bool,
) -> Result<Form, OAuthError> {
    let kind = request.content_type();
    let is_form = kind.is_some_and(|kind| kind.is_form());
    let is_json = json_too && kind.is_some_and(|kind| kind.is_json());
    if !is_form && !is_json {
        return Err(OAuthError {
            status: 415,
            ..OAuthError::request(if json_too {
                "the body must be application/x-www-form-urlencoded or application/json"
            } else {
                "the body must be application/x-www-form-urlencoded"
            })
        });
    }
    let bytes = body::read(data).await.map_err(|error| OAuthError {
        status: error.status().code,
        ..OAuthError::request(error.message().to_owned())
    })?;
    let form = if is_json {
        Form::parse_json(&bytes)?
    } else {
        Form::parse(&bytes)?
    };
    if json_too {
        form.with_both_spellings()
    } else {
        Ok(form)
    }
}

#[rocket::async_trait]
impl<'r> FromData<'r> for FormBody {
    type Error = std::convert::Infallible;
    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        Outcome::Success(Self(read(request, data, false).await))
    }
}

#[rocket::async_trait]
impl<'r> FromData<'r> for EitherBody {
    type Error = std::convert::Infallible;
    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        Outcome::Success(Self(read(request, data, true).await))
    }
}

/// All `Authorization` headers.
#[derive(Debug)]
pub(super) struct Authorization<'r>(pub Vec<&'r str>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Authorization<'r> {
    type Error = std::convert::Infallible;
    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Self::Error> {
        request::Outcome::Success(Self(request.headers().get("authorization").collect()))
    }
}

/// The bearer token of the headers, if there is one.
///
/// # Errors
/// `invalid_request` for more than one.
pub(super) fn bearer<'a>(headers: &[&'a str]) -> Result<Option<&'a str>, OAuthError> {
    let mut tokens = headers.iter().filter_map(|header| bearer_of(header));
    match (tokens.next(), headers.len()) {
        (Some(_), 2..) => Err(OAuthError::request(
            "there is more than one Authorization header",
        )),
        (token, _) => Ok(token),
    }
}
