//! Putting text on the screen, cleaned and cut to its room.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

pub(crate) use crate::core::text::wrapped;
use crate::{
    core::{
        State,
        text::{fit, width},
    },
    view::theme::Tone,
};

/// Where things are drawn, and how.
pub(crate) struct Paint<'a> {
    pub buffer: &'a mut Buffer,
    pub state: &'a State,
}

impl Paint<'_> {
    pub(crate) fn style(&self, tone: Tone) -> Style {
        crate::view::theme::of(self.state, tone)
    }

    /// One line of text; answers the columns it took.
    pub(crate) fn text(&mut self, area: Rect, x: u16, y: u16, text: &str, tone: Tone) -> u16 {
        let style = self.style(tone);
        self.styled(area, x, y, text, style)
    }

    pub(crate) fn styled(&mut self, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
        let area = area.intersection(*self.buffer.area());
        if y < area.y || y >= area.bottom() || x < area.x || x >= area.right() {
            return 0;
        }
        let room = area.right() - x;
        let text = fit(text, usize::from(room), self.state.glyphs.more());
        let (end, _) = self
            .buffer
            .set_stringn(x, y, &text, usize::from(room), style);
        end - x
    }

    /// Pieces after one another.
    pub(crate) fn pieces(&mut self, area: Rect, y: u16, pieces: &[(&str, Tone)]) {
        let mut x = area.x;
        for (text, tone) in pieces {
            x += self.text(area, x, y, text, *tone);
        }
    }

    pub(crate) fn fill(&mut self, area: Rect, style: Style) {
        self.buffer
            .set_style(area.intersection(*self.buffer.area()), style);
    }

    pub(crate) fn clear(&mut self, area: Rect) {
        let area = area.intersection(*self.buffer.area());
        for y in area.top()..area.bottom() {
            // A wide letter whose second half is covered would be drawn over what covers it.
            if let Some(before) = area.x.checked_sub(1)
                && let Some(cell) = self.buffer.cell_mut((before, y))
                && width(cell.symbol()) > 1
            {
                cell.set_symbol(" ");
            }
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
        let base = self.style(Tone::Base);
        self.fill(area, base);
    }
}

/// A line that ends at the right.
pub(crate) fn right_of(area: Rect, text: &str) -> u16 {
    let columns = u16::try_from(width(&crate::core::text::shown(text))).unwrap_or(u16::MAX);
    area.right().saturating_sub(columns).max(area.x)
}

/// A styled title for a border.
pub(crate) fn title(text: &str, style: Style) -> Line<'static> {
    Line::from(Span::styled(
        format!(" {} ", crate::core::text::shown(text)),
        style,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_keeps_its_left_edge_where_a_wide_letter_straddles_it() {
        let state = State::new((10, 1), Default::default(), Default::default());
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 1));
        let mut paint = Paint {
            buffer: &mut buffer,
            state: &state,
        };
        let whole = Rect::new(0, 0, 10, 1);
        paint.text(whole, 0, 0, "李李李", Tone::Base);
        let middle = Rect::new(3, 0, 4, 1);
        paint.clear(middle);
        paint.text(middle, 3, 0, "|", Tone::Base);
        assert_eq!(buffer[(2, 0)].symbol(), " ");
        assert_eq!(buffer[(3, 0)].symbol(), "|");
        assert_eq!(buffer[(0, 0)].symbol(), "李");
    }
}
