//! `doorward users`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use doorward_shared::admin::{CreateUser, RevokeSessionsOf, SetPassword, UserPatch};

use super::secret::Secret;
use super::{
    list_args::ListArgs, one_time_link::LinkArgs, shell_quoting::Words, time_arg::TimeArg,
};

#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(crate) enum Users {
    /// List users
    List(ListUsers),
    /// Show a user, by id or email
    Get { user: String },
    /// Create a user
    Create(Create),
    /// Change a user
    Update(Update),
    /// Disable a user; all sessions end
    Disable { user: String },
    /// Enable a disabled user
    Enable { user: String },
    /// Set a user's password, read from standard input; all sessions end
    Password(Password),
    /// Remove a user's password: a new one must be set by mail or link; all sessions end
    RequireReset { user: String },
    /// Create a one-time link to set a user's password; an earlier link is revoked
    Link(LinkArgs),
    /// End all sessions of a user
    EndSessions {
        user: String,
        /// Revoke the user's API keys too
        #[arg(long)]
        api_keys: bool,
    },
    /// Delete users, revoking their sessions and API keys
    #[command(visible_alias = "revoke")]
    Delete {
        #[arg(required = true, value_name = "USER")]
        users: Vec<String>,
    },
    /// Second factors
    #[command(subcommand)]
    Mfa(Mfa),
    /// Create the users of a file: JSON lines, or CSV with a header, with the fields of `POST /admin/users`
    ///
    /// A line on standard error names each rejected row and the reason; the others are created. With `--dry-run` the
    /// server judges each row, and none is created; a service that lists breached passwords is asked only when they are.
    /// Other fields, as in an export, are ignored.
    Import {
        /// Ends in .jsonl or .csv
        file: PathBuf,
    },
    /// Print all users as JSON lines; passwords and factors are not among what is printed
    Export,
}

#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(crate) enum Mfa {
    /// Remove all second factors of a user who lost them; requires --reason
    Remove { user: String },
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct ListUsers {
    #[command(flatten)]
    pub list: ListArgs,
    /// Only those of this role
    #[arg(long)]
    pub role: Option<String>,
    /// Only disabled ones (true) or active ones (false)
    #[arg(long)]
    pub disabled: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct Create {
    #[arg(long)]
    pub email: String,
    #[arg(long)]
    pub first_name: Option<String>,
    #[arg(long)]
    pub last_name: Option<String>,
    #[arg(long)]
    pub role: Option<String>,
    /// A permission of the user's own; may be given again
    #[arg(long = "permission", value_name = "SCOPE")]
    pub permissions: Vec<String>,
    /// A group the user is a member of; may be given again
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Vec<String>,
    /// Mark the email address as unverified
    #[arg(long)]
    pub unverified: bool,
    /// Read a password from standard input; without one the user cannot sign in until one is set
    #[arg(long)]
    pub password_stdin: bool,
    /// As read, or typed in the console.
    #[arg(skip)]
    pub password: Option<Secret>,
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct Update {
    /// Id or email
    pub user: String,
    #[arg(long)]
    pub email: Option<String>,
    /// Empty clears it
    #[arg(long)]
    pub first_name: Option<String>,
    /// Empty clears it
    #[arg(long)]
    pub last_name: Option<String>,
    #[arg(long)]
    pub role: Option<String>,
    /// The permissions of the user's own, all of them; may be given again
    #[arg(long = "permission", value_name = "SCOPE")]
    pub permissions: Option<Vec<String>>,
    /// Remove all of the user's own permissions
    #[arg(long, conflicts_with = "permissions")]
    pub no_permissions: bool,
    /// The user's groups, all of them; may be given again
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Option<Vec<String>>,
    /// Remove the user from all groups
    #[arg(long, conflicts_with = "groups")]
    pub no_groups: bool,
    /// Whether the email address is verified
    #[arg(long, value_name = "BOOL")]
    pub email_verified: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct Password {
    pub user: String,
    /// Revoke the user's API keys too
    #[arg(long)]
    pub api_keys: bool,
    /// As read, or typed in the console.
    #[arg(skip)]
    pub password: Option<Secret>,
}

/// Seconds of a span of time.
///
/// # Errors
/// The expected form of a span.
pub(crate) fn span(text: &str) -> Result<i64, String> {
    match text.parse() {
        Ok(TimeArg::Span(seconds)) => Ok(seconds),
        _ => Err("must be a span such as 15m, 24h or 7d".into()),
    }
}

impl Create {
    pub(crate) fn body(&self) -> CreateUser {
        CreateUser {
            email: self.email.clone(),
            password: self.password.as_ref().map(|text| text.expose().to_owned()),
            password_hash: None,
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            role: self.role.clone(),
            permissions: Some(self.permissions.clone()).filter(|given| !given.is_empty()),
            groups: Some(self.groups.clone()).filter(|given| !given.is_empty()),
            email_verified: self.unverified.then_some(false),
            disabled: None,
        }
    }
}

impl Update {
    pub(crate) fn body(&self) -> UserPatch {
        let cleared = |name: &Option<String>| {
            let name = name.clone();
            name.map(|name| Some(name).filter(|name| !name.is_empty()))
        };
        UserPatch {
            email: self.email.clone(),
            first_name: cleared(&self.first_name),
            last_name: cleared(&self.last_name),
            role: self.role.clone(),
            permissions: if self.no_permissions {
                Some(Vec::new())
            } else {
                self.permissions.clone()
            },
            groups: if self.no_groups {
                Some(Vec::new())
            } else {
                self.groups.clone()
            },
            email_verified: self.email_verified,
            disabled: None,
        }
    }

    /// The same with other permissions.
    #[must_use]
    pub(crate) fn permitting(self, permissions: Option<Vec<String>>) -> Self {
        Self {
            no_permissions: permissions.as_ref().is_some_and(Vec::is_empty),
            permissions: permissions.filter(|given| !given.is_empty()),
            ..self
        }
    }

    /// The same with other groups.
    #[must_use]
    pub(crate) fn in_groups(self, groups: Option<Vec<String>>) -> Self {
        Self {
            no_groups: groups.as_ref().is_some_and(Vec::is_empty),
            groups: groups.filter(|given| !given.is_empty()),
            ..self
        }
    }
}

impl Password {
    pub(crate) fn body(&self) -> SetPassword {
        let password = self.password.as_ref().map(|text| text.expose().to_owned());
        SetPassword {
            password: password.unwrap_or_default(),
            api_keys: self.api_keys,
        }
    }
}

impl Users {
    /// The request body: whether API keys end with the sessions.
    pub(crate) fn ended(api_keys: bool) -> RevokeSessionsOf {
        RevokeSessionsOf { api_keys }
    }

    pub(super) fn changes(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Get { .. } | Self::Export)
    }

    /// References to users, which are ids or email addresses.
    pub(super) fn people(&mut self) -> Vec<&mut String> {
        match self {
            Self::List(_) | Self::Create(_) | Self::Import { .. } | Self::Export => Vec::new(),
            Self::Get { user }
            | Self::Disable { user }
            | Self::Enable { user }
            | Self::RequireReset { user }
            | Self::EndSessions { user, .. }
            | Self::Mfa(Mfa::Remove { user }) => vec![user],
            Self::Update(update) => vec![&mut update.user],
            Self::Password(password) => vec![&mut password.user],
            Self::Link(link) => vec![&mut link.user],
            Self::Delete { users } => users.iter_mut().collect(),
        }
    }

    pub(super) fn warning(&self) -> Option<String> {
        match self {
            Self::Disable { user } => Some(format!(
                "{user} cannot sign in any more, and all their sessions end."
            )),
            Self::Password(Password { user, api_keys, .. })
            | Self::EndSessions { user, api_keys } => Some(all_end(user, *api_keys)),
            Self::RequireReset { user } => Some(format!(
                "{user} has no password any more and sets a new one by mail or link; all their sessions end."
            )),
            Self::Mfa(Mfa::Remove { user }) => Some(format!(
                "{user} loses all second factors and passkeys and signs in with the password alone; sessions started with one end."
            )),
            Self::Delete { users } => Some(match users.as_slice() {
                [user] => format!("{user} is deleted, with all sessions and keys."),
                users => format!(
                    "{} users are deleted, with all sessions and keys.",
                    users.len()
                ),
            }),
            Self::List(_)
            | Self::Get { .. }
            | Self::Create(_)
            | Self::Update(_)
            | Self::Link(_)
            | Self::Enable { .. }
            | Self::Import { .. }
            | Self::Export => None,
        }
    }

    pub(super) fn would(&self) -> String {
        match self {
            Self::List(_) => "list users".into(),
            Self::Get { user } => format!("show {user}"),
            Self::Create(create) => format!("create {}", create.email),
            Self::Update(Update { user, .. }) | Self::Disable { user } | Self::Enable { user } => {
                format!("change {user}")
            }
            Self::Password(password) => format!("set the password of {}", password.user),
            Self::RequireReset { user } => format!("take the password of {user} away"),
            Self::Link(link) => format!("make a one-time link for {}", link.user),
            Self::EndSessions { user, .. } => format!("end all sessions of {user}"),
            Self::Mfa(Mfa::Remove { user }) => format!("take all second factors of {user} away"),
            Self::Delete { users } => format!("delete {}", users.join(" ")),
            Self::Import { file } => format!("create the users of {}", file.display()),
            Self::Export => "print all users".into(),
        }
    }

    pub(super) fn words(&self) -> Words {
        match self {
            Self::List(listed) => {
                let words = Words::new("users list").option("--role", listed.role.as_ref());
                listed
                    .list
                    .written(words.option("--disabled", listed.disabled))
            }
            Self::Get { user } => Words::new("users get").word(user),
            Self::Create(create) => Words::new("users create")
                .option("--email", Some(&create.email))
                .option("--first-name", create.first_name.as_ref())
                .option("--last-name", create.last_name.as_ref())
                .option("--role", create.role.as_ref())
                .each("--permission", &create.permissions)
                .each("--group", &create.groups)
                .flag("--unverified", create.unverified)
                .flag("--password-stdin", create.password_stdin),
            Self::Update(update) => Words::new("users update")
                .word(&update.user)
                .option("--email", update.email.as_ref())
                .option("--first-name", update.first_name.as_ref())
                .option("--last-name", update.last_name.as_ref())
                .option("--role", update.role.as_ref())
                .each(
                    "--permission",
                    update.permissions.as_deref().unwrap_or_default(),
                )
                .flag("--no-permissions", update.no_permissions)
                .each("--group", update.groups.as_deref().unwrap_or_default())
                .flag("--no-groups", update.no_groups)
                .option("--email-verified", update.email_verified),
            Self::Disable { user } => Words::new("users disable").word(user),
            Self::Enable { user } => Words::new("users enable").word(user),
            Self::Password(password) => Words::new("users password")
                .word(&password.user)
                .flag("--api-keys", password.api_keys),
            Self::RequireReset { user } => Words::new("users require-reset").word(user),
            Self::Link(link) => link.written(),
            Self::EndSessions { user, api_keys } => Words::new("users end-sessions")
                .word(user)
                .flag("--api-keys", *api_keys),
            Self::Mfa(Mfa::Remove { user }) => Words::new("users mfa remove").word(user),
            Self::Delete { users } => Words::new("users delete").all(users),
            Self::Import { file } => Words::new("users import").word(file.display()),
            Self::Export => Words::new("users export"),
        }
    }
}

/// The warning before it happens.
fn all_end(user: &str, api_keys: bool) -> String {
    if api_keys {
        format!("All sessions and API keys of {user} end.")
    } else {
        format!("All sessions of {user} end.")
    }
}
