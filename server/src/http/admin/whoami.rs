//! `/admin/whoami`: the caller and its scopes.

use doorward_shared::admin::{CallerKind, Whoami};
use rocket::{Route, get, routes};

use crate::{
    http::{
        Bearer,
        response::{ApiResult, ok},
    },
    service::{Caller, Credential},
};

pub(super) fn routes() -> Vec<Route> {
    routes![whoami]
}

/// The email address is disclosed to a credential with the scope `email`, to the user's own token, and to one that may
/// read every account.
fn shows_email(by: &Caller) -> bool {
    by.first_party().is_some()
        || ["email", "admin:users:read"]
            .iter()
            .any(|scope| by.scopes.covers(scope))
}

#[get("/admin/whoami")]
fn whoami(by: Bearer) -> ApiResult<Whoami> {
    let (kind, id) = match &by.credential {
        Credential::Session { account, .. } => (CallerKind::User, account.user.id.to_string()),
        Credential::Key { key, .. } => (CallerKind::Apikey, key.id.to_string()),
        Credential::Client { client } => (CallerKind::Client, client.id.to_string()),
    };
    ok(Whoami {
        kind,
        id,
        user_id: by.user_id(),
        email: by
            .account()
            .filter(|_| shows_email(&by))
            .map(|account| account.user.email.as_str().to_owned()),
        session_id: by.session_id(),
        scopes: by.scopes.clone(),
    })
}
