//! Process set-up: umask, file-descriptor limit, signals, logging.

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

/// Makes everything this process creates private to its user, including SQLite's files: directories 0700, files 0600.
pub(crate) fn keep_files_private() {
    umask(Mode::RWXG | Mode::RWXO);
}

/// Keeps a hang-up from ending the process. It is handled once [`Stop::listen`] was called.
///
/// # Errors
/// If the system refuses.
pub(crate) fn outlive_hang_up() -> std::io::Result<()> {
    signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::default()).map(drop)
}

/// Raises the limit of open files to the maximum. Rocket does not limit connections: with the usual soft limit of 1024,
/// a thousand idle clients would lock out everyone else.
pub(crate) fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::debug!(%error, "could not raise the open-file limit (RLIMIT_NOFILE)");
    }
}

/// Makes exceeding the file size limit a write error instead of the end of the process.
pub(crate) fn survive_file_size_limit() -> std::io::Result<()> {
    // The handler remains after its listener is dropped.
    signal(SignalKind::from_raw(SIGXFSZ)).map(drop)
}

/// Listener for SIGTERM, SIGINT and SIGHUP. Rocket handles them only some time after it accepts connections; an earlier
/// signal would end the process.
#[derive(Debug)]
pub(crate) struct Stop {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

/// The request made by a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignalRequest {
    /// SIGTERM, SIGINT.
    Stop,
    /// SIGHUP: certificates were renewed, or the terminal was closed.
    Reload,
}

impl Stop {
    /// From now on none of the signals ends the process directly.
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

/// Starts logging to stderr. `RUST_LOG` selects among Doorward's own lines only: those of libraries contain URIs,
/// headers and raw bytes, and thus user data.
pub(crate) fn log(format: LogFormat) {
    let chosen = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // Rocket's macros log under the module they are used in, but through the `log` crate.
    let ours = FilterFn::new(|metadata: &Metadata<'_>| {
        metadata.target().starts_with("doorward") && metadata.name() != "log record"
    });
    // If stderr is closed, as with a closed terminal, only log lines are lost.
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
    // A second attempt to set a logger would be our bug, but no reason to refuse service.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(chosen).with_filter(ours))
        .try_init();
    std::panic::set_hook(Box::new(|panic| {
        // The location without the message, which may contain the data being processed.
        let place = panic.location().map(ToString::to_string);
        tracing::error!(
            place = place.as_deref().unwrap_or("unknown"),
            "panic: please report it"
        );
    }));
}
