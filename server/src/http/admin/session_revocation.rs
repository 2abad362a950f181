//! `/admin/sessions/revoke`: bulk session revocation, with a preview that can be confirmed.

use doorward_shared::admin::{RevokeSessions, RevokedSessions};
use rocket::{Route, post, routes};

use super::{
    scopes::Sessions,
    sessions::{network, view},
};
use crate::{
    domain::{EntryPoint, text},
    http::{
        ApiError, Body, Recent, RequestInfo, Services,
        response::{ApiResult, ok},
    },
    service::RevocationRequest,
    store::SessionFilter,
};

pub(super) fn routes() -> Vec<Route> {
    routes![revoke]
}

#[post("/admin/sessions/revoke", data = "<body>")]
async fn revoke(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Sessions>,
    body: Body<RevokeSessions>,
) -> ApiResult<RevokedSessions> {
    let asked = body.0;
    let reason = asked.reason.as_deref().unwrap_or_default();
    let reason = text::name(reason).map_err(|why| ApiError::validation("reason", why))?;
    let sessions = &services.sessions;
    let preview = match &asked.preview_id {
        Some(_) if asked.dry_run => {
            return Err(ApiError::request(
                "previewId",
                "cannot be given with dryRun",
            ));
        }
        Some(id) => sessions.take(&by, id)?,
        None => {
            sessions
                .find(&by, revocation_request(&asked)?, view)
                .await?
        }
    };
    let mut answer = RevokedSessions {
        dry_run: asked.dry_run,
        revoked: 0,
        count: preview.ends.count,
        users: preview.ends.users,
        sessions: preview.shown.clone(),
        preview_id: None,
        expires_at: None,
    };
    if asked.dry_run {
        let kept = sessions.keep(&by, preview);
        answer.preview_id = Some(kept.id);
        answer.expires_at = Some(kept.expires_at);
    } else {
        let act = services.act(&by, EntryPoint::Admin, info)?;
        let reason = Some(reason).filter(|reason| !reason.is_empty());
        answer.revoked = sessions
            .end(&by, preview, asked.preview_id, reason, act)
            .await?;
    }
    ok(answer)
}

/// The sessions that a body selects.
fn revocation_request(asked: &RevokeSessions) -> Result<RevocationRequest, ApiError> {
    if asked.active == Some(false) {
        return Err(ApiError::validation(
            "active",
            "must be true: ended sessions cannot be revoked",
        ));
    }
    let ip = asked.ip.as_deref().map(network).transpose();
    Ok(RevocationRequest {
        filter: SessionFilter {
            user_id: asked.user_id,
            client_id: asked.client_id,
            ip: ip.map_err(|why| ApiError::validation("ip", why))?,
            active: Some(true),
            ids: asked.ids.clone(),
            ..SessionFilter::default()
        },
        all: asked.active.is_some() || asked.dry_run,
        include_own: asked.include_own,
    })
}
