//! How far a long command has come, on a terminal.

use std::{
    io::{IsTerminal, Write},
    path::Path,
    time::{Duration, Instant},
};

/// How often the bar is drawn.
const EVERY: Duration = Duration::from_millis(200);
/// Cells of the bar.
const CELLS: u64 = 30;

/// A bar on standard error; nothing where that is no terminal.
#[derive(Debug)]
pub(super) struct Progress {
    /// Bytes there are to read, where it is shown.
    of: Option<u64>,
    drawn: Option<Instant>,
}

impl Progress {
    /// Of reading a file.
    pub(super) fn of(file: &Path) -> Self {
        let bytes = || std::fs::metadata(file).ok().map(|metadata| metadata.len());
        Self {
            of: std::io::stderr().is_terminal().then(bytes).flatten(),
            drawn: None,
        }
    }

    /// Draws it, unless that was done just now.
    pub(super) fn show(&mut self, read: u64, rows: u64) {
        let Some(of) = self.of else {
            return;
        };
        if self.drawn.is_some_and(|at| at.elapsed() < EVERY) {
            return;
        }
        self.drawn = Some(Instant::now());
        put(&bar(read, of, rows));
    }

    /// Takes the bar away, so that a line can be written.
    pub(super) fn clear(&mut self) {
        if self.drawn.take().is_some() {
            put("");
        }
    }

    /// Takes the bar away for good.
    pub(super) fn end(&mut self) {
        self.clear();
        self.of = None;
    }
}

fn put(text: &str) {
    let mut out = std::io::stderr();
    let _ = write!(out, "\r\x1b[K{text}").and_then(|()| out.flush());
}

fn bar(read: u64, of: u64, rows: u64) -> String {
    let full = read.min(of) * CELLS / of.max(1);
    let (done, left) = (
        "#".repeat(full as usize),
        "-".repeat((CELLS - full) as usize),
    );
    format!(
        "[{done}{left}] {:>3} %  {rows} rows",
        read.min(of) * 100 / of.max(1)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_and_never_runs_over() {
        assert_eq!(bar(0, 10, 0), format!("[{}]   0 %  0 rows", "-".repeat(30)));
        assert_eq!(
            bar(5, 10, 7),
            format!("[{}{}]  50 %  7 rows", "#".repeat(15), "-".repeat(15))
        );
        assert_eq!(
            bar(11, 10, 8),
            format!("[{}] 100 %  8 rows", "#".repeat(30))
        );
        assert_eq!(bar(0, 0, 0), format!("[{}]   0 %  0 rows", "-".repeat(30)));
    }
}
