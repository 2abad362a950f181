//! What the program asks of its process: private files, many sockets, a log without secrets.

use std::{io::IsTerminal, sync::Arc};

use doorward_server::settings::LogFormat;
use rustix::{
    fs::Mode,
    process::{Resource, Rlimit, getrlimit, setrlimit, umask},
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::Metadata;
use tracing_subscriber::{
    EnvFilter, Layer, filter::FilterFn, layer::SubscriberExt, util::SubscriberInitExt,
};

/// Sent when a file would grow past `RLIMIT_FSIZE`; the same number on all Linux and BSD systems.
const SIGXFSZ: i32 = 25;

/// Whatever this process makes, SQLite's files included, is its user's alone: directories 0700, files 0600.
pub(crate) fn keep_files_private() {
    umask(Mode::RWXG | Mode::RWXO);
}

/// No hang-up ends the process by itself any more. What one asks for is done once [`Stop::listen`] was called.
///
/// # Errors
/// Where the system refuses it.
pub(crate) fn outlive_hang_up() -> std::io::Result<()> {
    signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::default()).map(drop)
}

/// Takes as many descriptors as the system gives. Rocket has no cap on connections: with the usual soft limit of 1024
/// a thousand idle clients would keep everybody else out.
pub(crate) fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

/// A file that may grow no further is a write that fails, not the end of the process.
pub(crate) fn survive_file_size_limit() -> std::io::Result<()> {
    // The handler stays when what listens to it is gone.
    signal(SignalKind::from_raw(SIGXFSZ)).map(drop)
}

/// SIGTERM, SIGINT and SIGHUP. Rocket listens for them only some time after it accepts connections: one that comes before would
/// be the process's end.
#[derive(Debug)]
pub(crate) struct Stop {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignalRequest {
    /// SIGTERM, SIGINT.
    Stop,
    /// SIGHUP: certificates were renewed, or the terminal is gone.
    Reload,
}

impl Stop {
    /// From now on none of the signals ends the process by itself.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one of them.
    pub(crate) async fn asked(&mut self) -> SignalRequest {
        tokio::select! {
            _ = self.terminate.recv() => SignalRequest::Stop,
            _ = self.interrupt.recv() => SignalRequest::Stop,
            _ = self.hang_up.recv() => SignalRequest::Reload,
        }
    }
}

/// Starts logging to stderr. `RUST_LOG` chooses among Doorward's own lines only: what libraries write holds URIs,
/// headers and bytes from the wire, and so whatever people put there.
pub(crate) fn log(format: LogFormat) {
    let chosen = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // Rocket's macros write in the name of the module they stand in, but through the `log` crate.
    let ours = FilterFn::new(|metadata: &Metadata<'_>| {
        metadata.target().starts_with("doorward") && metadata.name() != "log record"
    });
    // Where stderr is gone, as with a terminal that was closed, lines are lost and nothing else.
    let lines = tracing_subscriber::fmt::layer()
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Plain => lines
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .boxed(),
    };
    // A second attempt to set a logger would be a bug of ours, and no reason not to serve.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(chosen).with_filter(ours))
        .try_init();
    std::panic::set_hook(Box::new(|panic| {
        // The place, not the message, which may hold whatever was being worked on.
        let place = panic.location().map(ToString::to_string);
        tracing::error!(
            place = place.as_deref().unwrap_or("unknown"),
            "a bug: something panicked"
        );
    }));
}
