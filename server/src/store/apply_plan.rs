//! What `doorward-server apply` wants of roles, clients and people, and what became of each.

use std::fmt;

use doorward_shared::{ClientId, ScopeSet};

use super::StoreError;
use crate::{
    crypto::secret::Digest256,
    domain::{
        Client, Diff, DiffValue, NewUser, UserChange, diff::quoted, rules::client::ClientChange,
    },
};

/// What there is to be.
#[derive(Debug, Default)]
pub struct Plan {
    pub roles: Vec<(String, ScopeSet)>,
    pub clients: Vec<PlannedClient>,
    pub users: Vec<PlannedUser>,
    /// Whether roles and clients that were applied before, and that are not in it, are deleted.
    pub prune: bool,
    /// Only say what would change.
    pub dry_run: bool,
    /// This server as a resource.
    pub issuer: String,
}

/// A client, known by its name.
#[derive(Debug)]
pub struct PlannedClient {
    /// With a secret of its own, where it needs one.
    pub new: Client,
    /// Whether tokens of this server itself are meant for it.
    pub sees_all: bool,
    /// What is named of it: a client that there is keeps the rest.
    pub change: ClientChange,
    /// Whether it is confidential, where that is named.
    pub confidential: Option<bool>,
    /// The secret that it is to have, where one is named.
    pub secret: Option<Digest256>,
}

/// An account, known by its address.
#[derive(Debug)]
pub struct PlannedUser {
    pub new: NewUser,
    pub role_given: bool,
    /// What is named of it: an account that there is keeps the rest, its password too.
    pub change: UserChange,
}

/// A kind of thing that a plan is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Role,
    Client,
    User,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Role => "role",
            Self::Client => "client",
            Self::User => "user",
        })
    }
}

/// What was changed, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Made(Kind, String, Diff),
    Changed(Kind, String, Diff),
    /// A client was given a secret.
    Secret(String),
    Deleted(Kind, String),
}

/// As a line of a diff: `~ role support: permissions [] to [read]`.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made(kind, name, diff) => {
                write!(f, "+ {kind} {}", quoted(name))?;
                let grants = |after: &DiffValue| match after {
                    DiffValue::Nothing | DiffValue::Flag(false) => false,
                    DiffValue::List(items) => *kind == Kind::Role || !items.is_empty(),
                    _ => true,
                };
                let fields = diff
                    .iter()
                    .filter(|(field, _, after)| *field != "name" && grants(after));
                for (at, (field, _, after)) in fields.enumerate() {
                    let before = if at == 0 { ": " } else { ", " };
                    write!(f, "{before}{field} {after}")?;
                }
                Ok(())
            }
            Self::Changed(kind, name, diff) => write!(f, "~ {kind} {}: {diff}", quoted(name)),
            Self::Secret(name) => write!(f, "~ client {}: clientSecret", quoted(name)),
            Self::Deleted(kind, name) => write!(f, "- {kind} {}", quoted(name)),
        }
    }
}

/// What a plan came to.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    pub steps: Vec<Step>,
    /// Ids of the clients that were made, with their place in the plan.
    pub made: Vec<(usize, ClientId)>,
}

/// Why a plan was not carried out: nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Something of it is refused.
    #[error("{kind} {at}: {error}")]
    At {
        kind: Kind,
        at: usize,
        error: StoreError,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
}
