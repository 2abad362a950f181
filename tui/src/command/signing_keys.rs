//! `doorward keys`: keys that sign tokens.

use clap::{Args, Subcommand};

use super::{list_args::ListArgs, shell_quoting::Words};

#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(crate) enum SigningKeys {
    /// List signing keys
    List {
        #[command(flatten)]
        list: ListArgs,
    },
    /// Sign with a new key from now on; previous keys verify until their last token has expired
    Rotate,
    /// Revoke a retired key: its tokens are rejected immediately
    #[command(visible_alias = "delete")]
    Revoke(RevokeKeys),
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct RevokeKeys {
    /// A thumbprint may begin with a hyphen
    #[arg(allow_hyphen_values = true)]
    pub kid: String,
    /// Another one; may be given again
    #[arg(long, value_name = "KID", allow_hyphen_values = true)]
    pub and: Vec<String>,
}

impl RevokeKeys {
    /// Of at least one.
    pub(crate) fn all(mut kids: Vec<String>) -> Option<Self> {
        let kid = (!kids.is_empty()).then(|| kids.remove(0))?;
        Some(Self { kid, and: kids })
    }

    pub(crate) fn kids(&self) -> Vec<String> {
        [std::slice::from_ref(&self.kid), &self.and].concat()
    }
}

impl SigningKeys {
    pub(super) fn changes(&self) -> bool {
        !matches!(self, Self::List { .. })
    }

    pub(super) fn warning(&self) -> Option<String> {
        match self {
            Self::List { .. } => None,
            Self::Rotate => Some("New tokens are signed with a new key from now on.".into()),
            Self::Revoke(RevokeKeys { kid, and }) if and.is_empty() => Some(format!(
                "The signing key {kid} is revoked: every token it signed is rejected."
            )),
            Self::Revoke(revoke) => Some(format!(
                "{} signing keys are revoked: every token they signed is rejected.",
                revoke.kids().len()
            )),
        }
    }

    pub(super) fn would(&self) -> String {
        match self {
            Self::List { .. } => "list signing keys".into(),
            Self::Rotate => "rotate the signing key".into(),
            Self::Revoke(revoke) => format!("revoke the signing key {}", revoke.kids().join(" ")),
        }
    }

    pub(super) fn words(&self) -> Words {
        match self {
            Self::List { list } => list.written(Words::new("keys list")),
            Self::Rotate => Words::new("keys rotate"),
            Self::Revoke(revoke) => Words::new("keys revoke")
                .word(&revoke.kid)
                .each("--and", &revoke.and),
        }
    }
}
