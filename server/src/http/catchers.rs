//! Catchers: errors outside handlers have the same format.

use doorward_shared::ErrorCode;
use rocket::{
    Catcher, Request, Response, catch, catchers,
    http::{Header, Method, Status},
    route::Route,
};

use super::{ApiError, body::too_large};

pub(super) fn routes() -> Vec<Catcher> {
    catchers![anything]
}

/// First path segments that belong to Doorward in an embedding app.
pub(super) const BASES: [&str; 17] = [
    "/auth",
    "/apikey",
    "/admin",
    "/oauth",
    "/.well-known",
    "/health",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/account",
    "/assets",
    "/sign-in",
    "/sign-out",
    "/sign-up",
    "/reset-password",
    "/forgot-password",
    "/verify-email",
];

struct CaughtError(ApiError, Option<String>);

impl<'r> rocket::response::Responder<'r, 'static> for CaughtError {
    fn respond_to(self, _: &'r Request<'_>) -> rocket::response::Result<'static> {
        let mut response: Response<'static> = self.0.response();
        if let Some(allow) = self.1 {
            response.set_header(Header::new("Allow", allow));
        }
        Ok(response)
    }
}

#[catch(default)]
fn anything(status: Status, request: &Request<'_>) -> CaughtError {
    if let Some(error) = ApiError::left(request) {
        return CaughtError(error, None);
    }
    let plain = |code, message: &'static str| CaughtError(ApiError::new(code, message), None);
    match status.code {
        // Rocket returns 422 for a path or query that it cannot parse: there is nothing with that name.
        404 | 405 | 422 => {
            let allowed = methods(request);
            if allowed.is_empty() || allowed.contains(&request.method()) {
                return plain(ErrorCode::NotFound, "no such resource");
            }
            let allow: Vec<_> = allowed.iter().map(|method| method.as_str()).collect();
            let error = ApiError::new(
                ErrorCode::MethodNotAllowed,
                format!("method {} is not allowed for this path", request.method()),
            );
            CaughtError(error, Some(allow.join(", ")))
        }
        401 => plain(ErrorCode::MissingToken, "missing bearer token"),
        403 => plain(ErrorCode::InsufficientScope, "this is not allowed"),
        413 => CaughtError(too_large(), None),
        415 => plain(ErrorCode::UnsupportedMediaType, "unsupported content type"),
        503 => plain(
            ErrorCode::Overloaded,
            "the server is busy; nothing was done",
        ),
        400..500 => plain(ErrorCode::InvalidRequest, "the request cannot be read"),
        _ => plain(
            ErrorCode::InternalError,
            "something failed inside the server",
        ),
    }
}

/// Methods that exist for the path of a request.
pub(super) fn methods(request: &Request<'_>) -> Vec<Method> {
    let path = parts(request.uri().path().as_str());
    let mut found: Vec<Method> = Vec::new();
    for route in request.rocket().routes() {
        if matches(route, &path) {
            // A GET route handles HEAD too.
            let head = (route.method == Method::Get).then_some(Method::Head);
            for method in [Some(route.method), head].into_iter().flatten() {
                if !found.contains(&method) {
                    found.push(method);
                }
            }
        }
    }
    found
}

/// The segments of a path; as in Rocket's own matching, empty ones are ignored.
fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

fn matches(route: &Route, path: &[&str]) -> bool {
    let pattern = parts(route.uri.path());
    let one = |(pattern, part): (&&str, &&str)| pattern.starts_with('<') || pattern == part;
    pattern.len() == path.len() && pattern.iter().zip(path).all(one)
}
