//! The operating system's keyring, through the freedesktop Secret Service's own command where there is one.

use std::{
    io::Write,
    process::{Command, Stdio},
};

fn command() -> Option<Command> {
    // Without a session bus `secret-tool` would wait or fail: there is no keyring then.
    std::env::var_os("DBUS_SESSION_BUS_ADDRESS")?;
    let mut command = Command::new("secret-tool");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Some(command)
}

pub(super) fn get(profile: &str) -> Option<String> {
    let mut command = command()?;
    command
        .args(["lookup", "service", "doorward", "profile", profile])
        .stdout(Stdio::piped());
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let key = String::from_utf8(output.stdout).ok()?;
    Some(key.trim().to_owned()).filter(|key| !key.is_empty())
}

pub(super) fn clear(profile: &str) {
    if let Some(mut command) = command() {
        command.args(["clear", "service", "doorward", "profile", profile]);
        // What is left there is nobody's key any more: nothing names it.
        let _ = command.status();
    }
}

pub(super) fn set(profile: &str, key: &str) -> bool {
    let store = || {
        let mut command = command()?;
        let label = format!("Doorward {profile}");
        command.args([
            "store", "--label", &label, "service", "doorward", "profile", profile,
        ]);
        let mut child = command.stdin(Stdio::piped()).spawn().ok()?;
        child.stdin.take()?.write_all(key.as_bytes()).ok()?;
        child.wait().ok().filter(std::process::ExitStatus::success)
    };
    // Believed after it was read back.
    store().is_some() && get(profile).as_deref() == Some(key)
}
