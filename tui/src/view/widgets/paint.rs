//! Putting text on the screen, cleaned and cut to its room.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

pub(crate) use crate::core::sanitize::wrapped;
use crate::{
    core::{
        State,
        sanitize::{fit, width},
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

    /// One line of text; returns the columns it took.
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
        self.letters(x, y, &text, style) - x
    }

    /// Puts letters into cells as terminals do, one by one: a vowel sign that takes a column has a cell of its own, so that
    /// what is drawn over it later takes it away. Answers the column behind the last one.
    fn letters(&mut self, x: u16, y: u16, text: &str, style: Style) -> u16 {
        let mut x = x;
        let right = self.buffer.area().right();
        let mut last = None;
        for c in text.chars() {
            let columns = u16::try_from(width(c.encode_utf8(&mut [0; 4]))).unwrap_or(0);
            if columns == 0 {
                // A mark stands on the letter before it.
                if let Some(cell) = last.and_then(|at| self.buffer.cell_mut(at)) {
                    let marked = format!("{}{c}", cell.symbol());
                    cell.set_symbol(&marked);
                }
                continue;
            }
            if x.saturating_add(columns) > right {
                break;
            }
            for at in x..x + columns {
                if let Some(cell) = self.buffer.cell_mut((at, y)) {
                    cell.set_symbol(" ").set_style(style);
                }
            }
            if let Some(cell) = self.buffer.cell_mut((x, y)) {
                cell.set_char(c);
            }
            last = Some((x, y));
            x += columns;
        }
        x
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
    let columns = u16::try_from(width(&crate::core::sanitize::shown(text))).unwrap_or(u16::MAX);
    area.right().saturating_sub(columns).max(area.x)
}

/// A styled title for a border.
pub(crate) fn title(text: &str, style: Style) -> Line<'static> {
    Line::from(Span::styled(
        format!(" {} ", crate::core::sanitize::shown(text)),
        style,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vowel_sign_that_takes_a_column_is_gone_when_something_is_drawn_over_it() {
        let state = State::new((10, 1).into(), Default::default(), Default::default());
        let whole = Rect::new(0, 0, 10, 1);
        let drawn = |text: &str| {
            let mut buffer = Buffer::empty(whole);
            let mut paint = Paint {
                buffer: &mut buffer,
                state: &state,
            };
            paint.text(whole, 0, 0, text, Tone::Base);
            buffer
        };
        let before = drawn("नीरज e\u{301}x");
        assert_eq!(before[(1, 0)].symbol(), "\u{940}");
        assert_eq!(before[(5, 0)].symbol(), "e\u{301}");
        let after = drawn("ab");
        // What a terminal is sent for the second frame reaches each column of the first.
        let sent: Vec<u16> = before.diff(&after).into_iter().map(|(x, _, _)| x).collect();
        assert_eq!(sent, [0, 1, 2, 3, 5, 6]);
    }

    #[test]
    fn a_box_keeps_its_left_edge_where_a_wide_letter_straddles_it() {
        let state = State::new((10, 1).into(), Default::default(), Default::default());
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
