//! Query parameters of a list: `limit`, `cursor` or `offset`, `sort`, `q`, and the list's own filters.

use doorward_shared::page::{DEFAULT_LIMIT, MAX_LIMIT};
use rocket::{
    Request,
    request::{FromRequest, Outcome},
};
use unicode_normalization::UnicodeNormalization;

use super::{ApiError, query_params::Params};
use crate::store::{ListQuery, Sort};

/// Maximum length of a search text, in characters.
const MAX_Q: usize = 200;

impl Params {
    fn list_query(&self) -> Result<ListQuery, ApiError> {
        let limit = self.number("limit", "a number from 1 to 100")?;
        let limit = limit.map_or(Some(DEFAULT_LIMIT), |limit| u32::try_from(limit).ok());
        let limit = limit
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            .ok_or_else(|| ApiError::request("limit", "must be a number from 1 to 100"))?;
        let offset = self.number("offset", "a number")?;
        let cursor = self.get("cursor").map(str::to_owned);
        if offset.is_some() && cursor.is_some() {
            return Err(ApiError::request("offset", "cannot be given with cursor"));
        }
        // Stored text is NFC.
        let q = self.get("q").filter(|q| !q.is_empty());
        let q: Option<String> = q.map(|q| q.nfc().collect());
        if q.as_ref().is_some_and(|q| q.chars().count() > MAX_Q) {
            return Err(ApiError::request("q", "must be at most 200 characters"));
        }
        if q.as_ref().is_some_and(|q| q.contains('\0')) {
            return Err(ApiError::request("q", "must not contain NUL"));
        }
        Ok(ListQuery {
            limit,
            offset: offset.unwrap_or_default(),
            cursor,
            sort: self.get("sort").map(sort).transpose()?,
            q,
        })
    }
}

fn sort(text: &str) -> Result<Sort, ApiError> {
    let (field, direction) = text.split_once(':').unwrap_or((text, "asc"));
    let descending = match direction {
        "asc" => false,
        "desc" => true,
        _ => return Err(ApiError::request("sort", "must be field:asc or field:desc")),
    };
    Ok(Sort {
        field: field.to_owned(),
        descending,
    })
}

/// Filters of a list.
pub trait Filters: Sized + Send {
    /// Names of its parameters.
    const NAMES: &'static [&'static str];

    /// Parses them.
    ///
    /// # Errors
    /// `invalid_request` naming the parameter.
    fn read(params: &Params) -> Result<Self, ApiError>;
}

impl Filters for () {
    const NAMES: &'static [&'static str] = &[];
    fn read(_: &Params) -> Result<Self, ApiError> {
        Ok(())
    }
}

/// The requested part of a list.
#[derive(Debug)]
pub struct Listing<F> {
    pub filter: F,
    pub query: ListQuery,
}

#[rocket::async_trait]
impl<'r, F: Filters> FromRequest<'r> for Listing<F> {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        let query = request.uri().query().map_or("", |query| query.as_str());
        let read = || {
            let params = Params::read(query, F::NAMES)?;
            Ok(Self {
                filter: F::read(&params)?,
                query: params.list_query()?,
            })
        };
        ApiError::outcome(request, read())
    }
}
