//! Own commands on keys: programs that are run with the id, the email or the address of what is selected. A list of
//! arguments, and no shell: nothing in a value is read as more than a value.

use serde::Deserialize;

use super::{SettingError, is_name};
use crate::core::{
    keymap::{Key, KeyContext, Keymap},
    page::Subject,
    resource::{Resource, Row},
    sanitize::shown,
    state::State,
};

/// How long a command may run, in seconds, unless it says so itself; and at most.
const SECONDS: u64 = 30;
const MOST_SECONDS: u64 = 600;
/// Arguments of a command, at most.
const ARGUMENTS: usize = 64;

/// A command as the configuration holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CommandSetting {
    /// Without one it is run from the palette.
    pub key: Option<String>,
    /// Lists it is good in, and on the pages of their things; `address`: on pages of addresses.
    #[serde(rename = "where")]
    pub places: Vec<String>,
    /// Program and arguments, with `{id}`, `{email}` and `{ip}`.
    pub run: Vec<String>,
    /// Seconds it may take.
    pub seconds: Option<u64>,
    /// Whether it changes something, so that it is off where changes are switched off: yes, unless it says no.
    pub changes: Option<bool>,
    /// Variables of the environment that it gets besides those that every command gets.
    pub environment: Vec<String>,
}

/// A program as it is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    /// The program, and what it is given.
    pub arguments: Vec<String>,
    /// Seconds it may take.
    pub seconds: u64,
    /// Variables of the environment that were asked for.
    pub environment: Vec<String>,
}

/// Where a command is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommandScope {
    List(Resource),
    Address,
}

/// What can stand in an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    Id,
    Email,
    Ip,
}

/// A piece of an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Of(Value),
}

/// A command that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnCommand {
    pub key: Option<Key>,
    places: Vec<CommandScope>,
    run: Vec<Vec<Piece>>,
    seconds: u64,
    environment: Vec<String>,
    pub changes: bool,
}

/// What is selected, as far as a command may know it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Values {
    pub id: Option<String>,
    pub email: Option<String>,
    pub ip: Option<String>,
}

impl Value {
    const NAMES: [(&'static str, Self); 3] =
        [("id", Self::Id), ("email", Self::Email), ("ip", Self::Ip)];

    fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Email => "email",
            Self::Ip => "ip",
        }
    }
}

impl Values {
    fn get(&self, value: Value) -> Option<&str> {
        match value {
            Value::Id => self.id.as_deref(),
            Value::Email => self.email.as_deref(),
            Value::Ip => self.ip.as_deref(),
        }
    }
}

/// Reads an argument: text, and placeholders in braces. `{{` and `}}` are braces.
fn read_argument(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("{{") {
            plain.push('{');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("}}") {
            plain.push('}');
            rest = after;
        } else if c == '{' {
            let (name, after) = rest[1..].split_once('}').ok_or("a { without its }")?;
            let found = Value::NAMES.iter().find(|(one, _)| *one == name);
            let (_, value) = found
                .ok_or_else(|| format!("{{{name}}} is not one of {{id}}, {{email}} and {{ip}}"))?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Of(*value));
            rest = after;
        } else {
            if c.is_control() {
                return Err("a control character".into());
            }
            plain.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    if !plain.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

/// The program and its arguments; else the field that is wrong, and why.
fn read_run(arguments: &[String]) -> Result<Vec<Vec<Piece>>, (String, String)> {
    let run = arguments
        .iter()
        .enumerate()
        .map(|(at, argument)| read_argument(argument).map_err(|why| (format!(".run[{at}]"), why)));
    let run: Vec<Vec<Piece>> = run.collect::<Result<_, _>>()?;
    match run.first().map(Vec::as_slice) {
        Some([Piece::Text(program)]) if !program.is_empty() => {}
        _ => {
            let why = "a program, without a placeholder".into();
            return Err((".run[0]".into(), why));
        }
    }
    if run.len() > ARGUMENTS {
        return Err((".run".into(), format!("{ARGUMENTS} arguments at most")));
    }
    Ok(run)
}

/// Names of variables. Those of the console's own hold its key.
fn read_environment(names: &[String]) -> Result<Vec<String>, (usize, String)> {
    let read = |(at, name): (usize, &String)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let begins = name.starts_with(|c: char| !c.is_ascii_digit());
        if !begins || !name.chars().all(plain) {
            return Err((at, format!("{name:?} is not a variable name")));
        }
        if name.starts_with("DOORWARD_") {
            return Err((
                at,
                format!("{name}: DOORWARD_* variables are never passed to a program"),
            ));
        }
        Ok(name.clone())
    };
    names.iter().enumerate().map(read).collect()
}

impl CommandScope {
    fn read(name: &str) -> Option<Self> {
        let list = || Resource::of_screen(name).filter(|kind| *kind != Resource::Profiles);
        match name {
            "address" => Some(Self::Address),
            _ => list().map(Self::List),
        }
    }

    /// Where keys are heard there.
    fn contexts(self) -> Vec<KeyContext> {
        let own = match self {
            Self::List(kind) => vec![KeyContext::of(kind), KeyContext::List, KeyContext::Detail],
            Self::Address => Vec::new(),
        };
        [own, vec![KeyContext::Page, KeyContext::Anywhere]].concat()
    }
}

impl OwnCommand {
    /// Reads a command of the configuration.
    ///
    /// # Errors
    /// [`SettingError`]: the field that is wrong.
    pub(super) fn read(
        name: &str,
        setting: &CommandSetting,
        keymap: &Keymap,
    ) -> Result<Self, SettingError> {
        let wrong =
            |field: &str, why: String| SettingError::new(format!("commands.{name}{field}"), why);
        if !is_name(name) {
            return Err(wrong("", "a name is letters, digits, - and _".into()));
        }
        let places = setting.places.iter().enumerate().map(|(at, place)| {
            let why = format!("{place:?} is neither a list nor address");
            CommandScope::read(place).ok_or_else(|| wrong(&format!(".where[{at}]"), why))
        });
        let places: Vec<CommandScope> = places.collect::<Result<_, _>>()?;
        let run = read_run(&setting.run).map_err(|(field, why)| wrong(&field, why))?;
        let seconds = setting.seconds.unwrap_or(SECONDS);
        if !(1..=MOST_SECONDS).contains(&seconds) {
            return Err(wrong(
                ".seconds",
                format!("{seconds} is not 1 to {MOST_SECONDS}"),
            ));
        }
        let key = setting.key.as_ref().map(|text| {
            let why = || wrong(".key", format!("{text:?} is not a key"));
            let key = text.parse::<Key>().map_err(|()| why())?;
            let contexts: Vec<_> = places.iter().flat_map(|place| place.contexts()).collect();
            match keymap.taken(key, &contexts) {
                Some(action) => Err(wrong(".key", format!("{key} is {action} there"))),
                None => Ok(key),
            }
        });
        let command = Self {
            key: key.transpose()?,
            places,
            run,
            seconds,
            environment: read_environment(&setting.environment)
                .map_err(|(at, why)| wrong(&format!(".environment[{at}]"), why))?,
            changes: setting.changes.unwrap_or(true),
        };
        if command.places.is_empty() && (command.key.is_some() || !command.is_fixed()) {
            return Err(wrong(".where", "name a list, or address".into()));
        }
        Ok(command)
    }

    /// Whether it is the same whatever is selected.
    pub(super) fn is_fixed(&self) -> bool {
        let mut pieces = self.run.iter().flatten();
        pieces.all(|piece| matches!(piece, Piece::Text(_)))
    }

    pub(super) fn is_good(&self, place: CommandScope) -> bool {
        self.places.contains(&place)
    }

    /// Whether one key would be both of them somewhere.
    pub(super) fn clashes(&self, other: &Self) -> bool {
        self.key.is_some()
            && self.key == other.key
            && self.places.iter().any(|place| other.is_good(*place))
    }

    /// What is run for what is selected.
    ///
    /// # Errors
    /// One line: what is not known of it, or a value that the program would take for something else.
    pub(super) fn program(&self, values: &Values) -> Result<Program, String> {
        Ok(Program {
            arguments: self.arguments(values)?,
            seconds: self.seconds,
            environment: self.environment.clone(),
        })
    }

    fn arguments(&self, values: &Values) -> Result<Vec<String>, String> {
        let argument = |pieces: &Vec<Piece>| {
            let mut text = String::new();
            for piece in pieces {
                let Piece::Of(value) = piece else {
                    if let Piece::Text(plain) = piece {
                        text.push_str(plain);
                    }
                    continue;
                };
                let name = value.name();
                let known = values.get(*value).filter(|known| !known.is_empty());
                let known = known.ok_or_else(|| format!("there is no {name} here"))?;
                // What the question shows is what is run.
                if shown(known) != *known {
                    return Err(format!("the {name} has characters that cannot be shown"));
                }
                if text.is_empty() && known.starts_with('-') {
                    return Err(format!(
                        "{known}: begins with `-`; the program would parse this {name} as an option"
                    ));
                }
                text.push_str(known);
            }
            Ok(text)
        };
        self.run.iter().map(argument).collect()
    }

    /// Program and arguments as they are written in the configuration.
    pub(crate) fn template(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Of(value) => format!("{{{}}}", value.name()),
        };
        let arguments = self
            .run
            .iter()
            .map(|pieces| pieces.iter().map(piece).collect::<String>());
        arguments.collect::<Vec<_>>().join(" ")
    }
}

impl State {
    /// Where own commands are looked for now.
    pub(super) fn own_place(&self) -> Option<CommandScope> {
        match (self.item(), self.page().map(|page| &page.subject)) {
            (Some(row), _) => Some(CommandScope::List(row.kind())),
            (None, Some(Subject::Address(_))) => Some(CommandScope::Address),
            (None, _) => None,
        }
    }

    /// What a command may know of what is selected.
    pub(super) fn own_values(&self) -> Values {
        let Some(row) = self.item() else {
            let ip = match self.page().map(|page| &page.subject) {
                Some(Subject::Address(ip)) => Some(ip.clone()),
                _ => None,
            };
            return Values {
                ip,
                ..Values::default()
            };
        };
        let email = |id: Option<doorward_shared::UserId>| {
            let id = id?.to_string();
            self.known.names.get(&id).cloned()
        };
        let (email, ip) = match row {
            Row::User(user) => (Some(user.email.clone()), None),
            Row::Session(session) => (email(Some(session.user_id)), Some(session.ip.clone())),
            Row::Key(key) => (email(key.owner_id), None),
            Row::Event(event) => (email(event.user_id), event.ip.clone()),
            _ => (None, None),
        };
        Values {
            id: Some(row.id()),
            email,
            ip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(run: &[&str]) -> CommandSetting {
        CommandSetting {
            key: Some("W".into()),
            places: vec!["sessions".into()],
            run: run.iter().map(ToString::to_string).collect(),
            ..CommandSetting::default()
        }
    }

    fn said(change: impl Fn(&mut CommandSetting)) -> String {
        let mut setting = setting(&["whois", "{ip}"]);
        change(&mut setting);
        let read = OwnCommand::read("who", &setting, &Keymap::default());
        read.unwrap_err().to_string()
    }

    fn arguments(run: &[&str], ip: &str) -> Result<Vec<String>, String> {
        let command = OwnCommand::read("who", &setting(run), &Keymap::default()).unwrap();
        command.arguments(&Values {
            ip: Some(ip.into()),
            ..Values::default()
        })
    }

    #[test]
    fn values_are_arguments_and_nothing_else() {
        let hostile = "$(id); `id` | x' \" *";
        assert_eq!(
            arguments(&["sh-less", "{ip}", "--of={ip}", "{{x}}"], hostile),
            Ok(vec![
                "sh-less".into(),
                hostile.into(),
                format!("--of={hostile}"),
                "{x}".into()
            ])
        );
    }

    #[test]
    fn a_value_never_becomes_an_option() {
        assert!(
            arguments(&["whois", "{ip}"], "--config=x")
                .unwrap_err()
                .contains("option")
        );
        assert!(
            arguments(&["whois", "--", "{ip}"], "-x").is_err(),
            "not every program knows --"
        );
        assert!(arguments(&["whois", "at:{ip}"], "-x").is_ok());
        assert!(
            arguments(&["whois", "-h{ip}"], "-x").is_ok(),
            "that is what its owner wrote"
        );
        assert!(
            arguments(&["whois", "{ip}"], "a\nb")
                .unwrap_err()
                .contains("cannot be shown")
        );
        assert!(
            arguments(&["whois", "{ip}"], "")
                .unwrap_err()
                .contains("no ip")
        );
        assert!(
            arguments(&["whois", "{email}"], "x")
                .unwrap_err()
                .contains("no email")
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_field() {
        assert_eq!(
            said(|one| one.run[1] = "{token}".into()),
            "commands.who.run[1]: {token} is not one of {id}, {email} and {ip}"
        );
        assert_eq!(
            said(|one| one.run[0] = "{ip}".into()),
            "commands.who.run[0]: a program, without a placeholder"
        );
        assert!(said(|one| one.run.clear()).starts_with("commands.who.run[0]: "));
        assert!(said(|one| one.run[1] = "{ip".into()).starts_with("commands.who.run[1]: "));
        assert_eq!(
            said(|one| one.places[0] = "session".into()),
            "commands.who.where[0]: \"session\" is neither a list nor address"
        );
        assert_eq!(
            said(|one| one.key = Some("x".into())),
            "commands.who.key: x is delete there"
        );
        assert_eq!(
            said(|one| one.key = Some("ctrl-c".into())),
            "commands.who.key: ctrl-c is the console's own there"
        );
        assert_eq!(
            said(|one| one.seconds = Some(0)),
            "commands.who.seconds: 0 is not 1 to 600"
        );
        assert_eq!(
            said(|one| one.places.clear()),
            "commands.who.where: name a list, or address"
        );
    }
}
