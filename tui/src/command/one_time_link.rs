//! `doorward users link`.

use clap::Args;
use doorward_shared::admin::{CreateLink, LinkPurpose};

use super::{SecretArgs, shell_quoting::Words, time_arg::TimeArg, users::span};

#[derive(Debug, Clone, PartialEq, Args)]
pub(crate) struct LinkArgs {
    pub user: String,
    /// `invite`: first password and name. `reset`: new password
    #[arg(long, default_value = "reset", value_parser = purpose)]
    pub purpose: LinkPurpose,
    /// How long it works, from 60s to 30d
    #[arg(long, default_value = "1d", value_name = "SPAN", value_parser = span)]
    pub expires_in: i64,
    /// Mail it to the user instead of showing it
    #[arg(long)]
    pub send: bool,
    #[command(flatten)]
    pub secret: SecretArgs,
}

fn purpose(text: &str) -> Result<LinkPurpose, String> {
    [LinkPurpose::Invite, LinkPurpose::Reset]
        .into_iter()
        .find(|purpose| purpose.as_str() == text)
        .ok_or_else(|| "must be invite or reset".into())
}

impl LinkArgs {
    /// The default of the command.
    pub(crate) fn new(user: String) -> Self {
        Self {
            user,
            purpose: LinkPurpose::Reset,
            expires_in: 86_400,
            send: false,
            secret: SecretArgs::default(),
        }
    }

    pub(crate) fn body(&self) -> CreateLink {
        CreateLink {
            purpose: self.purpose,
            expires_in_seconds: Some(self.expires_in),
            send: self.send,
        }
    }

    pub(super) fn written(&self) -> Words {
        let words = Words::new("users link")
            .word(&self.user)
            .option("--purpose", Some(self.purpose.as_str()))
            .option("--expires-in", Some(TimeArg::Span(self.expires_in)))
            .flag("--send", self.send);
        self.secret.written(words)
    }
}
