//! `doorward sessions`.

use clap::{Args, Subcommand};
use doorward_shared::{
    ClientId, SessionId,
    admin::{RevokeSessions, RevokedSessions, Session},
};
use reqwest::Method;

use super::{Context, Failed, ListArgs, Outcome, output, segment, users::resolve};

#[derive(Debug, Subcommand)]
pub enum Sessions {
    /// List sessions
    List {
        #[command(flatten)]
        list: ListArgs,
        #[command(flatten)]
        filter: Filter,
        /// Only live ones (true) or dead ones (false)
        #[arg(long)]
        active: Option<bool>,
    },
    /// Show a session
    Get { id: String },
    /// End sessions: these, or all that match; shows first what will die
    Revoke {
        ids: Vec<SessionId>,
        #[command(flatten)]
        filter: Filter,
        /// End your own session too, if it is among them
        #[arg(long)]
        include_own: bool,
    },
}

impl Sessions {
    /// Whether it changes something.
    pub fn changes(&self) -> bool {
        match self {
            Self::List { .. } | Self::Get { .. } => false,
            Self::Revoke { .. } => true,
        }
    }
}

#[derive(Debug, Args)]
pub struct Filter {
    /// Of this user, by id or email
    #[arg(long)]
    user: Option<String>,
    /// Granted to this client
    #[arg(long)]
    client: Option<ClientId>,
    /// From this address, or network as 10.0.0.0/8
    #[arg(long)]
    ip: Option<String>,
}

pub async fn run(command: Sessions, with: &Context) -> Outcome {
    let client = &with.client;
    match command {
        Sessions::List {
            list,
            filter,
            active,
        } => {
            let user = match &filter.user {
                Some(user) => Some(resolve(client, user).await?.to_string()),
                None => None,
            };
            let filters = vec![
                ("userId", user),
                ("clientId", filter.client.map(|id| id.to_string())),
                ("ip", filter.ip),
                ("active", active.map(|active| active.to_string())),
            ];
            list.print::<Session>(with, "/admin/sessions", filters)
                .await
        }
        Sessions::Get { id } => {
            let path = format!("/admin/sessions/{}", segment(&id));
            output::one(with.output, &client.get::<Session>(&path, &[]).await?)
        }
        Sessions::Revoke {
            ids,
            filter,
            include_own,
        } => {
            let user_id = match &filter.user {
                Some(user) => Some(resolve(client, user).await?),
                None => None,
            };
            if ids.is_empty() && user_id.is_none() && filter.client.is_none() && filter.ip.is_none()
            {
                return Err(Failed::Usage(
                    "name sessions, or --user, --client or --ip".into(),
                ));
            }
            // One that is not there is a slip, not nothing to do.
            for id in &ids {
                let path = format!("/admin/sessions/{id}");
                client.get::<Session>(&path, &[]).await?;
            }
            let asked = RevokeSessions {
                user_id,
                client_id: filter.client,
                ip: filter.ip,
                // Whoever names a session means it, their own too.
                include_own: include_own || !ids.is_empty(),
                ids: Some(ids).filter(|ids| !ids.is_empty()),
                dry_run: true,
                ..RevokeSessions::default()
            };
            revoke(asked, with).await
        }
    }
}

async fn revoke(asked: RevokeSessions, with: &Context) -> Outcome {
    let client = &with.client;
    let path = "/admin/sessions/revoke";
    let preview: RevokedSessions = client.send(Method::POST, path, &asked).await?;
    if with.dry_run {
        return match with.output {
            output::Format::Json | output::Format::Jsonl => output::json(with.output, &preview),
            output::Format::Table | output::Format::Name => {
                output::rows(with.output, &preview.sessions)?;
                output::would(
                    with.output,
                    &format!("end {} sessions of {} users", preview.count, preview.users),
                )
            }
        };
    }
    if preview.count > 0 {
        let what = format!("{} sessions of {} users end.", preview.count, preview.users);
        output::confirm(with.yes, &what)?;
    }
    let exactly = RevokeSessions {
        preview_id: preview.preview_id,
        ..RevokeSessions::default()
    };
    let done: RevokedSessions = client.send(Method::POST, path, &exactly).await?;
    match with.output {
        output::Format::Json | output::Format::Jsonl => output::json(with.output, &done),
        output::Format::Table | output::Format::Name => {
            output::line(&format!("{} sessions have ended", done.revoked))
        }
    }
}
