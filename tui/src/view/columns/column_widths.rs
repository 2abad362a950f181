//! Sharing out a line among columns: the least important go, the others grow.

use super::Placed;
use crate::core::columns::Column;

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
pub(crate) fn share(columns: &[Column], room: u16, wide: bool) -> Vec<Placed> {
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
