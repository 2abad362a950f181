//! Runs the programs as a shell does.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
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
        "{name} is not built: cargo test --workspace, or --test program beside --test e2e"
    );
    path
}

/// How a program ended.
#[derive(Debug)]
pub struct ProgramOutput {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A command in `directory` with nothing of ours in its environment.
pub fn command(name: &str, directory: &Path) -> Command {
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
/// When it cannot be started, or does not end.
pub fn run(name: &str, directory: &Path, args: &[&str], env: &[(&str, &str)]) -> ProgramOutput {
    finish(
        command(name, directory)
            .args(args)
            .envs(env.iter().copied()),
    )
}

/// Runs a command to its end.
///
/// # Panics
/// When it cannot be started, or does not end within 60 seconds.
pub fn finish(command: &mut Command) -> ProgramOutput {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let stdout = read(child.stdout.take());
    let stderr = read(child.stderr.take());
    let status = end(&mut child, Duration::from_secs(60));
    ProgramOutput {
        code: status.code(),
        stdout: stdout.join().expect("the output is read"),
        stderr: stderr.join().expect("the output is read"),
    }
}

fn read(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    let mut pipe = pipe.expect("piped");
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Waits until a child has ended.
///
/// # Panics
/// When it takes longer than `within`; the child is killed then.
pub fn end(child: &mut Child, within: Duration) -> ExitStatus {
    let until = Instant::now() + within;
    loop {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return status;
        }
        if Instant::now() >= until {
            let _ = child.kill();
            panic!("it does not end within {within:?}");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

impl ProgramOutput {
    /// Checks that it failed as programs here fail: with `code`, nothing on stdout and one plain line on stderr.
    /// Answers the line.
    ///
    /// # Panics
    /// When it did otherwise.
    #[track_caller]
    pub fn failed(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        let line = self.stderr.strip_suffix('\n').unwrap_or(&self.stderr);
        assert!(line.starts_with("error: "), "{self:?}");
        assert!(!line.contains(['\n', '\r', '\u{1b}']), "{self:?}");
        line
    }

    /// Checks that it did what it was asked for; answers what it printed.
    ///
    /// # Panics
    /// When it failed.
    #[track_caller]
    pub fn done(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        &self.stdout
    }
}

/// Runs the CLI against a server, as its operator.
///
/// # Panics
/// When it cannot be started.
pub fn doorward(server: &super::Server, args: &[&str]) -> ProgramOutput {
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
