//! The kinds of things there are lists of, and a row of each.

use doorward_shared::{
    ClientId, KeyId, UserId,
    admin::{
        AdminKey, Block, Client, Event, KeyState, Role, Session, SessionState, SigningKey, User,
    },
    client::SortField,
};
use serde::Serialize;

/// A kind of thing there are lists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Resource {
    Users,
    Sessions,
    Keys,
    Clients,
    Events,
    Roles,
    Signing,
    /// Networks from which nobody signs in.
    Blocks,
    Profiles,
}

/// A profile, as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ProfileRow {
    pub name: String,
    pub url: String,
    pub color: Option<String>,
    pub read_only: bool,
    pub current: bool,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Row {
    User(User),
    Session(Session),
    Key(AdminKey),
    Client(Client),
    Event(Event),
    Role(Role),
    Signing(SigningKey),
    Block(Block),
    Profile(ProfileRow),
}

impl Resource {
    pub(crate) const ALL: [Self; 9] = [
        Self::Users,
        Self::Sessions,
        Self::Keys,
        Self::Clients,
        Self::Events,
        Self::Roles,
        Self::Signing,
        Self::Blocks,
        Self::Profiles,
    ];

    /// The screen's name in the palette and in the configuration.
    pub(crate) fn screen(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Sessions => "sessions",
            Self::Keys => "apikeys",
            Self::Clients => "clients",
            Self::Events => "events",
            Self::Roles => "roles",
            Self::Signing => "keys",
            Self::Blocks => "blocks",
            Self::Profiles => "profiles",
        }
    }

    /// The list of that name.
    pub(crate) fn of_screen(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.screen() == name)
    }

    /// What an id is of, when people call such things by a name.
    pub(crate) fn of_id(id: &str) -> Option<Self> {
        let kinds = [
            (UserId::PREFIX, Self::Users),
            (ClientId::PREFIX, Self::Clients),
            (KeyId::PREFIX, Self::Keys),
        ];
        let found = kinds.into_iter().find(|(prefix, _)| id.starts_with(prefix));
        found.map(|(_, kind)| kind)
    }

    /// Whether the server tells of one of them more than its list does.
    pub(crate) fn has_details(self) -> bool {
        !matches!(
            self,
            Self::Events | Self::Signing | Self::Blocks | Self::Profiles
        )
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Users => "Users",
            Self::Sessions => "Sessions",
            Self::Keys => "API keys",
            Self::Clients => "Clients",
            Self::Events => "Events",
            Self::Roles => "Roles",
            Self::Signing => "Signing keys",
            Self::Blocks => "Blocked networks",
            Self::Profiles => "Profiles",
        }
    }

    /// The scope that changes it; its `:read` half shows it.
    pub(crate) fn scope(self) -> &'static str {
        match self {
            Self::Users => "admin:users",
            Self::Sessions | Self::Blocks => "admin:sessions",
            Self::Keys => "admin:apikeys",
            Self::Clients => "admin:clients",
            Self::Events => "admin:events",
            Self::Roles => "admin:roles",
            Self::Signing => "admin:keys",
            Self::Profiles => "",
        }
    }

    /// What stands in an empty list.
    pub(crate) fn nothing(self) -> &'static str {
        match self {
            Self::Users => "No users. n creates one.",
            Self::Sessions => "No sessions. They begin when somebody signs in.",
            Self::Keys => "No keys. n mints one.",
            Self::Clients => "No clients. n registers one.",
            Self::Events => "No events.",
            Self::Roles => "No roles. n makes one.",
            Self::Signing => "No signing keys.",
            Self::Blocks => "No network is blocked. n blocks one.",
            Self::Profiles => "No profiles. doorward profiles set NAME --url URL makes one.",
        }
    }

    /// What the server sorts by: its name there, and here. None: as the server gives it.
    pub(crate) fn sorts(self) -> &'static [(SortField, &'static str)] {
        match self {
            Self::Users => &[
                (SortField::CreatedAt, "created"),
                (SortField::Email, "email"),
                (SortField::LastLoginAt, "last login"),
                (SortField::Role, "role"),
                (SortField::FirstName, "first name"),
                (SortField::LastName, "last name"),
            ],
            Self::Sessions => &[
                (SortField::CreatedAt, "created"),
                (SortField::LastSeenAt, "last seen"),
                (SortField::ExpiresAt, "expires"),
                (SortField::UserId, "user"),
                (SortField::Ip, "address"),
            ],
            Self::Keys => &[
                (SortField::CreatedAt, "created"),
                (SortField::Name, "name"),
                (SortField::ExpiresAt, "expires"),
                (SortField::LastUsedAt, "last used"),
                (SortField::OwnerId, "owner"),
            ],
            Self::Clients => &[(SortField::CreatedAt, "created"), (SortField::Name, "name")],
            Self::Events => &[(SortField::Time, "time")],
            Self::Roles => &[(SortField::Name, "name")],
            Self::Blocks => &[
                (SortField::CreatedAt, "created"),
                (SortField::Network, "network"),
                (SortField::Until, "until"),
            ],
            Self::Signing | Self::Profiles => &[],
        }
    }

    /// Whether an action of the audit log changes such lists.
    pub(crate) fn changes_with(self, action: &str) -> bool {
        let noun = action.split('.').next().unwrap_or_default();
        match self {
            Self::Users => matches!(noun, "user" | "login"),
            Self::Sessions => matches!(noun, "session" | "user" | "client" | "token" | "consent"),
            Self::Keys => matches!(noun, "apikey" | "user"),
            Self::Clients => noun == "client",
            Self::Roles => matches!(noun, "role" | "user"),
            Self::Signing => noun == "signing_key",
            Self::Blocks => noun == "network",
            Self::Events | Self::Profiles => false,
        }
    }
}

impl Row {
    /// The list it is a row of.
    pub(crate) fn kind(&self) -> Resource {
        match self {
            Self::User(_) => Resource::Users,
            Self::Session(_) => Resource::Sessions,
            Self::Key(_) => Resource::Keys,
            Self::Client(_) => Resource::Clients,
            Self::Event(_) => Resource::Events,
            Self::Role(_) => Resource::Roles,
            Self::Signing(_) => Resource::Signing,
            Self::Block(_) => Resource::Blocks,
            Self::Profile(_) => Resource::Profiles,
        }
    }

    pub(crate) fn id(&self) -> String {
        match self {
            Self::User(user) => user.id.to_string(),
            Self::Session(session) => session.id.to_string(),
            Self::Key(key) => key.id.to_string(),
            Self::Client(client) => client.id.to_string(),
            Self::Event(event) => event.id.to_string(),
            Self::Role(role) => role.name.clone(),
            Self::Signing(key) => key.id.clone(),
            Self::Block(block) => block.id.to_string(),
            Self::Profile(profile) => profile.name.clone(),
        }
    }

    /// What people call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::User(user) => user.email.clone(),
            Self::Key(key) => key.name.clone(),
            Self::Client(client) => client.name.clone(),
            Self::Event(event) => event.action.clone(),
            Self::Block(block) => block.network.clone(),
            other => other.id(),
        }
    }

    /// The word its state column shows.
    pub(crate) fn state(&self) -> Option<&'static str> {
        match self {
            Self::User(user) if user.disabled => Some("disabled"),
            Self::User(_) => Some("active"),
            Self::Session(session) => Some(session.state.as_str()),
            Self::Key(key) => Some(key.state.as_str()),
            Self::Signing(key) if key.active => Some("signs"),
            Self::Signing(_) => Some("verifies"),
            _ => None,
        }
    }

    /// Whether it is as good as gone: shown dimmed.
    pub(crate) fn is_dead(&self) -> bool {
        match self {
            Self::User(user) => user.disabled,
            Self::Session(session) => session.state != SessionState::Live,
            Self::Key(key) => key.state != KeyState::Live,
            Self::Signing(key) => !key.active,
            _ => false,
        }
    }

    /// Ids in it that have names elsewhere.
    pub(crate) fn mentions(&self) -> Vec<String> {
        let ids = match self {
            Self::Session(session) => vec![
                Some(session.user_id.to_string()),
                session.client_id.map(|id| id.to_string()),
            ],
            Self::Block(block) => vec![Some(block.created_by.clone())],
            Self::Key(key) => vec![key.owner_id.map(|id| id.to_string())],
            Self::Event(event) => vec![
                Some(event.actor.clone()),
                event.target.clone(),
                event.user_id.map(|id| id.to_string()),
                event.client_id.map(|id| id.to_string()),
            ],
            _ => Vec::new(),
        };
        ids.into_iter()
            .flatten()
            .filter(|id| Resource::of_id(id).is_some())
            .collect()
    }
}
