//! `/auth/check`: forward authentication for nginx, Caddy and Traefik.

use std::io::Cursor;

use rocket::{
    Request, Response, Route, get,
    http::{Header, Status, uri::Origin},
    outcome::Outcome,
    request::FromRequest,
    response::{self, Responder},
    routes,
};

use super::{
    ApiError, RequestInfo, Services,
    guards::bearer_of,
    pages::browser::{MAX_CANDIDATES, all_cookies},
    values,
};
use crate::service::{Caller, Named, Page, Passed};
use doorward_shared::{ErrorCode, ScopeSet};

pub(super) fn all() -> Vec<Route> {
    routes![check]
}

/// How the proxy treats browsers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Browsers {
    /// Programs alone pass.
    #[default]
    No,
    /// A 401 carries where to sign in: nginx.
    Location,
    /// 302 to there: Caddy, Traefik.
    Redirect,
}

/// What a proxy asks.
#[derive(Debug, Default)]
struct Asked {
    scopes: ScopeSet,
    browsers: Browsers,
}

impl Asked {
    /// From the query. A name that is not known is refused: a mistyped `scope` would let everybody pass.
    fn read(uri: &Origin<'_>) -> Result<Self, ApiError> {
        let Some(query) = uri.query() else {
            return Ok(Self::default());
        };
        let text = query.as_str();
        let pairs = crate::oauth::pairs(text.as_bytes());
        let pairs = pairs.ok_or_else(|| ApiError::request("query", "has too many parameters"))?;
        let mut asked = Self::default();
        let mut seen = Vec::new();
        for (name, value) in pairs {
            if seen.contains(&name) {
                return Err(ApiError::request(&name, "came twice"));
            }
            match (name.as_str(), value.as_str()) {
                ("scope", words) => {
                    let words = words.split(' ').filter(|word| !word.is_empty());
                    let words: Vec<_> = words.map(str::to_owned).collect();
                    let scopes = values::scopes("scope", &words);
                    let bad = |_| ApiError::request("scope", "must be scopes with spaces between");
                    asked.scopes = scopes.map_err(bad)?;
                }
                ("browser", "1") => asked.browsers = Browsers::Location,
                ("browser", "302") => asked.browsers = Browsers::Redirect,
                ("browser", _) => return Err(ApiError::request("browser", "must be 1 or 302")),
                _ => return Err(ApiError::request(&name, "is not a parameter")),
            }
            seen.push(name);
        }
        Ok(asked)
    }
}

/// What of a request the proxy passes on.
struct Forwarded<'r> {
    /// All `Authorization` headers. Where there is one nothing else is looked at: programs pass most often.
    authorization: Vec<&'r str>,
    page: Option<Page>,
    cookies: Vec<(&'r str, &'r str)>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Forwarded<'r> {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> rocket::request::Outcome<Self, ApiError> {
        let doorward = match Services::of(request) {
            Ok(doorward) => doorward,
            Err(error) => return Outcome::Error(error.leave(request)),
        };
        let authorization: Vec<_> = request.headers().get("authorization").collect();
        if !authorization.is_empty() {
            return Outcome::Success(Self {
                authorization,
                page: None,
                cookies: Vec::new(),
            });
        }
        let page = named(request)
            .as_ref()
            .and_then(|named| doorward.forward_auth.asked_page(named));
        Outcome::Success(Self {
            authorization,
            page,
            cookies: all_cookies(request).take(MAX_COOKIES).collect(),
        })
    }
}

/// What the headers say of the page; `None` where one came twice: one of the two is not the proxy's.
fn named<'r>(request: &'r Request<'_>) -> Option<Named<'r>> {
    let one = |name: &str| {
        let mut values = request.headers().get(name);
        match (values.next(), values.next()) {
            (value, None) => Some(value),
            _ => None,
        }
    };
    Some(Named {
        original: one("x-original-url")?,
        scheme: one("x-forwarded-proto")?,
        host: one("x-forwarded-host")?,
        uri: one("x-forwarded-uri")?,
    })
}

/// Cookies of a request that are looked at.
const MAX_COOKIES: usize = 200;

/// What the proxy is answered. The four headers are always there: what a browser sent under their names never passes.
struct Verdict {
    result: Result<Passed, ApiError>,
    /// Where the browser goes.
    location: Option<String>,
    redirect: bool,
    cookie: Option<String>,
}

impl<'r> Responder<'r, 'static> for Verdict {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let (passed, mut response) = match self.result {
            Ok(passed) => (
                passed,
                Response::build().status(Status::NoContent).finalize(),
            ),
            Err(error) => (Passed::default(), error.respond_to(request)?),
        };
        if self.redirect && self.location.is_some() {
            response = Response::build()
                .status(Status::Found)
                .sized_body(0, Cursor::new(""))
                .finalize();
        }
        for (name, value) in [
            ("X-Auth-Subject", passed.subject),
            ("X-Auth-Email", passed.email),
            ("X-Auth-Groups", passed.groups),
            ("X-Auth-Scope", passed.scope),
        ] {
            response.set_header(Header::new(name, value));
        }
        response.set_header(Header::new("Cache-Control", "no-store"));
        if let Some(location) = self.location {
            response.set_header(Header::new("Location", location));
        }
        if let Some(cookie) = self.cookie {
            response.set_header(Header::new("Set-Cookie", cookie));
        }
        Ok(response)
    }
}

#[get("/auth/check")]
async fn check(
    doorward: &Services,
    info: &RequestInfo,
    forwarded: Forwarded<'_>,
    uri: &Origin<'_>,
) -> Verdict {
    let mut verdict = Verdict {
        result: Ok(Passed::default()),
        location: None,
        redirect: false,
        cookie: None,
    };
    verdict.result = judged(doorward, info, &forwarded, uri, &mut verdict).await;
    verdict
}

async fn judged(
    doorward: &Services,
    info: &RequestInfo,
    forwarded: &Forwarded<'_>,
    uri: &Origin<'_>,
    verdict: &mut Verdict,
) -> Result<Passed, ApiError> {
    let asked = Asked::read(uri)?;
    let caller = match (&*forwarded.authorization, asked.browsers) {
        ([], Browsers::No) => return Err(missing()),
        ([], browsers) => {
            let who = in_browser(doorward, forwarded, verdict).await?;
            let Some(caller) = who else {
                let page = forwarded.page.as_ref();
                verdict.location = Some(doorward.forward_auth.way_in(page));
                verdict.redirect = browsers == Browsers::Redirect;
                return Err(missing());
            };
            // Where redirects reach the browser its code goes out of sight.
            let with_code = forwarded.page.as_ref().filter(|page| page.code.is_some());
            if let Some(page) = with_code
                && browsers == Browsers::Redirect
            {
                verdict.location = Some(page.url.clone());
                verdict.redirect = true;
            }
            caller
        }
        ([header], _) => {
            let token = bearer_of(header).ok_or_else(missing)?;
            doorward.callers.authenticate(token, info.ip).await?
        }
        _ => return Err(ApiError::request("authorization", "came more than once")),
    };
    if let Some(scope) = caller.scopes.first_missing(&asked.scopes) {
        return Err(ApiError::scope(scope.as_str()));
    }
    Ok(doorward.forward_auth.passed(&caller).await?)
}

fn missing() -> ApiError {
    ApiError::new(ErrorCode::MissingToken, "a credential is missing")
}

/// Who is signed in in the browser behind a request: by the cookie of our own host, that of the page's host, or the code
/// that the page was asked for with. The code comes last: somebody else's link signs nobody out of their own account.
async fn in_browser(
    doorward: &Services,
    forwarded: &Forwarded<'_>,
    verdict: &mut Verdict,
) -> Result<Option<Caller>, ApiError> {
    let forward_auth = &doorward.forward_auth;
    let known = by_cookie(doorward, forwarded).await?;
    let Some(page) = &forwarded.page else {
        return Ok(known);
    };
    if known.is_some() {
        forward_auth.drop_code(page);
        return Ok(known);
    }
    let Some((who, cookie)) = forward_auth.take_code(page).await? else {
        return Ok(None);
    };
    verdict.cookie = Some(cookie);
    Ok(Some(who.caller()))
}

async fn by_cookie(
    doorward: &Services,
    forwarded: &Forwarded<'_>,
) -> Result<Option<Caller>, ApiError> {
    let named = |name: &str| {
        let found = forwarded.cookies.iter().filter(|(have, _)| *have == name);
        found
            .map(|(_, value)| *value)
            .take(MAX_CANDIDATES)
            .collect::<Vec<_>>()
    };
    for value in named(&doorward.site.cookie) {
        let hash = crate::crypto::secret::Digest256::of(value.as_bytes());
        let who = doorward.browsers.signed_in(hash, doorward.clock.now());
        if let Some(who) = who.await? {
            return Ok(Some(who.caller()));
        }
    }
    let Some(page) = &forwarded.page else {
        return Ok(None);
    };
    let forward_auth = &doorward.forward_auth;
    for value in named(&forward_auth.check_cookie(page.tls)) {
        if let Some(who) = forward_auth.signed_in_at_host(page, value).await? {
            return Ok(Some(who.caller()));
        }
    }
    Ok(None)
}
