//! Executes operator commands: each change is one call here, for the console and the CLI.

use std::fmt::Display;

use doorward_shared::{
    Timestamp,
    admin::{
        AdminKey, AdminMintedKey, BackupMade, Block, Client as OauthClient, FactorRemoval, Link,
        RegistrationToken, Revoked, RevokedSessions, Role, SigningKey, User, UserPatch,
    },
    apikey::Verification,
    client::{Client, ClientError, Collection, Filter, ListQuery},
};

use crate::command::{
    ApiKeys, Blocks, Clients, Command, Mfa, Mint, Roles, Sessions, SigningKeys, Users,
};

/// What a change came to.
#[derive(Debug)]
pub(super) enum Performed {
    /// Somebody is there now.
    UserCreated(User),
    /// A user is like this now.
    User(User),
    /// The password of this user, by id, is set.
    PasswordSet(String),
    /// The password of this user, by id, is gone: a new one has to be set.
    PasswordRemoved(String),
    /// A one-time link of this user, by id.
    Link(String, Link),
    /// The second factors of this user, by id, are gone.
    FactorsRemoved(String),
    /// How many sessions of one user have ended.
    UserSessions(Revoked),
    Sessions(RevokedSessions),
    /// With the secret, which is shown once.
    Minted(AdminMintedKey),
    Rotated(AdminMintedKey),
    Key(AdminKey),
    /// Whether a key is good for a call.
    Verified(Verification),
    /// With the secret, where it has one.
    Registered(OauthClient),
    NewSecret(OauthClient),
    Client(OauthClient),
    /// Shown once.
    RegistrationToken(RegistrationToken),
    Role(Role),
    Blocked(Block),
    SigningKey(SigningKey),
    Backup(BackupMade),
    /// These are no more, and in which way.
    Gone {
        ids: Vec<String>,
        how: Removal,
    },
}

/// Whether it was deleted, revoked or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Removal {
    Deleted,
    Revoked,
    Lifted,
}

impl Removal {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Revoked => "revoked",
            Self::Lifted => "lifted",
        }
    }
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExecuteError {
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Some of several failed: the first whose call failed, or that something is in the way of.
    #[error("{} of {of} {}, the rest not: {error}", done.len(), how.as_str())]
    Partly {
        done: Vec<String>,
        of: usize,
        how: Removal,
        #[source]
        error: ClientError,
    },
    /// What was typed for a user is neither an id nor an address.
    #[error("{0} is neither a user's id nor an email address")]
    NoReference(String),
    #[error("nobody has the email address {0}")]
    UnknownEmail(String),
    /// It is read and printed, not done.
    #[error("{0} changes nothing")]
    NoChange(String),
}

/// A user's id, by itself or by their whole email address.
///
/// # Errors
/// [`ExecuteError`].
pub(super) async fn resolve(client: &Client, text: &str) -> Result<String, ExecuteError> {
    if text.parse::<doorward_shared::UserId>().is_ok() {
        return Ok(text.to_owned());
    }
    if !text.contains('@') {
        return Err(ExecuteError::NoReference(text.to_owned()));
    }
    let query = ListQuery::default().with(Filter::Email, text);
    let page = client.users().list(&query).await?;
    match page.data.first() {
        Some(user) => Ok(user.id.to_string()),
        None => Err(ExecuteError::UnknownEmail(text.to_owned())),
    }
}

/// Puts ids in the place of email addresses, and what a key is to be like in the place of the key.
///
/// # Errors
/// [`ExecuteError`].
pub(super) async fn resolve_all(
    client: &Client,
    command: &mut Command,
) -> Result<(), ExecuteError> {
    for person in command.people() {
        *person = resolve(client, person).await?;
    }
    if let Command::Apikeys(ApiKeys::Clone { id, name, secret }) = command {
        let mut like = Mint::like(&client.api_keys().get(&*id).await?);
        like.name = name.take().unwrap_or(like.name);
        like.secret = std::mem::take(secret);
        *command = Command::Apikeys(ApiKeys::Mint(like));
    }
    Ok(())
}

/// How a change is made.
#[derive(Clone, Copy)]
pub(super) struct ChangeContext<'a> {
    /// With the same one a call that makes something gives the same answer.
    pub key: &'a str,
    pub now: Timestamp,
    /// Is told how many of several things are done, and of how many.
    pub tell: &'a (dyn Fn(usize, usize) + Sync),
}

impl<'a> ChangeContext<'a> {
    /// Without a word before the end.
    pub(super) fn quietly(key: &'a str, now: Timestamp) -> Self {
        Self {
            key,
            now,
            tell: &|_, _| (),
        }
    }
}

/// Does it. Users are named by id by now: see [`resolve_all`].
///
/// # Errors
/// [`ExecuteError`].
pub(super) async fn perform(
    client: &Client,
    command: &Command,
    making: ChangeContext<'_>,
) -> Result<Performed, ExecuteError> {
    let ChangeContext { now, tell, .. } = making;
    Ok(match command {
        Command::Users(command) => return users(client, command, making).await,
        Command::Sessions(Sessions::Revoke(revoke)) => {
            Performed::Sessions(client.sessions().revoke(&revoke.body()).await?)
        }
        Command::Apikeys(command) => return api_keys(client, command, making).await,
        Command::Clients(command) => return clients(client, command, making).await,
        Command::Roles(Roles::Put(put)) => {
            Performed::Role(client.roles().put(&put.name, &put.body()).await?)
        }
        Command::Roles(Roles::Delete { names }) => {
            return each(client, Collection::Roles, names, tell).await;
        }
        Command::Blocks(Blocks::Add(add)) => {
            Performed::Blocked(client.blocks().create(&add.body(now)).await?)
        }
        Command::Blocks(Blocks::Remove { ids }) => {
            return each(client, Collection::Blocks, ids, tell).await;
        }
        Command::Keys(SigningKeys::Rotate) => {
            Performed::SigningKey(client.signing_keys().rotate().await?)
        }
        Command::Keys(SigningKeys::Revoke(revoke)) => {
            return each(client, Collection::SigningKeys, &revoke.kids(), tell).await;
        }
        Command::Backup => Performed::Backup(client.server().back_up().await?),
        other => return Err(no_change(other)),
    })
}

fn no_change(command: &impl Display) -> ExecuteError {
    ExecuteError::NoChange(command.to_string())
}

async fn users(
    client: &Client,
    command: &Users,
    ChangeContext { key, tell, .. }: ChangeContext<'_>,
) -> Result<Performed, ExecuteError> {
    let users = client.users();
    let disabled = |disabled| UserPatch {
        disabled: Some(disabled),
        ..UserPatch::default()
    };
    Ok(match command {
        Users::Create(create) => Performed::UserCreated(users.create(&create.body(), key).await?),
        Users::Update(update) => Performed::User(users.update(&update.user, &update.body()).await?),
        Users::Disable { user } => Performed::User(users.update(user, &disabled(true)).await?),
        Users::Enable { user } => Performed::User(users.update(user, &disabled(false)).await?),
        Users::Password(password) => {
            users.set_password(&password.user, &password.body()).await?;
            Performed::PasswordSet(password.user.clone())
        }
        Users::RequireReset { user } => {
            users.remove_password(user).await?;
            Performed::PasswordRemoved(user.clone())
        }
        Users::Link(link) => {
            let made = users.create_link(&link.user, &link.body()).await?;
            Performed::Link(link.user.clone(), made)
        }
        Users::Mfa(Mfa::Remove { user }) => {
            // The reason comes with the client, as it does for every change.
            let why = FactorRemoval::default();
            users.remove_factors(user, &why).await?;
            Performed::FactorsRemoved(user.clone())
        }
        Users::EndSessions { user, api_keys } => {
            let ended = users.end_sessions(user, &Users::ended(*api_keys)).await?;
            Performed::UserSessions(ended)
        }
        Users::Delete { users: ids } => {
            return each(client, Collection::Users, ids, tell).await;
        }
        Users::List(_) | Users::Get { .. } | Users::Import { .. } | Users::Export => {
            return Err(no_change(&Command::Users(command.clone())));
        }
    })
}

async fn api_keys(
    client: &Client,
    command: &ApiKeys,
    ChangeContext { key, now, tell }: ChangeContext<'_>,
) -> Result<Performed, ExecuteError> {
    let keys = client.api_keys();
    Ok(match command {
        ApiKeys::Mint(mint) => Performed::Minted(keys.mint(&mint.body(now), key).await?),
        ApiKeys::Update(update) => Performed::Key(keys.update(&update.id, &update.body()).await?),
        ApiKeys::Verify(asked) => Performed::Verified(keys.verify(&asked.body()).await?),
        ApiKeys::Rotate(rotate) => {
            Performed::Rotated(keys.rotate(&rotate.id, &rotate.body(), key).await?)
        }
        ApiKeys::Revoke { ids } => {
            return each(client, Collection::ApiKeys, ids, tell).await;
        }
        ApiKeys::List(_) | ApiKeys::Get { .. } | ApiKeys::Usage(_) | ApiKeys::Clone { .. } => {
            return Err(no_change(&Command::Apikeys(command.clone())));
        }
    })
}

async fn clients(
    client: &Client,
    command: &Clients,
    ChangeContext { key, now, tell }: ChangeContext<'_>,
) -> Result<Performed, ExecuteError> {
    let clients = client.clients();
    Ok(match command {
        Clients::Register(register) => {
            Performed::Registered(clients.register(&register.body(), key).await?)
        }
        Clients::Update(update) => {
            Performed::Client(clients.update(&update.id, &update.body()).await?)
        }
        Clients::Secret(rotate) => {
            let made = clients
                .rotate_secret(&rotate.id, &rotate.body(), key)
                .await?;
            Performed::NewSecret(made)
        }
        Clients::RegistrationToken(invite) => {
            Performed::RegistrationToken(clients.registration_token(&invite.body(now)).await?)
        }
        Clients::Delete { ids } => {
            return each(client, Collection::Clients, ids, tell).await;
        }
        Clients::RevokeRegistrationToken { id } => {
            clients.revoke_registration_token(id).await?;
            Performed::Gone {
                ids: vec![id.clone()],
                how: Removal::Revoked,
            }
        }
        Clients::List { .. } | Clients::Get { .. } | Clients::RegistrationTokens => {
            return Err(no_change(&Command::Clients(command.clone())));
        }
    })
}

/// One after another. What is in the way of one (the last administrator stays) keeps none of the others; what was done
/// before a call failed stays done, and is told.
async fn each(
    client: &Client,
    of: Collection,
    ids: &[String],
    tell: &(dyn Fn(usize, usize) + Sync),
) -> Result<Performed, ExecuteError> {
    let how = match of {
        Collection::ApiKeys | Collection::SigningKeys => Removal::Revoked,
        Collection::Blocks => Removal::Lifted,
        _ => Removal::Deleted,
    };
    let (mut done, mut failed) = (Vec::new(), None);
    for (at, id) in ids.iter().enumerate() {
        tell(at, ids.len());
        match client.delete(of, id).await {
            Ok(()) => done.push(id.clone()),
            Err(error @ ClientError::Refused { status: 409, .. }) => {
                failed.get_or_insert(error);
            }
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    match failed {
        None => Ok(Performed::Gone { ids: done, how }),
        Some(error) if done.is_empty() => Err(error.into()),
        Some(error) => Err(ExecuteError::Partly {
            done,
            of: ids.len(),
            how,
            error,
        }),
    }
}
