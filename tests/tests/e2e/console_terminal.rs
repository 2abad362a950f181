//! The console on a terminal that goes away.

use std::{
    fs::{File, OpenOptions},
    io::Read,
    os::unix::{fs::OpenOptionsExt, process::ExitStatusExt},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use doorward_tests::{Server, command, end};
use rustix::{
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, openpt, ptsname, unlockpt},
};

/// `O_NOCTTY` of Linux: the test itself is not to be signed up for the terminal.
const NO_CONTROLLING: i32 = 0o400;

/// Starts the console in a session of its own on a new terminal; answers the terminal's other end, once a frame was drawn.
fn console(server: &Server) -> (Child, File) {
    // Inherited by the console itself, or by another test's programs, it would never be closed.
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(NO_CONTROLLING)
        .open(name.to_str().unwrap())
        .unwrap();
    // A new terminal has no size, and nothing would be drawn on it.
    let sized = Command::new("stty")
        .args(["rows", "24", "cols", "80"])
        .stdin(Stdio::from(slave.try_clone().unwrap()))
        .status();
    assert!(sized.unwrap().success());
    // A session of its own has no controlling terminal: nothing but the closed file tells it.
    let mut started = command("doorward", server.directory());
    let console = started.get_program().to_owned();
    started = under("setsid", &started);
    started.arg(console);
    let child = started
        .env("DOORWARD_URL", server.url())
        .env("DOORWARD_KEY", server.operator_key())
        .env("XDG_CONFIG_HOME", server.directory())
        .env("TERM", "xterm-256color")
        .stdin(Stdio::from(slave.try_clone().unwrap()))
        .stdout(Stdio::from(slave.try_clone().unwrap()))
        .stderr(Stdio::from(slave))
        .spawn()
        .unwrap();
    let mut master = File::from(master);
    let mut seen = Vec::new();
    let mut bytes = [0; 4096];
    while !String::from_utf8_lossy(&seen).contains("doorward") {
        let count = master.read(&mut bytes).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&bytes[..count]);
    }
    (child, master)
}

/// The same surroundings for another program.
fn under(name: &str, like: &Command) -> Command {
    let mut other = Command::new(name);
    for (key, value) in like.get_envs() {
        match value {
            Some(value) => other.env(key, value),
            None => other.env_remove(key),
        };
    }
    if let Some(directory) = like.get_current_dir() {
        other.current_dir(directory);
    }
    other
}

#[test]
fn a_console_whose_terminal_vanished_ends_quietly() {
    let server = Server::start();
    let (mut child, master) = console(&server);
    drop(master);
    let status = end(&mut child, Duration::from_secs(5));
    assert_eq!(status.code(), Some(129), "{status:?}");
}

#[test]
fn a_hang_up_ends_it_quietly_too() {
    let server = Server::start();
    for vanishes in [false, true] {
        let (mut child, mut master) = console(&server);
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::HUP).unwrap();
        if vanishes {
            drop(master);
        } else {
            // What it says at its end is read, or it could not end.
            std::thread::spawn(move || {
                let mut rest = Vec::new();
                let _ = master.read_to_end(&mut rest);
            });
        }
        let since = Instant::now();
        let status = end(&mut child, Duration::from_secs(5));
        assert_eq!(
            (status.code(), status.signal()),
            (Some(129), None),
            "after {:?}",
            since.elapsed()
        );
    }
}
