//! `/admin/stats`: current counters, and counts over time.

use doorward_shared::{
    Timestamp,
    admin::{SeriesBy, Stats},
};
use rocket::{Route, get, routes};

use super::scopes::ServerRead;
use crate::http::{
    Allowed, ApiError, Filters, Services,
    query::Query,
    query_params::Params,
    response::{ApiResult, ok},
};

pub(super) fn routes() -> Vec<Route> {
    routes![stats]
}

#[get("/admin/stats")]
async fn stats(
    services: &Services,
    _by: Allowed<ServerRead>,
    of: Query<SeriesOf>,
) -> ApiResult<Stats> {
    ok(services.statistics.stats(of.0.by, of.0.since).await?)
}

/// The requested series.
#[derive(Debug)]
struct SeriesOf {
    by: SeriesBy,
    since: Option<Timestamp>,
}

impl Filters for SeriesOf {
    const NAMES: &'static [&'static str] = &["by", "since"];
    fn read(params: &Params) -> Result<Self, ApiError> {
        let by = params.parse("by", "minute or hour")?.unwrap_or_default();
        let since = params.time("since")?;
        Ok(Self { by, since })
    }
}
