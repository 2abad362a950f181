//! A page: all about one thing, on the whole screen.

mod bars;
mod chart;
mod row;

use ratatui::layout::Rect;

use super::chrome::nothing;
use crate::{
    core::{
        list::Load,
        page::{
            SubjectPage,
            navigation::{Contents, contents},
            panels::{self, Panel},
            screen::{self, Piece, Screen},
        },
    },
    view::{
        theme::Tone,
        widgets::{boxes::frame, paint::Paint},
    },
};

pub(super) fn draw(paint: &mut Paint<'_>, page: &SubjectPage) -> Option<(u16, u16)> {
    let state = paint.state;
    let contents = contents(state, page);
    let screen = screen::of(state, page, &contents);
    for (panel, area) in &screen.frames {
        let (name, focused) = match panel {
            Some(at) => (
                title(paint, page, contents[*at].0),
                screen.cursor.is_some_and(|(panel, _)| panel == *at),
            ),
            None => (whole_title(paint, page), true),
        };
        frame(paint, *area, &name, focused);
    }
    let drawn = Drawn {
        page,
        contents: &contents,
        screen: &screen,
    };
    let mut cursor = None;
    for (area, piece) in &screen.pieces {
        cursor = drawn.piece(paint, *area, *piece).or(cursor);
    }
    cursor
}

/// The name of a panel; the first one's is that of the page.
fn title(paint: &Paint<'_>, page: &SubjectPage, panel: Panel) -> String {
    match panel {
        Panel::About => whole_title(paint, page),
        panel => panels::title(page, panel, paint.state.glyphs.dot()),
    }
}

/// The subject of the page.
fn whole_title(paint: &Paint<'_>, page: &SubjectPage) -> String {
    let state = paint.state;
    let name = match page.item() {
        Some(item) => item.name(),
        None => state.name_of(page.subject.id()),
    };
    format!("{} {} {name}", page.subject.noun(), state.glyphs.dot())
}

/// A page with what is on its screen.
struct Drawn<'a> {
    page: &'a SubjectPage,
    contents: &'a Contents<'a>,
    screen: &'a Screen,
}

impl Drawn<'_> {
    fn piece(&self, paint: &mut Paint<'_>, area: Rect, piece: Piece) -> Option<(u16, u16)> {
        match piece {
            Piece::Heading(at) => {
                let name = title(paint, self.page, self.contents[at].0);
                heading(paint, area, &name);
            }
            Piece::Head(at) => {
                let (panel, lines) = &self.contents[at];
                if let Some(line) = lines.first() {
                    row::head(paint, area, line, *panel);
                }
            }
            Piece::Nothing(at) => {
                let panel = self.contents[at].0;
                let load = self.page.load_of(panel);
                let (text, tone) = nothing(paint.state, &load, panel.nothing());
                paint.text(area, area.x + 2, area.y, &text, tone);
            }
            Piece::Chart(_) => {
                let load = self.page.load(panels::chart_part(self.page));
                if load == Load::Done {
                    chart::draw(paint, area, self.page, self.screen.is_stacked());
                } else {
                    let (text, tone) = nothing(paint.state, &load, "");
                    paint.text(area, area.x + 2, area.y, &text, tone);
                }
            }
            Piece::Line(panel, number) => {
                let selected = self.screen.cursor == Some((panel, number));
                let line = &self.contents[panel].1[number];
                row::draw(paint, area, line, &self.page.subject, selected);
                return selected.then_some((area.x, area.y));
            }
        }
        None
    }
}

/// The name of a panel on a line of its own.
fn heading(paint: &mut Paint<'_>, area: Rect, name: &str) {
    let line = if paint.state.glyphs.ascii { "-" } else { "─" };
    let rule = line.repeat(usize::from(area.width));
    paint.text(area, area.x, area.y, &rule, Tone::Border);
    let x = area.x + 1.min(area.width);
    paint.text(area, x, area.y, &format!(" {name} "), Tone::Title);
}
