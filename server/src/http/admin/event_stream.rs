//! `/admin/events/stream`: new events as they happen.

use std::{net::IpAddr, sync::Arc, time::Duration};

use doorward_shared::EventId;
use rocket::{
    Request, Responder, Route, Shutdown, State, get,
    http::Header,
    request::{FromRequest, Outcome},
    response::stream::{Event as Sse, EventStream},
    routes,
    tokio::select,
};

use super::{events::view, scopes::EventsRead};
use crate::{
    crypto::secret::Secret,
    domain,
    http::{Allowed, ApiError, RequestInfo, Services},
    state::{event_streams::Reader, limits::RetryAfter},
};

pub(super) fn routes() -> Vec<Route> {
    routes![stream]
}

/// How long somebody waits who finds no place for a stream: one that was left is noticed by then.
const FULL: RetryAfter = RetryAfter(10);
/// How often a quiet stream says that it lives, and whether its caller still may is asked again.
const HEARTBEAT: Duration = Duration::from_secs(10);

fn text(event: domain::Event) -> Option<Arc<str>> {
    serde_json::to_string(&view(event)).ok().map(Into::into)
}

/// Where a stream goes on.
struct Resume(Option<EventId>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Resume {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        let given = request.headers().get_one("last-event-id");
        let id = given.map(str::parse).transpose();
        let bad = |_| ApiError::request("Last-Event-ID", "must be the id of an event");
        ApiError::outcome(request, id.map(Self).map_err(bad))
    }
}

/// The credential itself: a stream lasts, and asks again and again whether it is still good.
struct Credential(Secret);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Credential {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        let header = request.headers().get_one("authorization");
        let token = header.and_then(|header| header.split_once(' '));
        let token = token.map(|(_, token)| token.trim().to_owned());
        Outcome::Success(Self(token.unwrap_or_default().into()))
    }
}

/// Sent at once, so that the reader knows that it is connected, and where to go on if nothing happens until it is lost.
fn first_message(after: Option<EventId>) -> Sse {
    let start = Sse::comment("events");
    match after {
        Some(after) => start.id(after.to_string()),
        None => start,
    }
}

/// Whether the reader's credential still gives this right: it is judged again before each batch.
async fn still_may_read(services: &Services, credential: &Credential, ip: IpAddr) -> bool {
    let token = credential.0.expose();
    let caller = services.authenticator.authenticate_again(token, ip).await;
    caller.is_ok_and(|caller| caller.require("admin:events:read").is_ok())
}

/// An answer that a proxy passes on as it comes: nginx holds one back until its buffers are full, unless it says so.
#[derive(Responder)]
struct Unbuffered<R>(R, Header<'static>);

impl<R> Unbuffered<R> {
    fn new(answer: R) -> Self {
        Self(answer, Header::new("X-Accel-Buffering", "no"))
    }
}

#[get("/admin/events/stream")]
async fn stream(
    services: &State<Arc<Services>>,
    info: &RequestInfo,
    by: Allowed<EventsRead>,
    resume: Resume,
    credential: Credential,
    mut end: Shutdown,
) -> Result<Unbuffered<EventStream![Sse]>, ApiError> {
    let services = services.inner().clone();
    let ip = info.ip;
    let reader = Reader {
        credential: by.credential_id(),
        principal: by.principal(),
    };
    let mut place = services.streams.open_or_ask(reader).await.ok_or(FULL)?;
    // Before the newest event is asked for, so that none falls in between.
    let mut signal = services.store.event_signal();
    let mut roll_call = services.streams.keep_alive();
    let mut after = match resume.0 {
        Some(id) => Some(id),
        None => services.store.newest_event().await?,
    };
    Ok(Unbuffered::new(EventStream! {
        yield first_message(after);
        loop {
            let commit = *signal.borrow_and_update();
            let Ok(batch) = services.streams.after(&services.store, after, commit, text).await else {
                return;
            };
            if !still_may_read(&services, &credential, ip).await {
                return;
            }
            for event in batch.events {
                after = Some(event.id);
                yield Sse::data(event.text.to_string()).id(event.id.to_string());
            }
            if batch.more {
                continue;
            }
            select! {
                changed = signal.changed() => if changed.is_err() { return },
                () = rocket::tokio::time::sleep(HEARTBEAT) => yield Sse::comment(""),
                Ok(()) = roll_call.changed() => yield Sse::comment(""),
                // Another has it now: whoever reads goes on after the last id that they know, once there is one again.
                () = place.lost() => return,
                () = &mut end => return,
            }
        }
    }))
}
