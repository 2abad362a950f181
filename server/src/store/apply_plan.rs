//! The plan of `doorward-server apply` (declared roles, clients and users), and its result.

use std::fmt;

use doorward_shared::{ClientId, ScopeSet};

use super::StoreError;
use crate::{
    crypto::secret::Digest256,
    domain::{
        Client, Diff, DiffValue, NewUser, UserChange, diff::quoted, rules::client::ClientChange,
    },
};

/// The declared objects.
#[derive(Debug, Default)]
pub struct Plan {
    pub roles: Vec<(String, ScopeSet)>,
    pub clients: Vec<PlannedClient>,
    pub users: Vec<PlannedUser>,
    /// Whether to delete previously applied roles and clients that the plan no longer names.
    pub prune: bool,
    /// Only report what would change.
    pub dry_run: bool,
    /// This server's resource identifier.
    pub issuer: String,
}

/// A client, identified by its name.
#[derive(Debug)]
pub struct PlannedClient {
    /// The client to create, with a generated secret if it needs one.
    pub new: Client,
    /// Whether this server is among its resources.
    pub sees_all: bool,
    /// The declared fields; an existing client keeps the others.
    pub change: ClientChange,
    /// Whether it is confidential, if declared.
    pub confidential: Option<bool>,
    /// The secret to set, if declared.
    pub secret: Option<Digest256>,
}

/// An account, identified by its email address.
#[derive(Debug)]
pub struct PlannedUser {
    pub new: NewUser,
    pub role_given: bool,
    /// The declared fields; an existing account keeps the others, including its password.
    pub change: UserChange,
}

/// Kind of a declared object.
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

/// One change, made or planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Made(Kind, String, Diff),
    Changed(Kind, String, Diff),
    /// The client received a secret.
    Secret(String),
    Deleted(Kind, String),
}

/// Formats as a line of a diff: `~ role support: permissions [] to [read]`.
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

/// Result of a plan.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    pub steps: Vec<Step>,
    /// Ids of the created clients, with their index in the plan.
    pub made: Vec<(usize, ClientId)>,
}

/// Why a plan failed; nothing of it was applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// An entry was rejected.
    #[error("{kind} {at}: {error}")]
    At {
        kind: Kind,
        at: usize,
        error: StoreError,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
}
