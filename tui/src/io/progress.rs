//! How far a long command has come: one line on standard error that is gone at its end, for who sits before it.

use std::{
    fs::File,
    io::{self, IsTerminal, Write},
    os::fd::AsFd,
    time::{Duration, Instant},
};

/// How often it is drawn, and how long a command takes at least before it is.
const EVERY: Duration = Duration::from_millis(200);
const QUIET_PERIOD: Duration = Duration::from_millis(500);

/// The line. Nothing where standard error is no terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    is_shown: bool,
    since: Instant,
    drawn: Option<Instant>,
}

impl Progress {
    /// Of work that prints only when it is done.
    pub(crate) fn of_work() -> Self {
        Self::shown(true)
    }

    /// Of rows that are printed as they come: on a terminal they are seen themselves, and in a pipe the next program may
    /// use the terminal. So it is for those that go into a file.
    pub(crate) fn of_rows() -> Self {
        let file = io::stdout().as_fd().try_clone_to_owned().map(File::from);
        let metadata = file.and_then(|file| file.metadata());
        Self::shown(metadata.is_ok_and(|metadata| metadata.is_file()))
    }

    fn shown(here: bool) -> Self {
        Self {
            is_shown: here && io::stderr().is_terminal(),
            since: Instant::now(),
            drawn: None,
        }
    }

    /// Draws it, unless that was done just now.
    pub(crate) fn show(&mut self, text: impl FnOnce() -> String) {
        let just_now = self.drawn.is_some_and(|at| at.elapsed() < EVERY);
        if !self.is_shown || just_now || self.since.elapsed() < QUIET_PERIOD {
            return;
        }
        self.drawn = Some(Instant::now());
        put(&text());
    }

    /// Takes it away, so that a line can be written.
    pub(crate) fn clear(&mut self) {
        if self.drawn.take().is_some() {
            put("");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn put(text: &str) {
    let mut out = io::stderr();
    let _ = write!(out, "\r\x1b[K{text}").and_then(|()| out.flush());
}
