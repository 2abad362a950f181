//! `/admin/events`: the audit log.

use std::net::IpAddr;

use doorward_shared::{
    ClientId, KeyId, Page, UserId,
    admin::{Event, EventSummary},
};
use rocket::{Route, get, routes};

use super::scopes::EventsRead;
use crate::{
    domain::{self, text::is_invisible},
    http::{
        Allowed, ApiError, Filters, Listing, Services,
        query::Query,
        query_params::Params,
        response::{ApiResult, ok},
    },
    store::EventFilter,
};

pub(super) fn routes() -> Vec<Route> {
    routes![list, summary]
}

impl Filters for EventFilter {
    const NAMES: &'static [&'static str] = &[
        "actor", "action", "target", "userId", "ip", "clientId", "since", "until",
    ];
    fn read(params: &Params) -> Result<Self, ApiError> {
        Ok(Self {
            actor: params.text("actor", is_actor, "an id, system or anonymous")?,
            action: params.text("action", is_plain, "an action, or the start of one")?,
            target: params.text("target", is_plain, "an id or a name")?,
            user_id: params.parse("userId", "the id of a user")?,
            ip: params
                .parse::<IpAddr>("ip", "an address")?
                .map(|ip| ip.to_canonical().to_string()),
            client_id: params.parse("clientId", "the id of a client")?,
            since: params.time("since")?,
            until: params.time("until")?,
        })
    }
}

fn is_actor(text: &str) -> bool {
    matches!(text, "system" | "anonymous")
        || text.parse::<UserId>().is_ok()
        || text.parse::<KeyId>().is_ok()
        || text.parse::<ClientId>().is_ok()
}

/// Action and target filters: a value that no event can have matches nothing instead of being an error.
fn is_plain(text: &str) -> bool {
    (1..=500).contains(&text.len()) && !text.chars().any(is_invisible)
}

pub(crate) fn view(event: domain::Event) -> Event {
    Event {
        id: event.id,
        time: event.time,
        actor: event.actor,
        action: event.action,
        target: event.target,
        user_id: event.user_id,
        ip: event.ip,
        request_id: event.request_id,
        detail: event.detail,
        cause: event.cause,
        sent: event.sent.and_then(|text| serde_json::from_str(&text).ok()),
        count: event.count,
        client_id: event.client_id,
        changes: event
            .changes
            .and_then(|text| serde_json::from_str(&text).ok()),
    }
}

#[get("/admin/events")]
async fn list(
    services: &Services,
    _by: Allowed<EventsRead>,
    listing: Listing<EventFilter>,
) -> ApiResult<Page<Event>> {
    let page = services.store.events(listing.filter, listing.query).await?;
    ok(page.map(view))
}

#[get("/admin/events/summary")]
async fn summary(
    services: &Services,
    _by: Allowed<EventsRead>,
    of: Query<EventFilter>,
) -> ApiResult<EventSummary> {
    ok(services.store.event_summary(of.0).await?)
}
