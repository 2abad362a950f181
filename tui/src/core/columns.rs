//! The columns of the lists: what there are, how they are named, and which were chosen. The console and the CLI read names
//! alike: a title (`last-login`), or a field as JSON names it (`emailVerified`).

use doorward_shared::Timestamp;
use serde_json::Value;

use super::{
    format::relative,
    resource::{Resource, Row},
};

/// A column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub title: &'static str,
    /// Least room it is any good in.
    pub min: u16,
    /// Most room it takes.
    pub max: u16,
    /// Columns of the highest number go first when there is no room; 0 stays. 9: only when wide.
    pub rank: u8,
}

pub(crate) const fn column(title: &'static str, min: u16, max: u16, rank: u8) -> Column {
    Column {
        title,
        min,
        max,
        rank,
    }
}

const USERS: &[Column] = &[
    column("EMAIL", 16, 44, 0),
    column("NAME", 8, 28, 3),
    column("ROLE", 8, 16, 2),
    column("STATE", 8, 8, 0),
    column("LAST LOGIN", 10, 10, 4),
    column("CREATED", 9, 9, 5),
    column("ID", 31, 31, 9),
];
const SESSIONS: &[Column] = &[
    column("USER", 16, 40, 0),
    column("ADDRESS", 11, 39, 0),
    column("STATE", 7, 7, 0),
    column("DEVICE", 10, 30, 3),
    column("SEEN", 8, 8, 2),
    column("ENDS", 8, 8, 5),
    column("CLIENT", 10, 24, 4),
    column("ID", 30, 30, 9),
];
const KEYS: &[Column] = &[
    column("NAME", 12, 32, 0),
    column("STATE", 8, 8, 0),
    column("OWNER", 12, 36, 2),
    column("SCOPES", 10, 48, 3),
    column("USED", 8, 8, 4),
    column("ENDS", 8, 8, 1),
    column("HINT", 18, 18, 6),
    column("ID", 30, 30, 9),
];
const CLIENTS: &[Column] = &[
    column("NAME", 14, 36, 0),
    column("KIND", 12, 12, 1),
    column("GRANTS", 18, 56, 3),
    column("SCOPES", 12, 48, 2),
    column("CREATED", 9, 9, 5),
    column("ID", 33, 33, 9),
];
const EVENTS: &[Column] = &[
    column("TIME", 11, 11, 0),
    column("ACTION", 16, 22, 0),
    column("BY", 12, 36, 1),
    column("TARGET", 12, 36, 2),
    column("ADDRESS", 10, 39, 3),
    column("DETAIL", 10, 60, 4),
    column("THROUGH", 10, 24, 5),
];
const ROLES: &[Column] = &[
    column("NAME", 12, 32, 0),
    column("USERS", 7, 9, 1),
    column("KIND", 8, 8, 2),
    column("PERMISSIONS", 20, 90, 0),
];
const SIGNING: &[Column] = &[
    column("ID", 12, 48, 0),
    column("ALGORITHM", 9, 9, 1),
    column("STATE", 8, 8, 0),
    column("CREATED", 9, 9, 2),
    column("RETIRES", 9, 9, 0),
];
const BLOCKS: &[Column] = &[
    column("NETWORK", 14, 43, 0),
    column("ENDS", 8, 10, 0),
    column("BY", 10, 32, 2),
    column("REASON", 12, 80, 1),
    column("BLOCKED", 8, 10, 3),
    column("ID", 32, 32, 9),
];

const PROFILES: &[Column] = &[
    column("NAME", 12, 24, 0),
    column("URL", 16, 60, 0),
    column("CHANGES", 9, 9, 0),
    column("", 8, 8, 1),
];

const USERS_FIELDS: &[&str] = &[
    "id",
    "email",
    "firstName",
    "lastName",
    "role",
    "permissions",
    "groups",
    "emailVerified",
    "disabled",
    "createdAt",
    "lastLoginAt",
];
const SESSIONS_FIELDS: &[&str] = &[
    "id",
    "userId",
    "clientId",
    "scope",
    "ip",
    "userAgent",
    "createdAt",
    "lastSeenAt",
    "expiresAt",
    "revokedAt",
    "state",
    "endsAt",
];
const KEYS_FIELDS: &[&str] = &[
    "id",
    "ownerId",
    "name",
    "hint",
    "scopes",
    "environment",
    "createdAt",
    "expiresAt",
    "lastUsedAt",
    "lastUsedIp",
    "revokedAt",
    "state",
    "endsAt",
    "mintedBy",
    "clientId",
    "rateLimit",
    "quota",
    "allowedIps",
    "metadata",
    "enabled",
];
const CLIENTS_FIELDS: &[&str] = &[
    "id",
    "name",
    "redirectUris",
    "grantTypes",
    "scopes",
    "confidential",
    "resources",
    "requirePkce",
    "resourceServer",
    "allowedGroups",
    "skipConsent",
    "dynamic",
    "createdAt",
    "clientUri",
    "jwksUri",
];
const EVENTS_FIELDS: &[&str] = &[
    "id",
    "time",
    "actor",
    "action",
    "target",
    "userId",
    "ip",
    "requestId",
    "detail",
    "cause",
    "count",
    "clientId",
    "changes",
];
const ROLES_FIELDS: &[&str] = &["name", "permissions", "builtIn", "users"];
const SIGNING_FIELDS: &[&str] = &["id", "algorithm", "active", "createdAt", "retiresAt"];
const BLOCKS_FIELDS: &[&str] = &["id", "network", "reason", "until", "createdAt", "createdBy"];

/// Titles that mean the same in the console and in the CLI's tables.
const ALIKE: [&[&str]; 4] = [
    &["address", "ip"],
    &["seen", "lastseen"],
    &["used", "lastused"],
    &["ends", "until"],
];

/// Columns of a list that can be chosen, at most.
const MAX_COLUMNS: usize = 12;

/// A column that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnId {
    /// One of the list's own, by its place.
    Cell(usize),
    /// A field of the answer, as JSON names it.
    Field(&'static str),
}

/// Columns that cannot be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ColumnsError {
    #[error("{name} is neither a column nor a field of {list}: {known}")]
    Unknown {
        name: String,
        list: &'static str,
        known: String,
    },
    #[error("{0} stands there twice")]
    Twice(String),
    #[error("name one column at least, and {MAX_COLUMNS} at most")]
    Number,
}

/// A name as people type it: letters and digits alone, in small letters.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

/// Whether a column of this title was asked for.
pub(crate) fn is_called(title: &str, asked: &str) -> bool {
    let (title, asked) = (plain(title), plain(asked));
    let both = |names: &&[&str]| names.contains(&&*title) && names.contains(&&*asked);
    !title.is_empty() && (title == asked || ALIKE.iter().any(both))
}

/// The list's own columns.
pub(crate) fn of(kind: Resource) -> &'static [Column] {
    match kind {
        Resource::Users => USERS,
        Resource::Sessions => SESSIONS,
        Resource::Keys => KEYS,
        Resource::Clients => CLIENTS,
        Resource::Events => EVENTS,
        Resource::Roles => ROLES,
        Resource::Signing => SIGNING,
        Resource::Blocks => BLOCKS,
        Resource::Profiles => PROFILES,
    }
}

/// Fields that its rows have beside what the columns show.
fn fields(kind: Resource) -> &'static [&'static str] {
    match kind {
        Resource::Users => USERS_FIELDS,
        Resource::Sessions => SESSIONS_FIELDS,
        Resource::Keys => KEYS_FIELDS,
        Resource::Clients => CLIENTS_FIELDS,
        Resource::Events => EVENTS_FIELDS,
        Resource::Roles => ROLES_FIELDS,
        Resource::Signing => SIGNING_FIELDS,
        Resource::Blocks => BLOCKS_FIELDS,
        Resource::Profiles => &[],
    }
}

fn one(kind: Resource, name: &str) -> Result<ColumnId, ColumnsError> {
    let own = of(kind);
    // A field named to the letter is meant as such.
    let field = fields(kind).iter().find(|field| **field == name);
    let cell = own.iter().position(|column| is_called(column.title, name));
    let loose = fields(kind)
        .iter()
        .find(|field| plain(field) == plain(name));
    match (cell, field.or(loose)) {
        (Some(at), _) => Ok(ColumnId::Cell(at)),
        (None, Some(field)) => Ok(ColumnId::Field(field)),
        (None, None) => {
            let titles = own
                .iter()
                .map(|column| column.title.to_lowercase().replace(' ', "-"));
            let known: Vec<_> = titles.filter(|title| !title.is_empty()).collect();
            let fields = fields(kind)
                .iter()
                .filter(|field| !known.iter().any(|title| is_called(title, field)));
            let fields: Vec<_> = fields.copied().collect();
            Err(ColumnsError::Unknown {
                name: name.to_owned(),
                list: kind.screen(),
                known: format!("{}; {}", known.join(", "), fields.join(", ")),
            })
        }
    }
}

/// Reads the names of columns, in their order.
///
/// # Errors
/// One line that names the column.
pub(crate) fn parse<T: AsRef<str>>(
    kind: Resource,
    names: &[T],
) -> Result<Vec<ColumnId>, ColumnsError> {
    let mut chosen = Vec::new();
    for name in names {
        let name = name.as_ref().trim();
        let id = one(kind, name)?;
        if chosen.contains(&id) {
            return Err(ColumnsError::Twice(name.to_owned()));
        }
        chosen.push(id);
    }
    if chosen.is_empty() || chosen.len() > MAX_COLUMNS {
        return Err(ColumnsError::Number);
    }
    Ok(chosen)
}

impl ColumnId {
    /// How the configuration and `--columns` call it.
    pub(crate) fn name(self, kind: Resource) -> String {
        match self {
            Self::Cell(at) => {
                let title = of(kind).get(at).map_or("", |column| column.title);
                title.to_lowercase().replace(' ', "-")
            }
            Self::Field(name) => name.to_owned(),
        }
    }

    /// What stands above it.
    pub(crate) fn title(self, kind: Resource) -> String {
        match self {
            Self::Cell(at) => of(kind)
                .get(at)
                .map_or("", |column| column.title)
                .to_owned(),
            Self::Field(name) => words(name),
        }
    }
}

/// A field's name as a heading: `lastUsedIp` is `LAST USED IP`.
pub(crate) fn words(name: &str) -> String {
    let mut heading = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            heading.push(' ');
        }
        heading.push(c.to_ascii_uppercase());
    }
    heading
}

/// A value of JSON as a cell shows it.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// A field of a row as a column shows it: moments as distances.
pub(crate) fn field(row: &Row, name: &str, now: Timestamp) -> String {
    let row = serde_json::to_value(row).unwrap_or_default();
    let value = &row[name];
    let moment = value
        .as_str()
        .filter(|_| name == "time" || name == "until" || name.ends_with("At"));
    match moment.and_then(Timestamp::parse) {
        Some(at) => relative(at, now),
        None => text(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_title_or_a_field() {
        let ids = |names: &[&str]| parse(Resource::Users, names);
        assert_eq!(
            ids(&["email", "last-login", "LAST LOGIN2"])
                .unwrap_err()
                .to_string()
                .split(':')
                .next(),
            Some("LAST LOGIN2 is neither a column nor a field of users")
        );
        assert_eq!(
            ids(&["last-login", "emailVerified", "EMAIL"]),
            Ok(vec![
                ColumnId::Cell(4),
                ColumnId::Field("emailVerified"),
                ColumnId::Cell(0)
            ])
        );
        assert_eq!(
            ids(&["email", "Email"]),
            Err(ColumnsError::Twice("Email".into()))
        );
        assert_eq!(ids(&[]), Err(ColumnsError::Number));
    }

    #[test]
    fn a_field_is_headed_by_words_that_read_back() {
        let heading = |name| ColumnId::Field(name).title(Resource::Keys);
        assert_eq!(heading("lastUsedIp"), "LAST USED IP");
        assert_eq!(heading("environment"), "ENVIRONMENT");
        for kind in Resource::ALL {
            for field in fields(kind) {
                let heading = ColumnId::Field(field).title(kind);
                assert_eq!(parse(kind, &[&heading]), parse(kind, &[field]), "{heading}");
            }
        }
    }

    #[test]
    fn what_the_twin_calls_a_column_is_understood_too() {
        assert_eq!(
            parse(Resource::Sessions, &["ip", "last-seen"]),
            Ok(vec![ColumnId::Cell(1), ColumnId::Cell(4)])
        );
        assert!(is_called("LAST SEEN", "seen") && !is_called("", ""));
    }

    #[test]
    fn every_name_reads_back() {
        for kind in Resource::ALL {
            for at in 0..of(kind).len() {
                let name = ColumnId::Cell(at).name(kind);
                if !name.is_empty() {
                    assert_eq!(
                        parse(kind, &[&name]),
                        Ok(vec![ColumnId::Cell(at)]),
                        "{kind:?} {name}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_fields_are_those_of_the_rows() {
        use crate::tests::test_console::rows;
        // What no row of the bench has a value for is left out of it.
        let without = [
            "count",
            "cause",
            "clientId",
            "changes",
            "mintedBy",
            "rateLimit",
            "quota",
            "metadata",
            "allowedIps",
            "clientUri",
            "jwksUri",
        ];
        for kind in Resource::ALL {
            for row in rows(kind) {
                let row = serde_json::to_value(row).unwrap();
                for field in fields(kind) {
                    assert!(
                        row.get(field).is_some() || without.contains(field),
                        "{kind:?} {field}"
                    );
                }
            }
        }
    }
}
