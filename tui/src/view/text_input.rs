//! A line that is typed, with the cursor in it.

use ratatui::layout::Rect;

use crate::{
    core::{
        sanitize::{shown, width},
        text_input::TextInput,
    },
    view::{theme::Tone, widgets::paint::Paint},
};

/// Draws a line, masked or not; answers where the cursor is. A long one moves left under the cursor.
pub(super) fn line(
    paint: &mut Paint<'_>,
    area: Rect,
    line: &TextInput,
    masked: bool,
) -> Option<(u16, u16)> {
    if area.width == 0 || area.height == 0 {
        return None;
    }
    let mask = paint.state.glyphs.mask();
    let draw = |text: &str| {
        if masked {
            mask.repeat(text.chars().count())
        } else {
            shown(text)
        }
    };
    let before: String = line.text().chars().take(line.cursor()).collect();
    let after: String = line.text().chars().skip(line.cursor()).collect();
    let mut left = draw(&before);
    let room = usize::from(area.width) - 1;
    while width(&left) > room {
        left.remove(0);
    }
    paint.text(
        area,
        area.x,
        area.y,
        &format!("{left}{}", draw(&after)),
        Tone::Base,
    );
    let x = area.x + u16::try_from(width(&left)).unwrap_or_default();
    Some((x, area.y))
}

/// Draws two buttons; returns the column of the focused one.
pub(super) fn buttons(
    paint: &mut Paint<'_>,
    area: Rect,
    verb: &str,
    focus: Option<bool>,
    ready: bool,
) -> Option<(u16, u16)> {
    let mut place = None;
    let mut x = area.x;
    for (button, label) in [(false, "Cancel"), (true, verb)] {
        let focused = focus == Some(button);
        let (text, tone) = if focused {
            place = Some((x, area.y));
            (format!(">[ {label} ]"), Tone::Selected)
        } else {
            let tone = if button && !ready {
                Tone::Dim
            } else {
                Tone::Base
            };
            (format!(" [ {label} ]"), tone)
        };
        x += paint.text(area, x, area.y, &text, tone) + 2;
    }
    place
}
