//! The server as one value: what it is made of, and how it starts. Composes the services once; nothing imports this but
//! the library's face.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use crate::{
    clock::Clock,
    crypto::{password, seal::MasterKey, signing::KeyRing, webauthn::RelyingParty},
    domain::Email,
    http::{DoorwardFairing, Services, site::Site},
    metrics::Metrics,
    oauth::{AuthorizationEndpoint, Clients, Documents, Registrations, TokenEndpoint, TokenInfos},
    outbound::{Outbound, smtp::Smtp},
    service::{
        Accounts, ApiKeys, Backchannel, Backups, Blocks, Breached, Browsers, Callers, ClientKeys,
        ForwardAuth, Jobs, KeyFileError, Keys, Links, Outbox, OwnFactors, Passwords, Refresh,
        RefusedClients, SecondFactors, Sessions, SignIn, Signing, SigningKeys, Statistics, Tokens,
        Verification, first_operator_key, found_operator_key,
        mail::{self, Letterhead},
        open_ring,
    },
    settings::{Colour, Settings},
    state::{
        Arrivals, Blocks as HeldBlocks, ENROLMENT_SECONDS, FACTOR_SECONDS, IdempotentAnswers,
        KeyMeters, MfaTokens, PasskeyChallenges, Told, UsedForms, limits::Limits, streams::Streams,
    },
    store::{
        self, DirectoryLock, MASTER_KEY, Mailing, OPERATOR_KEY, Restore, Restored, Store,
        StoreError,
    },
};

#[doc(hidden)]
pub use crate::http::admin::apply::{Outcome, Wanted};

/// Passwords that may wait for a hashing thread, for each thread.
const QUEUE_PER_THREAD: usize = 8;

/// Why a server does not start, in one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    #[error(transparent)]
    Settings(#[from] crate::settings::SettingsError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{}: {error}", path.display())]
    File {
        path: PathBuf,
        error: std::io::Error,
    },
    #[error(
        "{} is missing, and the database's signing keys are sealed with it: put it back, or restore a backup, which \
         makes new signing keys", .0.display()
    )]
    MasterKey(PathBuf),
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
        settings.check()?;
        let directory = settings.data_dir.clone();
        let lock = DirectoryLock::take(&directory)?;
        // Before the database is opened: closing a second handle of it would drop SQLite's locks.
        let tightened = store::tighten(&directory)?;
        let mut created = Vec::new();
        let metrics = Metrics::default();
        let store = Store::open(
            &directory,
            lock,
            (settings.cache_entries, settings.caps()),
            clock.clone(),
            Arc::new(metrics.store.clone()),
        )?;
        for line in tightened {
            tracing::warn!("{line}");
        }
        let path = directory.join(MASTER_KEY);
        if !path.exists() && !store.signing_keys().await?.is_empty() {
            return Err(OpenError::MasterKey(path));
        }
        let (master, made) = MasterKey::load_or_create(&path).map_err(|error| OpenError::File {
            path: path.clone(),
            error,
        })?;
        if made {
            created.push(path);
        }
        let issuer = settings
            .issuer
            .clone()
            .unwrap_or_else(|| "http://127.0.0.1:8000".into());
        let site = Site::new(&settings, &issuer)?;
        let signing = Signing {
            issuer: &issuer,
            algorithm: settings.algorithm()?,
            longest_token_seconds: longest_token(&settings),
            remembered: settings.cache_entries,
        };
        let blocks = store.blocks_in_force(clock.now()).await?;
        let keys = open_ring(&store, &master, signing, &clock).await?;
        if first_operator_key(&store, &settings, &clock).await? {
            created.push(directory.join(OPERATOR_KEY));
        }
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let hashing =
            password::Passwords::start(settings.argon2_params()?, cores, cores * QUEUE_PER_THREAD)
                .map_err(|error| {
                    OpenError::Key(format!("cannot start hashing threads: {error}"))
                })?;
        let smtp = settings.mail_server()?.map(Smtp::new).transpose()?;
        let master = Arc::new(master);
        if smtp.is_some() {
            store.send_mail(Mailing {
                master: master.clone(),
                notices: settings.mail_notices,
            });
        }
        if settings.require_verified_email {
            store.require_verified_email();
        }
        store.require_factor_of(&settings.mfa_required_for);
        let parts = Parts {
            smtp,
            breached: Breached::open(&settings, &outbound)?,
            limits: Limits::new(&settings),
            blocks: HeldBlocks::new(blocks),
            settings: Arc::new(settings),
            issuer,
            store,
            master,
            keys,
            hashing,
            outbound,
            metrics,
            clock,
        };
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

    /// As [`Doorward::fairing`], for an app that is nothing else.
    pub fn fairing_alone(&self) -> DoorwardFairing {
        DoorwardFairing::new(self.services.clone(), true)
    }

    /// Writes what is kept in memory between times: when keys and sessions were last used, the numbers of this minute.
    /// For the end of the process; the fairing does it when its app stops.
    pub async fn rest(&self) {
        self.services.jobs.rest().await;
    }

    /// Before one Rocket takes over from another: the one that stops writes nothing, so that the port is free at once.
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
    pub async fn apply(&self, wanted: &Wanted) -> Result<Outcome, String> {
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

/// What services share.
struct Parts {
    settings: Arc<Settings>,
    issuer: String,
    store: Store,
    master: Arc<MasterKey>,
    keys: KeyRing,
    hashing: password::Passwords,
    /// None where no mail is sent.
    smtp: Option<Smtp>,
    outbound: Outbound,
    breached: Breached,
    limits: Limits,
    blocks: HeldBlocks,
    metrics: Metrics,
    clock: Clock,
}

impl Parts {
    /// Hands each service what it needs.
    fn services(self, site: Site) -> Result<Services, OpenError> {
        let refused_clients = RefusedClients {
            store: self.store.clone(),
            refusals: Arc::default(),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
        };
        let signing_keys = self.signing_keys()?;
        let statistics = self.statistics();
        let passwords = self.passwords();
        let verification = Verification {
            passwords: passwords.clone(),
            mail: self.smtp.is_some(),
            step_up_seconds: self.settings.step_up_seconds,
        };
        let factors = Arc::new(self.factors());
        let tokens = self.tokens();
        let refresh = Refresh {
            tokens: tokens.clone(),
            store: self.store.clone(),
            limits: self.limits.clone(),
            clock: self.clock.clone(),
        };
        let keys = Keys {
            store: self.store.clone(),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
            meters: Arc::new(KeyMeters::default()),
        };
        let callers = self.callers(keys.clone());
        let registrations = self.registrations();
        let browsers = Browsers {
            store: self.store.clone(),
            callers: callers.clone(),
            idle_seconds: self.settings.refresh_token_seconds,
        };
        let clients = Clients {
            store: self.store.clone(),
            refused: refused_clients.clone(),
            registrations: registrations.clone(),
            keys: Arc::new(ClientKeys::new(self.outbound.clone())),
            issuer: self.issuer.clone(),
            clock: self.clock.clone(),
        };
        Ok(Services {
            started_at: self.clock.now(),
            jobs: self.jobs((&statistics, &signing_keys, &refused_clients), keys.clone()),
            sign_in: SignIn {
                passwords: passwords.clone(),
                factors: factors.clone(),
                refused: refused_clients.clone(),
                verified_only: self.settings.require_verified_email,
            },
            own_factors: OwnFactors {
                passwords: passwords.clone(),
                factors: factors.clone(),
                step_up_seconds: self.settings.step_up_seconds,
            },
            accounts: Accounts {
                passwords: passwords.clone(),
                verification: verification.clone(),
                verified_only: self.settings.require_verified_email,
                registration: self.settings.registration,
                self_deletion: self.settings.self_deletion,
                step_up_seconds: self.settings.step_up_seconds,
            },
            links: Links {
                passwords: passwords.clone(),
                issuer: self.issuer.clone(),
                mail: self.smtp.is_some(),
                step_up_seconds: self.settings.step_up_seconds,
            },
            api_keys: keys,
            minting: ApiKeys {
                store: self.store.clone(),
                prefix: self.settings.api_key_prefix.clone(),
            },
            sessions: Sessions {
                store: self.store.clone(),
                previews: Arc::default(),
                clock: self.clock.clone(),
            },
            blocks: Blocks {
                store: self.store.clone(),
                held: self.blocks.clone(),
                clock: self.clock.clone(),
                changing: Arc::default(),
            },
            backups: Backups {
                store: self.store.clone(),
            },
            forward_auth: self.forward_auth(browsers.clone(), &site),
            browsers,
            token_endpoint: TokenEndpoint {
                clients: clients.clone(),
                tokens: tokens.clone(),
                refresh: refresh.clone(),
                store: self.store.clone(),
                metrics: self.metrics.clone(),
            },
            authorization: self.authorization(registrations.clone()),
            registrations,
            token_infos: TokenInfos {
                callers: callers.clone(),
                master: self.master.clone(),
                issuer: self.issuer.clone(),
            },
            arrivals: Arrivals::default(),
            answers: IdempotentAnswers::default(),
            used_forms: UsedForms::default(),
            streams: Streams::default(),
            told: Told::default(),
            settings: self.settings,
            issuer: self.issuer,
            description: std::sync::OnceLock::new(),
            clock: self.clock,
            metrics: self.metrics,
            store: self.store,
            keys: self.keys,
            limits: self.limits,
            master: self.master,
            callers,
            passwords,
            verification,
            tokens,
            refresh,
            signing_keys,
            statistics,
            clients,
            factors,
            site,
        })
    }

    fn signing_keys(&self) -> Result<SigningKeys, OpenError> {
        Ok(SigningKeys {
            store: self.store.clone(),
            master: self.master.clone(),
            keys: self.keys.clone(),
            algorithm: self.settings.algorithm()?,
            longest_token_seconds: longest_token(&self.settings),
            loading: Arc::default(),
        })
    }

    fn statistics(&self) -> Statistics {
        Statistics {
            store: self.store.clone(),
            metrics: self.metrics.clone(),
            passwords: self.hashing.clone(),
            clock: self.clock.clone(),
            remembered: Arc::default(),
        }
    }

    fn passwords(&self) -> Passwords {
        Passwords {
            store: self.store.clone(),
            threads: self.hashing.clone(),
            breached: self.breached.clone(),
            limits: self.limits.clone(),
            blocks: self.blocks.clone(),
            metrics: self.metrics.clone(),
            clock: self.clock.clone(),
        }
    }

    fn factors(&self) -> SecondFactors {
        SecondFactors {
            store: self.store.clone(),
            master: self.master.clone(),
            party: RelyingParty::of_issuer(&self.issuer),
            name: self.settings.site_name.clone(),
            challenges: PasskeyChallenges::default(),
            pending: MfaTokens::new(FACTOR_SECONDS),
            enrolments: MfaTokens::new(ENROLMENT_SECONDS),
        }
    }

    fn tokens(&self) -> Tokens {
        Tokens {
            issuer: self.issuer.clone(),
            settings: self.settings.clone(),
            keys: self.keys.clone(),
            master: self.master.clone(),
        }
    }

    fn callers(&self, api_keys: Keys) -> Callers {
        Callers {
            store: self.store.clone(),
            keys: self.keys.clone(),
            api_keys,
            clock: self.clock.clone(),
            step_up_seconds: self.settings.step_up_seconds,
        }
    }

    fn registrations(&self) -> Registrations {
        Registrations {
            store: self.store.clone(),
            settings: self.settings.clone(),
            limits: self.limits.clone(),
            documents: Arc::new(Documents::new(self.outbound.clone())),
            clock: self.clock.clone(),
        }
    }

    fn forward_auth(&self, browsers: Browsers, site: &Site) -> ForwardAuth {
        ForwardAuth {
            store: self.store.clone(),
            browsers,
            settings: self.settings.clone(),
            master: self.master.clone(),
            return_codes: Arc::default(),
            issuer: self.issuer.clone(),
            cookie: site.cookie.to_string(),
            tls: site.tls,
            clock: self.clock.clone(),
        }
    }

    fn backchannel(&self) -> Backchannel {
        Backchannel {
            store: self.store.clone(),
            keys: self.keys.clone(),
            outbound: self.outbound.clone(),
            issuer: self.issuer.clone(),
            clock: self.clock.clone(),
        }
    }

    fn outbox(&self) -> Option<Outbox> {
        let smtp = self.smtp.clone()?;
        Some(Outbox {
            letterhead: letterhead(&self.settings, &self.issuer, &smtp),
            smtp,
            store: self.store.clone(),
            metrics: self.metrics.clone(),
            clock: self.clock.clone(),
            taken: Arc::default(),
            turn: Arc::default(),
            stopped: Arc::default(),
        })
    }

    fn authorization(&self, registrations: Registrations) -> AuthorizationEndpoint {
        AuthorizationEndpoint {
            store: self.store.clone(),
            registrations,
            keys: self.keys.clone(),
            master: self.master.clone(),
            issuer: self.issuer.clone(),
            clock: self.clock.clone(),
        }
    }

    fn jobs(
        &self,
        (statistics, signing_keys, refused_clients): (&Statistics, &SigningKeys, &RefusedClients),
        api_keys: Keys,
    ) -> Jobs {
        Jobs {
            store: self.store.clone(),
            statistics: statistics.clone(),
            signing_keys: signing_keys.clone(),
            refused_clients: refused_clients.clone(),
            api_keys,
            backchannel: self.backchannel(),
            outbox: self.outbox(),
            clock: self.clock.clone(),
            event_days: self.settings.event_days,
            rested: Arc::new(AtomicBool::new(false)),
            handed_over: Arc::new(AtomicBool::new(false)),
        }
    }
}

/// How long tokens may live, in seconds.
fn longest_token(settings: &Settings) -> u32 {
    settings
        .access_token_seconds
        .max(settings.client_token_seconds)
}

/// What every mail has.
fn letterhead(settings: &Settings, issuer: &str, smtp: &Smtp) -> Letterhead {
    let colour = Colour::parse(&settings.site_colour);
    let colours = colour.map(|colour| (colour.to_string(), colour.text_on()));
    Letterhead {
        issuer: issuer.to_owned(),
        site_name: settings.site_name.clone(),
        colours: colours.unwrap_or_else(|| (settings.site_colour.clone(), "#ffffff")),
        from: smtp.from().clone(),
    }
}

/// Sends a mail to an address by the settings, and says where it was handed over.
///
/// # Errors
/// Why it was not, in one line.
#[doc(hidden)]
pub async fn mail_test(settings: &Settings, to: &str) -> Result<String, String> {
    let text = |error: crate::settings::SettingsError| error.to_string();
    let server = settings.mail_server().map_err(text)?;
    let server = server.ok_or("mail_url: is not set, so no mail is sent")?;
    let to = Email::parse(to).map_err(|why| format!("{to}: {why}"))?;
    let smtp = Smtp::new(server).map_err(text)?;
    let letterhead = letterhead(
        settings,
        settings.issuer.as_deref().unwrap_or_default(),
        &smtp,
    );
    let sent = mail::send_test(&smtp, &letterhead, &to, &Clock::system()).await;
    sent.map_err(|error| format!("{}: {error}", smtp.host()))?;
    Ok(format!("{} took the mail to {}", smtp.host(), to.as_str()))
}

/// What a restore is asked to do beyond taking the backup's rows.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct RestoreOptions {
    /// Whether a newer database is replaced.
    pub force: bool,
    /// Whether sessions of the backup live on.
    pub keep_sessions: bool,
}

/// Puts the backup `file` in the place of a data directory's database, on a directory that is not in use.
///
/// # Errors
/// When the backup or the directory cannot be used; the directory is as it was then.
pub fn restore(
    settings: &Settings,
    file: &Path,
    options: RestoreOptions,
    clock: &Clock,
) -> Result<Restored, OpenError> {
    let directory = &settings.data_dir;
    let path = directory.join(MASTER_KEY);
    let master = match path.exists() {
        true => match MasterKey::load_or_create(&path) {
            Ok((master, _)) => Some(master),
            Err(error) => return Err(OpenError::File { path, error }),
        },
        false => None,
    };
    let opens = |place: &str, sealed: &[u8]| {
        let master = master.as_ref();
        master.is_some_and(|master| master.open(place, sealed).is_ok())
    };
    let operator = found_operator_key(settings)?.map(|key| key.digest());
    let how = Restore {
        force: options.force,
        keep_sessions: options.keep_sessions,
        operator,
        opens: &opens,
        now: clock.now(),
    };
    Ok(store::restore(directory, file, &how)?)
}
