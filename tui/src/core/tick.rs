//! What passing time changes: notices end, lost servers are asked again, stale lists are read anew.

use super::{
    layer::Layer,
    list::Want,
    msg::Effect,
    state::{State, View},
};

pub(super) fn tick(state: &mut State, effects: &mut Vec<Effect>) {
    let now = state.now.ms;
    if state.toast.as_ref().is_some_and(|toast| toast.until <= now) {
        state.toast = None;
    }
    if state
        .connection
        .wait_until
        .is_some_and(|until| until <= now)
    {
        state.connection.wait_until = None;
        state.refresh(effects);
    }
    for layer in &mut state.layers {
        if let Layer::Reveal(reveal) = layer {
            reveal.tick(now);
        }
    }
    if let View::Incident(incident) = &mut state.view {
        incident.relate_in_time(now);
    }
    if state.connection.wait_until.is_some() {
        return;
    }
    state.look_up(effects);
    if state.connection.retry_at.is_some_and(|at| at <= now) {
        state.connection.retry_at = None;
        state.reconnect(effects);
        return;
    }
    // A lost server is asked again at its own pace.
    if state.connection.lost.is_some() {
        return;
    }
    state.follow_again(effects);
    state.look_at_alerts(effects);
    poll(state, effects);
}

/// Asks again for what the view shows, where it is time.
fn poll(state: &mut State, effects: &mut Vec<Effect>) {
    let now = state.now.ms;
    if state
        .list()
        .is_some_and(|list| list.stale_at.is_some_and(|at| at <= now))
    {
        let want = state
            .list()
            .map_or(Want::Window { first: 0 }, |list| list.window());
        state.load(want, effects);
    } else if state.list().is_some_and(|list| list.paused.is_some()) {
        // What is paused stays as it is.
        if state.poll_at <= now {
            state.poll_at = now + state.poll_every();
        }
    } else if state.poll_at <= now && state.connection.asked_at.is_none() {
        state.refresh(effects);
    } else if state.poll_at <= now {
        state.poll_at = now + state.poll_every();
    }
}

impl State {
    /// Asks a server that was lost, or was never asked.
    pub(crate) fn reconnect(&mut self, effects: &mut Vec<Effect>) {
        self.ask(Effect::Whoami, effects);
        self.connection.stream_at = None;
        if !self.connection.streaming {
            effects.push(Effect::Stream(self.last_event));
        }
        self.refresh(effects);
    }

    /// When the events are asked for again, where the server is there.
    pub(super) fn stream_wake(&self) -> Option<u64> {
        self.connection
            .stream_at
            .filter(|_| self.connection.lost.is_none())
    }

    /// Asks for the events again, and who one is where that is not known.
    fn follow_again(&mut self, effects: &mut Vec<Effect>) {
        if self.stream_wake().is_none_or(|at| at > self.now.ms) {
            return;
        }
        self.connection.stream_at = None;
        effects.push(Effect::Stream(self.last_event));
        if self.known.who.is_none() {
            effects.push(Effect::Whoami);
        }
    }
}
