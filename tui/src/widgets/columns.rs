//! Columns of the lists, and what stands in them.

use doorward_shared::{
    Timestamp,
    admin::{AdminKey, Client, Event, Role, Session, SigningKey, User},
};

use super::time::{clock, maybe, relative};
use crate::{
    audit,
    item::{Item, Kind, ProfileRow},
    text,
};

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub title: &'static str,
    /// Least room it is any good in.
    min: u16,
    /// Most room it takes.
    max: u16,
    /// Columns of the highest number go first when there is no room; 0 stays. 9: only when wide.
    rank: u8,
}

const fn column(title: &'static str, min: u16, max: u16, rank: u8) -> Column {
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
const PROFILES: &[Column] = &[
    column("NAME", 12, 24, 0),
    column("URL", 16, 60, 0),
    column("CHANGES", 9, 9, 0),
    column("", 8, 8, 1),
];

/// A column with its room.
#[derive(Debug, Clone, Copy)]
pub struct Placed {
    /// Which of the kind's columns.
    pub at: usize,
    pub column: Column,
    pub x: u16,
    pub width: u16,
}

fn all(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Users => USERS,
        Kind::Sessions => SESSIONS,
        Kind::Keys => KEYS,
        Kind::Clients => CLIENTS,
        Kind::Events => EVENTS,
        Kind::Roles => ROLES,
        Kind::Signing => SIGNING,
        Kind::Profiles => PROFILES,
    }
}

/// Shares out the room: the least important columns go, the others grow.
pub fn place(kind: Kind, room: u16, wide: bool) -> Vec<Placed> {
    let columns = all(kind).iter().enumerate();
    let mut kept: Vec<_> = columns
        .filter(|(_, column)| wide || column.rank < 9)
        .collect();
    let least = |kept: &[(usize, &Column)]| -> u16 {
        kept.iter()
            .map(|(_, column)| column.min + 1)
            .sum::<u16>()
            .saturating_sub(1)
    };
    while least(&kept) > room {
        // Whole ids are what wide was asked for: other columns go first.
        let importance = |rank: u8| if rank == 9 { 1 } else { rank };
        let worst = kept.iter().map(|(_, column)| importance(column.rank)).max();
        match worst {
            Some(worst) if worst > 0 => {
                let last = kept
                    .iter()
                    .rposition(|(_, column)| importance(column.rank) == worst);
                kept.remove(last.unwrap_or_default());
            }
            _ => break,
        }
    }
    let mut widths: Vec<u16> = kept.iter().map(|(_, column)| column.min).collect();
    let mut spare = room.saturating_sub(least(&kept));
    while spare > 0 {
        let mut grew = false;
        for (width, (_, column)) in widths.iter_mut().zip(&kept) {
            if *width < column.max && spare > 0 {
                *width += 1;
                spare -= 1;
                grew = true;
            }
        }
        if !grew {
            break;
        }
    }
    let mut x = 0;
    let mut placed = Vec::new();
    for ((at, column), width) in kept.into_iter().zip(widths) {
        let width = width.min(room.saturating_sub(x));
        placed.push(Placed {
            at,
            column: *column,
            x,
            width,
        });
        x += width + 1;
    }
    placed
}

/// The name behind an id, or the id.
type NameOf<'a> = &'a dyn Fn(&str) -> String;

/// What stands in the columns, all of them.
pub fn cells(name_of: NameOf<'_>, now: Timestamp, item: &Item) -> Vec<String> {
    match item {
        Item::User(user) => self::user(user, now),
        Item::Session(session) => self::session(name_of, now, session),
        Item::Key(key) => self::key(name_of, now, key),
        Item::Client(client) => self::client(client, now),
        Item::Event(event) => self::event(name_of, now, event),
        Item::Role(role) => self::role(role),
        Item::Signing(key) => signing(key, now),
        Item::Profile(profile) => self::profile(profile),
    }
}

pub fn full_name(user: &User) -> String {
    let names = [user.first_name.as_deref(), user.last_name.as_deref()];
    names.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn user(user: &User, now: Timestamp) -> Vec<String> {
    vec![
        user.email.clone(),
        full_name(user),
        user.role.clone(),
        if user.disabled { "disabled" } else { "active" }.into(),
        maybe(user.last_login_at, now, "never"),
        relative(user.created_at, now),
        user.id.to_string(),
    ]
}

/// "Firefox on Linux", as far as a user agent says so.
pub fn device(agent: Option<&str>) -> String {
    let Some(agent) = agent else {
        return "-".into();
    };
    let browsers = [
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |known: &[(&str, &'static str)]| {
        known
            .iter()
            .find(|(sign, _)| agent.contains(sign))
            .map(|(_, name)| *name)
    };
    match (find(&browsers), find(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        _ => agent.split(' ').next().unwrap_or(agent).to_owned(),
    }
}

fn session(name_of: NameOf<'_>, now: Timestamp, session: &Session) -> Vec<String> {
    let client = session.client_id.map(|id| name_of(&id.to_string()));
    vec![
        name_of(&session.user_id.to_string()),
        session.ip.clone(),
        session.state.as_str().into(),
        device(session.user_agent.as_deref()),
        relative(session.last_seen_at, now),
        relative(session.ends_at, now),
        client.unwrap_or_else(|| "-".into()),
        session.id.to_string(),
    ]
}

fn key(name_of: NameOf<'_>, now: Timestamp, key: &AdminKey) -> Vec<String> {
    let owner = key.owner_id.map(|id| name_of(&id.to_string()));
    vec![
        key.name.clone(),
        key.state.as_str().into(),
        owner.unwrap_or_else(|| "the operator".into()),
        key.scopes.to_string(),
        maybe(key.last_used_at, now, "never"),
        maybe(key.ends_at, now, "never"),
        key.hint.clone(),
        key.id.to_string(),
    ]
}

fn client(client: &Client, now: Timestamp) -> Vec<String> {
    vec![
        client.name.clone(),
        if client.confidential {
            "confidential"
        } else {
            "public"
        }
        .into(),
        client.grant_types.join(" "),
        client.scopes.to_string(),
        relative(client.created_at, now),
        client.id.to_string(),
    ]
}

fn event(name_of: NameOf<'_>, now: Timestamp, event: &Event) -> Vec<String> {
    vec![
        clock(event.time, now),
        event.action.clone(),
        name_of(&event.actor),
        event.target.as_deref().map_or_else(|| "-".into(), name_of),
        event.ip.clone().unwrap_or_else(|| "-".into()),
        audit::summary(event),
        event
            .client_id
            .map_or_else(|| "-".into(), |id| name_of(&id.to_string())),
    ]
}

fn role(role: &Role) -> Vec<String> {
    vec![
        role.name.clone(),
        role.users.to_string(),
        if role.built_in { "built in" } else { "own" }.into(),
        role.permissions.to_string(),
    ]
}

fn signing(key: &SigningKey, now: Timestamp) -> Vec<String> {
    vec![
        key.id.clone(),
        key.algorithm.clone(),
        if key.active { "signs" } else { "verifies" }.into(),
        relative(key.created_at, now),
        maybe(key.retires_at, now, "-"),
    ]
}

fn profile(profile: &ProfileRow) -> Vec<String> {
    vec![
        profile.name.clone(),
        profile.url.clone(),
        if profile.read_only { "off" } else { "on" }.into(),
        if profile.current { "current" } else { "" }.into(),
    ]
}

/// A cell in its room: an id loses its middle, so that its end still tells it from others.
pub fn cut(cell: &str, columns: usize, more: &str) -> String {
    let prefixes = ["user_", "ses_", "key_", "client_", "evt_"];
    let prefix = prefixes.iter().find(|prefix| cell.starts_with(**prefix));
    match prefix {
        Some(prefix) if cell.len() > columns && cell.is_ascii() && columns > prefix.len() + 5 => {
            let tail = columns - prefix.len() - text::width(more);
            format!("{prefix}{more}{}", &cell[cell.len() - tail..])
        }
        _ => text::fit(cell, columns, more),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 8] = [
        Kind::Users,
        Kind::Sessions,
        Kind::Keys,
        Kind::Clients,
        Kind::Events,
        Kind::Roles,
        Kind::Signing,
        Kind::Profiles,
    ];

    #[test]
    fn columns_never_reach_beyond_their_room() {
        for kind in KINDS {
            for room in 0..200 {
                for wide in [false, true] {
                    let placed = place(kind, room, wide);
                    let end = placed
                        .iter()
                        .filter(|one| one.width > 0)
                        .map(|one| one.x + one.width)
                        .max();
                    assert!(end.unwrap_or_default() <= room, "{kind:?} in {room}");
                }
            }
        }
    }

    #[test]
    fn at_eighty_columns_people_see_who_and_in_what_state() {
        let titles = |kind| {
            place(kind, 76, false)
                .iter()
                .map(|one| one.column.title)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            titles(Kind::Users),
            ["EMAIL", "NAME", "ROLE", "STATE", "LAST LOGIN", "CREATED"]
        );
        assert!(
            titles(Kind::Sessions).starts_with(&["USER", "ADDRESS", "STATE", "DEVICE", "SEEN"])
        );
    }

    #[test]
    fn ids_are_cut_in_the_middle() {
        assert_eq!(
            cut("user_01hf7yatz0123456789abcdefg", 12, "…"),
            "user_…bcdefg"
        );
        assert_eq!(cut("a long name", 6, "…"), "a lon…");
    }

    #[test]
    fn a_user_agent_is_said_in_words() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";
        assert_eq!(device(Some(firefox)), "Firefox on Linux");
        assert_eq!(device(Some("curl/8.5.0")), "curl/8.5.0");
        assert_eq!(device(None), "-");
    }
}
