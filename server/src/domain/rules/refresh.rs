//! Refresh token rotation with reuse detection: RFC 9700 section 4.14.2, and RFC 6749 section 10.4.
//!
//! Each token works once. Its first use creates a successor. A client that lost the response may present the used
//! token once more and gets another successor, which replaces the first. Presenting any other used or replaced token ends
//! the session.

use doorward_shared::Timestamp;

use crate::domain::Digest256;

/// Maximum number of uses kept besides the parent's: they only matter within the grace period. A client that refreshes
/// more often in that time and then presents its first token again loses its session.
const MAX_RECENT: usize = 16;

/// A used token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshUse {
    /// Hash of the token.
    pub token: Digest256,
    /// Its first use.
    pub at: Timestamp,
}

/// Refresh-token state of a session. Its size does not grow with the number of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Number of the newest token, from 1; 0 if the newest predates numbering.
    pub generation: u32,
    /// Hash of the newest token: the only valid one.
    pub newest: Digest256,
    pub expires_at: Timestamp,
    /// The token whose use made the newest one.
    pub parent: Option<RefreshUse>,
    /// Earlier uses, still within the grace period.
    pub recent: Vec<RefreshUse>,
}

/// Grace period: seconds after its first use in which presenting a used token again is not a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GracePeriods {
    /// It is only rejected: a client's own requests may race.
    pub grace: u32,
    /// Its successor is replaced, if that was never used: a response may be lost. 0 for never.
    pub retry: u32,
}

/// Outcome of a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// First use of the newest token: it gets a successor.
    Rotate,
    /// The parent again: its unused successor is revoked and another replaces it.
    Retry,
    /// Rejected, and nothing changes.
    Lost,
    /// The token was copied: the session ends.
    Replay,
    /// The newest token, expired.
    Expired,
}

/// Decides the outcome for a genuine token of an active or expired session that was not revoked.
pub fn decide(
    family: &Family,
    shown: Digest256,
    now: Timestamp,
    windows: GracePeriods,
) -> Decision {
    // A use in the future is from before the clock was set back: its age is unknown.
    let within = |used: RefreshUse, seconds: u32| {
        let seconds = i64::from(seconds);
        now < used.at.plus_seconds(seconds) && used.at < now.plus_seconds(seconds)
    };
    if shown == family.newest {
        return if now < family.expires_at {
            Decision::Rotate
        } else {
            Decision::Expired
        };
    }
    let parent = family.parent.filter(|used| used.token == shown);
    let recent = || {
        family
            .recent
            .iter()
            .find(|used| used.token == shown)
            .copied()
    };
    match parent.or_else(recent) {
        Some(used) if within(used, windows.grace) => Decision::Lost,
        Some(used) if parent.is_some() && within(used, windows.retry) => Decision::Retry,
        _ => Decision::Replay,
    }
}

impl Family {
    /// A session's first token.
    pub fn first(token: Digest256, expires_at: Timestamp) -> Self {
        Self {
            generation: 1,
            newest: token,
            expires_at,
            parent: None,
            recent: Vec::new(),
        }
    }

    /// Number of the next token.
    pub fn next_generation(&self) -> u32 {
        self.generation.saturating_add(1)
    }

    /// Whether this is one of the few remembered tokens.
    pub fn knows(&self, token: Digest256) -> bool {
        let mut used = self.parent.iter().chain(&self.recent);
        self.newest == token || used.any(|used| used.token == token)
    }

    /// After the first use of the newest token: `next` follows it.
    #[must_use]
    pub fn rotated(
        &self,
        next: Digest256,
        expires_at: Timestamp,
        at: Timestamp,
        windows: GracePeriods,
    ) -> Self {
        let in_grace = |used: &RefreshUse| at < used.at.plus_seconds(i64::from(windows.grace));
        let older = self.parent.into_iter().chain(self.recent.iter().copied());
        Self {
            generation: self.next_generation(),
            newest: next,
            expires_at,
            parent: Some(RefreshUse {
                token: self.newest,
                at,
            }),
            recent: older.filter(in_grace).take(MAX_RECENT).collect(),
        }
    }

    /// After the parent was presented again: `next` replaces the newest one. Windows still count from the parent's
    /// first use.
    #[must_use]
    pub fn retried(&self, next: Digest256, expires_at: Timestamp) -> Self {
        Self {
            generation: self.next_generation(),
            newest: next,
            expires_at,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests;
