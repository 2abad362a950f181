//! The server as one value: what it is made of, and how it starts. Composes the services once; nothing imports this but
//! the library's face.

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

/// Why a server does not start, in one line.
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
        /// What the system said.
        error: std::io::Error,
    },
    /// The database's signing keys are sealed with a master key that is gone.
    #[error(
        "master key {} not found; it decrypts the signing keys. Put the file back, or run `doorward-server restore`, \
         which creates new signing keys", .0.display()
    )]
    MasterKey(PathBuf),
    /// The signing keys or the hashing threads cannot be made.
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
    /// What the first start made, for the newcomer.
    created: Arc<[PathBuf]>,
}

impl Doorward {
    /// Opens a data directory, or makes one. A first start that was killed is completed.
    /// Without `settings.issuer` tokens name `http://127.0.0.1:8000`, Rocket's own default address.
    ///
    /// # Errors
    /// A wrong setting, a directory that is in use or cannot be written, a damaged or newer database, a master key
    /// that does not open the signing keys.
    pub async fn open(settings: Settings) -> Result<Self, OpenError> {
        Self::open_at(settings, Clock::system()).await
    }

    /// As [`Doorward::open`], with a clock of one's own.
    ///
    /// # Errors
    /// As [`Doorward::open`].
    #[doc(hidden)]
    pub async fn open_at(settings: Settings, clock: Clock) -> Result<Self, OpenError> {
        Self::open_with(settings, clock, Outbound::default()).await
    }

    /// As [`Doorward::open_at`], with its calls to others.
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

    /// The fairing that mounts everything in a Rocket app of one's own: `rocket.attach(doorward.fairing())`.
    /// Paths outside Doorward's stay the app's, errors of unknown paths included.
    pub fn fairing(&self) -> DoorwardFairing {
        DoorwardFairing::new(self.services.clone(), false)
    }

    /// As [`Doorward::fairing`], for an app that is nothing else: unknown paths are answered in the API's error shape too.
    #[doc(hidden)]
    pub fn fairing_alone(&self) -> DoorwardFairing {
        DoorwardFairing::new(self.services.clone(), true)
    }

    /// Flushes buffered last-used times and the current minute's counters, at the end of the process. The fairing does it
    /// when its app stops.
    #[doc(hidden)]
    pub async fn flush(&self) {
        self.services.jobs.flush_at_end().await;
    }

    /// Before one Rocket takes over from another: the one that stops writes nothing, so that the port is free at once.
    #[doc(hidden)]
    pub fn hand_over(&self) {
        self.services.jobs.hand_over();
    }

    /// Closes storage after what is queued. For the end of the process: whatever comes later is refused.
    pub fn close(&self) {
        self.services.store.clone().close();
    }

    /// Makes roles, clients and people be as a file says they are to be, all of it or nothing.
    ///
    /// # Errors
    /// A sentence about the first thing that is wrong.
    #[doc(hidden)]
    pub async fn apply(&self, wanted: &ApplyRequest) -> Result<Outcome, String> {
        let applied = self.services.apply(wanted).await;
        applied.map_err(|error| error.message().to_owned())
    }

    /// The settings it was opened with.
    pub fn settings(&self) -> &Settings {
        &self.services.settings
    }

    /// What the first start made, for the newcomer; empty at any later one.
    pub fn created(&self) -> &[PathBuf] {
        &self.created
    }

    /// What requests are answered with. For tests and benchmarks: no promise is made of it.
    #[doc(hidden)]
    pub fn services(&self) -> &Services {
        &self.services
    }
}
