//! Where the dashboard's panels are.

use ratatui::layout::Rect;

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

/// Lines that a panel beside the chart takes, of so many.
fn wanted(panel: Panel, height: u16) -> u16 {
    match panel {
        // What is done stands last: it may have no room.
        Panel::Setup if height >= 20 => 9,
        Panel::Setup | Panel::Now => 8,
        _ => ENDING,
    }
}

/// Lines for what ends soon, at least: a row in its frame.
const ENDING: u16 = 3;

/// Panels that have room beside the chart: the focused one before the others. What has none is come to with Tab, but what
/// ends soon, which has its room elsewhere then.
fn beside(state: &State, height: u16, focused: Panel) -> Vec<Panel> {
    let all = state.dash_panels();
    let mut beside = vec![Panel::Now, Panel::Setup, Panel::Ending];
    beside.retain(|panel| all.contains(panel));
    let first = if beside.contains(&focused) && focused != Panel::Ending {
        focused
    } else {
        Panel::Setup
    };
    let wants = |panel: &Panel| wanted(*panel, height);
    let room = |panels: &[Panel]| panels.iter().map(wants).sum::<u16>();
    while beside.len() > 1 && room(&beside) > height {
        let last = beside.iter().rposition(|panel| *panel != first);
        beside.remove(last.unwrap_or_default());
    }
    beside
}

/// The chart with what there is beside it, then what fails, then what happens.
fn large(state: &State, area: Rect, focused: Panel) -> Places {
    let top_high = (area.height * 9 / 20).max(11);
    let middle_high = ((area.height - top_high) / 2).clamp(6, 14);
    let top = slice(area, 0, top_high);
    let middle = slice(area, top_high, middle_high);
    let events = slice(area, top_high + middle_high, area.height);
    let side_wide = (area.width / 4).clamp(30, 46);
    let side = part(top, top.width - side_wide, side_wide);
    let mut places = vec![
        (Panel::Chart, part(top, 0, top.width - side_wide)),
        (Panel::Events, events),
    ];
    let third = middle.width / 3;
    let mut clients = part(middle, 2 * third, middle.width - 2 * third);
    let beside = beside(state, side.height, focused);
    if !beside.contains(&Panel::Ending) {
        let ending = (middle.height / 3).max(ENDING);
        let (place, low) = (clients, clients.height - ending);
        clients = slice(place, 0, low);
        places.push((Panel::Ending, slice(place, low, ending)));
    }
    places.extend([
        (Panel::Networks, part(middle, 0, third)),
        (Panel::Accounts, part(middle, third, third)),
        (Panel::Clients, clients),
    ]);
    let mut y = 0;
    for (at, panel) in beside.iter().enumerate() {
        let last = at + 1 == beside.len();
        let height = if last {
            side.height - y
        } else {
            wanted(*panel, side.height)
        };
        places.push((*panel, slice(side, y, height)));
        y += height;
    }
    places
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
