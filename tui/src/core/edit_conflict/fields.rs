//! The fields that a change sets, and a thing as the server sends it.

use serde_json::Value;

use crate::{
    command::{ApiKeys, Clients, Command, Users},
    core::resource::Row,
};

impl Command {
    /// Names of the fields that it sets.
    pub(super) fn fields(&self) -> Vec<String> {
        let patch = match self {
            Self::Users(Users::Update(update)) => serde_json::to_value(update.body()),
            Self::Users(Users::Disable { .. } | Users::Enable { .. }) => {
                return vec!["disabled".into()];
            }
            Self::Apikeys(ApiKeys::Update(update)) => serde_json::to_value(update.body()),
            Self::Clients(Clients::Update(update)) => serde_json::to_value(update.body()),
            Self::Roles(_) => return vec!["permissions".into()],
            _ => Ok(Value::Null),
        };
        let patch = patch.unwrap_or_default();
        let fields = patch.as_object().into_iter().flatten();
        fields.map(|(field, _)| field.clone()).collect()
    }
}

impl Row {
    /// As the server sends it.
    pub(super) fn json(&self) -> Value {
        let json = match self {
            Self::User(user) => serde_json::to_value(user),
            Self::Key(key) => serde_json::to_value(key),
            Self::Client(client) => serde_json::to_value(client),
            Self::Role(role) => serde_json::to_value(role),
            // Nothing of these is taken back.
            Self::Session(_)
            | Self::Event(_)
            | Self::Signing(_)
            | Self::Block(_)
            | Self::Profile(_) => Ok(Value::Null),
        };
        json.unwrap_or_default()
    }
}
