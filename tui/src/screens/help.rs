//! The help, made from the keymap's rows.

use ratatui::layout::Rect;

use crate::{
    keymap::{Binding, Keymap, Spot},
    theme::Tone,
    widgets::{
        boxes::{dialog, middle},
        paint::Paint,
    },
};

/// Keys of dialogs, which are always the same.
const DIALOGS: [(&str, &str); 5] = [
    ("esc", "Cancel: close the dialog, do nothing"),
    ("tab", "to the next field or button"),
    ("enter", "do it, once the word is typed"),
    ("ctrl-s", "a form: go on"),
    ("v c w", "a secret: view, clipboard, write a file"),
];

fn keys(binding: &Binding) -> String {
    binding
        .keys
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Lines of the whole help.
pub fn length(keymap: &Keymap) -> usize {
    keymap.rows(&ALL).count() + DIALOGS.len() + 3
}

const ALL: [Spot; 14] = [
    Spot::Anywhere,
    Spot::List,
    Spot::Users,
    Spot::Sessions,
    Spot::Keys,
    Spot::Clients,
    Spot::Events,
    Spot::Roles,
    Spot::Signing,
    Spot::Profiles,
    Spot::Dashboard,
    Spot::Health,
    Spot::Incident,
    Spot::Detail,
];

pub fn draw(paint: &mut Paint<'_>, area: Rect, scroll: usize) -> Option<(u16, u16)> {
    let state = paint.state;
    let inner = dialog(
        paint,
        middle(area, area.width.min(76), area.height),
        "Keys (esc Cancel)",
    );
    let spots = state.spots();
    let mut lines: Vec<(String, &str, Tone)> = Vec::new();
    // What is good here first.
    let (here, elsewhere): (Vec<_>, Vec<_>) = state.keymap.rows(&ALL).partition(|binding| {
        binding
            .row
            .spots
            .iter()
            .any(|spot| spots.contains(spot) || *spot == Spot::Anywhere)
    });
    lines.extend(
        here.into_iter()
            .map(|binding| (keys(binding), binding.row.help, Tone::Base)),
    );
    lines.push((String::new(), "in dialogs", Tone::Title));
    lines.extend(
        DIALOGS
            .iter()
            .map(|(key, help)| ((*key).to_owned(), *help, Tone::Base)),
    );
    lines.push((String::new(), "on other screens", Tone::Title));
    lines.extend(
        elsewhere
            .into_iter()
            .map(|binding| (keys(binding), binding.row.help, Tone::Dim)),
    );
    let height = usize::from(inner.height);
    let skip = scroll.min(lines.len().saturating_sub(height));
    for (at, (key, help, tone)) in lines.iter().skip(skip).take(height).enumerate() {
        let y = inner.y + u16::try_from(at).unwrap_or_default();
        paint.text(
            Rect {
                width: inner.width.min(20),
                ..inner
            },
            inner.x,
            y,
            key,
            Tone::Key,
        );
        paint.text(inner, inner.x + 21.min(inner.width / 2), y, help, *tone);
    }
    Some((inner.x, inner.y))
}
