//! One column of a chart.

use ratatui::layout::Rect;

use crate::{
    core::dashboard::Series,
    view::{theme::Tone, widgets::paint::Paint},
};

/// One column.
pub(super) struct Column {
    pub x: u16,
    pub value: Option<f64>,
    pub looked_at: bool,
}

impl Column {
    /// Draws it, its cap bright, what is below it darker.
    pub(super) fn draw(&self, paint: &mut Paint<'_>, plot: Rect, series: Series, top: f64) {
        let (cap, fill) = if series.is_bad() {
            (Tone::Bad, Tone::BadFill)
        } else {
            (Tone::Accent, Tone::Fill)
        };
        let glyphs = paint.state.glyphs;
        if self.looked_at {
            let line = if glyphs.ascii { ":" } else { "┊" };
            for y in plot.top()..plot.bottom() {
                paint.text(plot, self.x, y, line, Tone::Title);
            }
        }
        let Some(value) = self.value else {
            paint.text(plot, self.x, plot.bottom() - 1, glyphs.dot(), Tone::Border);
            return;
        };
        let eighths = (value / top * f64::from(plot.height) * 8.).round() as usize;
        let eighths = if value > 0. { eighths.max(1) } else { 0 };
        let (full, rest) = (eighths / 8, eighths % 8);
        for step in 0..usize::from(plot.height) {
            let symbol = match step {
                step if step < full => glyphs.bars()[7],
                step if step == full && rest > 0 => glyphs.bars()[rest - 1],
                0 if glyphs.ascii => "_",
                0 => "▁",
                _ => break,
            };
            let is_cap = step + 1 == full && rest == 0 || step == full;
            let tone = match eighths {
                _ if self.looked_at => Tone::Title,
                0 => Tone::Border,
                _ if is_cap => cap,
                _ => fill,
            };
            let y = plot.bottom() - 1 - u16::try_from(step).unwrap_or_default();
            paint.text(plot, self.x, y, symbol, tone);
        }
    }
}
