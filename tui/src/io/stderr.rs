//! Lines on standard error. The macros of the standard library panic where it is closed, as it is when the terminal is gone.

use std::io::Write;

use crate::core::sanitize::clean;

/// Says a line.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{}", clean(line));
}

/// Asks something on a line that goes on.
pub(crate) fn ask(text: &str) {
    let mut out = std::io::stderr();
    let _ = write!(out, "{}", clean(text)).and_then(|()| out.flush());
}
