//! `doorward users`.

use clap::{Args, Subcommand};
use doorward_shared::{
    Page, UserId,
    admin::{CreateUser, RevokeSessionsOf, Revoked, SetPassword, User, UserPatch},
    client::Client,
};
use reqwest::Method;

use super::{Context, Failed, ListArgs, Outcome, idempotency_key, output, read_password};

#[derive(Debug, Subcommand)]
pub enum Users {
    /// List users
    List {
        #[command(flatten)]
        list: ListArgs,
        /// Only those of this role
        #[arg(long)]
        role: Option<String>,
        /// Only disabled ones (true) or active ones (false)
        #[arg(long)]
        disabled: Option<bool>,
    },
    /// Show a user, by id or email
    Get { user: String },
    /// Create a user
    Create(Create),
    /// Change a user
    Update(Update),
    /// Disable a user; all sessions end
    Disable { user: String },
    /// Let a disabled user in again
    Enable { user: String },
    /// Set a user's password, read from standard input; all sessions end
    Password {
        user: String,
        /// Revoke the user's API keys too
        #[arg(long)]
        api_keys: bool,
    },
    /// End all sessions of a user
    EndSessions {
        user: String,
        /// Revoke the user's API keys too
        #[arg(long)]
        api_keys: bool,
    },
    /// Delete a user; sessions and keys die
    #[command(visible_alias = "revoke")]
    Delete { user: String },
}

impl Users {
    /// Whether it changes something.
    pub fn changes(&self) -> bool {
        match self {
            Self::List { .. } | Self::Get { .. } => false,
            Self::Create(_)
            | Self::Update(_)
            | Self::Disable { .. }
            | Self::Enable { .. }
            | Self::Password { .. }
            | Self::EndSessions { .. }
            | Self::Delete { .. } => true,
        }
    }
}

#[derive(Debug, Args)]
pub struct Create {
    #[arg(long)]
    email: String,
    #[arg(long)]
    first_name: Option<String>,
    #[arg(long)]
    last_name: Option<String>,
    #[arg(long)]
    role: Option<String>,
    /// A permission of the user's own; may be given again
    #[arg(long = "permission", value_name = "SCOPE")]
    permissions: Vec<String>,
    /// Read a password from standard input; without one nobody can sign in until one is set
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Args)]
pub struct Update {
    /// Id or email
    user: String,
    #[arg(long)]
    email: Option<String>,
    /// Empty clears it
    #[arg(long)]
    first_name: Option<String>,
    /// Empty clears it
    #[arg(long)]
    last_name: Option<String>,
    #[arg(long)]
    role: Option<String>,
    /// The permissions of the user's own, all of them; may be given again
    #[arg(long = "permission", value_name = "SCOPE")]
    permissions: Option<Vec<String>>,
    /// Take all permissions of the user's own away
    #[arg(long, conflicts_with = "permissions")]
    no_permissions: bool,
}

/// A user by id, or by their whole email address.
pub async fn resolve(client: &Client, text: &str) -> Result<UserId, Failed> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    if !text.contains('@') {
        return Err(Failed::Usage(format!(
            "{text} is neither a user's id nor an email address"
        )));
    }
    let query = [("email".to_owned(), text.to_owned())];
    let page: Page<User> = client.get("/admin/users", &query).await?;
    match page.data.first() {
        Some(user) => Ok(user.id),
        None => Err(Failed::NotFound(format!(
            "nobody has the email address {text}"
        ))),
    }
}

async fn patch(with: &Context, user: &str, patch: &UserPatch) -> Outcome {
    let id = resolve(&with.client, user).await?;
    if with.dry_run {
        return output::would(with.output, &format!("change {id}"));
    }
    let user: User = with
        .client
        .send(Method::PATCH, &format!("/admin/users/{id}"), patch)
        .await?;
    output::one(with.output, &user)
}

pub async fn run(command: Users, with: &Context) -> Outcome {
    let client = &with.client;
    match command {
        Users::List {
            list,
            role,
            disabled,
        } => {
            let filters = vec![
                ("role", role),
                ("disabled", disabled.map(|d| d.to_string())),
            ];
            list.print::<User>(with, "/admin/users", filters).await
        }
        Users::Get { user } => {
            let id = resolve(client, &user).await?;
            output::one(
                with.output,
                &client
                    .get::<User>(&format!("/admin/users/{id}"), &[])
                    .await?,
            )
        }
        Users::Create(form) => {
            let body = CreateUser {
                password: if form.password_stdin {
                    Some(read_password()?)
                } else {
                    None
                },
                email: form.email,
                first_name: form.first_name,
                last_name: form.last_name,
                role: form.role,
                permissions: Some(form.permissions).filter(|given| !given.is_empty()),
            };
            if with.dry_run {
                return output::would(with.output, &format!("create {}", body.email));
            }
            output::one(
                with.output,
                &client
                    .mint::<User>("/admin/users", &body, &idempotency_key())
                    .await?,
            )
        }
        Users::Update(form) => {
            let change = UserPatch {
                email: form.email,
                first_name: form
                    .first_name
                    .map(|name| Some(name).filter(|name| !name.is_empty())),
                last_name: form
                    .last_name
                    .map(|name| Some(name).filter(|name| !name.is_empty())),
                role: form.role,
                permissions: if form.no_permissions {
                    Some(Vec::new())
                } else {
                    form.permissions
                },
                disabled: None,
            };
            patch(with, &form.user, &change).await
        }
        Users::Disable { user } => {
            // The account can be enabled again; its sessions are gone.
            output::confirm(
                with.yes || with.dry_run,
                &format!("{user} cannot sign in any more, and all their sessions end."),
            )?;
            patch(
                with,
                &user,
                &UserPatch {
                    disabled: Some(true),
                    ..UserPatch::default()
                },
            )
            .await
        }
        Users::Enable { user } => {
            patch(
                with,
                &user,
                &UserPatch {
                    disabled: Some(false),
                    ..UserPatch::default()
                },
            )
            .await
        }
        Users::Password { user, api_keys } => {
            let id = resolve(client, &user).await?;
            output::confirm(with.yes || with.dry_run, &all_end(&user, api_keys))?;
            if with.dry_run {
                return output::would(with.output, &format!("set the password of {id}"));
            }
            let body = SetPassword {
                password: read_password()?,
                api_keys,
            };
            client
                .done(
                    Method::POST,
                    &format!("/admin/users/{id}/password"),
                    Some(&body),
                )
                .await?;
            output::did(
                with.output,
                "password set",
                &id,
                &format!("{id}: the password is set"),
            )
        }
        Users::EndSessions { user, api_keys } => {
            let id = resolve(client, &user).await?;
            output::confirm(with.yes || with.dry_run, &all_end(&user, api_keys))?;
            if with.dry_run {
                return output::would(with.output, &format!("end all sessions of {id}"));
            }
            let path = format!("/admin/users/{id}/sessions/revoke");
            let ended: Revoked = client
                .send(Method::POST, &path, &RevokeSessionsOf { api_keys })
                .await?;
            match with.output {
                output::Format::Json | output::Format::Jsonl => output::json(with.output, &ended),
                output::Format::Table | output::Format::Name => {
                    output::line(&format!("{} sessions have ended", ended.revoked))
                }
            }
        }
        Users::Delete { user } => {
            let id = resolve(client, &user).await?;
            output::confirm(
                with.yes || with.dry_run,
                &format!("{user} is deleted, with all sessions and keys."),
            )?;
            if with.dry_run {
                return output::would(with.output, &format!("delete {id}"));
            }
            client
                .done(Method::DELETE, &format!("/admin/users/{id}"), None::<&()>)
                .await?;
            output::did(with.output, "deleted", &id, &format!("{id} is deleted"))
        }
    }
}

/// What a person is told before it happens.
fn all_end(user: &str, api_keys: bool) -> String {
    if api_keys {
        format!("All sessions and API keys of {user} end.")
    } else {
        format!("All sessions of {user} end.")
    }
}
