//! Where the panels are on a large screen, which shows all of them.

use ratatui::layout::Rect;

use super::{Places, part, slice};
use crate::core::{State, dashboard::Panel};

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
pub(super) fn large(state: &State, area: Rect, focused: Panel) -> Places {
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
