//! Runs the server until a signal stops it. SIGHUP reloads TLS certificates.

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
    about, control_socket,
    process_setup::{self, SignalRequest, Stop},
    runtime, say, text,
    welcome::welcome,
};

/// How long the server keeps listening after a stop request.
const LISTEN: Duration = Duration::from_millis(100);
/// How long the server waits for active requests after a stop request: as long as Rocket's grace period.
const FINISH: Duration = Duration::from_secs(3);
/// How long a server with renewed certificates waits for the port to be released.
const TAKE_OVER: Duration = Duration::from_secs(5);

/// Delay before another start, if the server could not start after a reload.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// How long the process waits for blocking work after everything else has ended.
const LET_GO: Duration = Duration::from_millis(500);

/// Result of an attempt to serve.
enum ServeEnd {
    Stopped,
    /// The chosen free port was taken by another process in the meantime.
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
        // A locked directory is a better explanation than the used port.
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

/// Chooses where to listen. A free port is chosen first, because tokens name the URL; a used port is rejected before
/// anything is created.
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
    let control = control_socket::listen(&doorward, &directory);
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

/// Address and configuration of a server.
struct Listeners {
    address: SocketAddr,
    tls: bool,
    figment: Figment,
}

/// A running Rocket.
struct RunningServer {
    ended: JoinHandle<Result<Rocket<Ignite>, rocket::Error>>,
    shutdown: Shutdown,
}

impl Listeners {
    /// Serves until a stop request.
    async fn run(&self, doorward: &Doorward, url: &str, stop: &mut Stop) -> Result<(), ServeError> {
        let first = when_ready(doorward.clone(), url.to_owned());
        let mut flight = self.launch(doorward, Some(first)).await?;
        let mut reloaded = false;
        loop {
            tokio::select! {
                ended = &mut flight.ended => match self.finish(ended, Instant::now()).await {
                    // The previous one has stopped: no other server can continue.
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
        // Unread connections are closed at the end: this leaves a moment for data already sent.
        tokio::time::sleep(LISTEN).await;
        flight.shutdown.notify();
        let ended = (&mut flight.ended).await;
        self.finish(ended, asked).await
    }

    async fn launch(
        &self,
        doorward: &Doorward,
        first: Option<AdHoc>,
    ) -> Result<RunningServer, ServeError> {
        // Rocket's own security headers cost a tenth of a verification: our responses set the ones they need. Over TLS
        // the shield still adds Strict-Transport-Security.
        let mut rocket = rocket::custom(&self.figment)
            .attach(Shield::new())
            .attach(doorward.fairing_alone());
        if let Some(first) = first {
            rocket = rocket.attach(first);
        }
        let rocket = rocket.ignite().await.map_err(|error| self.failed(&error))?;
        let shutdown = rocket.shutdown();
        Ok(RunningServer {
            ended: tokio::spawn(rocket.launch()),
            shutdown,
        })
    }

    /// Replaces the running Rocket by one with the certificates now on disk. Rocket reads them only at launch, so the
    /// port is closed for some milliseconds. Unusable certificates change nothing.
    async fn reload(
        &self,
        doorward: &Doorward,
        flies: &RunningServer,
    ) -> Result<Option<RunningServer>, ServeError> {
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

    /// Whether Rocket accepts the current certificates: tried with an instance that serves nothing.
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

    /// Waits for active requests, if Rocket did not, and reports how it ended.
    async fn finish(
        &self,
        ended: Result<Result<Rocket<Ignite>, rocket::Error>, tokio::task::JoinError>,
        asked: Instant,
    ) -> Result<(), ServeError> {
        match ended {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => match error.kind() {
                // Requests that did not end in time were cut off; the server has stopped nevertheless.
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

/// Waits for connections with active requests. Rocket does so, unless its accept loop ends just before it checks the
/// reason: then it drops them at once.
async fn finish(rocket: &Arc<Rocket<Orbit>>, until: Instant) {
    while Arc::strong_count(rocket) > 1 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Announces the bound port, on stdout too: for programs that wait for it.
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

/// Lets a replaced Rocket finish the active requests on its connections.
fn let_finish(before: RunningServer) {
    tokio::spawn(async move {
        if let Ok(Err(error)) = before.ended.await {
            // Inspected, since Rocket panics when an unread error is dropped.
            tracing::debug!(kind = %error.kind(), "connections with the old certificate were cut off");
        }
    });
}
