//! Where the dashboard's panels are.

mod large;

use ratatui::layout::Rect;

use self::large::large;
use crate::core::{
    State,
    dashboard::{Panel, Series},
};

/// The least room in which everything is shown at once, with a chart.
const LARGE: (u16, u16) = (100, 25);

type Places = Vec<(Panel, Rect)>;

pub(super) fn is_large(area: Rect) -> bool {
    area.width >= LARGE.0 && area.height >= LARGE.1
}

/// The panels that are shown; the focused one alone where there is no room for more.
pub(super) fn places(state: &State, area: Rect, focused: Panel) -> Places {
    if is_large(area) {
        large(state, area, focused)
    } else if area.width < 60 && area.height < 20 || area.height < 12 {
        vec![(focused, area)]
    } else {
        small(state, area, focused)
    }
}

fn slice(area: Rect, y: u16, height: u16) -> Rect {
    Rect {
        y: area.y + y.min(area.height),
        height: height.min(area.height.saturating_sub(y)),
        ..area
    }
}

fn part(area: Rect, x: u16, width: u16) -> Rect {
    Rect {
        x: area.x + x,
        width,
        ..area
    }
}

/// Which panel has the strip that several share.
fn shared(state: &State, focused: Panel) -> Panel {
    let own = [Panel::Setup, Panel::Ending, Panel::Events, Panel::Clients];
    if own.contains(&focused) {
        focused
    } else if state.dash_panels().contains(&Panel::Setup) {
        Panel::Setup
    } else if state
        .known
        .failing_clients
        .as_ref()
        .is_some_and(|all| !all.is_empty())
    {
        Panel::Clients
    } else {
        Panel::Events
    }
}

fn small(state: &State, area: Rect, focused: Panel) -> Places {
    let rows = Series::ALL.len() as u16 + 2;
    let series = slice(area, 0, rows);
    let rest = slice(area, series.height, area.height);
    let strip = shared(state, focused);
    if area.width < 60 {
        let quarter = rest.height / 4;
        let row = |number: u16| slice(rest, number * quarter, quarter);
        let last = slice(rest, 3 * quarter, rest.height);
        let panels = [Panel::Networks, Panel::Accounts, Panel::Now];
        let mut places: Places = panels.into_iter().zip([row(0), row(1), row(2)]).collect();
        places.extend([(Panel::Chart, series), (strip, last)]);
        return places;
    }
    // Too low for two rows of panels: the strip takes the others' place when it has the focus.
    let strip_high = match rest.height {
        0..9 if focused == strip => rest.height,
        0..9 => 0,
        // With room for what to do about the selected one.
        high if focused == strip => (high / 2).clamp(5, 12),
        high => (high / 3).clamp(4, 12),
    };
    let middle = slice(rest, 0, rest.height - strip_high);
    let now_wide = (area.width / 3).max(30).min(area.width);
    let half = (rest.width - now_wide) / 2;
    vec![
        (Panel::Chart, series),
        (Panel::Networks, part(middle, 0, half)),
        (
            Panel::Accounts,
            part(middle, half, rest.width - half - now_wide),
        ),
        (Panel::Now, part(middle, rest.width - now_wide, now_wide)),
        (strip, slice(rest, middle.height, strip_high)),
    ]
}
