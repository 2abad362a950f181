//! Where the panels of a page are: side by side where there is room, and otherwise below one another in one that scrolls.

use ratatui::layout::Rect;

use super::panels::{Panel, Side};

/// The least room in which panels stand side by side.
const GRID: (u16, u16) = (100, 20);
/// Columns from which there are three of them.
const THREE: u16 = 150;
/// Lines of the chart, with its axis.
const CHART: u16 = 7;
/// The least height of a panel: its frame, and a line.
const LEAST: u16 = 3;

/// The panels with their places; none where they stand below one another. `lines` tells how many lines a panel wants in
/// so many columns.
pub(super) fn grid(
    area: Rect,
    panels: &[Panel],
    lines: impl Fn(Panel, u16) -> u16,
) -> Option<Vec<(Panel, Rect)>> {
    if area.width < GRID.0 || area.height < GRID.1 {
        return None;
    }
    let columns = if area.width >= THREE {
        three(area)
    } else {
        two(area)
    };
    let mut places = Vec::new();
    for (sides, column) in columns {
        let here = panels.iter().filter(|panel| sides.contains(&panel.side()));
        let wanted = here.map(|panel| {
            let lines = match panel {
                Panel::Chart => CHART,
                panel => lines(*panel, column.width.saturating_sub(2)),
            };
            (*panel, lines.saturating_add(2).max(LEAST))
        });
        let wanted: Vec<_> = wanted.collect();
        let mut y = column.y;
        for ((panel, _), height) in wanted.iter().zip(heights(column.height, &wanted)) {
            places.push((
                *panel,
                Rect {
                    y,
                    height,
                    ..column
                },
            ));
            y += height;
        }
    }
    Some(places)
}

type Columns = Vec<(&'static [Side], Rect)>;

fn part(area: Rect, x: u16, width: u16) -> Rect {
    Rect {
        x: area.x + x,
        width,
        ..area
    }
}

fn two(area: Rect) -> Columns {
    let left = area.width * 2 / 5;
    vec![
        (&[Side::Left], part(area, 0, left)),
        (
            &[Side::Middle, Side::Right],
            part(area, left, area.width - left),
        ),
    ]
}

fn three(area: Rect) -> Columns {
    let left = (area.width * 3 / 10).clamp(44, 62);
    let middle = (area.width - left) / 2;
    let right = area.width - left - middle;
    vec![
        (&[Side::Left], part(area, 0, left)),
        (&[Side::Middle], part(area, left, middle)),
        (&[Side::Right], part(area, left + middle, right)),
    ]
}

/// Heights of panels below one another: what each wants while there is room, and what is left for the last one.
fn heights(room: u16, panels: &[(Panel, u16)]) -> Vec<u16> {
    let mut heights: Vec<u16> = vec![LEAST; panels.len()];
    let mut left = room.saturating_sub(LEAST * u16::try_from(panels.len()).unwrap_or(0));
    while left > 0 {
        let before = left;
        for (height, (_, wanted)) in heights.iter_mut().zip(panels) {
            if left > 0 && *height < *wanted {
                *height += 1;
                left -= 1;
            }
        }
        if left == before {
            break;
        }
    }
    if let Some(last) = heights.last_mut() {
        *last += left;
    }
    heights
}

/// How many lines are above the first one on the screen, with the line of the cursor in the middle where that is possible.
pub(super) fn skip(lines: usize, at: usize, height: usize) -> usize {
    let middle = at.saturating_sub(height / 2);
    middle.min(lines.saturating_sub(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_fill_their_columns_and_stay_inside() {
        let panels = [
            Panel::About,
            Panel::Factors,
            Panel::Sessions,
            Panel::Keys,
            Panel::Chart,
            Panel::Timeline,
        ];
        let lines = |panel, _| match panel {
            Panel::About => 14,
            Panel::Sessions => 60,
            Panel::Timeline => 500,
            _ => 1,
        };
        for width in 100..220 {
            for height in 20..70 {
                let area = Rect::new(0, 2, width, height);
                let places = grid(area, &panels, lines).unwrap();
                assert_eq!(places.len(), panels.len());
                let mut covered = 0;
                for (panel, place) in &places {
                    assert!(place.height >= LEAST, "{panel:?} {width}x{height}");
                    assert!(place.right() <= area.right() && place.bottom() <= area.bottom());
                    covered += u32::from(place.width) * u32::from(place.height);
                }
                assert_eq!(covered, area.area(), "{width}x{height}");
            }
        }
        assert_eq!(grid(Rect::new(0, 0, 80, 24), &panels, lines), None);
    }

    #[test]
    fn the_cursor_is_always_in_sight() {
        for lines in 1..40 {
            for at in 0..lines {
                for height in 1..30 {
                    let skip = skip(lines, at, height);
                    assert!((skip..skip + height).contains(&at), "{at} of {lines}");
                }
            }
        }
    }
}
