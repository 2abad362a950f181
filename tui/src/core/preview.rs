//! A preview of a change before it is confirmed.

use super::{
    confirm::{Confirm, PreviewState},
    layer::Layer,
    msg::{Effect, Preview, PreviewTarget},
    problem::Problem,
    state::State,
};
use crate::command::{Command, Revoke, Sessions};

/// The word to type before that many items are destroyed.
fn word_for(count: u64) -> String {
    if count == 1 {
        "yes".into()
    } else {
        count.to_string()
    }
}

impl State {
    /// Asks for confirmation of a change after its preview.
    pub(crate) fn preview_and_confirm(
        &mut self,
        mut confirm: Confirm,
        at: PreviewTarget,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(why) = self.no_change(confirm.change.scope()) {
            return self.warn(why);
        }
        let generation = self.next_generation();
        confirm.preview_state = PreviewState::Asked(generation);
        self.confirm(confirm);
        self.ask(Effect::Preview { generation, at }, effects);
    }

    /// A requested preview has arrived.
    pub(crate) fn previewed(&mut self, generation: u64, preview: Result<Preview, Problem>) {
        match &preview {
            Ok(_) => self.connection.answered(self.now),
            Err(problem) => self.failed(problem),
        }
        let now = self.now.ms;
        let waiting = |layer: &&mut Layer| matches!(layer, Layer::Confirm(confirm) if confirm.preview_state == PreviewState::Asked(generation));
        let Some(Layer::Confirm(confirm)) = self.layers.iter_mut().find(waiting) else {
            return;
        };
        // What just appeared has to be read too.
        confirm.opened_at = now;
        match preview {
            Ok(preview) => {
                confirm.lines.extend(preview.lines);
                confirm.preview_state = PreviewState::Known;
                if let Some(sessions) = preview.sessions {
                    confirm.word = Some(word_for(sessions.count));
                    if sessions.count == 0 {
                        let message = "nothing to end: no active session matches";
                        confirm.preview_state = PreviewState::Failed(Problem::refused(message));
                    }
                    if let Command::Sessions(Sessions::Revoke(revoke)) = &mut confirm.change {
                        revoke.preview_id = sessions.id;
                    }
                }
                if let Some(ids) = preview.ids {
                    confirm.word = Some(word_for(ids.len() as u64));
                    if ids.is_empty() {
                        let message = "no active items are left";
                        confirm.preview_state = PreviewState::Failed(Problem::refused(message));
                    }
                    confirm.change.narrow_to(&ids);
                }
            }
            Err(problem) => confirm.preview_state = PreviewState::Failed(problem),
        }
    }

    /// Ends sessions after a preview.
    pub(crate) fn end_sessions(
        &mut self,
        title: impl Into<String>,
        asked: Revoke,
        effects: &mut Vec<Effect>,
    ) {
        let preview = PreviewTarget::Sessions(Box::new(asked.preview()));
        let change = Command::Sessions(Sessions::Revoke(asked));
        let confirm = Confirm::new(title, "End sessions", change).with_reason();
        self.preview_and_confirm(confirm, preview, effects);
    }
}
