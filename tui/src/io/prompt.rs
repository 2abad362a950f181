//! Reading a line that is not shown, in raw mode.

use std::io;

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, read};

/// Reads until Enter. Ctrl-C and Esc give up.
///
/// # Errors
/// What the terminal says; [`io::ErrorKind::Interrupted`] when it was given up.
pub(super) fn hidden_line() -> io::Result<String> {
    let mut line = String::new();
    loop {
        let Event::Key(key) = read()? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        match key.code {
            KeyCode::Enter => return Ok(line),
            KeyCode::Esc => return Err(io::ErrorKind::Interrupted.into()),
            KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                return Err(io::ErrorKind::Interrupted.into());
            }
            KeyCode::Backspace => {
                line.pop();
            }
            KeyCode::Char(c) => line.push(c),
            _ => {}
        }
    }
}
