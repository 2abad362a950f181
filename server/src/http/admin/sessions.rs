//! `/admin/sessions`.

use std::net::IpAddr;

use doorward_shared::{
    ErrorCode, Page, SessionId, Timestamp,
    admin::{RevokeSessions, RevokedSessions, Session},
};
use ipnet::IpNet;
use rocket::{Route, State, delete, get, post, routes};

use super::scopes::{Sessions, SessionsRead};
use crate::{
    app::Doorward,
    caller::Caller,
    domain::{self, Act, Door, text},
    http::{
        Allowed, ApiError, Body, Filters, Listing, Recent, RequestInfo,
        listing::Params,
        reply::{Answer, Done, NoContent, ok},
        values,
    },
    previews::Preview,
    store::{ListQuery, SessionFilter, StoreError, Which},
};

/// Sessions a preview shows; it holds all.
const SHOWN: u32 = 20;

pub fn all() -> Vec<Route> {
    routes![list, get, end, revoke]
}

impl Filters for SessionFilter {
    const NAMES: &'static [&'static str] = &["userId", "clientId", "ip", "active"];
    fn read(params: &Params) -> Result<Self, ApiError> {
        let ip = params.get("ip").map(network);
        Ok(Self {
            user_id: params.parse("userId", "the id of a user")?,
            client_id: params.parse("clientId", "the id of a client")?,
            ip: ip
                .transpose()
                .map_err(|reason| ApiError::request("ip", reason))?,
            active: params.parse("active", "true or false")?,
            ..Self::default()
        })
    }
}

/// An address, or a network as CIDR.
fn network(text: &str) -> Result<IpNet, &'static str> {
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(ip.to_canonical()));
    }
    text.parse()
        .map_err(|_| "must be an address or a network such as 10.0.0.0/8")
}

pub(crate) fn view(session: domain::Session, now: Timestamp) -> Session {
    Session {
        state: session.state(now),
        ends_at: session.ends_at(),
        id: session.id,
        user_id: session.user_id,
        client_id: session.client_id,
        scope: session.scope,
        ip: session.ip.to_string(),
        user_agent: session.user_agent,
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
        revoked_at: session.revoked_at,
    }
}

#[get("/admin/sessions")]
async fn list(
    doorward: &State<Doorward>,
    _by: Allowed<SessionsRead>,
    listing: Listing<SessionFilter>,
) -> Answer<Page<Session>> {
    let now = doorward.clock.now();
    let page = doorward
        .store
        .sessions(listing.filter, listing.query, now)
        .await?;
    ok(page.map(|session| view(session, now)))
}

#[get("/admin/sessions/<id>")]
async fn get(doorward: &State<Doorward>, _by: Allowed<SessionsRead>, id: &str) -> Answer<Session> {
    let row = doorward
        .store
        .session_row(values::id(id, "session")?)
        .await?;
    let row = row.ok_or_else(|| ApiError::not_found("session"))?;
    ok(view(row, doorward.clock.now()))
}

#[delete("/admin/sessions/<id>")]
async fn end(
    doorward: &State<Doorward>,
    info: &RequestInfo,
    by: Recent<Sessions>,
    id: &str,
) -> Done {
    let id = values::id(id, "session")?;
    let act = doorward.act(&by, Door::Admin, info)?;
    doorward.store.end_session(id, None, act).await?;
    Ok(NoContent)
}

#[post("/admin/sessions/revoke", data = "<body>")]
async fn revoke(
    doorward: &State<Doorward>,
    info: &RequestInfo,
    by: Recent<Sessions>,
    body: Body<RevokeSessions>,
) -> Answer<RevokedSessions> {
    let asked = body.0;
    let reason = asked.reason.as_deref().unwrap_or_default();
    let reason = text::name(reason).map_err(|why| ApiError::validation("reason", why))?;
    let preview = match &asked.preview_id {
        Some(_) if asked.dry_run => {
            return Err(ApiError::request(
                "previewId",
                "cannot be given with dryRun",
            ));
        }
        Some(id) => {
            let gone = || {
                ApiError::new(
                    ErrorCode::Conflict,
                    "the preview is over; look again with dryRun",
                )
            };
            doorward
                .previews
                .take(id, by.actor(), doorward.clock.now())
                .ok_or_else(gone)?
        }
        None => preview(doorward, &by, &asked).await?,
    };
    let (count, users) = (preview.ends.count, preview.ends.users);
    let shown = preview.shown.clone();
    if asked.dry_run {
        let now = doorward.clock.now();
        let (id, expires_at) = doorward
            .previews
            .keep(preview, by.actor(), now)
            .ok_or_else(|| ApiError::new(ErrorCode::Overloaded, "too many previews are open"))?;
        return ok(RevokedSessions {
            dry_run: true,
            revoked: 0,
            count,
            users,
            sessions: shown,
            preview_id: Some(id),
            expires_at: Some(expires_at),
        });
    }
    let act = doorward.act(&by, Door::Admin, info)?;
    let reason = Some(reason).filter(|reason| !reason.is_empty());
    let just_counted = asked.preview_id.is_none().then_some(count);
    let which = (preview.ends.which.clone(), just_counted);
    let (revoked, failed) = carry_out(doorward, which, reason, act).await;
    if let Some(error) = failed {
        // Sent again it does the rest: what has ended already stays so.
        if let Some(id) = asked.preview_id {
            let now = doorward.clock.now();
            doorward.previews.put_back(id, preview, by.actor(), now);
        }
        let error = ApiError::from(error);
        let what =
            format!("{revoked} of {count} sessions have ended; send it again for the others");
        return Err(match revoked {
            0 => error,
            _ => ApiError::new(error.code(), what),
        });
    }
    ok(RevokedSessions {
        dry_run: false,
        revoked,
        count,
        users,
        sessions: shown,
        preview_id: None,
        expires_at: None,
    })
}

/// Ends the sessions of a preview; answers how many, and what went wrong. Their number comes with them where it was
/// counted in this call.
async fn carry_out(
    doorward: &Doorward,
    (which, just_counted): (Which, Option<u64>),
    reason: Option<String>,
    act: Act,
) -> (u64, Option<StoreError>) {
    let store = &doorward.store;
    let ids = match which {
        Which::Seen { filter, keep, seen } => {
            let these = (filter, keep, seen);
            return match store.revoke_seen(these, just_counted, reason, act).await {
                Ok(revoked) => (revoked, None),
                Err(error) => (0, Some(error)),
            };
        }
        Which::These(ids) => ids,
    };
    let mut revoked = 0;
    // Some in a unit, so that nobody waits long behind one.
    for some in ids.chunks(100) {
        let ended = store.revoke_these(some.to_vec(), reason.clone(), act.clone());
        match ended.await {
            Ok(ended) => revoked += ended,
            Err(error) => return (revoked, Some(error)),
        }
    }
    (revoked, None)
}

/// The sessions that are meant, as they are now.
async fn preview(
    doorward: &Doorward,
    by: &Caller,
    asked: &RevokeSessions,
) -> Result<Preview, ApiError> {
    if asked.active == Some(false) {
        return Err(ApiError::validation(
            "active",
            "must be true: dead sessions cannot end",
        ));
    }
    let ip = asked.ip.as_deref().map(network).transpose();
    let filter = SessionFilter {
        user_id: asked.user_id,
        client_id: asked.client_id,
        ip: ip.map_err(|why| ApiError::validation("ip", why))?,
        active: Some(true),
        ids: asked.ids.clone(),
        ..SessionFilter::default()
    };
    let any = SessionFilter {
        active: Some(true),
        ..SessionFilter::default()
    };
    // Looking at everything is harmless; ending everything must be meant.
    if filter == any && asked.active.is_none() && !asked.dry_run {
        let reason =
            "must be given, or another filter: userId, clientId, ip or ids; or dryRun first";
        return Err(ApiError::request("active", reason));
    }
    if asked.ids.as_ref().is_some_and(|ids| ids.len() > 1000) {
        return Err(ApiError::validation("ids", "must be at most 1000"));
    }
    let own: Option<SessionId> = by.session_id().filter(|_| !asked.include_own);
    let now = doorward.clock.now();
    let mut found = doorward
        .store
        .sessions_to_end(filter.clone(), own, now)
        .await?;
    if let Which::These(ids) = &mut found.which {
        // With the caller's own session ended they may end no more.
        ids.sort_by_key(|id| Some(*id) == by.session_id());
    }
    let query = ListQuery {
        limit: SHOWN,
        ..ListQuery::default()
    };
    let shown = doorward.store.sessions(filter, query, now).await?.data;
    Ok(Preview {
        ends: found,
        shown: shown
            .into_iter()
            .filter(|session| Some(session.id) != own)
            .map(|session| view(session, now))
            .collect(),
    })
}
