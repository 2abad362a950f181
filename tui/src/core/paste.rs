//! Pasted text.

use super::{
    confirm::{Confirm, Focus},
    field::{Field, Value},
    key_input::filtered,
    layer::Layer,
    state::State,
};

/// What was pasted: its lines, without those that are empty.
struct Pasted<'a>(Vec<&'a str>);

/// How much of it was taken.
enum PasteTarget {
    All,
    First,
}

/// Pasted text is text: it goes into a line that is being typed, and is no command anywhere. Of several lines a field takes
/// all as words, and what is searched or hidden the first alone.
pub(super) fn paste(state: &mut State, text: &str) {
    // Terminals send the ends of pasted lines as carriage returns.
    let lines = text.split(['\r', '\n']).map(str::trim);
    let pasted = Pasted(lines.filter(|line| !line.is_empty()).collect());
    let taken = match state.layers.last_mut() {
        Some(Layer::Filter {
            line, completion, ..
        }) => {
            line.insert(pasted.first());
            *completion = None;
            filtered(state);
            PasteTarget::First
        }
        Some(Layer::Palette(palette)) => {
            palette.line.insert(pasted.first());
            palette.typed(state.now.ms);
            PasteTarget::First
        }
        Some(Layer::Form(form)) if form.request_id.is_none() => {
            let focus = form.focus;
            let field = form.fields.get_mut(focus);
            field.map_or(PasteTarget::First, |field| pasted.fill_field(field))
        }
        Some(Layer::Confirm(confirm)) => pasted.fill_question(confirm),
        Some(Layer::Help(help)) => match &mut help.search {
            Some(line) => {
                line.insert(pasted.first());
                PasteTarget::First
            }
            None => PasteTarget::All,
        },
        _ => PasteTarget::All,
    };
    let count = pasted.0.len();
    if count > 1 && matches!(taken, PasteTarget::First) {
        state.warn(format!("only the first of {count} pasted lines was taken"));
    }
}

impl Pasted<'_> {
    fn first(&self) -> &str {
        self.0.first().copied().unwrap_or_default()
    }

    fn words(&self) -> String {
        self.0.join(" ")
    }

    fn fill_field(&self, field: &mut Field) -> PasteTarget {
        let line = match &mut field.value {
            Value::Text(line) => {
                line.insert(&self.words());
                return PasteTarget::All;
            }
            Value::Choice { .. } => return PasteTarget::All,
            Value::Hidden(line) => line,
            Value::Scopes(picker) => &mut picker.search.line,
            Value::Pick(pick) => &mut pick.search.line,
        };
        line.insert(self.first());
        PasteTarget::First
    }

    /// The reason takes it; what has to be typed is typed.
    fn fill_question(&self, confirm: &mut Confirm) -> PasteTarget {
        if confirm.request_id.is_none()
            && confirm.focus == Focus::Reason
            && let Some(reason) = &mut confirm.reason
        {
            reason.insert(&self.words());
        }
        PasteTarget::All
    }
}
