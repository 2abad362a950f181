//! `doorward events`.

use clap::{Args, Subcommand};
use doorward_shared::{ClientId, EventId};

use super::{list_args::ListArgs, shell_quoting::Words, time_arg::TimeArg};

/// `doorward events …` is `doorward events list …`.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Events {
    #[command(subcommand)]
    pub command: Option<EventsCommand>,
    #[command(flatten)]
    pub list: ListEvents,
}

#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(crate) enum EventsCommand {
    /// List events, newest first
    List(ListEvents),
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct ListEvents {
    #[command(flatten)]
    pub list: ListArgs,
    /// Actor: an id, `system` or `anonymous`
    #[arg(long)]
    pub actor: Option<String>,
    /// Action or action prefix, such as `user.`
    #[arg(long)]
    pub action: Option<String>,
    /// Id of the target
    #[arg(long)]
    pub target: Option<String>,
    /// About this user, by id or email
    #[arg(long)]
    pub user: Option<String>,
    #[arg(long)]
    pub ip: Option<String>,
    /// Actions of users through this client, by its id
    #[arg(long)]
    pub client: Option<ClientId>,
    /// Not before a time, or 15m, 24h, … ago
    #[arg(long)]
    pub since: Option<TimeArg>,
    /// Before a time, or 15m, 24h, … ago
    #[arg(long)]
    pub until: Option<TimeArg>,
    /// Follow new events as they happen, one per line
    #[arg(long, conflicts_with = "until")]
    pub follow: bool,
    /// With --follow: continue after this event
    #[arg(long, requires = "follow", value_name = "ID")]
    pub after: Option<EventId>,
}

impl Events {
    pub(crate) fn listing(list: ListEvents) -> Self {
        Self {
            command: Some(EventsCommand::List(list)),
            list: ListEvents::default(),
        }
    }

    /// The requested list, however it was written.
    pub(crate) fn asked(self) -> ListEvents {
        match self.command {
            Some(EventsCommand::List(list)) => list,
            None => self.list,
        }
    }

    pub(super) fn people(&mut self) -> Vec<&mut String> {
        let list = match &mut self.command {
            Some(EventsCommand::List(list)) => list,
            None => &mut self.list,
        };
        list.user.iter_mut().collect()
    }

    pub(super) fn words(&self) -> Words {
        let asked = self.clone().asked();
        let words = Words::new("events list")
            .flag("--follow", asked.follow)
            .option("--after", asked.after)
            .option("--actor", asked.actor.as_ref())
            .option("--action", asked.action.as_ref())
            .option("--target", asked.target.as_ref())
            .option("--user", asked.user.as_ref())
            .option("--ip", asked.ip.as_ref())
            .option("--client", asked.client)
            .option("--since", asked.since)
            .option("--until", asked.until);
        asked.list.written(words)
    }
}
