//! Bulk session revocation: a preview first, then exactly the previewed sessions end.

use doorward_shared::{SessionId, Timestamp, admin};

use super::{Caller, Error};
use crate::{
    clock::Clock,
    domain::{Act, Session},
    state::{Preview, Previewing, Previews},
    store::{
        ListQuery, RevocationFilter, SessionFilter, SessionRevocation, SessionSelection, Store,
        StoreError,
    },
};
use std::sync::Arc;

/// Maximum number of sessions that a preview lists; it covers all that match.
const SHOWN: u32 = 20;
/// Maximum number of sessions listed by id.
const MAX_IDS: usize = 1000;
/// Number of sessions ended in one transaction, so that other writes are not delayed.
const CHUNK: usize = 100;

/// Ends sessions in bulk.
#[derive(Debug, Clone)]
pub struct Sessions {
    pub(crate) store: Store,
    pub(crate) previews: Arc<Previews>,
    pub(crate) clock: Clock,
}

/// The selected sessions.
#[derive(Debug)]
pub(crate) struct RevocationRequest {
    pub filter: SessionFilter,
    /// Whether the caller explicitly selected all active sessions.
    pub all: bool,
    /// Whether the caller's own session ends too.
    pub include_own: bool,
}

/// A stored preview.
#[derive(Debug)]
pub(crate) struct SavedPreview {
    pub id: String,
    pub expires_at: Timestamp,
}

impl Sessions {
    /// The selected sessions, as of now.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Invalid`], storage.
    pub(crate) async fn find(
        &self,
        by: &Caller,
        request: RevocationRequest,
        view: impl Fn(Session, Timestamp) -> admin::Session,
    ) -> Result<Preview, Error> {
        let any = SessionFilter {
            active: Some(true),
            ..SessionFilter::default()
        };
        // A preview of everything is harmless; ending everything must be explicit.
        if request.filter == any && !request.all {
            return Err(Error::Malformed {
                field: "active",
                reason:
                    "must be given, or another filter: userId, clientId, ip or ids; or dryRun first"
                        .into(),
            });
        }
        let ids = request.filter.ids.as_ref();
        if ids.is_some_and(|ids| ids.len() > MAX_IDS) {
            return Err(Error::invalid("ids", "must be at most 1000"));
        }
        let own: Option<SessionId> = by.session_id().filter(|_| !request.include_own);
        let now = self.clock.now();
        let filter = request.filter;
        let mut found = self.store.sessions_to_end(filter.clone(), own, now).await?;
        if let SessionSelection::These(ids) = &mut found.which {
            // Once the caller's own session has ended, they can end no more.
            ids.sort_by_key(|id| Some(*id) == by.session_id());
        }
        let query = ListQuery {
            limit: SHOWN,
            ..ListQuery::default()
        };
        let shown = self.store.sessions(filter, query, now).await?.data;
        let shown = shown
            .into_iter()
            .filter(|session| Some(session.id) != own)
            .map(|session| view(session, now));
        Ok(Preview {
            shown: shown.collect(),
            ends: found,
        })
    }

    /// Stores a preview, so that exactly its sessions can be ended.
    pub(crate) fn keep(&self, by: &Caller, preview: Preview) -> SavedPreview {
        let (id, expires_at) = self
            .previews
            .keep(preview, previewing(by), self.clock.now());
        SavedPreview { id, expires_at }
    }

    /// A stored preview of the caller. It can be used once.
    ///
    /// # Errors
    /// [`Error::Conflict`].
    pub(crate) fn take(&self, by: &Caller, id: &str) -> Result<Preview, Error> {
        let taken = self.previews.take(id, by.actor(), self.clock.now());
        taken.ok_or(Error::Conflict(
            "the preview has expired or was already used; request a new one with dryRun",
        ))
    }

    /// Ends the sessions of a preview; returns how many. If it fails part-way, a stored preview can be sent again;
    /// sessions that have ended stay ended.
    ///
    /// # Errors
    /// [`Error::Partly`] after some have ended; storage, including rejections by the domain's rules.
    pub(crate) async fn end(
        &self,
        by: &Caller,
        preview: Preview,
        kept_as: Option<String>,
        reason: Option<String>,
        act: Act,
    ) -> Result<u64, Error> {
        let SessionRevocation {
            count,
            which,
            all_of,
            ..
        } = preview.ends.clone();
        // Their number is known if this call counted them.
        let just_counted = kept_as.is_none().then_some(count);
        let (done, failed) = match self.end_under_way(all_of, &act).await {
            Ok(()) => self.end_all(which, just_counted, reason, act).await,
            Err(error) => (0, Some(error)),
        };
        let Some(source) = failed else {
            return Ok(done);
        };
        if let Some(id) = kept_as {
            let now = self.clock.now();
            self.previews.put_back(id, preview, previewing(by), now);
        }
        Err(match done {
            0 => source.into(),
            _ => Error::Partly {
                done,
                of: count,
                source,
            },
        })
    }

    async fn end_under_way(
        &self,
        all_of: Option<RevocationFilter>,
        act: &Act,
    ) -> Result<(), StoreError> {
        match all_of {
            Some(all_of) => self.store.end_under_way(all_of, act.clone()).await,
            None => Ok(()),
        }
    }

    /// Ends sessions; returns how many, and the error, if any.
    async fn end_all(
        &self,
        which: SessionSelection,
        just_counted: Option<u64>,
        reason: Option<String>,
        act: Act,
    ) -> (u64, Option<StoreError>) {
        let ids = match which {
            SessionSelection::Seen(seen) => {
                let ended = self.store.revoke_seen(seen, just_counted, reason, act);
                return match ended.await {
                    Ok(revoked) => (revoked, None),
                    Err(error) => (0, Some(error)),
                };
            }
            SessionSelection::These(ids) => ids,
        };
        let mut revoked = 0;
        for some in ids.chunks(CHUNK) {
            let ended = self
                .store
                .revoke_these(some.to_vec(), reason.clone(), act.clone());
            match ended.await {
                Ok(ended) => revoked += ended,
                Err(error) => return (revoked, Some(error)),
            }
        }
        (revoked, None)
    }
}

fn previewing(by: &Caller) -> Previewing {
    Previewing {
        actor: by.actor(),
        principal: by.principal(),
    }
}
