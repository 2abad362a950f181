//! Where things are on the screen; the mouse and the pages go by it too.

use ratatui::layout::{Rect, Size};

use super::{State, resource::Resource};

/// Lines of the chart above events, and the least height of a list that has one.
const HISTOGRAM: u16 = 3;
const HISTOGRAM_FROM: u16 = 24;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Areas {
    pub whole: Rect,
    /// Server, caller, whether all is well.
    pub title: Rect,
    /// The screens.
    pub tabs: Rect,
    /// What is wrong with the server; no height when nothing is.
    pub banner: Rect,
    /// The view with its frame.
    pub body: Rect,
    /// Rows of a list.
    pub rows: Rect,
    /// The pane with all about one thing, when it is open.
    pub detail: Rect,
    /// Words in passing.
    pub status: Rect,
    /// Keys.
    pub hints: Rect,
}

/// The list, and the pane beside it.
fn split(body: Rect) -> (Rect, Rect) {
    let right = body.width * 9 / 20;
    let left = body.width - right;
    let list = Rect {
        width: left,
        ..body
    };
    let detail = Rect {
        x: left,
        width: right,
        ..body
    };
    (list, detail)
}

impl Areas {
    pub(crate) fn of(state: &State) -> Self {
        let Size { width, height } = state.size;
        let whole = Rect::new(0, 0, width, height);
        let line = |y: u16, high: u16| {
            Rect::new(0, y.min(height), width, high.min(height.saturating_sub(y)))
        };
        // The lower a screen, the less stands around the view.
        let title = line(0, u16::from(height >= 8));
        let tabs = line(title.bottom(), u16::from(height >= 5));
        let wrong = state.connection.is_troubled(state.now) || state.alerts.banner().is_some();
        let banner = line(tabs.bottom(), u16::from(wrong && height >= 4));
        let hints_high = u16::from(height >= 6);
        let status_high = u16::from(height >= 3);
        let hints = line(height.saturating_sub(hints_high), hints_high);
        let status = line(hints.y.saturating_sub(status_high), status_high);
        let body = line(banner.bottom(), status.y.saturating_sub(banner.bottom()));
        let (list, detail) = if state.is_split() {
            split(body)
        } else {
            (body, body)
        };
        // When the events happened stands above them, where there is room.
        let above = match state.kind() {
            Some(Resource::Events) if list.height >= HISTOGRAM_FROM => HISTOGRAM,
            _ => 0,
        };
        let rows = Rect {
            x: list.x.saturating_add(1).min(list.right()),
            y: list.y.saturating_add(2 + above).min(list.bottom()),
            width: list.width.saturating_sub(2),
            height: list.height.saturating_sub(3 + above),
        };
        Self {
            whole,
            title,
            tabs,
            banner,
            body: list,
            rows,
            detail,
            status,
            hints,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_a_layout_inside_it() {
        for width in 0..130 {
            for height in 0..45 {
                let mut state = State::new(
                    Size { width, height },
                    Default::default(),
                    Default::default(),
                );
                state.connection.lost("gone", Default::default());
                let areas = Areas::of(&state);
                for area in [
                    areas.title,
                    areas.tabs,
                    areas.banner,
                    areas.body,
                    areas.status,
                    areas.hints,
                    areas.rows,
                ] {
                    assert!(
                        area.right() <= width && area.bottom() <= height,
                        "{width}x{height}: {area:?}"
                    );
                }
                assert!(areas.body.bottom() <= areas.status.y || areas.status.height == 0);
            }
        }
    }
}
