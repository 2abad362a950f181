//! Columns of the lists, and their room.

use crate::core::{resource::Resource, text};

/// A column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub title: &'static str,
    /// Least room it is any good in.
    min: u16,
    /// Most room it takes.
    max: u16,
    /// Columns of the highest number go first when there is no room; 0 stays. 9: only when wide.
    rank: u8,
}

pub(super) const fn column(title: &'static str, min: u16, max: u16, rank: u8) -> Column {
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

/// A column with its room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    /// Which of the kind's columns.
    pub at: usize,
    pub column: Column,
    pub x: u16,
    pub width: u16,
}

fn all(kind: Resource) -> &'static [Column] {
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

/// The columns of a list in their room.
pub(super) fn place(kind: Resource, room: u16, wide: bool) -> Vec<Placed> {
    share(all(kind), room, wide)
}

/// Shares out the room: the least important columns go, the others grow.
pub(super) fn share(columns: &[Column], room: u16, wide: bool) -> Vec<Placed> {
    let columns = columns.iter().enumerate();
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

/// A cell in its room: an id loses its middle, so that its end still tells it from others.
pub(super) fn cut(cell: &str, columns: usize, more: &str) -> String {
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

    const KINDS: [Resource; 9] = [
        Resource::Users,
        Resource::Sessions,
        Resource::Keys,
        Resource::Clients,
        Resource::Events,
        Resource::Roles,
        Resource::Signing,
        Resource::Blocks,
        Resource::Profiles,
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
            titles(Resource::Users),
            ["EMAIL", "NAME", "ROLE", "STATE", "LAST LOGIN", "CREATED"]
        );
        assert!(
            titles(Resource::Sessions).starts_with(&["USER", "ADDRESS", "STATE", "DEVICE", "SEEN"])
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
}
