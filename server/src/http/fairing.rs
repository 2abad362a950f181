//! The fairing that makes a Rocket app an authorization server.

use std::sync::{Arc, Mutex};

use rocket::{
    Build, Data, Orbit, Request, Response, Rocket,
    fairing::{Fairing, Info, Kind},
    http::{Header, Method, uri::Origin},
    tokio::task::JoinHandle,
};

use super::{
    ApiError, RequestInfo, Services, catchers, cors, listen_backlog, pages, request_target, routes,
    well_known,
};

/// A path of ours without a route.
const NOWHERE: &str = "/health/-";
/// Number of bytes to peek: Rocket only looks for a leading `_method=`.
const METHOD_FIELD: usize = "_method=delete".len();

/// Mounts Doorward's routes in a Rocket app, and runs the background jobs while the app runs. Created by
/// [`Doorward::fairing`](crate::Doorward::fairing).
///
/// ```no_run
/// use doorward_server::{Doorward, DoorwardFairing, Settings};
///
/// # async fn app() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let doorward = Doorward::open(Settings::default()).await?;
/// let fairing: DoorwardFairing = doorward.fairing();
/// rocket::build().attach(fairing).launch().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct DoorwardFairing {
    services: Arc<Services>,
    /// Whether the app is Doorward alone: unknown paths get its error format too.
    alone: bool,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl DoorwardFairing {
    pub(crate) fn new(services: Arc<Services>, alone: bool) -> Self {
        Self {
            services,
            alone,
            tasks: Mutex::default(),
        }
    }

    fn is_ours(&self, request: &Request<'_>) -> bool {
        let path = request.uri().path();
        let below = |base: &str| {
            let rest = path.as_str().strip_prefix(base);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.alone || catchers::BASES.into_iter().any(below)
    }

    /// As [`Self::is_ours`], for a path that a router may treat as one of ours.
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
        let mut rocket = rocket.manage(self.services.clone()).mount("/", routes());
        let base = &self.services.site.base;
        if !base.is_empty() {
            for known in ["oauth-authorization-server", "openid-configuration"] {
                let at = format!("/.well-known/{known}{base}");
                rocket = rocket.mount(at, well_known::with_path());
            }
        }
        if self.alone {
            rocket = rocket.mount("/", pages::standalone_routes());
            rocket = rocket.register("/", catchers::routes());
        } else {
            for base in catchers::BASES {
                rocket = rocket.register(base, catchers::routes());
            }
        }
        Ok(rocket)
    }

    async fn on_liftoff(&self, rocket: &Rocket<Orbit>) {
        listen_backlog::widen(rocket.config().port);
        *self
            .tasks
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = self.services.jobs.start();
    }

    async fn on_shutdown(&self, _: &Rocket<Orbit>) {
        let tasks = std::mem::take(
            &mut *self
                .tasks
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        self.services.jobs.finish().await;
        for task in tasks {
            task.abort();
        }
        self.services.jobs.stop().await;
    }

    async fn on_request(&self, request: &mut Request<'_>, data: &mut Data<'_>) {
        // Rocket lets a form's first field `_method` turn a POST into another method, which is not wanted here. On the
        // app's own paths that is the app's decision.
        let form = request.content_type().is_some_and(|kind| kind.is_form());
        if form
            && self.is_ours(request)
            && request.method() != Method::Post
            && method_field(data.peek(METHOD_FIELD).await) == Some(request.method())
        {
            request.set_method(Method::Post);
        }
        if let Some(error) = request_target::fault(request)
            && self.is_ours_in_any_spelling(request)
        {
            // No route has this path: the catcher responds with the stored error.
            request.set_uri(Origin::path_only(NOWHERE));
            error.leave(request);
        }
        RequestInfo::of(request, &self.services);
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        // One of our guards on a route of the app: its error keeps its format whatever catchers the app has.
        if response.status().code >= 400
            && let Some(error) = ApiError::left(request)
            && response.status() == error.status()
        {
            error.put_into(response);
        }
        pages::signed_in_guard::redirect(request, response);
        if self.is_ours(request) {
            cors::apply(&self.services, request, response).await;
        }
        let info = RequestInfo::of(request, &self.services);
        response.set_header(Header::new("X-Request-Id", info.id.to_string()));
        if self.alone && !response.body().is_none() {
            // Pages set more headers. For JSON a browser only needs its type.
            response.set_header(Header::new("X-Content-Type-Options", "nosniff"));
        }
        let status = response.status().code;
        let took = info.started.elapsed();
        let route = request.route().map_or("none", |route| route.uri.as_str());
        let method = request.method().as_str();
        self.services.metrics.request(method, route, status, took);
        let micros = took.as_micros();
        let (id, ip) = (&*info.id, info.ip);
        if status >= 500 {
            tracing::warn!(target: "doorward::request", method, route, status, micros, %ip, request_id = id);
        } else {
            tracing::debug!(target: "doorward::request", method, route, status, micros, %ip, request_id = id);
        }
    }
}

/// The method that Rocket reads from a form's first field.
fn method_field(start: &[u8]) -> Option<Method> {
    let first = std::str::from_utf8(start).ok()?.split('&').next()?;
    first.strip_prefix("_method=")?.parse().ok()
}
