//! Columns of the CLI's tables.

use doorward_shared::{Timestamp, admin, apikey};

use super::output::Printable;
use crate::core::{
    event_text,
    resource::{Resource, Row},
};

/// To the second: that is what people compare.
fn time(at: Timestamp) -> String {
    crate::core::time_zone::full(at)
}

fn maybe(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".into(), time)
}

fn or_dash<T: ToString>(value: Option<&T>) -> String {
    value.map_or_else(|| "-".into(), ToString::to_string)
}

impl Printable for admin::User {
    const COLUMNS: &'static [&'static str] =
        &["ID", "EMAIL", "NAME", "ROLE", "STATE", "LAST LOGIN"];
    fn cells(&self) -> Vec<String> {
        let names = [self.first_name.as_deref(), self.last_name.as_deref()];
        vec![
            self.id.to_string(),
            self.email.clone(),
            names.into_iter().flatten().collect::<Vec<_>>().join(" "),
            self.role.clone(),
            if self.disabled { "disabled" } else { "active" }.into(),
            maybe(self.last_login_at),
        ]
    }
}

impl Printable for admin::Block {
    const COLUMNS: &'static [&'static str] = &["ID", "NETWORK", "UNTIL", "BY", "REASON"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.network.clone(),
            time(self.until),
            self.created_by.clone(),
            self.reason.clone(),
        ]
    }
}

impl Printable for admin::Minute {
    const COLUMNS: &'static [&'static str] = &[
        "TIME", "LOGINS", "FAILURES", "SIGN-UPS", "TOKENS", "REFUSALS", "REQUESTS", "SESSIONS",
        "P50 MS", "P95 MS",
    ];
    fn cells(&self) -> Vec<String> {
        vec![
            time(self.time),
            self.logins.to_string(),
            self.failures.to_string(),
            self.registrations.to_string(),
            self.tokens.to_string(),
            self.refusals.to_string(),
            self.requests.to_string(),
            self.active_sessions.to_string(),
            self.p50_ms.to_string(),
            self.p95_ms.to_string(),
        ]
    }
}

impl Printable for admin::Session {
    const COLUMNS: &'static [&'static str] =
        &["ID", "USER", "CLIENT", "IP", "LAST SEEN", "ENDS", "STATE"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.user_id.to_string(),
            or_dash(self.client_id.as_ref()),
            self.ip.clone(),
            time(self.last_seen_at),
            time(self.ends_at),
            self.state.as_str().into(),
        ]
    }
}

impl Printable for admin::AdminKey {
    const COLUMNS: &'static [&'static str] = &[
        "ID",
        "NAME",
        "HINT",
        "OWNER",
        "SCOPES",
        "ENDS",
        "LAST USED",
        "STATE",
    ];
    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.name.clone(),
            self.hint.clone(),
            or_dash(self.owner_id.as_ref()),
            self.scopes.to_string(),
            maybe(self.ends_at),
            maybe(self.last_used_at),
            self.state.as_str().into(),
        ]
    }
}

impl Printable for apikey::UsagePoint {
    const COLUMNS: &'static [&'static str] = &["TIME", "VALID", "REFUSED"];
    fn cells(&self) -> Vec<String> {
        vec![
            time(self.time),
            self.valid.to_string(),
            self.refused.to_string(),
        ]
    }
}

impl Printable for apikey::Verification {
    const COLUMNS: &'static [&'static str] = &["VALID", "CODE", "KEY", "OWNER", "SCOPES"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.valid.to_string(),
            self.code.as_str().into(),
            or_dash(self.key_id.as_ref()),
            or_dash(self.owner_id.as_ref()),
            or_dash(self.scopes.as_ref()),
        ]
    }
}

impl Printable for admin::Client {
    const COLUMNS: &'static [&'static str] = &["ID", "NAME", "KIND", "GRANTS", "SCOPES"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.name.clone(),
            match (self.confidential, self.dynamic) {
                (true, false) => "confidential",
                (false, false) => "public",
                (true, true) => "confidential, dynamic",
                (false, true) => "public, dynamic",
            }
            .into(),
            self.grant_types.join(" "),
            self.scopes.to_string(),
        ]
    }
}

impl Printable for admin::RegistrationToken {
    const COLUMNS: &'static [&'static str] = &["TOKEN", "EXPIRES", "USES"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.token.clone(),
            self.expires_at.to_string(),
            self.max_uses.to_string(),
        ]
    }
}

impl Printable for admin::RegistrationTokenInfo {
    const COLUMNS: &'static [&'static str] = &["ID", "USES LEFT", "EXPIRES", "MINTED BY", "SCOPES"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.uses_left.to_string(),
            self.expires_at.to_string(),
            self.minted_by.clone(),
            self.scopes.to_string(),
        ]
    }
}

impl Printable for admin::Role {
    const COLUMNS: &'static [&'static str] = &["NAME", "PERMISSIONS", "USERS", "KIND"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            self.permissions.to_string(),
            self.users.to_string(),
            if self.built_in { "built in" } else { "own" }.into(),
        ]
    }
}

impl Printable for admin::Event {
    const COLUMNS: &'static [&'static str] = &[
        "TIME", "ACTION", "ACTOR", "CLIENT", "TARGET", "IP", "DETAIL",
    ];
    fn cells(&self) -> Vec<String> {
        vec![
            time(self.time),
            self.action.clone(),
            self.actor.clone(),
            or_dash(self.client_id.as_ref()),
            or_dash(self.target.as_ref()),
            or_dash(self.ip.as_ref()),
            event_text::counted(self),
        ]
    }
}

impl Printable for admin::SigningKey {
    const COLUMNS: &'static [&'static str] = &["ID", "ALGORITHM", "STATE", "CREATED", "RETIRES"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.algorithm.clone(),
            if self.active { "signs" } else { "verifies" }.into(),
            time(self.created_at),
            maybe(self.retires_at),
        ]
    }
}

impl Printable for admin::AdminMintedKey {
    const COLUMNS: &'static [&'static str] = &["ID", "NAME", "KEY", "SCOPES", "EXPIRES"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.name.clone(),
            self.key.clone(),
            self.scopes.to_string(),
            maybe(self.expires_at),
        ]
    }
}

impl Printable for admin::Link {
    const COLUMNS: &'static [&'static str] = &["URL", "EXPIRES"];
    fn cells(&self) -> Vec<String> {
        vec![or_dash(self.url.as_ref()), time(self.expires_at)]
    }
}

impl Printable for admin::BackupMade {
    const COLUMNS: &'static [&'static str] = &["FILE", "BYTES", "CREATED"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.file.clone(),
            self.bytes.to_string(),
            time(self.created_at),
        ]
    }
}

/// Columns of a list.
pub(super) fn columns(kind: Resource) -> &'static [&'static str] {
    match kind {
        Resource::Users => admin::User::COLUMNS,
        Resource::Sessions => admin::Session::COLUMNS,
        Resource::Keys => admin::AdminKey::COLUMNS,
        Resource::Clients => admin::Client::COLUMNS,
        Resource::Events => admin::Event::COLUMNS,
        Resource::Roles => admin::Role::COLUMNS,
        Resource::Signing => admin::SigningKey::COLUMNS,
        Resource::Blocks => admin::Block::COLUMNS,
        Resource::Profiles => &[],
    }
}

/// Cells of a row of a list.
pub(super) fn cells(row: &Row) -> Vec<String> {
    match row {
        Row::User(user) => user.cells(),
        Row::Session(session) => session.cells(),
        Row::Key(key) => key.cells(),
        Row::Client(client) => client.cells(),
        Row::Event(event) => event.cells(),
        Row::Role(role) => role.cells(),
        Row::Signing(key) => key.cells(),
        Row::Block(block) => block.cells(),
        Row::Profile(_) => Vec::new(),
    }
}
