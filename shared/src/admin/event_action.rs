//! Actions of the audit log that clients treat in a way of their own.

use std::fmt;

use super::Event;

/// What an event tells of. There are more: see [`Event::action`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventAction {
    /// A wrong password, or an email that no account has.
    LoginFailed,
    /// Sign-ins from a network that is blocked, counted.
    LoginBlocked,
    /// A sign-in, or a code that a client exchanged.
    SessionCreated,
    /// A used refresh token came again; its session has ended.
    SessionReplayed,
    /// A client that could not authenticate, or whose request was refused.
    ClientRefused,
    /// An operator disabled an account.
    UserDisabled,
    /// An operator enabled an account.
    UserEnabled,
}

impl EventAction {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoginFailed => "login.failed",
            Self::LoginBlocked => "login.blocked",
            Self::SessionCreated => "session.created",
            Self::SessionReplayed => "session.replayed",
            Self::ClientRefused => "client.refused",
            Self::UserDisabled => "user.disabled",
            Self::UserEnabled => "user.enabled",
        }
    }

    /// Whether an event tells of it.
    pub fn is(self, event: &Event) -> bool {
        event.action == self.as_str()
    }
}

impl fmt::Display for EventAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
