//! The question before something is destroyed or changed.

mod foot;

use ratatui::layout::Rect;

use self::foot::foot;
use crate::{
    core::confirm::{Confirm, PreviewState},
    view::{
        theme::Tone,
        widgets::{
            boxes::{danger, dialog, middle},
            paint::{Paint, wrapped},
        },
    },
};

/// Rows below the affected items: a gap, the equivalent command, the word, a message, the buttons.
const FOOT: u16 = 5;

pub(super) fn draw(paint: &mut Paint<'_>, whole: Rect, confirm: &Confirm) -> Option<(u16, u16)> {
    let columns = whole.width.saturating_sub(2).min(84);
    let room = usize::from(columns.saturating_sub(4));
    let lines = lines(paint, confirm, room);
    let foot = FOOT + u16::from(confirm.reason.is_some());
    let height = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_add(foot + 2);
    let area = middle(whole, columns, height.max(9));
    let inner = if confirm.is_danger() {
        danger(paint, area, &confirm.title)
    } else {
        dialog(paint, area, &confirm.title)
    };
    let shown = usize::from(inner.height.saturating_sub(foot));
    for (at, (line, tone)) in lines.iter().take(shown).enumerate() {
        paint.text(
            inner,
            inner.x,
            inner.y + u16::try_from(at).unwrap_or_default(),
            line,
            *tone,
        );
    }
    if lines.len() > shown && shown > 0 {
        let y = inner.y + u16::try_from(shown - 1).unwrap_or_default();
        paint.clear(Rect {
            y,
            height: 1,
            ..inner
        });
        paint.text(
            inner,
            inner.x,
            y,
            &format!("and {} lines more", lines.len() - shown + 1),
            Tone::Dim,
        );
    }
    self::foot(paint, inner, foot, confirm)
}

/// What happens and to whom, and how far it is known.
fn lines(paint: &Paint<'_>, confirm: &Confirm, room: usize) -> Vec<(String, Tone)> {
    let mut lines: Vec<(String, Tone)> = Vec::new();
    for line in &confirm.lines {
        lines.extend(
            wrapped(line, room)
                .into_iter()
                .map(|line| (line, Tone::Base)),
        );
    }
    match &confirm.preview_state {
        PreviewState::Asked(_) => lines.push((
            "Loading what this affects…".replace('…', paint.state.glyphs.more()),
            Tone::Dim,
        )),
        PreviewState::Failed(problem) => {
            let why = wrapped(&problem.message, room).into_iter();
            lines.extend(why.map(|line| (line, Tone::Warn)));
        }
        PreviewState::Known => {}
    }
    lines
}
