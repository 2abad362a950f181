//! How a server is started.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tempfile::TempDir;

use super::Server;

/// How a server is started.
#[derive(Debug, Default)]
pub struct Options {
    pub(super) env: Vec<(String, String)>,
    pub(super) args: Vec<String>,
    directory: Option<PathBuf>,
    rocket_toml: Option<String>,
}

impl Options {
    /// With a setting, by its key (`access_token_seconds`).
    #[must_use]
    pub fn set(self, key: &str, value: impl std::fmt::Display) -> Self {
        self.env(&format!("DOORWARD_{}", key.to_ascii_uppercase()), value)
    }

    /// With a variable of the environment.
    #[must_use]
    pub fn env(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.env.push((key.to_owned(), value.to_string()));
        self
    }

    /// With one more argument.
    #[must_use]
    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// With this data directory instead of a temporary one.
    #[must_use]
    pub fn data_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// With this `Rocket.toml` where it is started.
    #[must_use]
    pub fn rocket_toml(mut self, text: &str) -> Self {
        self.rocket_toml = Some(text.to_owned());
        self
    }

    /// Starts it and waits until it accepts connections.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(self) -> Server {
        let home = TempDir::new().expect("a temporary directory");
        if let Some(text) = &self.rocket_toml {
            std::fs::write(home.path().join("Rocket.toml"), text).expect("a settings file");
        }
        let data = self
            .directory
            .clone()
            .unwrap_or_else(|| home.path().join("data"));
        let mut server = Server {
            running: None,
            url: String::new(),
            http: reqwest_client(),
            log: Arc::default(),
            options: self,
            data,
            home,
        };
        server.start_again();
        server
    }
}

fn reqwest_client() -> reqwest::Client {
    // Fails when it was done before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(60))
        .build()
        .expect("a client")
}
