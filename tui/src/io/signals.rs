//! Signals.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals that end the program, or bring it back.
pub(super) struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    go_on: Signal,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            go_on: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        })
    }

    pub(super) async fn next(&mut self) -> Caught {
        tokio::select! {
            _ = self.terminate.recv() => Caught::End,
            _ = self.hang_up.recv() => Caught::HungUp,
            _ = self.interrupt.recv() => Caught::End,
            _ = self.go_on.recv() => Caught::GoOn,
        }
    }
}

/// What a signal means.
pub(super) enum Caught {
    End,
    HungUp,
    GoOn,
}
