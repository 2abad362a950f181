//! How far an import has come.

use std::path::Path;

use crate::io::progress::Progress;

/// Cells of the bar.
const CELLS: u64 = 30;

/// A bar that fills as the file is read.
#[derive(Debug)]
pub(super) struct Bar {
    /// Bytes there are to read, where that is known.
    of: Option<u64>,
    progress: Progress,
}

impl Bar {
    /// Of reading a file.
    pub(super) fn of(file: &Path) -> Self {
        Self {
            of: std::fs::metadata(file).ok().map(|metadata| metadata.len()),
            progress: Progress::of_work(),
        }
    }

    pub(super) fn show(&mut self, read: u64, rows: u64) {
        if let Some(of) = self.of {
            self.progress.show(|| bar(read, of, rows));
        }
    }

    /// Takes it away, so that a line can be written.
    pub(super) fn clear(&mut self) {
        self.progress.clear();
    }
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
