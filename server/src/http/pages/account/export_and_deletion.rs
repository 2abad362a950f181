//! Account page: data export, and deleting the account.

use std::{convert::Infallible, io::Cursor};

use doorward_shared::ErrorCode;
use maud::{Markup, html};
use rocket::{
    Request, Response, Route, get,
    http::Header,
    post,
    request::{self, FromRequest},
    response::{self, Responder},
    routes,
};

use super::{PageContext, account_visit::AccountVisit, notices::Notice};
use crate::http::{
    ApiError,
    own_export_and_deletion::own_data,
    pages::{
        browser_cookie::{CookieLifetime, new_cookie, set_cookie},
        components::password_field,
        form::Posted,
        form_origin::is_from_another_site,
        page::Page,
        page_response::{PageResponse, PageResult, Redirect},
    },
};

pub(super) fn routes() -> Vec<Route> {
    routes![export, delete]
}

const DELETE: &str = "/account/delete";

pub(super) fn part(at: &AccountVisit<'_>, news: &Notice<'_>) -> Markup {
    let t = at.texts;
    let base = &at.services.site.base;
    html! {
        p { (t.data_export_hint) }
        p { a href={ (base) "/account/export" } download="my-data.json" { (t.data_export) } }
        @if at.services.settings.self_deletion {
            details open[news.is_about(DELETE)] {
                summary { (t.data_delete) }
                (at.form(DELETE, html! {
                    p { (t.data_delete_hint) }
                    (password_field("delete-password", t.current_password, &news.wrong(t, DELETE)))
                    button type="submit" class="quiet danger" { (t.data_delete) }
                }))
            }
        } @else {
            p class="hint" { (t.data_no_deletion) }
        }
    }
}

/// A file to download.
struct Download(String);

impl<'r> Responder<'r, 'static> for Download {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build()
            .header(Header::new("Content-Type", "application/json"))
            .header(Header::new(
                "Content-Disposition",
                "attachment; filename=\"my-data.json\"",
            ))
            .header(Header::new("Cache-Control", "no-store"))
            .header(Header::new("X-Content-Type-Options", "nosniff"))
            .sized_body(self.0.len(), Cursor::new(self.0))
            .ok()
    }
}

/// Whether the browser reports that another site sent the request. Such a visit does not count against the user's
/// limit: an attacker's page could send them here repeatedly without their noticing.
struct IsSent(bool);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for IsSent {
    type Error = Infallible;
    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Infallible> {
        request::Outcome::Success(Self(is_from_another_site(request)))
    }
}

#[get("/account/export")]
async fn export(page_context: PageContext<'_>, sent: IsSent) -> Result<Download, PageResponse> {
    let at = AccountVisit::new(page_context)?;
    if sent.0 {
        let to = format!("{}/account", at.services.site.base);
        return Err(PageResponse::Go(Redirect { to, cookie: None }));
    }
    let data = own_data(at.services, &at.who).await?;
    let text = serde_json::to_string_pretty(&data);
    let text = text.map_err(|error| ApiError::new(ErrorCode::InternalError, error.to_string()))?;
    Ok(Download(text))
}

#[post("/account/delete", data = "<posted>")]
async fn delete(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let (at, fields) = AccountVisit::with(page_context, posted, DELETE).await?;
    let password = fields.get("password").to_owned().into();
    let accounts = &at.services.accounts;
    let deleted = accounts
        .delete_own(&at.who.caller(), password, at.context())
        .await;
    let t = at.texts;
    match deleted.map_err(ApiError::from) {
        Ok(()) => {
            let main = html! {
                h1 { (t.deleted_title) }
                p role="status" { (t.deleted) }
            };
            Ok(Page {
                cookie: Some(set_cookie(
                    at.services,
                    &new_cookie(),
                    CookieLifetime::Browser,
                )),
                ..Page::new(t, t.deleted_title, main)
            }
            .into())
        }
        Err(error) if error.code() == ErrorCode::Conflict => {
            let once = html! { p class="alert" role="alert" { (t.last_admin) } };
            Ok(at.shown_once(DELETE, once).await?.with_status(409))
        }
        Err(error) => at.failed(DELETE, &error).await,
    }
}
