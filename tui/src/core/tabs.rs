//! The screens' tabs; the mouse goes by them too.

use super::{
    resource::Resource,
    sanitize::width,
    state::{State, View},
};

const TABS: [&str; 7] = [
    "Dashboard",
    "Users",
    "Sessions",
    "API keys",
    "Clients",
    "Events",
    "Health",
];

/// The screen that is shown, by its digit.
pub(crate) fn current(state: &State) -> Option<usize> {
    match &state.view {
        View::Dashboard { .. } => Some(0),
        View::Health { .. } => Some(6),
        View::Page(page) => page.subject.kind().and_then(tab_of),
        View::List(list) => tab_of(list.kind),
        View::Incident(_) => None,
    }
}

fn tab_of(kind: Resource) -> Option<usize> {
    match kind {
        Resource::Users => Some(1),
        Resource::Sessions => Some(2),
        Resource::Keys => Some(3),
        Resource::Clients => Some(4),
        Resource::Events => Some(5),
        Resource::Roles | Resource::Signing | Resource::Blocks | Resource::Profiles => None,
    }
}

/// Texts of the tabs: names where there is room, digits and the current name where there is not.
pub(crate) fn labels(state: &State) -> Vec<String> {
    let current = current(state);
    let full = TABS.iter().enumerate().map(|(at, name)| match current {
        Some(now) if now == at => format!("[{} {name}]", at + 1),
        _ => format!(" {} {name} ", at + 1),
    });
    let full: Vec<String> = full.collect();
    let length: usize = full.iter().map(|label| width(label)).sum();
    if length <= usize::from(state.size.width) {
        return full;
    }
    let short = |(at, label): (usize, String)| match current {
        Some(now) if now == at => label,
        _ => format!(" {} ", at + 1),
    };
    full.into_iter().enumerate().map(short).collect()
}

/// The digit of the tab at a column.
pub(crate) fn tab_at(state: &State, column: u16) -> Option<u8> {
    let mut x = 0;
    for (at, label) in labels(state).iter().enumerate() {
        x += width(label);
        if usize::from(column) < x {
            return u8::try_from(at + 1).ok();
        }
    }
    None
}
