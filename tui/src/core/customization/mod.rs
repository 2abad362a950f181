//! Customization: saved views, columns, custom commands, alert rules.

mod alert_command_consent;
mod alerts;
mod commands;
mod custom_command_run;
mod views;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use self::{
    alert_command_consent::Allowed,
    alerts::{AlertRule, AlertSetting, Alerts},
    commands::{CommandSetting, OwnCommand, Program},
    custom_command_run::{Output, Progress, RunQuestion, output, question, quoted},
    views::{SavedView, ViewSetting},
};
use super::{
    columns::{self, ColumnId, ColumnsError},
    keymap::Keymap,
    list::List,
    msg::Effect,
    resource::Resource,
    state::State,
};

/// Longest name of what is kept, in characters.
const NAME: usize = 40;

/// What the configuration says of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CustomizationSettings {
    /// Columns of the lists, by the screen's name.
    pub columns: BTreeMap<String, Vec<String>>,
    pub views: BTreeMap<String, ViewSetting>,
    pub commands: BTreeMap<String, CommandSetting>,
    pub alerts: BTreeMap<String, AlertSetting>,
}

/// What is wrong in it: where, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub(crate) struct SettingError {
    /// `views.stale.sort`.
    pub field: String,
    pub why: String,
}

impl SettingError {
    fn new(field: impl Into<String>, why: impl ToString) -> Self {
        Self {
            field: field.into(),
            why: why.to_string(),
        }
    }
}

/// What is to be kept in the configuration. Nothing: it is taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SavedSettings {
    View(String, Option<ViewSetting>),
    /// Of the screen of this name.
    Columns(&'static str, Option<Vec<String>>),
}

/// What is in force.
#[derive(Debug, Clone, Default)]
pub(crate) struct Customization {
    pub columns: BTreeMap<Resource, Vec<ColumnId>>,
    pub views: BTreeMap<String, SavedView>,
    pub commands: BTreeMap<String, OwnCommand>,
    pub alerts: BTreeMap<String, AlertRule>,
    /// What rules may run by themselves.
    pub allowed: BTreeSet<Allowed>,
    /// Where the operator said that master.key is copied: profiles, or URLs of servers without one.
    pub copied: BTreeSet<String>,
}

impl Customization {
    /// Reads what the configuration says.
    ///
    /// # Errors
    /// [`SettingError`]: the first field that is wrong.
    pub(crate) fn read(
        settings: &CustomizationSettings,
        keymap: &Keymap,
    ) -> Result<Self, SettingError> {
        let mut yours = Self::default();
        for (screen, names) in &settings.columns {
            let field = format!("columns.{screen}");
            let kind = Resource::of_screen(screen);
            let kind = kind.ok_or_else(|| SettingError::new(&field, "there is no such list"))?;
            let chosen = columns::parse(kind, names);
            let chosen = chosen.map_err(|why| SettingError::new(&field, why))?;
            yours.columns.insert(kind, chosen);
        }
        for (name, view) in &settings.views {
            let view = SavedView::read(name, view)?;
            yours.views.insert(name.clone(), view);
        }
        for (name, command) in &settings.commands {
            let command = OwnCommand::read(name, command, keymap)?;
            let mut others = yours.commands.iter();
            if let Some((other, _)) = others.find(|(_, other)| other.clashes(&command)) {
                let field = format!("commands.{name}.key");
                return Err(SettingError::new(field, format!("it is {other}'s too")));
            }
            yours.commands.insert(name.clone(), command);
        }
        for (name, alert) in &settings.alerts {
            let rule = AlertRule::read(name, alert, &yours.commands)?;
            yours.alerts.insert(name.clone(), rule);
        }
        Ok(yours)
    }
}

/// Whether something may be called that: it is a key of the configuration, and a word of the palette.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "-_".contains(c);
    !name.is_empty() && name.chars().count() <= NAME && name.chars().all(plain)
}

/// A command of the palette with what is typed behind it.
fn behind<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.trim_start().strip_prefix(word)?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim())
}

/// Whether words of one's own are typed behind a command, which no entry of the palette is.
pub(crate) fn takes_words(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("save ") || text.starts_with("columns ")
}

/// What the palette says while a command with words behind it is typed.
pub(crate) fn said(state: &State, text: &str) -> Option<String> {
    if let Some(name) = behind(text, "save") {
        return Some(match state.list() {
            None => "Only lists are kept: go to one first.".into(),
            Some(_) if name.is_empty() => {
                "A name for this list, its filter, order and columns.".into()
            }
            Some(_) if !is_name(name) => "A name is letters, digits, - and _.".into(),
            Some(_) if state.customization.views.contains_key(name) => {
                format!("enter keeps this list as {name}, in place of the one there is.")
            }
            Some(_) => format!("enter keeps this list as {name}: filter, order and columns."),
        });
    }
    behind(text, "columns")?;
    let Some(list) = state.list() else {
        return Some("Only lists have columns: go to one first.".into());
    };
    let titles = (0..columns::of(list.kind).len()).map(|at| ColumnId::Cell(at).name(list.kind));
    let titles: Vec<_> = titles.filter(|name| !name.is_empty()).collect();
    Some(format!(
        "In this order, with commas, or default: {}, or fields as JSON names them.",
        titles.join(", ")
    ))
}

impl State {
    /// The columns that were chosen for a list, if any were.
    pub(crate) fn chosen_columns<'a>(&'a self, list: &'a List) -> Option<&'a [ColumnId]> {
        let chosen = list
            .columns
            .as_ref()
            .or_else(|| self.customization.columns.get(&list.kind));
        chosen.map(Vec::as_slice)
    }

    /// Whether a view is named that is not there: the beginning of another one's name, perhaps.
    pub(crate) fn misses_view(&self, text: &str) -> bool {
        let name = behind(text, "unsave").or_else(|| behind(text, "view"));
        name.is_some_and(|name| !self.customization.views.contains_key(name))
    }

    /// Runs what was typed in the palette, where it is about what is one's own. Answers whether it was.
    pub(crate) fn run_yours(&mut self, text: &str, effects: &mut Vec<Effect>) -> bool {
        if let Some(name) = behind(text, "save") {
            self.save_view(name, effects);
        } else if let Some(name) = behind(text, "unsave") {
            self.forget_view(name, effects);
        } else if let Some(name) = behind(text, "view") {
            self.go_view(name, effects);
        } else if let Some(names) = behind(text, "columns") {
            self.choose_columns(names, effects);
        } else {
            return false;
        }
        true
    }

    /// Chooses a list's columns, from here on and at the next start.
    fn choose_columns(&mut self, names: &str, effects: &mut Vec<Effect>) {
        let Some(list) = self.list() else {
            return self.warn("only lists have columns: go to one first");
        };
        let kind = list.kind;
        if names.is_empty() {
            return self.warn("columns: name them with commas, or default");
        }
        let names: Vec<&str> = names
            .split([',', ' '])
            .filter(|name| !name.is_empty())
            .collect();
        let chosen = match names[..] {
            ["default"] => None,
            _ => match columns::parse(kind, &names) {
                Ok(chosen) => Some(chosen),
                Err(ColumnsError::Unknown { name, list, .. }) => {
                    return self.warn(format!(
                        "columns: {name} is neither a column nor a field of {list}"
                    ));
                }
                Err(why) => return self.warn(format!("columns: {why}")),
            },
        };
        let named = |chosen: &Vec<ColumnId>| chosen.iter().map(|id| id.name(kind)).collect();
        let kept = SavedSettings::Columns(kind.screen(), chosen.as_ref().map(named));
        match chosen {
            Some(chosen) => self.customization.columns.insert(kind, chosen),
            None => self.customization.columns.remove(&kind),
        };
        if let Some(list) = self.list_mut() {
            list.columns = None;
        }
        effects.push(Effect::Keep(kept));
    }
}
