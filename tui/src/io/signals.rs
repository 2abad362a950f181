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

    pub(super) async fn next(&mut self) -> SignalAction {
        tokio::select! {
            _ = self.terminate.recv() => SignalAction::End,
            _ = self.hang_up.recv() => SignalAction::HungUp,
            _ = self.interrupt.recv() => SignalAction::End,
            _ = self.go_on.recv() => SignalAction::GoOn,
        }
    }
}

/// What a signal means.
pub(super) enum SignalAction {
    End,
    HungUp,
    GoOn,
}
