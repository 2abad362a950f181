//! Columns of the lists, and their room.

pub(super) use crate::core::columns::{Column, column};
use crate::core::{
    columns::{self, ColumnId},
    resource::Resource,
    text,
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

/// Least room for these, with one column between them.
fn least(kept: &[(usize, &Column)]) -> u16 {
    let all: u16 = kept.iter().map(|(_, column)| column.min + 1).sum();
    all.saturating_sub(1)
}

/// The columns there is room for, with their places among all: the least important go first.
fn kept(columns: &[Column], room: u16, wide: bool) -> Vec<(usize, &Column)> {
    let columns = columns.iter().enumerate();
    let mut kept: Vec<_> = columns
        .filter(|(_, column)| wide || column.rank < 9)
        .collect();
    // Whole ids are what wide was asked for: other columns go first.
    let importance = |rank: u8| if rank == 9 { 1 } else { rank };
    while least(&kept) > room {
        let ranks = kept.iter().map(|(_, column)| importance(column.rank));
        let Some(worst) = ranks.max().filter(|worst| *worst > 0) else {
            break;
        };
        let last = kept
            .iter()
            .rposition(|(_, column)| importance(column.rank) == worst);
        kept.remove(last.unwrap_or_default());
    }
    kept
}

/// Columns from which one holds names and the like, of which some are long.
const NAMES: u16 = 24;

/// The width of each, once what is left over was given out in turn: to what names things once more, when all others have
/// what they take.
fn widths(kept: &[(usize, &Column)], room: u16) -> Vec<u16> {
    let mut widths: Vec<u16> = kept.iter().map(|(_, column)| column.min).collect();
    let mut spare = room.saturating_sub(least(kept));
    let usual = |column: &Column| column.max;
    let wide = |column: &Column| match column.max {
        NAMES.. => column.max * 3 / 2,
        max => max,
    };
    for most in [usual, wide] {
        spare = grown(&mut widths, kept, spare, most);
    }
    widths
}

/// Gives out what is left over, a column to each in turn, up to its most; answers what is left then.
fn grown(
    widths: &mut [u16],
    kept: &[(usize, &Column)],
    mut spare: u16,
    most: fn(&Column) -> u16,
) -> u16 {
    while spare > 0 {
        let mut grew = false;
        for (width, (_, column)) in widths.iter_mut().zip(kept) {
            if *width < most(column) && spare > 0 {
                *width += 1;
                spare -= 1;
                grew = true;
            }
        }
        if !grew {
            break;
        }
    }
    spare
}

/// Shares out the room: the least important columns go, the others grow.
pub(super) fn share(columns: &[Column], room: u16, wide: bool) -> Vec<Placed> {
    let kept = kept(columns, room, wide);
    let widths = widths(&kept, room);
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
