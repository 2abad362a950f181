//! Whose time it is: what is asked, shown and compared counts by the server's clock, whatever this machine's says.

use doorward_shared::Timestamp;

use super::{format::span, msg::Now, state::State};

/// Clocks that differ by less agree: counters may be 5 seconds old, and an answer takes its time. Milliseconds.
const AGREE: u64 = 10_000;

impl State {
    /// Takes the time of this machine in.
    pub(crate) fn tell_time(&mut self, machine: Now) {
        self.now = Now {
            wall: Timestamp(machine.wall.0.saturating_add(self.connection.ahead)),
            ..machine
        };
    }

    /// The server said what time it has. What was asked by another time is asked again.
    pub(crate) fn learn_time(&mut self, server: Timestamp) {
        let moved = server.0.saturating_sub(self.now.wall.0);
        if moved.unsigned_abs() < AGREE {
            return;
        }
        self.connection.ahead = self.connection.ahead.saturating_add(moved);
        self.now.wall = server;
        if self.connection.ahead.unsigned_abs() >= AGREE {
            let ahead = self.connection.ahead;
            let side = if ahead > 0 { "behind" } else { "ahead of" };
            self.warn(format!(
                "this machine's clock is {} {side} the server's: times shown use the server's clock",
                span(ahead.unsigned_abs() / 1_000)
            ));
        }
        self.alerts.look_now();
        self.poll_at = self.now.ms;
    }
}
