//! The program's command line. This test also makes cargo build the program, which the end-to-end tests start.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should panic"
)]

use std::process::{Command, Output, Stdio};

fn doorward(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_doorward"))
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

#[test]
fn version_and_help_are_on_stdout_and_are_success() {
    let version = doorward(&["--version"]);
    assert_eq!(version.status.code(), Some(0));
    let expected = format!("doorward {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8_lossy(&version.stdout), expected);
    assert_eq!(doorward(&["--help"]).status.code(), Some(0));
}

#[test]
fn the_console_without_a_terminal_is_wrong_usage() {
    let ended = doorward(&[]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.stdout.is_empty());
    let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(stderr.contains("terminal"), "{stderr}");
}
