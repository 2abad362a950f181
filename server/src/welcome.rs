//! Start message of the program: configuration in use, files created, and next steps.

use std::{env, io::Write as _, path::Path};

use doorward_server::{
    Doorward, Settings,
    settings::{LogFormat, Registration},
    store::{self, MASTER_KEY, OPERATOR_KEY},
};

/// How this program was installed; the console was installed the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InstallMethod {
    /// Built from a clone, which contains the console's sources too.
    Clone,
    /// A system service, from a package or by hand. Only root can read its key.
    Service,
    /// A program started by hand.
    Program,
}

impl InstallMethod {
    fn here() -> Self {
        let is_clone = |folder: &Path| folder.join("tui/Cargo.toml").is_file();
        if env::current_exe().is_ok_and(|exe| exe.ancestors().any(is_clone)) {
            Self::Clone
        } else if env::var_os("STATE_DIRECTORY").is_some() {
            // systemd sets the unit's state directory.
            Self::Service
        } else {
            Self::Program
        }
    }

    /// The command that opens the console for a server at `url` with its files in `directory`; includes what the
    /// console cannot find by itself.
    fn console(self, url: &str, directory: &Path) -> String {
        let mut options = String::new();
        if url != "http://127.0.0.1:8000" {
            options.push_str(&format!(" --server {url}"));
        }
        if self == Self::Service || directory != Settings::default().data_dir {
            let whole = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
            let key = whole.join(OPERATOR_KEY).display().to_string();
            options.push_str(&format!(" --key-file {}", quoted(&key)));
        }
        match self {
            Self::Clone if options.is_empty() => "cargo run --release -p doorward-tui".into(),
            Self::Clone => format!("cargo run --release -p doorward-tui --{options}"),
            Self::Service => format!("sudo doorward{options}"),
            Self::Program => format!("doorward{options}"),
        }
    }
}

/// Quotes a word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Reports the settings and data in use, what the first start created, and the next steps: as text, or as log lines if
/// the log format is JSON.
pub(crate) fn welcome(doorward: &Doorward, url: &str) {
    let directory = &doorward.settings().data_dir;
    let whole = std::path::absolute(directory).unwrap_or_else(|_| directory.clone());
    let file = Settings::file().map_or_else(
        || "no Rocket.toml, so defaults and the environment".into(),
        |file| file.display().to_string(),
    );
    let mut lines = vec![format!(
        "settings: {file}; data directory: {}",
        whole.display()
    )];
    if !doorward.created().is_empty() {
        lines.extend(first_start_text(doorward, url));
    }
    for line in lines {
        match doorward.settings().log_format {
            // If stderr is closed, the message is dropped.
            LogFormat::Plain => drop(writeln!(std::io::stderr(), "{line}")),
            LogFormat::Json => tracing::info!("{line}"),
        }
    }
}

fn first_start_text(doorward: &Doorward, url: &str) -> Vec<String> {
    let directory = doorward.settings().data_dir.display();
    let mut lines = vec![format!("created {directory}/{}", store::DATABASE)];
    for path in doorward.created() {
        let what = match path.file_name().and_then(|name| name.to_str()) {
            Some(MASTER_KEY) => "encrypts signing keys; keep a copy apart from the database",
            _ => "an API key that may do everything, for the console on this machine",
        };
        lines.push(format!("created {}: {what}", path.display()));
    }
    let console = InstallMethod::here().console(url, &doorward.settings().data_dir);
    let console = format!("open the console in another terminal: {console}");
    if doorward.settings().registration == Registration::Open {
        lines.push(format!(
            "next: make an account with\n  curl {url}/auth/register -H 'Content-Type: application/json' -d '{{\"email\":\"you@example.com\",\"password\":\"correct horse battery\"}}'"
        ));
        lines.push(format!("or {console}"));
    } else {
        lines.push(format!("next: {console}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_console_is_opened_the_way_it_was_installed() {
        let usual = ("http://127.0.0.1:8000", "doorward-data");
        let other = ("https://127.0.0.1:8443", "/srv/my data");
        for (installed, (url, directory), command) in [
            (
                InstallMethod::Clone,
                usual,
                "cargo run --release -p doorward-tui",
            ),
            (
                InstallMethod::Clone,
                other,
                "cargo run --release -p doorward-tui -- --server https://127.0.0.1:8443 \
                 --key-file '/srv/my data/operator.key'",
            ),
            (InstallMethod::Program, usual, "doorward"),
            (
                InstallMethod::Program,
                other,
                "doorward --server https://127.0.0.1:8443 --key-file '/srv/my data/operator.key'",
            ),
            (
                InstallMethod::Service,
                (usual.0, "/var/lib/doorward"),
                "sudo doorward --key-file /var/lib/doorward/operator.key",
            ),
        ] {
            assert_eq!(installed.console(url, Path::new(directory)), command);
        }
        assert_eq!(quoted("it's"), "'it'\\''s'");
        // These tests are built from a clone.
        assert_eq!(InstallMethod::here(), InstallMethod::Clone);
    }
}
