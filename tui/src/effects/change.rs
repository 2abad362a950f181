//! Calls that change something.

use doorward_shared::{
    UserId,
    admin::{
        AdminKey, AdminMint, AdminMintedKey, BackupMade, Client as OauthClient, CreateUser,
        PutRole, RevokeSessions, RevokedSessions, Role, SetPassword, SigningKey, User,
    },
    apikey::RotateRequest,
    client::Client,
};
use reqwest::Method;

use super::problem;
use crate::{
    app::{
        change::{Change, NewUser},
        msg::Done,
        problem::Problem,
    },
    cli::{Failed, segment},
    item::Item,
    secret::Secret,
    text::clean,
    widgets::time::{bytes, count},
};

type Outcome = Result<Done, Problem>;

fn plain(text: impl AsRef<str>) -> Outcome {
    Ok(Done::Plain(clean(text.as_ref())))
}

fn edited(text: &str, item: Item) -> Outcome {
    let item = Box::new(item);
    let text = clean(text);
    Ok(Done::Edited { text, item })
}

/// Does it. `again` makes a call that mints something safe to repeat.
pub async fn change(client: &Client, change: Change, again: &str) -> Outcome {
    let gone = None::<&()>;
    match change {
        Change::CreateUser(user) => create_user(client, user, again).await,
        Change::EditUser(id, patch) => {
            let path = format!("/admin/users/{id}");
            let user: User = client
                .send(Method::PATCH, &path, &patch)
                .await
                .map_err(problem)?;
            let text = match patch.disabled {
                Some(true) => format!("{} is disabled", user.email),
                Some(false) => format!("{} may sign in again", user.email),
                None => format!("{} is changed", user.email),
            };
            edited(&text, Item::User(user))
        }
        Change::SetPassword(id, password) => {
            let body = SetPassword {
                password: password.expose().to_owned(),
                api_keys: false,
            };
            let path = format!("/admin/users/{id}/password");
            client
                .done(Method::POST, &path, Some(&body))
                .await
                .map_err(problem)?;
            plain("the password is set")
        }
        Change::DeleteUsers(ids) => each(client, "/admin/users", &ids, "deleted").await,
        Change::RevokeSessions(asked) => revoke_sessions(client, &asked).await,
        Change::Mint(asked, owner) => mint(client, asked, owner, again).await,
        Change::EditKey(id, patch) => {
            let path = format!("/admin/apikeys/{id}");
            let key: AdminKey = client
                .send(Method::PATCH, &path, &patch)
                .await
                .map_err(problem)?;
            let text = format!("the key {} is changed", key.name);
            edited(&text, Item::Key(key))
        }
        Change::RotateKey(id, grace_seconds) => {
            let path = format!("/admin/apikeys/{id}/rotate");
            let body = RotateRequest { grace_seconds };
            let key = client.mint(&path, &body, again).await.map_err(problem)?;
            Ok(minted("The key has a new secret", key))
        }
        Change::RevokeKeys(ids) => each(client, "/admin/apikeys", &ids, "revoked").await,
        Change::RegisterClient(asked) => {
            let made = client
                .mint("/admin/clients", &asked, again)
                .await
                .map_err(problem)?;
            Ok(registered("The client is registered", made))
        }
        Change::EditClient(id, patch) => {
            let path = format!("/admin/clients/{id}");
            let changed: OauthClient = client
                .send(Method::PATCH, &path, &patch)
                .await
                .map_err(problem)?;
            let text = format!("the client {} is changed", changed.name);
            edited(&text, Item::Client(changed))
        }
        Change::RotateSecret(id, grace_seconds) => {
            let path = format!("/admin/clients/{id}/secret");
            let body = RotateRequest { grace_seconds };
            let made = client.mint(&path, &body, again).await.map_err(problem)?;
            Ok(registered("The client has a new secret", made))
        }
        Change::DeleteClients(ids) => each(client, "/admin/clients", &ids, "deleted").await,
        Change::PutRole(name, permissions) => {
            let path = format!("/admin/roles/{}", segment(&name));
            let body = PutRole { permissions };
            let role: Role = client
                .send(Method::PUT, &path, &body)
                .await
                .map_err(problem)?;
            let text = format!("the role {} holds {}", role.name, role.permissions);
            edited(&text, Item::Role(role))
        }
        Change::DeleteRoles(names) => {
            for name in &names {
                let path = format!("/admin/roles/{}", segment(name));
                client
                    .done(Method::DELETE, &path, gone)
                    .await
                    .map_err(problem)?;
            }
            plain(format!("{} deleted", names.join(", ")))
        }
        Change::RotateSigning => {
            let body = serde_json::json!({});
            let key: SigningKey = client
                .send(Method::POST, "/admin/keys/rotate", &body)
                .await
                .map_err(problem)?;
            plain(format!("{} signs from now on", key.id))
        }
        Change::RevokeSigning(kids) => {
            for kid in &kids {
                let path = format!("/admin/keys/{}", segment(kid));
                client
                    .done(Method::DELETE, &path, gone)
                    .await
                    .map_err(problem)?;
            }
            plain(format!("{} revoked", kids.join(", ")))
        }
        Change::Backup => {
            let body = serde_json::json!({});
            let made: BackupMade = client
                .send(Method::POST, "/admin/server/backup", &body)
                .await
                .map_err(problem)?;
            plain(format!(
                "backed up to {} ({})",
                made.file,
                bytes(made.bytes)
            ))
        }
    }
}

async fn create_user(client: &Client, user: NewUser, again: &str) -> Outcome {
    let body = CreateUser {
        email: user.email,
        password: user.password.map(|password| password.expose().to_owned()),
        first_name: user.first_name,
        last_name: user.last_name,
        role: user.role,
        permissions: Some(user.permissions).filter(|given| !given.is_empty()),
    };
    let made: User = client
        .mint("/admin/users", &body, again)
        .await
        .map_err(problem)?;
    Ok(Done::Made {
        text: clean(&format!("{} is created", made.email)),
        id: made.id.to_string(),
    })
}

/// One after another; what was done before one failed stays done, and is said.
async fn each<T: ToString>(client: &Client, path: &str, ids: &[T], done: &str) -> Outcome {
    for (at, id) in ids.iter().enumerate() {
        let path = format!("{path}/{}", segment(&id.to_string()));
        let gone = client.done(Method::DELETE, &path, None::<&()>).await;
        if let Err(error) = gone {
            let mut failed = problem(error);
            if at > 0 {
                failed.message = format!("{at} of {} {done}, then: {}", ids.len(), failed.message);
            }
            return Err(failed);
        }
    }
    plain(match ids {
        [one] => format!("{} is {done}", one.to_string()),
        many => format!("{} {done}", many.len()),
    })
}

async fn revoke_sessions(client: &Client, asked: &RevokeSessions) -> Outcome {
    let path = "/admin/sessions/revoke";
    let done: RevokedSessions = client
        .send(Method::POST, path, asked)
        .await
        .map_err(problem)?;
    plain(format!(
        "ended: {} of {}",
        count(done.revoked, "session"),
        count(done.users, "user")
    ))
}

async fn mint(
    client: &Client,
    mut asked: AdminMint,
    owner: Option<String>,
    again: &str,
) -> Outcome {
    if let Some(email) = owner {
        asked.owner_id = Some(resolve(client, &email).await?);
    }
    let key = client
        .mint("/admin/apikeys", &asked, again)
        .await
        .map_err(problem)?;
    Ok(minted("The key is minted", key))
}

async fn resolve(client: &Client, email: &str) -> Result<UserId, Problem> {
    crate::cli::resolve(client, email)
        .await
        .map_err(|failed: Failed| Problem {
            field: Some("ownerId".into()),
            ..Problem::refused(clean(failed.message()))
        })
}

fn minted(title: &str, key: AdminMintedKey) -> Done {
    let expires = key
        .expires_at
        .map_or_else(|| "never".into(), crate::widgets::time::second);
    Done::Secret {
        title: title.into(),
        lines: vec![
            ("Name".into(), clean(&key.name)),
            ("Scopes".into(), key.scopes.to_string()),
            ("Environment".into(), key.environment.as_str().into()),
            ("Expires".into(), expires),
            ("Id".into(), key.id.to_string()),
        ],
        file: file_name(&key.name, "key"),
        id: key.id.to_string(),
        secret: Secret::new(key.key),
    }
}

fn registered(title: &str, client: OauthClient) -> Done {
    let Some(secret) = client.client_secret else {
        return Done::Made {
            text: clean(&format!("{} is registered: {}", client.name, client.id)),
            id: client.id.to_string(),
        };
    };
    Done::Secret {
        title: title.into(),
        lines: vec![
            ("Name".into(), clean(&client.name)),
            ("Client id".into(), client.id.to_string()),
            ("Grants".into(), client.grant_types.join(" ")),
            ("Scopes".into(), client.scopes.to_string()),
        ],
        file: file_name(&client.name, "secret"),
        id: client.id.to_string(),
        secret: Secret::new(secret),
    }
}

/// A file name out of what somebody called the thing.
fn file_name(name: &str, kind: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| {
            let kept = c.is_ascii_alphanumeric() || "._".contains(c);
            if kept { c } else { '-' }
        })
        .take(40)
        .collect();
    // No name begins with a dot: it would be hidden, or lead upwards.
    format!("{}.{kind}", plain.trim_matches(['-', '.']).to_lowercase())
}
