//! Which sessions `doorward sessions revoke` ends.

use clap::Args;
use doorward_shared::{ClientId, SessionId, UserId, admin::RevokeSessions};

use super::SessionOwnerArgs;

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct Revoke {
    pub ids: Vec<SessionId>,
    #[command(flatten)]
    pub of: SessionOwnerArgs,
    /// End your own session too, if it is among them
    #[arg(long)]
    pub include_own: bool,
    /// The preview that was confirmed: exactly its sessions end.
    #[arg(skip)]
    pub preview_id: Option<String>,
}

impl Revoke {
    pub(crate) fn of_user(id: UserId) -> Self {
        Self {
            of: SessionOwnerArgs {
                user: Some(id.to_string()),
                ..SessionOwnerArgs::default()
            },
            ..Self::default()
        }
    }

    pub(crate) fn of_client(id: ClientId) -> Self {
        Self {
            of: SessionOwnerArgs {
                client: Some(id),
                ..SessionOwnerArgs::default()
            },
            ..Self::default()
        }
    }

    /// From an address or a network.
    pub(crate) fn from_address(ip: &str) -> Self {
        Self {
            of: SessionOwnerArgs {
                ip: Some(ip.to_owned()),
                ..SessionOwnerArgs::default()
            },
            ..Self::default()
        }
    }

    /// Exactly these.
    pub(crate) fn these(ids: Vec<SessionId>) -> Self {
        Self {
            ids,
            ..Self::default()
        }
    }

    /// Whether no session is named in any way.
    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.of.is_all()
    }

    /// The request for a preview of the sessions that would end. The user must be an id by now.
    pub(crate) fn preview(&self) -> RevokeSessions {
        RevokeSessions {
            user_id: self.of.user.as_ref().and_then(|id| id.parse().ok()),
            client_id: self.of.client,
            ip: self.of.ip.clone(),
            // A session named by id is meant, the caller's own too.
            include_own: self.include_own || !self.ids.is_empty(),
            ids: Some(self.ids.clone()).filter(|ids| !ids.is_empty()),
            dry_run: true,
            ..RevokeSessions::default()
        }
    }

    /// Ends exactly the sessions of the preview.
    pub(crate) fn body(&self) -> RevokeSessions {
        RevokeSessions {
            preview_id: self.preview_id.clone(),
            ..RevokeSessions::default()
        }
    }
}
