//! Severity of an event: its colour and glyph.

use doorward_shared::admin::{Event, is_refusal};

use super::appearance::Glyphs;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// Somebody was refused, or something was misused.
    Refused,
    /// Something ended: revoked, deleted, disabled, blocked.
    Ended,
    /// Somebody came in.
    Entered,
    /// Something was made.
    Made,
    /// Something is otherwise than before.
    Changed,
}

impl EventKind {
    /// Of an action's name.
    pub(crate) fn of(action: &str) -> Self {
        let (noun, verb) = action.split_once('.').unwrap_or(("", action));
        match (noun, verb) {
            _ if is_refusal(action) => Self::Refused,
            (
                _,
                "revoked" | "deleted" | "disabled" | "ended" | "removed" | "blocked" | "locked",
            ) => Self::Ended,
            ("session", "created") | ("login", _) => Self::Entered,
            (_, "created" | "registered" | "minted" | "enabled" | "added" | "backed_up") => {
                Self::Made
            }
            _ => Self::Changed,
        }
    }

    pub(crate) fn of_event(event: &Event) -> Self {
        Self::of(&event.action)
    }

    pub(crate) fn glyph(self, glyphs: Glyphs) -> &'static str {
        match self {
            Self::Refused => glyphs.refused(),
            Self::Ended => glyphs.ended(),
            Self::Entered => glyphs.entered(),
            Self::Made => "+",
            Self::Changed => "~",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bad_news_is_told_from_what_is_not() {
        for (action, kind) in [
            ("login.failed", EventKind::Refused),
            ("client.refused", EventKind::Refused),
            ("login.blocked", EventKind::Refused),
            ("session.replayed", EventKind::Refused),
            ("session.created", EventKind::Entered),
            ("session.revoked", EventKind::Ended),
            ("network.blocked", EventKind::Ended),
            ("user.disabled", EventKind::Ended),
            ("user.created", EventKind::Made),
            ("user.updated", EventKind::Changed),
            ("something", EventKind::Changed),
        ] {
            assert_eq!(EventKind::of(action), kind, "{action}");
        }
    }
}
