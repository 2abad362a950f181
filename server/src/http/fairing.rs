//! The fairing that makes a Rocket app an authorization server.

use std::{sync::Mutex, time::Duration};

use rocket::{
    Build, Data, Orbit, Request, Response, Rocket,
    fairing::{Fairing, Info, Kind},
    http::{Header, Method, uri::Origin},
    tokio::{self, task::JoinHandle},
};

use super::{ApiError, RequestInfo, catchers, pages, routes, target, well_known};
use crate::{app::Doorward, stats::minute_of};

/// How often notes of use are written: each time may touch thousands of rows all over the database.
const FLUSH: Duration = Duration::from_secs(30);
/// How often what is dead is looked for.
const SWEEP: Duration = Duration::from_secs(600);
/// How often refused clients are written.
const REFUSALS: Duration = Duration::from_secs(1);
/// How often what API keys have spent is written: a kill loses no more than 5 seconds of it.
const METERS: Duration = Duration::from_secs(2);
/// A path of ours that no route has.
const NOWHERE: &str = "/health/-";
/// How long after a failure endings are carried out again.
const RETRY: Duration = Duration::from_secs(5);
/// As much of a form as Rocket looks at for its `_method`, in bytes.
const METHOD_FIELD: usize = "_method=delete".len();

/// Mounts Doorward's routes in a Rocket app and keeps house while it runs.
#[derive(Debug)]
pub struct DoorwardFairing {
    doorward: Doorward,
    /// Whether the app is nothing but Doorward: unknown paths are answered in its shape too.
    alone: bool,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Doorward {
    /// The fairing that mounts everything in a Rocket app of one's own: `rocket.attach(doorward.fairing())`.
    /// Paths outside Doorward's stay the app's, errors of unknown paths included.
    pub fn fairing(&self) -> DoorwardFairing {
        DoorwardFairing {
            doorward: self.clone(),
            alone: false,
            tasks: Mutex::default(),
        }
    }

    /// As [`Doorward::fairing`], for an app that is nothing else.
    pub fn fairing_alone(&self) -> DoorwardFairing {
        DoorwardFairing {
            alone: true,
            ..self.fairing()
        }
    }
}

impl DoorwardFairing {
    fn is_ours(&self, request: &Request<'_>) -> bool {
        let path = request.uri().path();
        let below = |base: &str| {
            let rest = path.as_str().strip_prefix(base);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.alone || catchers::BASES.into_iter().any(below)
    }

    /// As [`Self::is_ours`], for a path that a router may read as one of ours.
    fn is_ours_in_any_spelling(&self, request: &Request<'_>) -> bool {
        let first = request.uri().path().segments().next();
        let of = |base: &str| first.is_some_and(|first| base.strip_prefix('/') == Some(first));
        self.alone || catchers::BASES.into_iter().any(of)
    }
}

#[rocket::async_trait]
impl Fairing for DoorwardFairing {
    fn info(&self) -> Info {
        Info {
            name: "Doorward",
            kind: Kind::Ignite | Kind::Request | Kind::Response | Kind::Liftoff | Kind::Shutdown,
        }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> rocket::fairing::Result {
        let mut rocket = rocket.manage(self.doorward.clone()).mount("/", routes());
        let base = &self.doorward.site.base;
        if !base.is_empty() {
            for known in ["oauth-authorization-server", "openid-configuration"] {
                let at = format!("/.well-known/{known}{base}");
                rocket = rocket.mount(at, well_known::with_path());
            }
        }
        if self.alone {
            rocket = rocket.mount("/", pages::alone());
            rocket = rocket.register("/", catchers::all());
        } else {
            for base in catchers::BASES {
                rocket = rocket.register(base, catchers::all());
            }
        }
        Ok(rocket)
    }

    async fn on_liftoff(&self, rocket: &Rocket<Orbit>) {
        self.doorward.wake();
        let mut tasks = self
            .tasks
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let run = |work| tokio::spawn(work);
        tasks.push(run(Box::pin(flush(self.doorward.clone()))
            as std::pin::Pin<Box<dyn Future<Output = ()> + Send>>));
        tasks.push(run(Box::pin(sweep(self.doorward.clone()))));
        tasks.push(run(Box::pin(carry_out(self.doorward.clone()))));
        tasks.push(run(Box::pin(minutes(self.doorward.clone()))));
        tasks.push(run(Box::pin(refusals(self.doorward.clone()))));
        tasks.push(run(Box::pin(key_meters(self.doorward.clone()))));
        let _ = rocket;
    }

    async fn on_shutdown(&self, _: &Rocket<Orbit>) {
        let tasks = std::mem::take(
            &mut *self
                .tasks
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        for task in tasks {
            task.abort();
        }
        self.doorward.rest().await;
    }

    async fn on_request(&self, request: &mut Request<'_>, data: &mut Data<'_>) {
        // Rocket lets a form's first field `_method` make a POST into anything else: nobody here asked for that.
        // On the app's own paths it is the app's affair.
        let form = request.content_type().is_some_and(|kind| kind.is_form());
        if form
            && self.is_ours(request)
            && request.method() != Method::Post
            && method_field(data.peek(METHOD_FIELD).await) == Some(request.method())
        {
            request.set_method(Method::Post);
        }
        if let Some(error) = target::fault(request)
            && self.is_ours_in_any_spelling(request)
        {
            // No route has this path: the catcher answers with the error that is left.
            request.set_uri(Origin::path_only(NOWHERE));
            error.leave(request);
        }
        RequestInfo::of(request, &self.doorward);
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        // A guard of ours on a route of the app's: its error keeps its shape whatever catchers the app has.
        if response.status().code >= 400
            && let Some(error) = ApiError::left(request)
            && response.status() == error.status()
        {
            error.put_into(response);
        }
        let info = RequestInfo::of(request, &self.doorward);
        response.set_header(Header::new("X-Request-Id", info.id.to_string()));
        // Compared as text: to parse the media type of every response cost more than all else that is done here.
        let content_type = response.headers().get_one("Content-Type");
        if content_type.is_some_and(|kind| kind.starts_with("text/event-stream")) {
            // nginx holds an answer back until its buffers are full, unless it says so.
            response.set_header(Header::new("X-Accel-Buffering", "no"));
        }
        let status = response.status().code;
        let took = info.started.elapsed();
        let route = request.route().map_or("none", |route| route.uri.as_str());
        let method = request.method().as_str();
        self.doorward.metrics.request(method, route, status, took);
        let micros = took.as_micros();
        let (id, ip) = (&*info.id, info.ip);
        if status >= 500 {
            tracing::warn!(target: "doorward::request", method, route, status, micros, %ip, request_id = id);
        } else {
            tracing::debug!(target: "doorward::request", method, route, status, micros, %ip, request_id = id);
        }
    }
}

/// The method that Rocket reads out of a form's first field.
fn method_field(start: &[u8]) -> Option<Method> {
    let first = std::str::from_utf8(start).ok()?.split('&').next()?;
    first.strip_prefix("_method=")?.parse().ok()
}

async fn flush(doorward: Doorward) {
    loop {
        tokio::time::sleep(FLUSH).await;
        if let Err(error) = doorward.store.flush_touches().await {
            tracing::warn!(%error, "when keys and sessions were last used was not written");
        }
    }
}

async fn key_meters(doorward: Doorward) {
    loop {
        tokio::time::sleep(METERS).await;
        if let Err(error) = doorward.api_keys.flush().await {
            tracing::warn!(%error, "what API keys have spent was not written; tried again");
        }
    }
}

async fn refusals(doorward: Doorward) {
    loop {
        tokio::time::sleep(REFUSALS).await;
        doorward.write_refusals(false).await;
    }
}

async fn sweep(doorward: Doorward) {
    loop {
        let now = doorward.clock.now();
        let days = doorward.settings.event_days;
        match doorward.store.sweep(now, days).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "swept what was dead"),
            Err(error) => tracing::warn!(%error, "sweeping failed"),
        }
        tokio::time::sleep(SWEEP).await;
    }
}

/// Writes into their rows what endings have ended: those that the last run left first, then each as it comes.
async fn carry_out(doorward: Doorward) {
    loop {
        let signal = doorward.store.ending_signal();
        match doorward.store.carry_out_endings().await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(
                rows,
                "sessions and keys that had ended were written as ended"
            ),
            Err(error) => {
                tracing::warn!(%error, "what has ended was not written into its rows; tried again");
                tokio::time::sleep(RETRY).await;
                continue;
            }
        }
        signal.await;
    }
}

async fn minutes(doorward: Doorward) {
    loop {
        let now = doorward.clock.now();
        let minute = minute_of(now);
        let left = u64::try_from(minute.0 + 60_000 - now.0).unwrap_or(60_000);
        tokio::time::sleep(Duration::from_millis(left)).await;
        if let Err(error) = doorward.end_minute(minute).await {
            tracing::warn!(%error, "a minute's numbers were not written");
        }
        match doorward.store.drop_retired_keys(doorward.clock.now()).await {
            Ok(0) => {}
            Ok(_) => {
                if let Err(error) = doorward.reload_signing_keys().await {
                    tracing::warn!(%error, "signing keys were not loaded anew");
                }
            }
            Err(error) => tracing::warn!(%error, "retired signing keys were not dropped"),
        }
    }
}
