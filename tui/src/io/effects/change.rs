//! Changes: made, and why they were not.

use doorward_shared::client::Client;

use super::{
    change_messages::{plain, told},
    read,
};
use crate::{
    command::{ApiKeys, Clients, Command, Mint, Roles, Users},
    core::{
        edit_conflict::is_as_before,
        msg::CommandResult,
        problem::Problem,
        resource::{Resource, Row},
        sanitize::clean,
    },
    io::execute::{ChangeContext, ExecuteError, perform, resolve_all},
};

/// Does it. With the same key a call that makes something is safe to repeat.
pub(super) async fn change(
    client: &Client,
    mut command: Command,
    making: ChangeContext<'_>,
) -> Result<CommandResult, Problem> {
    resolve_all(client, &mut command)
        .await
        .map_err(|error| failed(&command, error))?;
    let before = current_row(client, &command).await;
    let performed = perform(client, &command, making).await;
    let performed = performed.map_err(|error| failed(&command, error))?;
    let done = told(&command, performed);
    Ok(match (before, done) {
        // Taking it back would take back what somebody else did.
        (Some(before), CommandResult::Edited { item, .. })
            if is_as_before(&command, &before, &item) =>
        {
            plain(&format!(
                "nothing was changed: {} was so already",
                item.name()
            ))
        }
        (_, done) => done,
    })
}

/// What a change finds, where it sets fields of something.
async fn current_row(client: &Client, command: &Command) -> Option<Box<Row>> {
    let (kind, id) = match command {
        Command::Users(Users::Update(update)) => (Resource::Users, &update.user),
        Command::Users(Users::Disable { user } | Users::Enable { user }) => (Resource::Users, user),
        Command::Apikeys(ApiKeys::Update(update)) => (Resource::Keys, &update.id),
        Command::Clients(Clients::Update(update)) => (Resource::Clients, &update.id),
        Command::Roles(Roles::Put(put)) => (Resource::Roles, &put.name),
        _ => return None,
    };
    // Whoever may change it and not see it, changes it.
    read::row(client, kind, id).await.ok()
}

/// Why it was not done, at the field that is wrong.
fn failed(command: &Command, error: ExecuteError) -> Problem {
    let message = clean(&error.to_string());
    match error {
        ExecuteError::Client(error) => error.into(),
        ExecuteError::Partly { error, .. } => Problem {
            message,
            ..error.into()
        },
        ExecuteError::NoReference(_) | ExecuteError::UnknownEmail(_) => Problem {
            field: matches!(command, Command::Apikeys(ApiKeys::Mint(Mint { .. })))
                .then(|| "ownerId".into()),
            ..Problem::refused(message)
        },
        ExecuteError::NoChange(_) => Problem::refused(message),
    }
}
