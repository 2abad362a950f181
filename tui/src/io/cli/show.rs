//! CLI commands that only read and are not lists: one thing by its id, the server's state and numbers, events.

use super::{Context, Outcome, events, incident, output, status, watch};
use crate::{
    command::{ApiKeys, Clients, Command, Roles, Sessions, Users},
    io::clock,
};

/// What is looked at and is not a list.
pub(super) async fn show(command: Command, with: &Context) -> Outcome {
    let (client, format) = (&with.client, with.output);
    match command {
        Command::Status => status::status(with).await,
        Command::Stats(asked) => status::stats(&asked, with).await,
        Command::Watch(asked) => watch::run(asked, with).await,
        Command::Events(asked) => events::run(asked.asked(), with).await,
        Command::Incident(asked) => incident::run(asked, with).await,
        Command::Users(Users::Get { user }) => {
            output::one(format, &client.users().get(user).await?)
        }
        Command::Sessions(Sessions::Get { id }) => {
            output::one(format, &client.sessions().get(id).await?)
        }
        Command::Apikeys(ApiKeys::Get { id }) => {
            output::one(format, &client.api_keys().get(id).await?)
        }
        Command::Apikeys(ApiKeys::Usage(asked)) => {
            let span = asked.span(clock::now());
            let usage = client.api_keys().usage(&asked.id, asked.by, span).await?;
            output::rows(format, &usage.data)
        }
        Command::Clients(Clients::Get { id }) => {
            output::one(format, &client.clients().get(id).await?)
        }
        Command::Clients(Clients::RegistrationTokens) => {
            let tokens = client.clients().registration_tokens().await?;
            output::rows(format, &tokens.data)
        }
        Command::Roles(Roles::Get { name }) => {
            output::one(format, &client.roles().get(&name).await?)
        }
        // Lists and changes are done already, the others before there was a connection.
        _ => Ok(()),
    }
}
