//! `doorward sessions`.

mod revoke;

use clap::{Args, Subcommand};
use doorward_shared::ClientId;

pub(crate) use self::revoke::Revoke;
use super::{list_args::ListArgs, shell_quoting::Words};

#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(crate) enum Sessions {
    /// List sessions
    List(ListSessions),
    /// Show a session
    Get { id: String },
    /// End sessions: these, or all that match; shows the affected sessions first
    Revoke(Revoke),
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct ListSessions {
    #[command(flatten)]
    pub list: ListArgs,
    #[command(flatten)]
    pub of: SessionOwnerArgs,
    /// Only active sessions (true) or only ended ones (false)
    #[arg(long)]
    pub active: Option<bool>,
}

/// Whose sessions.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct SessionOwnerArgs {
    /// Of this user, by id or email
    #[arg(long)]
    pub user: Option<String>,
    /// Granted to this client
    #[arg(long)]
    pub client: Option<ClientId>,
    /// From this address or network, such as 10.0.0.0/8
    #[arg(long)]
    pub ip: Option<String>,
}

impl SessionOwnerArgs {
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
