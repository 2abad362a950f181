//! Signing out: `/sign-out` for people, `/oauth/logout` for applications (OpenID Connect RP-Initiated Logout 1.0).

use std::sync::Arc;

use doorward_shared::ClientId;
use maud::{Markup, html};
use rocket::{
    Route, get,
    http::{Method, uri::Origin},
    post, routes,
};
use serde::{Deserialize, Serialize};

use super::{
    authorize::query,
    browser::{Stay, new_cookie, set_cookie},
    form::{Fields, Posted, Taken},
    page::{Answer, Go, Page, Shown, go_far},
    visit::Visit,
};
use crate::{
    domain::{Client, Door},
    http::{ApiError, Services, oauth_body::FormBody},
    oauth::{Failure, Form, Hint, Refused, with_parameters},
    service::SignedIn,
    store::StoreError,
};

pub(super) fn all() -> Vec<Route> {
    routes![ask, submit]
}

/// The end-session endpoint, which clients send browsers to.
pub(super) fn api() -> Vec<Route> {
    routes![logout, logout_post]
}

const PATH: &str = "/sign-out";
/// What a kept wish is stamped as.
const PLACE: &str = "sign-out";

/// Where an application wants somebody to be sent once they have signed out.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Wish {
    /// One of the client's post-logout redirect URIs, `state` added to it.
    then: Option<String>,
    /// Whether that takes a click: the application registered itself.
    #[serde(default)]
    by_click: bool,
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
    visit.page(t.sign_out_title, main)
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

/// Signs the browser out, and ends the session of the hint where it is the same person's.
async fn end(
    visit: &Visit<'_>,
    who: Option<&SignedIn>,
    hinted: Option<doorward_shared::SessionId>,
) -> Result<(), ApiError> {
    let Some(who) = who else {
        return Ok(());
    };
    let act = visit.doorward.act(&who.caller(), Door::Own, visit.info)?;
    match visit.doorward.store.sign_out(hinted, act).await {
        // It has ended since the request came.
        Ok(()) | Err(StoreError::Refused(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The page that leads on from signing out by a click.
fn leaving(visit: &Visit<'_>, to: String) -> Page {
    Page::leaving(visit.texts, to, visit.texts.signed_out)
}

/// After signing out: back to the application, or a page that says so. The cookie is another one.
fn gone(visit: &Visit<'_>, wish: Wish) -> Shown {
    let Wish { then, by_click, .. } = wish;
    let cookie = Some(set_cookie(visit.doorward, &new_cookie(), Stay::Browser));
    let page = match then {
        Some(to) if by_click => leaving(visit, to),
        Some(to) if visit.is(Method::Post) => Page {
            located: true,
            ..Page::onward(visit.texts, to)
        },
        Some(to) => return Shown::Go(Go { to, cookie }),
        None => done(visit),
    };
    Page { cookie, ..page }.into()
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
    let who = visit.browser.signed_in()?;
    match posted.take(&visit, PATH)? {
        Taken::Fresh(fields) => {
            let wish = kept_wish(visit.doorward, &fields);
            end(&visit, who.as_ref(), wish.hinted).await?;
            Ok(gone(&visit, wish))
        }
        Taken::Stale(stale) => {
            let wish = kept_wish(visit.doorward, &stale.fields);
            let page = match (who, wish.then.clone()) {
                (Some(_), _) => page(&visit, &wish),
                (None, Some(to)) if wish.by_click => leaving(&visit, to),
                (None, Some(to)) => Page::onward(visit.texts, to),
                (None, None) => done(&visit),
            };
            Ok(Page {
                status: stale.status,
                ..page
            }
            .into())
        }
    }
}

/// The wish that a form carries.
fn kept_wish(doorward: &Services, fields: &Fields) -> Wish {
    let wish = fields.given("wish").and_then(|text| {
        let json = doorward.master.stamp().check(PLACE, text)?;
        serde_json::from_slice(&json).ok()
    });
    wish.unwrap_or_default()
}

/// What an application asks for, checked.
struct Logout {
    hint: Option<Hint>,
    wish: Wish,
}

/// The client that is called so: by its id, or by the URL of its metadata document, which is not fetched for this.
async fn client_called(doorward: &Services, name: &str) -> Result<Option<ClientId>, StoreError> {
    if let Ok(id) = name.parse() {
        return Ok(Some(id));
    }
    let found = doorward.store.document_client(name.to_owned()).await?;
    Ok(found.map(|(id, _)| id))
}

/// Reads what an application asks for.
///
/// # Errors
/// [`Refused`].
async fn read_logout(doorward: &Services, pairs: Vec<(String, String)>) -> Result<Logout, Refused> {
    let form = Form::checked(pairs)?;
    // One that cannot be verified, or not any more, counts as none: the person is asked.
    let hint = form
        .get("id_token_hint")
        .and_then(|hint| Hint::read(hint, &doorward.keys));
    let named = match form.get("client_id") {
        Some(name) => {
            let id = client_called(doorward, name).await?;
            Some(id.ok_or_else(Failure::unknown_client)?)
        }
        None => None,
    };
    let hinted = match &hint {
        Some(hint) => client_called(doorward, &hint.client).await?,
        None => None,
    };
    let client = match (named, hinted) {
        (Some(named), Some(hinted)) if named != hinted => {
            return Err(Refused::Page(Some(named), OTHER_CLIENT));
        }
        (named, hinted) => named.or(hinted),
    };
    let mut wish = Wish {
        then: None,
        by_click: false,
        hinted: hint.as_ref().and_then(|hint| hint.session),
    };
    let uri = form.get("post_logout_redirect_uri");
    // Whose URI it is was said by a hint that cannot be read: the person is asked, and sent nowhere.
    let lost = client.is_none() && form.get("id_token_hint").is_some();
    if let Some(uri) = uri.filter(|_| !lost) {
        let client = registered_with(doorward, client, uri).await?;
        wish.by_click = client.dynamic;
        wish.then = Some(match form.get("state") {
            Some(state) => with_parameters(uri, &[("state", state)]),
            None => uri.to_owned(),
        });
    }
    Ok(Logout { hint, wish })
}

/// The client, which has registered the address to go on to.
///
/// # Errors
/// [`Refused`].
async fn registered_with(
    doorward: &Services,
    client: Option<ClientId>,
    uri: &str,
) -> Result<Arc<Client>, Refused> {
    let bad = || Refused::Page(client, BAD_LOGOUT_REDIRECT);
    let client = doorward.store.client(client.ok_or_else(bad)?).await?;
    let client = client.ok_or_else(Failure::unknown_client)?;
    let registered = &client.policy.post_logout_redirect_uris;
    if registered.iter().any(|known| known == uri) {
        Ok(client)
    } else {
        Err(bad())
    }
}

const BAD_LOGOUT_REDIRECT: Failure = Failure {
    status: 400,
    error: "invalid_request",
    description: std::borrow::Cow::Borrowed(
        "post_logout_redirect_uri is not one the client has registered",
    ),
    basic: false,
    retry_after: None,
};

const OTHER_CLIENT: Failure = Failure {
    status: 400,
    error: "invalid_request",
    description: std::borrow::Cow::Borrowed("id_token_hint is an ID token of another client"),
    basic: false,
    retry_after: None,
};

#[get("/oauth/logout")]
async fn logout(visit: Visit<'_>, uri: &Origin<'_>) -> Answer {
    let asked = match query(uri) {
        Some(pairs) => read_logout(visit.doorward, pairs).await,
        None => Err(Failure::too_many_parameters().into()),
    };
    let Logout { hint, wish } = asked.map_err(|refused| visit.refused(refused))?;
    let who = visit.browser.signed_in()?;
    if visit.is(Method::Head) {
        // It changes nothing.
        return Ok(page(&visit, &wish).into());
    }
    match who {
        None => Ok(gone(&visit, wish)),
        // An ID token of the person who is signed in: the application has shown that it means this person.
        Some(who)
            if hint
                .as_ref()
                .is_some_and(|hint| hint.user == who.account.user.id) =>
        {
            end(&visit, Some(&who), wish.hinted).await?;
            Ok(gone(&visit, wish))
        }
        Some(_) => Ok(page(&visit, &wish).into()),
    }
}

/// From another site, without our cookie: it goes on with GET, where the cookie comes along.
#[post("/oauth/logout", data = "<body>")]
fn logout_post(visit: Visit<'_>, body: FormBody) -> Answer {
    let form = body.0.map_err(|failure| visit.failed(&failure))?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(form.pairs());
    let base = &visit.doorward.site.base;
    let to = format!("{base}/oauth/logout?{}", query.finish());
    Ok(go_far(visit.texts, to))
}
