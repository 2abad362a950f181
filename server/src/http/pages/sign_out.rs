//! Signing out: `/sign-out` for people, `/oauth/logout` for applications (OpenID Connect RP-Initiated Logout 1.0).

use doorward_shared::ClientId;
use maud::{Markup, html};
use rocket::{Route, get, http::uri::Origin, post, routes};
use serde::{Deserialize, Serialize};

use super::{
    authorize::query,
    browser::{new_cookie, set_cookie},
    form::Posted,
    page::{Answer, Go, Page, Shown, go},
    visit::Visit,
};
use crate::{
    app::Doorward,
    browser::SignedIn,
    domain::Actor,
    http::oauth::FormBody,
    oauth::{Failure, Form, Hint, allowed_redirect, with_parameters},
    store::StoreError,
};

pub fn all() -> Vec<Route> {
    routes![ask, submit]
}

/// The end-session endpoint, which clients send browsers to.
pub fn api() -> Vec<Route> {
    routes![logout, logout_post]
}

const PATH: &str = "/sign-out";
/// What a kept wish is stamped as.
const PLACE: &str = "sign-out";

/// Where an application wants somebody to be sent once they have signed out.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Wish {
    /// One of the client's redirect URIs, `state` added to it.
    then: Option<String>,
    /// The session of the ID token that came as a hint.
    hinted: Option<doorward_shared::SessionId>,
}

/// Asks first: any page can send a browser here.
fn page(visit: &Visit<'_>, wish: &Wish) -> Page {
    let (doorward, t) = (visit.doorward, visit.texts);
    let json = serde_json::to_vec(wish).unwrap_or_default();
    let fields = html! {
        input type="hidden" name="wish" value=(doorward.master.stamp().put_on(PLACE, &json));
        button type="submit" { (t.sign_out) }
    };
    let main = html! {
        h1 { (t.sign_out_title) }
        p { (t.sign_out_question) }
        (visit.form(PATH, fields))
    };
    Page {
        leads_to: wish.then.clone(),
        cookie: visit.browser.cookie_if_fresh(doorward),
        ..Page::new(t, t.sign_out_title, main)
    }
}

fn done(visit: &Visit<'_>) -> Page {
    let (base, t) = (&visit.doorward.site.base, visit.texts);
    let main: Markup = html! {
        h1 { (t.signed_out_title) }
        p role="status" { (t.signed_out) }
        p class="aside" { a href={ (base) "/sign-in" } { (t.sign_in_link) } }
    };
    Page::new(t, t.signed_out_title, main)
}

/// Ends the session of the browser, and that of the hint where it is the same person's.
async fn end(
    visit: &Visit<'_>,
    who: Option<&SignedIn>,
    hinted: Option<doorward_shared::SessionId>,
) -> Result<(), StoreError> {
    let Some(who) = who else {
        return Ok(());
    };
    let user = who.account.user.id;
    for id in [Some(who.session.id), hinted].into_iter().flatten() {
        let now = visit.doorward.clock.now();
        let cause = visit.info.cause(Actor::User(user), now);
        let ended = visit
            .doorward
            .store
            .revoke_session(id, Some(user), "session.logout", cause)
            .await;
        match ended {
            // Another person's, or swept since: nothing to end.
            Ok(()) | Err(StoreError::Refused(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// After signing out: back to the application, or a page that says so. The cookie is another one.
fn gone(visit: &Visit<'_>, then: Option<String>) -> Shown {
    let cookie = Some(set_cookie(visit.doorward, &new_cookie()));
    match then {
        Some(to) => Shown::Go(Go { to, cookie }),
        None => Page {
            cookie,
            ..done(visit)
        }
        .into(),
    }
}

#[get("/sign-out")]
fn ask(visit: Visit<'_>) -> Answer {
    Ok(match visit.browser.signed_in()? {
        Some(_) => page(&visit, &Wish::default()).into(),
        None => done(&visit).into(),
    })
}

#[post("/sign-out", data = "<posted>")]
async fn submit(visit: Visit<'_>, posted: Posted) -> Answer {
    let fields = posted.take(&visit, PATH)?;
    let wish = fields.given("wish").and_then(|text| {
        let json = visit.doorward.master.stamp().check(PLACE, text)?;
        serde_json::from_slice::<Wish>(&json).ok()
    });
    let wish = wish.unwrap_or_default();
    let who = visit.browser.signed_in()?;
    end(&visit, who.as_ref(), wish.hinted).await?;
    Ok(gone(&visit, wish.then))
}

/// What an application asks for, checked.
struct Logout {
    hint: Option<Hint>,
    wish: Wish,
}

impl Doorward {
    async fn read_logout(&self, pairs: Vec<(String, String)>) -> Result<Logout, Failure> {
        let form = Form::checked(pairs)?;
        let hint = form.get("id_token_hint");
        let hint = hint
            .map(|hint| self.read_hint(hint).ok_or(BAD_HINT))
            .transpose()?;
        let named: Option<ClientId> = form
            .get("client_id")
            .map(|id| id.parse().map_err(|_| Failure::client(false)))
            .transpose()?;
        let client = match (named, hint) {
            (Some(named), Some(hint)) if named != hint.client => return Err(BAD_HINT),
            (named, hint) => named.or(hint.map(|hint| hint.client)),
        };
        let mut wish = Wish {
            then: None,
            hinted: hint.and_then(|hint| hint.session),
        };
        if let Some(uri) = form.get("post_logout_redirect_uri") {
            let bad = || {
                Failure::request("post_logout_redirect_uri is not one the client has registered")
            };
            let client = self.store.client(client.ok_or_else(bad)?).await?;
            let client = client.ok_or(Failure::client(false))?;
            if !allowed_redirect(&client, uri) {
                return Err(bad());
            }
            let state: Vec<_> = form
                .get("state")
                .map(|state| ("state", state))
                .into_iter()
                .collect();
            wish.then = Some(if state.is_empty() {
                uri.to_owned()
            } else {
                with_parameters(uri, &state)
            });
        }
        Ok(Logout { hint, wish })
    }
}

const BAD_HINT: Failure = Failure {
    status: 400,
    error: "invalid_request",
    description: std::borrow::Cow::Borrowed(
        "id_token_hint is not an ID token of this server for this client",
    ),
    basic: false,
    retry_after: None,
};

#[get("/oauth/logout")]
async fn logout(visit: Visit<'_>, uri: &Origin<'_>) -> Answer {
    let asked = visit.doorward.read_logout(query(uri)).await;
    let Logout { hint, wish } = asked.map_err(|failure| visit.failed(&failure))?;
    match visit.browser.signed_in()? {
        None => Ok(gone(&visit, wish.then)),
        // An ID token of the person who is signed in: the application has shown that it means this person.
        Some(who) if hint.is_some_and(|hint| hint.user == who.account.user.id) => {
            end(&visit, Some(&who), wish.hinted).await?;
            Ok(gone(&visit, wish.then))
        }
        Some(_) => Ok(page(&visit, &wish).into()),
    }
}

/// From another site, without our cookie: it goes on with GET, where the cookie comes along.
#[post("/oauth/logout", data = "<body>")]
async fn logout_post(visit: Visit<'_>, body: FormBody) -> Answer {
    let form = body.0.map_err(|failure| visit.failed(&failure))?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(form.pairs());
    let base = &visit.doorward.site.base;
    Ok(go(format!("{base}/oauth/logout?{}", query.finish())))
}
