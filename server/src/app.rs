//! The server as one value: its state, its start and its shutdown. Composes the services once; only `lib.rs` imports
//! this.

mod compose;
mod mail;
mod open;
mod restore;

use std::{path::PathBuf, sync::Arc};

use self::compose::Parts;
#[doc(hidden)]
pub use self::{
    mail::mail_test,
    restore::{RestoreOptions, restore},
};
#[doc(hidden)]
pub use crate::http::admin::apply::{ApplyRequest, Outcome};
use crate::{
    clock::Clock,
    http::{DoorwardFairing, Services},
    outbound::Outbound,
    service::KeyFileError,
    settings::Settings,
    store::StoreError,
};

/// Error of opening a data directory, as one line.
///
/// ```no_run
/// use doorward_server::{Doorward, OpenError, Settings};
///
/// # async fn app() {
/// match Doorward::open(Settings::default()).await {
///     Ok(doorward) => println!("open: {}", doorward.settings().data_dir.display()),
///     Err(error @ OpenError::MasterKey(_)) => eprintln!("{error}"),
///     Err(error) => eprintln!("it does not open: {error}"),
/// }
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    #[error(transparent)]
    /// A setting is wrong.
    Settings(#[from] crate::settings::SettingsError),
    /// The directory is in use, the disk fails, or the database is damaged or newer than this version.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of the data directory cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        error: std::io::Error,
    },
    /// The master key that encrypted the database's signing keys is missing.
    #[error(
        "master key {} not found; it decrypts the signing keys. Put the file back, or run `doorward-server restore`, \
         which creates new signing keys", .0.display()
    )]
    MasterKey(PathBuf),
    /// The signing keys or the hashing threads cannot be created.
    #[error("{0}")]
    Key(String),
}

impl From<KeyFileError> for OpenError {
    fn from(error: KeyFileError) -> Self {
        match error {
            KeyFileError::Store(error) => error.into(),
            KeyFileError::File { path, error } => Self::File { path, error },
        }
    }
}

/// An authorization server over one data directory. Cheap to clone.
///
/// ```no_run
/// use doorward_server::{Doorward, Settings};
///
/// # async fn app() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let doorward = Doorward::open(Settings {
///     data_dir: "/var/lib/shop/doorward".into(),
///     issuer: Some("https://shop.example".into()),
///     ..Settings::default()
/// })
/// .await?;
/// for path in doorward.created() {
///     println!("made {}", path.display());
/// }
/// rocket::build().attach(doorward.fairing()).launch().await?;
/// doorward.close();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Doorward {
    services: Arc<Services>,
    /// Files created at first start.
    created: Arc<[PathBuf]>,
}

impl Doorward {
    /// Opens a data directory, or creates one. A first start that was interrupted is completed.
    /// Without `settings.issuer` tokens name `http://127.0.0.1:8000`, Rocket's own default address.
    ///
    /// # Errors
    /// A wrong setting, a directory that is in use or cannot be written, a damaged or newer database, a master key
    /// that does not open the signing keys.
    pub async fn open(settings: Settings) -> Result<Self, OpenError> {
        Self::open_at(settings, Clock::system()).await
    }

    /// As [`Doorward::open`], with a given clock.
    ///
    /// # Errors
    /// As [`Doorward::open`].
    #[doc(hidden)]
    pub async fn open_at(settings: Settings, clock: Clock) -> Result<Self, OpenError> {
        Self::open_with(settings, clock, Outbound::default()).await
    }

    /// As [`Doorward::open_at`], with a given client for outgoing requests.
    pub(crate) async fn open_with(
        settings: Settings,
        clock: Clock,
        outbound: Outbound,
    ) -> Result<Self, OpenError> {
        let (parts, site, created) = Parts::open(settings, clock, outbound).await?;
        Ok(Self {
            services: Arc::new(parts.services(site)?),
            created: created.into(),
        })
    }

    /// The fairing that mounts everything in a Rocket app: `rocket.attach(doorward.fairing())`. All other paths, and
    /// their catchers, belong to the app.
    pub fn fairing(&self) -> DoorwardFairing {
        DoorwardFairing::new(self.services.clone(), false)
    }

    /// As [`Doorward::fairing`], for a server without other routes: unknown paths get the API's error format too.
    #[doc(hidden)]
    pub fn fairing_alone(&self) -> DoorwardFairing {
        DoorwardFairing::new(self.services.clone(), true)
    }

    /// Flushes buffered last-used times and the current minute's counters when the process ends. The fairing calls it
    /// at shutdown.
    #[doc(hidden)]
    pub async fn flush(&self) {
        self.services.jobs.flush_at_end().await;
    }

    /// For a hand-over between two Rocket instances: the one that stops writes nothing at shutdown, so that the port is
    /// free at once.
    #[doc(hidden)]
    pub fn hand_over(&self) {
        self.services.jobs.hand_over();
    }

    /// Closes storage after all queued writes, at the end of the process. Later calls are rejected.
    pub fn close(&self) {
        self.services.store.clone().close();
    }

    /// Applies a file of declared roles, clients and users, all of it or nothing.
    ///
    /// # Errors
    /// A sentence about the first mistake found.
    #[doc(hidden)]
    pub async fn apply(&self, wanted: &ApplyRequest) -> Result<Outcome, String> {
        let applied = self.services.apply(wanted).await;
        applied.map_err(|error| error.message().to_owned())
    }

    /// The settings this server was opened with.
    pub fn settings(&self) -> &Settings {
        &self.services.settings
    }

    /// Files created at first start; empty at any later one.
    pub fn created(&self) -> &[PathBuf] {
        &self.created
    }

    /// The services that handlers use, for tests and benchmarks; not part of the stable API.
    #[doc(hidden)]
    pub fn services(&self) -> &Services {
        &self.services
    }
}
