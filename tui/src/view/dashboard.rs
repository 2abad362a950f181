//! How the server is doing: now, over the last hour, day or week, and what fails most.

mod layout;
mod legend;
mod panels;
mod series;

pub(super) use self::panels::event_tone;

use ratatui::layout::Rect;

use crate::{
    core::{State, dashboard::Panel, list::Load, state::View},
    view::widgets::{
        boxes::frame,
        paint::{Paint, wrapped},
    },
};

pub(super) fn draw(paint: &mut Paint<'_>, area: Rect) -> Option<(u16, u16)> {
    let state = paint.state;
    let View::Dashboard { panel, at } = state.view else {
        return None;
    };
    if state.known.stats.is_none() {
        return unknown(paint, area);
    }
    let mut cursor = None;
    for (one, place) in layout::places(state, area, panel) {
        if place.height == 0 || place.width == 0 {
            continue;
        }
        let chosen = (one == panel).then_some(at);
        let at = if one == Panel::Chart && layout::is_large(area) {
            series::draw(paint, place, chosen)
        } else {
            panels::draw(paint, place, one, chosen)
        };
        cursor = at.or(cursor);
    }
    cursor
}

fn unknown(paint: &mut Paint<'_>, area: Rect) -> Option<(u16, u16)> {
    let state: &State = paint.state;
    let inner = frame(paint, area, "Dashboard", true);
    let load = match &state.known.stats_problem {
        Some(problem) => Load::Failed(problem.clone()),
        None => Load::Waiting(state.connection.asked_at.unwrap_or(state.now.ms)),
    };
    let (text, tone) = super::chrome::nothing(state, &load, "");
    let lines = wrapped(&text, usize::from(inner.width.saturating_sub(4)));
    for (y, line) in (inner.y + 1..).zip(&lines) {
        paint.text(inner, inner.x + 2, y, line, tone);
    }
    None
}
