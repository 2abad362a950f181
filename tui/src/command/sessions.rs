//! `doorward sessions`.

use clap::{Args, Subcommand};
use doorward_shared::{ClientId, SessionId, UserId, admin::RevokeSessions};

use super::{list::ListArgs, words::Words};

#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(crate) enum Sessions {
    /// List sessions
    List(ListSessions),
    /// Show a session
    Get { id: String },
    /// End sessions: these, or all that match; shows first what will die
    Revoke(Revoke),
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct ListSessions {
    #[command(flatten)]
    pub list: ListArgs,
    #[command(flatten)]
    pub of: Of,
    /// Only live ones (true) or dead ones (false)
    #[arg(long)]
    pub active: Option<bool>,
}

/// Whose sessions.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct Of {
    /// Of this user, by id or email
    #[arg(long)]
    pub user: Option<String>,
    /// Granted to this client
    #[arg(long)]
    pub client: Option<ClientId>,
    /// From this address, or network as 10.0.0.0/8
    #[arg(long)]
    pub ip: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct Revoke {
    pub ids: Vec<SessionId>,
    #[command(flatten)]
    pub of: Of,
    /// End your own session too, if it is among them
    #[arg(long)]
    pub include_own: bool,
    /// The preview that was confirmed: exactly its sessions end.
    #[arg(skip)]
    pub preview_id: Option<String>,
}

impl Of {
    fn written(&self, words: Words) -> Words {
        words
            .option("--user", self.user.as_ref())
            .option("--client", self.client)
            .option("--ip", self.ip.as_ref())
    }

    fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

impl Revoke {
    pub(crate) fn of_user(id: UserId) -> Self {
        Self {
            of: Of {
                user: Some(id.to_string()),
                ..Of::default()
            },
            ..Self::default()
        }
    }

    pub(crate) fn of_client(id: ClientId) -> Self {
        Self {
            of: Of {
                client: Some(id),
                ..Of::default()
            },
            ..Self::default()
        }
    }

    /// From an address or a network.
    pub(crate) fn from_address(ip: &str) -> Self {
        Self {
            of: Of {
                ip: Some(ip.to_owned()),
                ..Of::default()
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

    /// Asks which sessions would end. The user must be an id by now.
    pub(crate) fn preview(&self) -> RevokeSessions {
        RevokeSessions {
            user_id: self.of.user.as_ref().and_then(|id| id.parse().ok()),
            client_id: self.of.client,
            ip: self.of.ip.clone(),
            // Whoever names a session means it, their own too.
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

impl Sessions {
    pub(super) fn changes(&self) -> bool {
        matches!(self, Self::Revoke(_))
    }

    pub(super) fn people(&mut self) -> Vec<&mut String> {
        let user = match self {
            Self::List(listed) => listed.of.user.as_mut(),
            Self::Revoke(revoke) => revoke.of.user.as_mut(),
            Self::Get { .. } => None,
        };
        user.into_iter().collect()
    }

    pub(super) fn would(&self) -> String {
        match self {
            Self::List(_) => "list sessions".into(),
            Self::Get { id } => format!("show {id}"),
            Self::Revoke(_) => "end sessions".into(),
        }
    }

    pub(super) fn words(&self) -> Words {
        match self {
            Self::List(listed) => {
                let words = listed.of.written(Words::new("sessions list"));
                listed.list.written(words.option("--active", listed.active))
            }
            Self::Get { id } => Words::new("sessions get").word(id),
            Self::Revoke(revoke) => {
                let words = Words::new("sessions revoke").all(&revoke.ids);
                let words = revoke.of.written(words);
                words.flag("--include-own", revoke.include_own)
            }
        }
    }
}
