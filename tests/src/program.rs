//! The programs as a shell starts them.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Where a program of this workspace was built, beside the running test.
///
/// # Panics
/// When it was not built.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test has a path");
    let built = test
        .ancestors()
        .nth(2)
        .expect("tests are built in target/PROFILE/deps");
    let path = built.join(name);
    assert!(
        path.is_file(),
        "{name} is not built: cargo test --workspace, or --test program beside the test's own name"
    );
    path
}

/// How a program ended.
#[derive(Debug)]
pub struct Finished {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A command in `directory` with nothing of ours in its environment.
pub(crate) fn command(name: &str, directory: &Path) -> Command {
    let mut command = Command::new(program(name));
    for (key, _) in std::env::vars_os() {
        let text = key.to_string_lossy().to_ascii_uppercase();
        if text.starts_with("DOORWARD_") || text.starts_with("ROCKET_") || text == "RUST_LOG" {
            command.env_remove(key);
        }
    }
    command.current_dir(directory).stdin(Stdio::null());
    command
}

/// Runs a program to its end in `directory`, with `env` besides.
///
/// # Panics
/// When it cannot be started.
pub fn run(name: &str, directory: &Path, args: &[&str], env: &[(&str, &str)]) -> Finished {
    let output = command(name, directory)
        .args(args)
        .envs(env.iter().copied())
        .output()
        .expect("the program starts");
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs the console's twin against a server, as its operator.
///
/// # Panics
/// When it cannot be started.
pub fn doorward(server: &super::Server, args: &[&str]) -> Finished {
    let key = server.operator_key();
    let config = server.directory().join("no-such-config");
    let config = config.to_string_lossy();
    let env = [
        ("DOORWARD_URL", server.url()),
        ("DOORWARD_KEY", &key),
        ("XDG_CONFIG_HOME", &config),
    ];
    run("doorward", server.directory(), args, &env)
}
