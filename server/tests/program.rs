//! The program's command line. This test also makes cargo build the program, which the end-to-end tests start.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should panic"
)]

use std::process::{Command, Output};

fn doorward_server(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_doorward-server"))
        .args(args)
        .output()
        .expect("the program starts")
}

#[test]
fn version_and_help_are_on_stdout_and_are_success() {
    let version = doorward_server(&["--version"]);
    assert_eq!(version.status.code(), Some(0));
    let expected = format!("doorward-server {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8_lossy(&version.stdout), expected);
    let help = doorward_server(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for command in [
        "serve",
        "backup",
        "restore",
        "check",
        "operator-key",
        "openapi",
    ] {
        assert!(help.contains(command), "{command} is missing in {help}");
    }
}

#[test]
fn wrong_usage_is_one_line_on_stderr_and_code_2() {
    for args in [
        &["--no-such-flag"][..],
        &["no-such-command"],
        &["backup"],
        &["--port", "many"],
    ] {
        let ended = doorward_server(args);
        assert_eq!(ended.status.code(), Some(2), "{args:?}");
        assert!(ended.stdout.is_empty(), "{args:?}");
        assert_eq!(
            String::from_utf8_lossy(&ended.stderr).lines().count(),
            1,
            "{args:?}"
        );
    }
}
