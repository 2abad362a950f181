//! Builds each form: its fields and initial values.

use doorward_shared::{
    ScopeSet, UserId,
    admin::{AdminKey, Client, Role, User},
    apikey::Environment,
};

use super::{
    client_preset::Preset,
    field::Field,
    form::{Form, Purpose},
    pick::Pick,
    scope_picker::Picker,
};
use crate::{command::Terms, core::resource::Resource};

const GRANTS: [&str; 3] = ["authorization_code", "refresh_token", "client_credentials"];

/// What a client must do about PKCE.
pub(super) const REQUIRED: &str = "required";
const NOT_REQUIRED: &str = "not required";

/// Whether an address is known to be the user's.
pub(super) const VERIFIED: &str = "verified";
pub(super) const NOT_VERIFIED: &str = "not verified";

pub(super) fn names(scopes: &ScopeSet) -> Vec<String> {
    scopes.iter().map(ToString::to_string).collect()
}

fn role(now: &str) -> Field {
    let hint = "type to search, up and down choose, enter picks";
    Field::pick("role", "Role", hint, Pick::new(Resource::Roles, now))
}

pub(super) fn choice(options: &[&str], now: &str) -> (Vec<String>, usize) {
    let mut options: Vec<String> = options.iter().map(ToString::to_string).collect();
    let at = options.iter().position(|option| option == now);
    let at = at.unwrap_or_else(|| {
        options.insert(0, now.to_owned());
        0
    });
    (options, at)
}

fn groups(now: &[String]) -> Field {
    let hint = "told to applications, spaces between: staff wiki-editors";
    Field::text("groups", "Groups", hint, &now.join(" "))
}

fn verified(now: bool) -> Field {
    let now = if now { VERIFIED } else { NOT_VERIFIED };
    let (options, at) = choice(&[VERIFIED, NOT_VERIFIED], now);
    let mut field = Field::choice("emailVerified", "Address", options, at);
    field.hint = "whether it is known to be theirs: else applications are not told it";
    field
}

fn grace() -> Field {
    let hint = "how long the old secret stays good: 0, 90s, 15m, 24h, 7d";
    Field::text("graceSeconds", "Grace", hint, "0")
}

/// A user, a client or an address.
fn subjects() -> Vec<Field> {
    let hint = "type to search, enter picks";
    vec![
        Field::pick("userId", "User", hint, Pick::new(Resource::Users, "")),
        Field::pick("clientId", "Client", hint, Pick::new(Resource::Clients, "")),
        Field::text("ip", "Address", "an address, or a network", ""),
    ]
}

impl Form {
    pub(crate) fn new_user(held: Option<ScopeSet>) -> Self {
        let picker = Picker::new(held, Vec::new());
        Self::new(
            "Create a user",
            Purpose::NewUser,
            "Create",
            vec![
                Field::text("email", "Email", "", ""),
                Field::text("firstName", "First name", "may be empty", ""),
                Field::text("lastName", "Last name", "may be empty", ""),
                role("customer"),
                Field::scopes("permissions", "Permissions", picker),
                Field::hidden(
                    "password",
                    "Password",
                    "empty: they cannot sign in until one is set",
                ),
                groups(&[]),
                verified(true),
            ],
        )
    }

    /// A network that is blocked for a while.
    pub(crate) fn block(network: &str) -> Self {
        let network = &super::submission::household(network);
        Self::new(
            "Block a network",
            Purpose::Block,
            "Review",
            vec![
                Field::text(
                    "network",
                    "Network",
                    "203.0.113.0/24, or one address",
                    network,
                ),
                Field::text("reason", "Reason", "reason, shown to other operators", ""),
                Field::text("until", "For", "1h, 24h, 7d, or a time: at most 30d", "24h"),
            ],
        )
    }

    pub(crate) fn edit_user(user: &User, held: Option<ScopeSet>) -> Self {
        let picker = Picker::new(held, names(&user.permissions));
        let text = |name: &Option<String>| name.clone().unwrap_or_default();
        let purpose = Purpose::EditUser(Box::new(user.clone()));
        Self::new(
            format!("Edit {}", user.email),
            purpose,
            "Review",
            vec![
                Field::text("email", "Email", "", &user.email),
                Field::text(
                    "firstName",
                    "First name",
                    "may be empty",
                    &text(&user.first_name),
                ),
                Field::text(
                    "lastName",
                    "Last name",
                    "may be empty",
                    &text(&user.last_name),
                ),
                role(&user.role),
                Field::scopes("permissions", "Permissions", picker),
                groups(&user.groups),
                verified(user.email_verified),
            ],
        )
    }

    pub(crate) fn password(user: UserId, email: &str) -> Self {
        let purpose = Purpose::Password(user, email.to_owned());
        Self::new(
            format!("Set the password of {email}"),
            purpose,
            "Review",
            vec![
                Field::hidden("password", "New password", "8 characters or more"),
                Field::hidden("again", "Once more", ""),
            ],
        )
    }

    pub(crate) fn mint(held: Option<ScopeSet>, owner: &str, like: Option<&AdminKey>) -> Self {
        let chosen = like.map(|key| names(&key.scopes)).unwrap_or_default();
        let environment = like.map_or(Environment::Live, |key| key.environment);
        let (options, at) = choice(&["live", "test"], environment.as_str());
        let title = like.map_or_else(
            || "Mint an API key".to_owned(),
            |key| format!("Mint a key like {}", key.name),
        );
        let terms = like.map(Terms::like).unwrap_or_default();
        let limited = terms != Terms::default();
        let mut form = Self::new(
            title,
            Purpose::Mint(Box::new(terms)),
            "Mint",
            vec![
                Field::text("name", "Name", "the service it is for", ""),
                Field::scopes("scopes", "Scopes", Picker::new(held, chosen)),
                Field::pick(
                    "ownerId",
                    "Owner",
                    "type to search, enter picks; empty: you",
                    Pick::new(Resource::Users, owner),
                ),
                Field::text("expiresAt", "Expires", "30d, 24h, a time; empty: never", ""),
                Field::choice("environment", "Environment", options, at),
            ],
        );
        if limited {
            form.note = "It has the same limits.".into();
        }
        form
    }

    pub(crate) fn edit_key(key: &AdminKey) -> Self {
        let picker = Picker::new(None, names(&key.scopes)).within(&key.scopes);
        let purpose = Purpose::EditKey(Box::new(key.clone()));
        Self::new(
            format!("Edit the key {}", key.name),
            purpose,
            "Review",
            vec![
                Field::text("name", "Name", "", &key.name),
                Field::scopes("scopes", "Scopes", picker),
            ],
        )
    }

    pub(crate) fn rotate_key(key: &AdminKey) -> Self {
        let purpose = Purpose::RotateKey(Box::new(key.clone()));
        Self::new(
            format!("Rotate the key {}", key.name),
            purpose,
            "Review",
            vec![grace()],
        )
    }

    pub(crate) fn new_client(held: Option<ScopeSet>) -> Self {
        let presets: Vec<&str> = Preset::NAMES.iter().map(|(name, _)| *name).collect();
        let (presets, preset) = choice(&presets, presets[0]);
        let scopes = Picker::new(held, Vec::new()).with_openid();
        Self::new(
            "Register a client",
            Purpose::NewClient,
            "Register",
            vec![
                Field::text("name", "Name", "people see it when they sign in", ""),
                Field::choice("preset", "It is a", presets, preset),
                Field::text("redirectUris", "Redirect URIs", "", ""),
                Field::scopes("grantTypes", "Grants", Picker::of(&GRANTS, Vec::new())),
                Field::scopes("scopes", "Scopes", scopes),
                Field::text("resources", "Resources", "audiences; may be empty", ""),
            ],
        )
    }

    /// Whom or what an incident is about.
    pub(crate) fn incident() -> Self {
        let mut fields = subjects();
        let hint = "type to search, enter picks";
        let keys = Pick::new(Resource::Keys, "");
        fields.push(Field::pick("keyId", "API key", hint, keys));
        let mut form = Self::new("An incident around …", Purpose::Incident, "Open", fields);
        form.note = "One of these, or more:".into();
        form
    }

    /// A line that the incident's report keeps.
    pub(crate) fn note() -> Self {
        let text = Field::text("note", "Note", "what the report says of it", "");
        let mut form = Self::new("Note", Purpose::Note, "Keep", vec![text]);
        form.note = "Kept in this console and in the report, with your name and the time.".into();
        form
    }

    /// Whose sessions end.
    pub(crate) fn end_sessions() -> Self {
        let mut form = Self::new(
            "End all sessions of …",
            Purpose::EndSessions,
            "Review",
            subjects(),
        );
        form.note = "One of these:".into();
        form
    }

    /// Switching on the changes of a profile that has them off.
    pub(crate) fn unlock(profile: &str) -> Self {
        let mut form = Self::new(
            format!("Switch the changes of {profile} on?"),
            Purpose::Unlock(profile.to_owned()),
            "Unlock",
            vec![Field::text("profile", "Profile", "type its name", "")],
        );
        form.note = format!("Until this console is left, everything can be changed on {profile}.");
        form
    }

    pub(crate) fn edit_client(client: &Client, held: Option<ScopeSet>) -> Self {
        let grants = Picker::of(&GRANTS, client.grant_types.clone());
        let purpose = Purpose::EditClient(Box::new(client.clone()));
        let picker = Picker::new(held, names(&client.scopes)).with_openid();
        let pkce = if client.require_pkce {
            REQUIRED
        } else {
            NOT_REQUIRED
        };
        let (pkce, at) = choice(&[REQUIRED, NOT_REQUIRED], pkce);
        let pkce = Field::choice("requirePkce", "PKCE", pkce, at);
        let mut form = Self::new(
            format!("Edit the client {}", client.name),
            purpose,
            "Review",
            vec![
                Field::text("name", "Name", "", &client.name),
                Field::scopes("grantTypes", "Grants", grants),
                Field::text(
                    "redirectUris",
                    "Redirect URIs",
                    "spaces between",
                    &client.redirect_uris.join(" "),
                ),
                Field::scopes("scopes", "Scopes", picker),
                Field::text(
                    "resources",
                    "Resources",
                    "spaces between",
                    &client.resources.join(" "),
                ),
            ],
        );
        // Of a public client it always is.
        form.fields.extend(client.confidential.then_some(pkce));
        form
    }

    /// Letting a client register itself.
    pub(crate) fn invite_client() -> Self {
        Self::new(
            "A token with which a client registers itself",
            Purpose::InviteClient,
            "Review",
            vec![
                Field::text("expiresInSeconds", "Good for", "24h, 30d; empty: a day", ""),
                Field::text("maxUses", "Clients", "how many may use it; empty: one", ""),
            ],
        )
    }

    pub(crate) fn rotate_secret(client: &Client) -> Self {
        let purpose = Purpose::RotateSecret(Box::new(client.clone()));
        let title = format!("A new secret for {}", client.name);
        Self::new(title, purpose, "Review", vec![grace()])
    }

    pub(crate) fn role(role: Option<&Role>, held: Option<ScopeSet>) -> Self {
        let chosen = role
            .map(|role| names(&role.permissions))
            .unwrap_or_default();
        let scopes = Field::scopes("permissions", "Permissions", Picker::new(held, chosen));
        match role {
            None => {
                let name = Field::text("name", "Name", "a-z, 0-9, - and _", "");
                Self::new(
                    "Make a role",
                    Purpose::NewRole,
                    "Review",
                    vec![name, scopes],
                )
            }
            Some(role) => {
                let purpose = Purpose::EditRole(Box::new(role.clone()));
                Self::new(
                    format!("Edit the role {}", role.name),
                    purpose,
                    "Review",
                    vec![scopes],
                )
            }
        }
    }

    pub(crate) fn sign_in(why: &str, now: u64) -> Self {
        let mut form = Self::new(
            "Sign in",
            Purpose::SignIn,
            "Sign in",
            vec![
                Field::text("email", "Email", "", ""),
                Field::hidden("password", "Password", "kept in memory only"),
            ],
        );
        why.clone_into(&mut form.note);
        form.opened_at = now;
        form
    }
}
