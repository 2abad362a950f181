//! `/auth/me/export`, and deleting one's own account.

use doorward_shared::{
    admin::Event,
    auth::{DeleteAccount, OwnApplication, OwnData, OwnSession},
};
use rocket::{Route, delete, get, routes};

use super::{
    ApiError, Body, FirstParty, RequestInfo, Services, admin, apikey,
    first_party::FirstPartyWrite,
    mfa,
    own_sessions::own_session,
    response::{ApiResult, EmptyResult, NoContent, ok},
};
use crate::{
    domain::KeyOwner,
    service::SignedIn,
    store::{Consent, EventFilter, KeyFilter, ListQuery, SessionFilter},
};

pub(super) fn routes() -> Vec<Route> {
    routes![export, delete]
}

/// Rows of a list that are read at once.
const PAGE: u32 = 200;
/// Maximum number of rows of each list, so that the response stays bounded.
const MAX_ROWS: usize = 1000;

/// Reads a list page by page.
async fn all_of<T, F>(mut page: impl FnMut(ListQuery) -> F) -> Result<Vec<T>, ApiError>
where
    F: Future<Output = Result<doorward_shared::Page<T>, crate::store::StoreError>>,
{
    let mut rows = Vec::new();
    let mut cursor = None;
    while rows.len() < MAX_ROWS {
        let query = ListQuery {
            limit: PAGE,
            cursor,
            ..ListQuery::default()
        };
        let read = page(query).await?;
        rows.extend(read.data);
        cursor = read.pagination.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    rows.truncate(MAX_ROWS);
    Ok(rows)
}

/// All data stored about a user. It is expensive, so each export counts as a change of the account.
///
/// # Errors
/// [`doorward_shared::ErrorCode::RateLimited`], storage.
pub(super) async fn own_data(services: &Services, who: &SignedIn) -> Result<OwnData, ApiError> {
    let (store, now) = (&services.store, services.clock.now());
    let user = who.account.user.id;
    services.limits.write(user, services.clock.monotonic())?;
    let sessions = all_of(|query| {
        let filter = SessionFilter {
            user_id: Some(user),
            ..SessionFilter::default()
        };
        store.sessions(filter, query, now)
    });
    let sessions = sessions.await?;
    let keys = all_of(|query| {
        let filter = KeyFilter {
            owner: Some(KeyOwner::User(user)),
            ..KeyFilter::default()
        };
        store.keys(filter, query, now)
    });
    let keys = keys.await?;
    let own_actors: Vec<String> = keys
        .iter()
        .map(|key| key.id.to_string())
        .chain([user.to_string(), "anonymous".into(), "system".into()])
        .collect();
    let api_keys = keys.into_iter().map(apikey::view).collect();
    let events = all_of(|query| {
        let filter = EventFilter {
            user_id: Some(user),
            ..EventFilter::default()
        };
        store.events(filter, query)
    });
    let events = events.await?.into_iter().map(admin::event);
    let events = events.map(|event| own_event(event, &own_actors)).collect();
    let applications = all_of(|query| store.consents(user, query)).await?;
    let current = who.session.id;
    let own = |session| -> OwnSession { own_session(session, current) };
    Ok(OwnData {
        exported_at: now,
        user: admin::user(who.account.user.clone()),
        factors: mfa::wire_factors(store.factors(user).await?),
        sessions: sessions.into_iter().map(own).collect(),
        api_keys,
        applications: applications.into_iter().map(application).collect(),
        events,
    })
}

/// A consent in an export: the application that the user allowed.
pub(super) fn application(consent: Consent) -> OwnApplication {
    OwnApplication {
        client_id: consent.client_id,
        name: consent.client_name,
        scope: consent.scope,
        granted_at: consent.granted_at,
    }
}

/// An event of a user's account as disclosed to them: of an operator's operation it omits who performed it, from where,
/// and why.
fn own_event(event: Event, own_actors: &[String]) -> Event {
    if own_actors.contains(&event.actor) {
        return event;
    }
    Event {
        actor: "operator".into(),
        ip: None,
        request_id: None,
        detail: None,
        ..event
    }
}

#[get("/auth/me/export")]
async fn export(services: &Services, by: FirstParty) -> ApiResult<OwnData> {
    let who = SignedIn {
        account: by.account,
        session: by.session,
        scopes: by.caller.scopes,
    };
    ok(own_data(services, &who).await?)
}

#[delete("/auth/me", data = "<body>")]
async fn delete(
    services: &Services,
    info: &RequestInfo,
    by: FirstPartyWrite,
    body: Body<DeleteAccount>,
) -> EmptyResult {
    let context = services.context(&by.caller, info);
    let password = body.0.password.into();
    services
        .accounts
        .delete_own(&by.caller, password, context)
        .await?;
    Ok(NoContent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_stays_unnamed_and_what_they_changed_is_shown() {
        let own = ["user_1".to_owned(), "anonymous".to_owned()];
        for (actor, is_own) in [("user_1", true), ("anonymous", true), ("user_2", false)] {
            let event: Event = serde_json::from_value(serde_json::json!({
                "id": "evt_01m8c4kzk3k3h8dndej34tsvqh", "time": "2026-01-01T00:00:00.000Z", "actor": actor,
                "action": "user.updated", "target": "user_1", "userId": null, "ip": "192.0.2.1",
                "requestId": "r1", "detail": "reported by his wife", "changes": {"role": ["customer", "admin"]},
            }))
            .unwrap();
            let shown = own_event(event.clone(), &own);
            assert!(shown.changes.is_some());
            if is_own {
                assert_eq!((shown.actor, shown.ip), (event.actor, event.ip));
            } else {
                let told = (
                    shown.actor.as_str(),
                    shown.ip,
                    shown.request_id,
                    shown.detail,
                );
                assert_eq!(told, ("operator", None, None, None));
            }
        }
    }
}
