//! Columns of the lists, and where they stand.

mod column_widths;

pub(super) use self::column_widths::share;
pub(super) use crate::core::columns::{Column, column};
use crate::core::{
    columns::{self, ColumnId},
    resource::Resource,
    sanitize,
};

/// A column with its room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    /// Which of the kind's columns.
    pub at: usize,
    pub column: Column,
    pub x: u16,
    pub width: u16,
}

/// The columns of a list in their room.
pub(super) fn place(kind: Resource, room: u16, wide: bool) -> Vec<Placed> {
    share(columns::of(kind), room, wide)
}

/// The columns that were chosen, in their order; the last ones go when there is no room.
pub(super) fn place_chosen(kind: Resource, chosen: &[ColumnId], room: u16) -> Vec<Placed> {
    let ranked = chosen.iter().zip((0..8).chain(std::iter::repeat(8)));
    let columns: Vec<Column> = ranked
        .map(|(id, rank)| match id {
            ColumnId::Cell(at) => Column {
                rank,
                ..columns::of(kind)[*at]
            },
            ColumnId::Field(_) => column("", 8, 40, rank),
        })
        .collect();
    share(&columns, room, true)
}

/// A cell in its room: an id loses its middle, so that its end still tells it from others.
pub(super) fn cut(cell: &str, columns: usize, more: &str) -> String {
    let prefixes = ["user_", "ses_", "key_", "client_", "evt_"];
    let prefix = prefixes.iter().find(|prefix| cell.starts_with(**prefix));
    match prefix {
        Some(prefix) if cell.len() > columns && cell.is_ascii() && columns > prefix.len() + 5 => {
            let tail = columns - prefix.len() - sanitize::width(more);
            format!("{prefix}{more}{}", &cell[cell.len() - tail..])
        }
        _ => sanitize::fit(cell, columns, more),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_never_reach_beyond_their_room() {
        for kind in Resource::ALL {
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
    fn a_large_screen_shows_long_addresses_whole() {
        let email = |room| {
            let placed = place(Resource::Users, room, false);
            placed.first().map_or(0, |one| one.width)
        };
        assert_eq!(email(194), 66);
        assert!(email(110) <= 44, "others come first");
    }

    #[test]
    fn chosen_columns_keep_their_order_and_the_last_go_first() {
        let chosen = columns::parse(Resource::Users, &["id", "state", "email", "groups"]).unwrap();
        let places = |room| {
            let placed = place_chosen(Resource::Users, &chosen, room);
            placed.iter().map(|one| one.at).collect::<Vec<_>>()
        };
        assert_eq!(places(100), [0, 1, 2, 3]);
        assert_eq!(places(45), [0, 1]);
        assert_eq!(places(10), [0], "the first stays");
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
