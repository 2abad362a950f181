//! The screen: what a frame writes is held back until the frame is whole, and a frame that changes nothing writes nothing.

use std::io::{self, Stdout, Write};

use super::sgr;
use crate::core::own_theme::ColourDepth;
use crossterm::{
    cursor::{Hide, MoveTo, Show},
    execute, queue,
    terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate},
};
use ratatui::{
    Terminal,
    backend::{Backend, ClearType, CrosstermBackend, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
};

pub(super) type Screen = Terminal<FrameWriter<Stdout>>;

/// The terminal's cursor; `None` is what is not known.
#[derive(Debug, Default, PartialEq, Eq)]
struct Cursor {
    shown: Option<bool>,
    at: Option<Position>,
}

/// Writes each frame in one piece between the marks of a synchronized update: terminals that know them show it whole, so
/// that nothing flickers; others pass them over.
#[derive(Debug)]
pub(super) struct FrameWriter<W> {
    out: W,
    held: Vec<u8>,
    cursor: Cursor,
    depth: ColourDepth,
}

impl<W> FrameWriter<W> {
    pub(super) fn new(out: W, depth: ColourDepth) -> Self {
        Self {
            out,
            held: Vec::new(),
            cursor: Cursor::default(),
            depth,
        }
    }

    /// What encodes cells and answers questions about the terminal.
    fn encoder(&mut self) -> CrosstermBackend<&mut Vec<u8>> {
        CrosstermBackend::new(&mut self.held)
    }
}

impl<W: Write> Backend for FrameWriter<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        // The library ends even an empty frame with sequences that reset colours.
        if content.peek().is_none() {
            return Ok(());
        }
        self.cursor.at = None;
        self.encoder().draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor.shown.replace(false) != Some(false) {
            queue!(self.held, Hide)?;
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.cursor.shown.replace(true) != Some(true) {
            queue!(self.held, Show)?;
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.encoder().get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let at = position.into();
        if self.cursor.at.replace(at) != Some(at) {
            queue!(self.held, MoveTo(at.x, at.y))?;
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        // It is cleared where something else may have written: after a stop, or by a terminal of another size.
        self.cursor = Cursor::default();
        self.encoder().clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        let (width, height) = crossterm::terminal::size()?;
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.encoder().window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        queue!(self.out, BeginSynchronizedUpdate)?;
        if self.depth == ColourDepth::Sixteen {
            self.held = sgr::in_sixteen(&self.held);
        }
        self.out.write_all(&self.held)?;
        self.held.clear();
        execute!(self.out, EndSynchronizedUpdate)
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{TerminalOptions, Viewport, layout::Rect};

    use super::*;
    use crate::{
        core::{Msg, resource::Resource, update},
        tests::test_console::TestConsole,
        view,
    };

    fn writer(depth: ColourDepth) -> FrameWriter<Vec<u8>> {
        FrameWriter::new(Vec::new(), depth)
    }

    #[test]
    fn a_terminal_of_sixteen_colours_is_told_them_by_their_old_numbers() {
        let (mut screen, mut bench) = given();
        screen.backend_mut().depth = ColourDepth::Sixteen;
        bench.state.theme = crate::core::appearance::Theme::Dark;
        bench.state.depth = ColourDepth::Sixteen;
        let told = written(&mut screen, &bench);
        assert!(told.contains("\x1b[36;49m"), "{told:?}");
        assert!(!told.contains("8;5;"), "{told:?}");
    }

    /// A screen whose output is kept, and a list of users to show on it.
    fn given() -> (Terminal<FrameWriter<Vec<u8>>>, TestConsole) {
        let (width, height) = (80, 24);
        let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
        let screen =
            Terminal::with_options(writer(ColourDepth::Indexed), TerminalOptions { viewport });
        (
            screen.unwrap(),
            TestConsole::on(Resource::Users, width, height),
        )
    }

    /// What the next frame writes.
    fn written(screen: &mut Terminal<FrameWriter<Vec<u8>>>, bench: &TestConsole) -> String {
        screen
            .draw(|frame| view::view(&bench.state, frame))
            .unwrap();
        String::from_utf8(std::mem::take(&mut screen.backend_mut().out)).unwrap()
    }

    #[test]
    fn a_frame_is_one_synchronized_update() {
        let (mut screen, bench) = given();
        let first = written(&mut screen, &bench);
        assert!(first.starts_with("\x1b[?2026h"), "{first:?}");
        assert!(first.ends_with("\x1b[?2026l"), "{first:?}");
        assert_eq!(first.matches("\x1b[?2026").count(), 2, "{first:?}");
    }

    #[test]
    fn an_unchanged_frame_writes_nothing() {
        let (mut screen, mut bench) = given();
        written(&mut screen, &bench);
        update(&mut bench.state, Msg::Tick);
        assert!(bench.state.dirty, "a tick asks for a frame");
        assert_eq!(written(&mut screen, &bench), "");
    }

    #[test]
    fn a_cursor_is_told_of_only_where_it_changes() {
        let (mut screen, mut bench) = given();
        written(&mut screen, &bench);
        bench.type_in("j");
        let moved = written(&mut screen, &bench);
        assert!(moved.contains("\x1b[?2026h"), "{moved:?}");
        assert!(!moved.contains("\x1b[?25h"), "it was shown: {moved:?}");
        let backend = screen.backend_mut();
        for _ in 0..2 {
            backend.set_cursor_position((3, 4)).unwrap();
            backend.hide_cursor().unwrap();
        }
        backend.flush().unwrap();
        let told = String::from_utf8(std::mem::take(&mut backend.out)).unwrap();
        assert_eq!(told, "\x1b[?2026h\x1b[5;4H\x1b[?25l\x1b[?2026l");
    }

    #[test]
    fn a_cleared_screen_is_told_of_its_cursor_again() {
        let (mut screen, bench) = given();
        let first = written(&mut screen, &bench);
        let backend = screen.backend_mut();
        backend.clear().unwrap();
        backend.show_cursor().unwrap();
        backend.flush().unwrap();
        let told = String::from_utf8(std::mem::take(&mut backend.out)).unwrap();
        assert!(first.contains("\x1b[?25h"), "{first:?}");
        assert_eq!(told, "\x1b[?2026h\x1b[2J\x1b[?25h\x1b[?2026l");
    }
}
