//! An own command that is asked about, and one that runs with its output.

use crossterm::event::{KeyCode, KeyEvent};

use super::{OwnCommand, Program, commands::CommandScope};
use crate::core::{
    confirm::INPUT_GUARD,
    keymap::Key,
    layer::Layer,
    msg::Effect,
    sanitize::{clean, width},
    state::State,
};

/// Lines of output that are kept, at most.
const LINES: usize = 5_000;
/// Columns that a key moves sideways.
const SIDEWAYS: usize = 20;
/// A tab reaches to the next column that is a multiple of this.
const TAB: usize = 8;

/// The question before a command: exactly what would be run.
#[derive(Debug)]
pub(crate) struct RunQuestion {
    pub name: String,
    pub program: Program,
    /// The alert rule that would run it by itself from then on; none: it is run now.
    pub rule: Option<String>,
    /// Whether the button that runs it has the focus; Cancel has it otherwise.
    pub on_run: bool,
    /// Lines of the arguments above the first one that is shown.
    pub scroll: usize,
    opened_at: u64,
}

/// How far a command has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Since this instant of the monotonic clock.
    Running(u64),
    /// It was told to end.
    Ending,
    Ended(String),
}

/// What a command says.
#[derive(Debug)]
pub(crate) struct Output {
    pub title: String,
    pub lines: Vec<String>,
    /// Lines that were too many to be kept.
    pub dropped: usize,
    pub progress: Progress,
    /// Lines above the first one that is shown; none: the end is shown as it grows.
    pub scroll: Option<usize>,
    /// Columns of long lines left of the first one that is shown.
    pub left: usize,
    ticket: u64,
}

/// Without the sequences with which programs colour and move.
fn without_escapes(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            out.push(c);
            continue;
        }
        match chars.next() {
            // To its final letter.
            Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
            // To the bell or the string's end.
            Some(']' | 'P' | '_' | '^' | 'X') => {
                while let Some(c) = chars.next() {
                    if c == '\u{7}' || (c == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    out
}

/// Lines of output, harmless for a terminal.
fn lines(text: &str) -> Vec<String> {
    let text = without_escapes(text);
    let text = text
        .strip_suffix('\n')
        .unwrap_or(&text)
        .replace("\r\n", "\n");
    let line = |line: &str| {
        let mut out = String::new();
        for piece in line.split_inclusive('\t') {
            out.push_str(&clean(piece));
            if piece.ends_with('\t') {
                let columns = crate::core::sanitize::width(&out);
                out.push_str(&" ".repeat(TAB - columns % TAB));
            }
        }
        out
    };
    text.split(['\n', '\r']).map(line).collect()
}

impl Output {
    pub(crate) fn is_running(&self) -> bool {
        !matches!(self.progress, Progress::Ended(_))
    }

    fn take(&mut self, text: &str) {
        for line in lines(text) {
            if self.lines.len() < LINES {
                self.lines.push(line);
            } else {
                self.dropped += 1;
            }
        }
    }
}

/// An argument as the question shows it: where it begins and ends is seen.
pub(crate) fn quoted(argument: &str) -> String {
    crate::command::quoted(argument)
}

impl State {
    /// Runs the own command of a key, where one is good here. Answers whether there was one.
    pub(crate) fn own_key(&mut self, key: KeyEvent) -> bool {
        let key = Key::of(key);
        let Some(place) = self.own_place() else {
            return false;
        };
        let mut commands = self.customization.commands.iter();
        let found =
            commands.find(|(_, command)| command.key == Some(key) && command.is_good(place));
        let Some(name) = found.map(|(name, _)| name.clone()) else {
            return false;
        };
        self.ask_to_run(&name);
        true
    }

    /// Whether the keymap or an own command has a key, in whatever place.
    pub(crate) fn is_bound(&self, key: KeyEvent) -> bool {
        let key = Key::of(key);
        let mut commands = self.customization.commands.values();
        self.keymap.binds(key) || commands.any(|command| command.key == Some(key))
    }

    /// Own commands that are good for what is selected.
    pub(crate) fn own_commands(&self) -> impl Iterator<Item = (&String, &OwnCommand)> {
        let place = self.own_place();
        let good = move |command: &OwnCommand| {
            command.is_fixed() || place.is_some_and(|place: CommandScope| command.is_good(place))
        };
        self.customization
            .commands
            .iter()
            .filter(move |(_, command)| good(command))
    }

    /// Keys of own commands that are good here, and what they run.
    pub(crate) fn own_help(&self) -> Vec<(String, String)> {
        let line = |(name, command): (&String, &OwnCommand)| {
            let key = command.key?;
            Some((key.to_string(), format!("{name}: {}", command.template())))
        };
        self.own_commands().filter_map(line).collect()
    }

    /// Asks before a command is run: with exactly what would be run.
    pub(crate) fn ask_to_run(&mut self, name: &str) {
        let Some(command) = self.customization.commands.get(name) else {
            return self.warn(format!("no command is called {name}"));
        };
        if command.changes && self.is_read_only() {
            return self.warn("read-only: changes are switched off here; a command with changes = false runs all the same");
        }
        match command.program(&self.own_values()) {
            Ok(program) => self.ask_about(name, program, None),
            Err(why) => self.warn(format!("{name}: {why}")),
        }
    }

    /// Asks whether a program is run now, or by a rule from now on.
    pub(super) fn ask_about(&mut self, name: &str, program: Program, rule: Option<String>) {
        let question = RunQuestion {
            name: name.to_owned(),
            program,
            rule,
            on_run: false,
            scroll: 0,
            opened_at: self.now.ms,
        };
        self.layers.push(Layer::Run(Box::new(question)));
    }

    /// Output has come.
    pub(crate) fn output(&mut self, ticket: u64, text: &str) {
        if let Some(output) = self.running(ticket) {
            output.take(text);
        }
    }

    /// A command has ended.
    pub(crate) fn output_ended(&mut self, ticket: u64, how: String) {
        if let Some(output) = self.running(ticket) {
            output.progress = Progress::Ended(how);
        }
    }

    fn running(&mut self, ticket: u64) -> Option<&mut Output> {
        self.layers.iter_mut().find_map(|layer| match layer {
            Layer::Output(output) if output.ticket == ticket => Some(&mut **output),
            _ => None,
        })
    }
}

/// Keys of the question.
pub(crate) fn question(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let now = state.now;
    let Some(Layer::Run(question)) = state.layers.last_mut() else {
        return;
    };
    match key.code {
        KeyCode::Esc => {
            state.layers.pop();
        }
        KeyCode::Tab | KeyCode::BackTab | KeyCode::Left | KeyCode::Right => {
            question.on_run = !question.on_run;
        }
        KeyCode::Up => question.scroll = question.scroll.saturating_sub(1),
        KeyCode::Down => question.scroll = (question.scroll + 1).min(1_000),
        KeyCode::Enter if now.ms < question.opened_at + INPUT_GUARD => {}
        KeyCode::Enter if !question.on_run => {
            state.layers.pop();
        }
        KeyCode::Enter => {
            let Some(Layer::Run(question)) = state.layers.pop() else {
                return;
            };
            if let Some(rule) = question.rule {
                return state.allow(rule, question.program, effects);
            }
            state.next_request_id += 1;
            let ticket = state.next_request_id;
            state.layers.push(Layer::Output(Box::new(Output {
                title: question.name,
                lines: Vec::new(),
                dropped: 0,
                progress: Progress::Running(now.ms),
                scroll: None,
                left: 0,
                ticket,
            })));
            effects.push(Effect::Run {
                ticket,
                program: question.program,
            });
        }
        _ => {}
    }
}

/// Keys of the output: they move in it; Esc ends what runs, and closes what has ended.
pub(crate) fn output(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let page = state.rows_high().max(1);
    let Some(Layer::Output(output)) = state.layers.last_mut() else {
        return;
    };
    let last = output.lines.len().saturating_sub(1);
    let at = output.scroll.unwrap_or(last);
    let to = match key.code {
        KeyCode::Left | KeyCode::Char('h') => {
            output.left = output.left.saturating_sub(SIDEWAYS);
            return;
        }
        KeyCode::Right | KeyCode::Char('l') => {
            let widest = output.lines.iter().map(|line| width(line)).max();
            let most = widest.unwrap_or_default().saturating_sub(SIDEWAYS);
            output.left = (output.left + SIDEWAYS).min(most);
            return;
        }
        KeyCode::Esc | KeyCode::Char('q') => {
            if let Progress::Running(_) = output.progress {
                output.progress = Progress::Ending;
                effects.push(Effect::EndRun);
            } else {
                state.layers.pop();
            }
            return;
        }
        KeyCode::Up | KeyCode::Char('k') => at.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => at + 1,
        KeyCode::PageUp => at.saturating_sub(page),
        KeyCode::PageDown => at + page,
        KeyCode::Home | KeyCode::Char('g') => 0,
        KeyCode::End | KeyCode::Char('G') => last,
        _ => return,
    };
    output.scroll = (to < last).then_some(to);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_text_and_nothing_else() {
        let hostile =
            "\u{1b}[31mred\u{1b}[0m\ta\r\n\u{1b}]0;title\u{7}b\u{9b}2Jc\u{202e}d\n50%\r100%\n";
        assert_eq!(lines(hostile), ["red     a", "b2Jcd", "50%", "100%"]);
        assert_eq!(without_escapes("a\u{1b}]52;c;x\u{1b}\\b\u{1b}"), "ab");
    }
}
