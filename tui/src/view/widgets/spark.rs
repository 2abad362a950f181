//! Bars in one line of text: a row of columns, and a share of a width.

use ratatui::layout::Rect;

use super::paint::Paint;
use crate::{core::appearance::Glyphs, view::theme::Tone};

/// The last `columns` values as bars, oldest first; the highest is the tallest.
pub(crate) fn bars(values: &[f64], columns: usize, glyphs: Glyphs) -> String {
    let start = values.len().saturating_sub(columns);
    let shown = &values[start..];
    let top = shown.iter().copied().fold(0., f64::max);
    let set = glyphs.bars();
    let bar = |value: &f64| {
        if *value <= 0. || top <= 0. {
            return if glyphs.ascii { " " } else { "▁" };
        }
        let step = (value / top * (set.len() as f64 - 1.)).round();
        set[(step as usize).min(set.len() - 1)]
    };
    let mut out = " ".repeat(columns.saturating_sub(shown.len()));
    out.extend(shown.iter().map(bar));
    out
}

/// A bar from the left: which part of these columns it fills.
pub(crate) fn bar(paint: &mut Paint<'_>, area: Rect, x: u16, columns: u16, part: f64, tone: Tone) {
    let eighths = (part * f64::from(columns) * 8.).round() as usize;
    let eighths = if part > 0. { eighths.max(1) } else { 0 };
    let glyphs = paint.state.glyphs;
    let mut text = glyphs.part(8).repeat(eighths / 8);
    text.push_str(glyphs.part(eighths % 8));
    paint.text(area, x, area.y, &text, tone);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_is_the_tallest_and_old_values_fall_out() {
        let glyphs = Glyphs { ascii: false };
        assert_eq!(bars(&[9., 0., 4., 8.], 3, glyphs), "▁▅█");
        assert_eq!(bars(&[1.], 3, Glyphs { ascii: true }), "  #");
        assert_eq!(bars(&[], 2, glyphs), "  ");
    }
}
