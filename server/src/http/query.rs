//! Query parameters of endpoints that are not lists; unknown ones are rejected.

use rocket::{
    Request,
    request::{FromRequest, Outcome},
};

use super::{ApiError, Filters, query_params::Params};

/// The parameters of a query, parsed as filters are.
#[derive(Debug)]
pub(super) struct Query<F>(pub F);

#[rocket::async_trait]
impl<'r, F: Filters> FromRequest<'r> for Query<F> {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        let query = request.uri().query().map_or("", |query| query.as_str());
        let params = Params::exactly(query, F::NAMES);
        let read = params.and_then(|params| F::read(&params));
        ApiError::outcome(request, read.map(Self))
    }
}
