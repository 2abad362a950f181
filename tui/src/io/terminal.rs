//! The terminal: taken over whole, and given back whole, however the program ends.

use std::io::{self, Write, stdout};

use crossterm::{
    cursor::{SetCursorStyle, Show},
    event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture},
    execute,
    terminal::{
        EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
        enable_raw_mode,
    },
};

/// Takes the terminal over.
///
/// # Errors
/// What the terminal says.
pub(super) fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    if mouse {
        execute!(stdout(), EnableMouseCapture)?;
    }
    Ok(())
}

/// Rings the bell.
///
/// # Errors
/// What the terminal says.
pub(super) fn bell() -> io::Result<()> {
    stdout().write_all(b"\x07")?;
    stdout().flush()
}

/// Gives the terminal back: mouse, paste, screen, cursor and line editing, each as it was. Harmless when done twice.
pub(super) fn leave() {
    let _ = execute!(
        stdout(),
        // Of a frame that was cut off.
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        SetCursorStyle::DefaultUserShape,
        Show
    );
    let _ = disable_raw_mode();
}

/// Gives the terminal back before a panic's message is printed. Only the main thread's: others go on.
pub(super) fn on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() == Some("main") {
            leave();
            before(panic);
        }
    }));
}

/// Gives the terminal back when it is dropped.
#[derive(Debug)]
pub(super) struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
    }
}

/// Sends text to the terminal's clipboard: OSC 52. Whether it arrives is the terminal's business.
///
/// # Errors
/// What the terminal says.
pub(super) fn copy(text: &str) -> io::Result<()> {
    use base64::Engine;
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    let mut out = stdout().lock();
    write!(out, "\x1b]52;c;{encoded}\x07")?;
    out.flush()
}

/// Stops the program as Ctrl-Z does a program that has not taken the terminal over; returns when it goes on.
pub(super) fn stop() {
    // The whole job stops, as the shell expects it.
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
}
