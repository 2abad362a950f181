//! What of a page stands where on the screen: its frames, and the lines in sight.

use ratatui::layout::{Position, Rect};

use super::{
    SubjectPage,
    layout::{grid, skip},
    navigation::{Contents, cursor},
    panels::Panel,
};
use crate::core::State;

/// What stands on one line of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The name of a panel, where panels stand below one another.
    Heading(usize),
    /// The names of a panel's columns.
    Head(usize),
    /// A line of a panel.
    Line(usize, usize),
    /// That a panel has nothing, and why.
    Nothing(usize),
    /// The chart; it may be higher than a line.
    Chart(usize),
}

/// A page on the screen. Panels are numbered as in its contents.
#[derive(Debug)]
pub(crate) struct Screen {
    /// The frames and the panel in each; one without a panel holds all of them.
    pub frames: Vec<(Option<usize>, Rect)>,
    pub pieces: Vec<(Rect, Piece)>,
    pub cursor: Option<(usize, usize)>,
    panels: Vec<Panel>,
}

/// A line of the screen to be, and its height.
type Tall = (Piece, u16);

/// Lays a page out in the view's area.
pub(crate) fn of(state: &State, page: &SubjectPage, contents: &Contents<'_>) -> Screen {
    let area = state.areas().body;
    let panels: Vec<_> = contents.iter().map(|(panel, _)| *panel).collect();
    let mut screen = Screen {
        frames: Vec::new(),
        pieces: Vec::new(),
        cursor: cursor(contents, page),
        panels,
    };
    let high = |panel: Panel, columns: u16| {
        let at = contents.iter().position(|(one, _)| *one == panel);
        let pieces = at.map(|at| pieces(contents, at, columns));
        pieces.map_or(0, |pieces| total(&pieces))
    };
    match grid(area, &screen.panels, high) {
        Some(places) => {
            for (panel, place) in places {
                screen.frame(panel, place, contents);
            }
        }
        None => screen.stacked(area, contents),
    }
    screen
}

fn total(pieces: &[Tall]) -> u16 {
    let heights = pieces.iter().map(|(_, height)| *height);
    heights.fold(0, u16::saturating_add)
}

/// What a panel shows, all of it.
fn pieces(contents: &Contents<'_>, at: usize, columns: u16) -> Vec<Tall> {
    let (panel, lines) = &contents[at];
    if *panel == Panel::Chart {
        return vec![(Piece::Chart(at), 1)];
    }
    if lines.is_empty() {
        return vec![(Piece::Nothing(at), 1)];
    }
    let has_head = panel.has_head() && columns >= HEAD_FROM;
    let head = has_head.then_some((Piece::Head(at), 1));
    let lines = lines.iter().enumerate();
    let lines = lines.map(|(number, line)| (Piece::Line(at, number), line.height(columns)));
    head.into_iter().chain(lines).collect()
}

/// Columns from which those of a table have names.
const HEAD_FROM: u16 = 50;

fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(1),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    }
}

impl Screen {
    fn frame(&mut self, panel: Panel, place: Rect, contents: &Contents<'_>) {
        let Some(at) = self.panels.iter().position(|one| *one == panel) else {
            return;
        };
        self.frames.push((Some(at), place));
        let inner = inside(place);
        if panel == Panel::Chart {
            return self.pieces.push((inner, Piece::Chart(at)));
        }
        let mut pieces = pieces(contents, at, inner.width);
        let mut inner = inner;
        // The names of columns stay where they are.
        if let Some((Piece::Head(_), _)) = pieces.first()
            && inner.height > 1
        {
            let head = Rect { height: 1, ..inner };
            self.pieces.push((head, pieces.remove(0).0));
            inner.y += 1;
            inner.height -= 1;
        }
        self.show(inner, pieces);
    }

    /// All panels in one frame, one below the other.
    fn stacked(&mut self, area: Rect, contents: &Contents<'_>) {
        self.frames.push((None, area));
        let inner = inside(area);
        let mut all = Vec::new();
        for at in 0..contents.len() {
            // The frame says what the first panel is about.
            if at > 0 {
                all.push((Piece::Heading(at), 1));
            }
            all.extend(pieces(contents, at, inner.width));
        }
        self.show(inner, all);
    }

    /// Those pieces that are in sight, from a whole one on.
    fn show(&mut self, area: Rect, pieces: Vec<Tall>) {
        let chosen = self.cursor.map(|(panel, line)| Piece::Line(panel, line));
        let mut above = 0;
        let at = pieces.iter().find_map(|(piece, height)| {
            let here = above;
            above += usize::from(*height);
            (Some(*piece) == chosen).then_some(here)
        });
        let skip = skip(
            usize::from(total(&pieces)),
            at.unwrap_or_default(),
            usize::from(area.height),
        );
        let mut y = 0;
        for (piece, height) in pieces {
            let from = y;
            y += usize::from(height);
            let Some(shown) = from.checked_sub(skip) else {
                continue;
            };
            let Ok(down) = u16::try_from(shown) else {
                break;
            };
            if down >= area.height {
                break;
            }
            let place = Rect {
                y: area.y + down,
                height: height.min(area.height - down),
                ..area
            };
            self.pieces.push((place, piece));
        }
    }

    pub(crate) fn is_stacked(&self) -> bool {
        matches!(self.frames.first(), Some((None, _)))
    }

    /// The panel and the line at a place.
    pub(crate) fn line_at(&self, at: Position) -> Option<(Panel, usize)> {
        let hit = self.pieces.iter().find(|(area, _)| area.contains(at))?;
        match hit.1 {
            Piece::Line(panel, line) => Some((*self.panels.get(panel)?, line)),
            Piece::Heading(_) | Piece::Head(_) | Piece::Nothing(_) | Piece::Chart(_) => None,
        }
    }
}
