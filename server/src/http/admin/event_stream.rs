//! `/admin/events/stream`: new audit events as they happen.

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

/// How long a request waits for a free stream slot: a dropped stream is noticed by then.
const FULL: RetryAfter = RetryAfter(10);
/// Interval of keep-alives on a quiet stream, and of checking its caller's permission again.
const HEARTBEAT: Duration = Duration::from_secs(10);

fn text(event: domain::Event) -> Option<Arc<str>> {
    serde_json::to_string(&view(event)).ok().map(Into::into)
}

/// Where a stream resumes.
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

/// The credential itself: a stream is long-lived, so the credential is verified again and again.
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

/// Sent at once, so that the client knows that it is connected, and where to resume if the stream breaks before the
/// first event.
fn first_message(after: Option<EventId>) -> Sse {
    let start = Sse::comment("events");
    match after {
        Some(after) => start.id(after.to_string()),
        None => start,
    }
}

/// Whether the client's credential still grants this scope: checked again before each batch.
async fn still_may_read(services: &Services, credential: &Credential, ip: IpAddr) -> bool {
    let token = credential.0.expose();
    let caller = services.authenticator.authenticate_again(token, ip).await;
    caller.is_ok_and(|caller| caller.require("admin:events:read").is_ok())
}

/// A response that proxies do not buffer: nginx buffers one unless it has this header.
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
    // Before the newest event is read, so that none is missed in between.
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
                // Another stream has the slot now: the client resumes after its last event id when one is free.
                () = place.lost() => return,
                () = &mut end => return,
            }
        }
    }))
}
