//! Serving until a signal asks for the end. SIGHUP takes up renewed TLS certificates.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, Instant},
};

use doorward_server::{
    Doorward, Settings, app::OpenError, settings::listening_url, store::DirectoryLock,
};
use rocket::{
    Config, Ignite, Orbit, Rocket, Shutdown, error::ErrorKind, fairing::AdHoc, figment::Figment,
    shield::Shield,
};
use tokio::{runtime::Runtime, task::JoinHandle};

use crate::{
    about, control,
    process_setup::{self, SignalRequest, Stop},
    runtime, say, text,
    welcome::welcome,
};

/// How long the server goes on listening after it was asked to stop.
const LISTEN: Duration = Duration::from_millis(100);
/// How long after it was asked to stop the server waits for requests under way: as long as Rocket's grace.
const FINISH: Duration = Duration::from_secs(3);
/// How long a server with renewed certificates waits for the port to be let go.
const TAKE_OVER: Duration = Duration::from_secs(5);

/// How long after a reload, whose server could not start, another is started.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// How long the process waits for work that blocks a thread, once everything else has ended.
const LET_GO: Duration = Duration::from_millis(500);

/// What became of an attempt to serve.
enum ServeEnd {
    Stopped,
    /// The free port that was picked was taken by somebody in the meantime.
    PortTaken(String),
}

/// Serves until SIGTERM or SIGINT.
pub(crate) fn serve(settings: Settings, figment: &Figment) -> Result<(), String> {
    process_setup::log(settings.log_format);
    process_setup::raise_file_limit();
    let config: Config = figment.extract().map_err(text)?;
    let runtime = runtime(config.workers)?;
    let served = serve_on(&runtime, settings, figment, &config);
    runtime.shutdown_timeout(LET_GO);
    served
}

fn serve_on(
    runtime: &Runtime,
    settings: Settings,
    figment: &Figment,
    config: &Config,
) -> Result<(), String> {
    let _guard = runtime.enter();
    process_setup::survive_file_size_limit().map_err(text)?;
    let mut stop = Stop::listen().map_err(text)?;
    if settings.data_dir.exists() {
        // That the directory is in use says more than that the port is.
        DirectoryLock::take(&settings.data_dir).map_err(text)?;
    }
    let mut last = String::new();
    for _ in 0..8 {
        let listen = listen(config)?;
        let attempt = attempt(settings.clone(), figment, config, listen, &mut stop);
        match runtime.block_on(attempt)? {
            ServeEnd::Stopped => return Ok(()),
            ServeEnd::PortTaken(error) => last = error,
        }
    }
    Err(last)
}

/// Where to listen. A free port is picked before anything else, because tokens name the URL; one that is taken is
/// refused before anything is made.
fn listen(config: &Config) -> Result<u16, String> {
    let address = SocketAddr::new(config.address, config.port);
    TcpListener::bind(address)
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("cannot listen on {address}: {error}"))
}

async fn attempt(
    mut settings: Settings,
    figment: &Figment,
    config: &Config,
    port: u16,
    stop: &mut Stop,
) -> Result<ServeEnd, String> {
    let url = listening_url(config, port);
    let set = settings.issuer.is_some();
    settings.issuer.get_or_insert_with(|| url.clone());
    let directory = settings.data_dir.clone();
    let doorward = Doorward::open(settings)
        .await
        .map_err(|error| match error {
            OpenError::Store(_) => about(&directory, &error.to_string()),
            other => other.to_string(),
        })?;
    if !set && config.address.is_unspecified() {
        tracing::warn!(
            "tokens name {url}: set `issuer` to the URL under which clients reach this server"
        );
    }
    let at = Listeners {
        address: SocketAddr::new(config.address, port),
        tls: config.tls_enabled(),
        figment: figment.clone().merge(("port", port)),
    };
    let control = control::listen(&doorward, &directory);
    if let Err(error) = &control {
        tracing::warn!(%error, "no file can be applied while this server runs");
    }
    let ended = at.run(&doorward, &url, stop).await;
    if let Ok(control) = control {
        control.stop().await;
    }
    doorward.flush().await;
    doorward.close();
    match ended {
        Err(ServeError::PortTaken(message)) if config.port == 0 => Ok(ServeEnd::PortTaken(message)),
        Err(ServeError::PortTaken(message) | ServeError::Other(message)) => Err(message),
        Ok(()) => Ok(ServeEnd::Stopped),
    }
}

/// Why Rocket did not serve.
enum ServeError {
    PortTaken(String),
    Other(String),
}

/// Where a server listens, and with what.
struct Listeners {
    address: SocketAddr,
    tls: bool,
    figment: Figment,
}

/// A Rocket that serves.
struct Flight {
    ended: JoinHandle<Result<Rocket<Ignite>, rocket::Error>>,
    shutdown: Shutdown,
}

impl Listeners {
    /// Serves until the end is asked for.
    async fn run(&self, doorward: &Doorward, url: &str, stop: &mut Stop) -> Result<(), ServeError> {
        let first = when_ready(doorward.clone(), url.to_owned());
        let mut flight = self.launch(doorward, Some(first)).await?;
        let mut reloaded = false;
        loop {
            tokio::select! {
                ended = &mut flight.ended => match self.finish(ended, Instant::now()).await {
                    // The one before it has gone: there is nobody else to serve.
                    Err(ServeError::PortTaken(why) | ServeError::Other(why)) if reloaded => {
                        tracing::error!("after the reload: {why}; trying again");
                        tokio::select! {
                            () = tokio::time::sleep(TRY_AGAIN) => {}
                            asked = stop.asked() => if matches!(asked, SignalRequest::Stop) { return Ok(()) },
                        }
                        flight = self.launch(doorward, None).await?;
                    }
                    done => return done,
                },
                asked = stop.asked() => match asked {
                    SignalRequest::Stop => break,
                    SignalRequest::Reload => {
                        if let Some(next) = self.reload(doorward, &flight).await? {
                            let before = std::mem::replace(&mut flight, next);
                            reloaded = true;
                            let_finish(before);
                        }
                    }
                },
            }
        }
        let asked = Instant::now();
        // A connection of which nothing has been read yet is closed at the end: what was sent has a moment.
        tokio::time::sleep(LISTEN).await;
        flight.shutdown.notify();
        let ended = (&mut flight.ended).await;
        self.finish(ended, asked).await
    }

    async fn launch(
        &self,
        doorward: &Doorward,
        first: Option<AdHoc>,
    ) -> Result<Flight, ServeError> {
        // Rocket's own security headers cost a tenth of a verification: what an answer of ours needs of them it sets itself.
        // Over TLS the shield still adds Strict-Transport-Security.
        let mut rocket = rocket::custom(&self.figment)
            .attach(Shield::new())
            .attach(doorward.fairing_alone());
        if let Some(first) = first {
            rocket = rocket.attach(first);
        }
        let rocket = rocket.ignite().await.map_err(|error| self.failed(&error))?;
        let shutdown = rocket.shutdown();
        Ok(Flight {
            ended: tokio::spawn(rocket.launch()),
            shutdown,
        })
    }

    /// A Rocket with the certificates as they are on disk now, in the place of the one that flies. Rocket reads them at
    /// its launch only, so the port changes hands: for some milliseconds nobody listens on it. Certificates that cannot
    /// be used change nothing.
    async fn reload(
        &self,
        doorward: &Doorward,
        flies: &Flight,
    ) -> Result<Option<Flight>, ServeError> {
        if !self.tls {
            tracing::info!("SIGHUP: there are no TLS certificates to reload");
            return Ok(None);
        }
        if let Err(why) = self.check_listeners().await {
            tracing::error!("SIGHUP: the TLS certificates stay as they were: {why}");
            return Ok(None);
        }
        doorward.hand_over();
        flies.shutdown.clone().notify();
        let until = Instant::now() + TAKE_OVER;
        while TcpListener::bind(self.address).is_err() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let next = self.launch(doorward, None).await?;
        tracing::info!("SIGHUP: the TLS certificates were reloaded");
        Ok(Some(next))
    }

    /// Whether Rocket takes the certificates as they are now: one that serves nothing starts with them and ends.
    async fn check_listeners(&self) -> Result<(), String> {
        let figment = self.figment.clone();
        let figment = figment
            .merge(("address", Ipv4Addr::LOCALHOST))
            .merge(("port", 0));
        let end = AdHoc::on_liftoff("end", |rocket| {
            let shutdown = rocket.shutdown();
            Box::pin(async move { shutdown.notify() })
        });
        match rocket::custom(figment).attach(end).launch().await {
            Ok(_) => Ok(()),
            Err(error) => match self.failed(&error) {
                ServeError::PortTaken(why) | ServeError::Other(why) => Err(why),
            },
        }
    }

    /// Waits for what is under way, if Rocket did not, and says how it ended.
    async fn finish(
        &self,
        ended: Result<Result<Rocket<Ignite>, rocket::Error>, tokio::task::JoinError>,
        asked: Instant,
    ) -> Result<(), ServeError> {
        match ended {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => match error.kind() {
                // Requests that would not end in time were cut off: the server has stopped all the same.
                ErrorKind::Shutdown(rocket, _) => {
                    finish(rocket, asked + FINISH).await;
                    Ok(())
                }
                _ => Err(self.failed(&error)),
            },
            Err(error) => Err(ServeError::Other(format!("the server ended: {error}"))),
        }
    }

    fn failed(&self, error: &rocket::Error) -> ServeError {
        match error.kind() {
            ErrorKind::Bind(cause) => {
                let message = format!("cannot listen on {}: {cause}", self.address);
                match cause.kind() {
                    std::io::ErrorKind::AddrInUse => ServeError::PortTaken(message),
                    _ => ServeError::Other(message),
                }
            }
            ErrorKind::Io(cause) if self.tls => ServeError::Other(format!("tls: {cause}")),
            other => ServeError::Other(format!("cannot start: {other}")),
        }
    }
}

/// Waits for connections on which requests are under way. Rocket does, unless its accept loop ends a moment before it
/// looks why: then it lets go of them at once.
async fn finish(rocket: &Arc<Rocket<Orbit>>, until: Instant) {
    while Arc::strong_count(rocket) > 1 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Says so once the port is taken, on stdout too: for programs that wait for it.
fn when_ready(doorward: Doorward, url: String) -> AdHoc {
    AdHoc::on_liftoff("ready", move |_| {
        Box::pin(async move {
            welcome(&doorward, &url);
            if let Err(error) = say(&format!("doorward-server listening on {url}")) {
                tracing::warn!("{error}");
            }
        })
    })
}

/// Lets what another has taken the place of finish what is under way on its connections.
fn let_finish(before: Flight) {
    tokio::spawn(async move {
        if let Ok(Err(error)) = before.ended.await {
            // Looked at, since Rocket panics over an error that nobody has seen.
            tracing::debug!(kind = %error.kind(), "connections with the old certificate were cut off");
        }
    });
}
