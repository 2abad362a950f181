//! Which commands alert rules may run by themselves: each is asked about once for each rule and profile. The
//! configuration alone does not say so: people take it over from others.

use serde::{Deserialize, Serialize};

use super::{Program, commands::Values};
use crate::core::{msg::Effect, state::State};

/// A command that a rule may run by itself, exactly as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Allowed {
    /// The profile's name, or the server's URL where there is none.
    pub profile: String,
    pub rule: String,
    pub run: Vec<String>,
    pub environment: Vec<String>,
}

impl Allowed {
    fn of(profile: &str, rule: &str, program: &Program) -> Self {
        Self {
            profile: profile.into(),
            rule: rule.into(),
            run: program.arguments.clone(),
            environment: program.environment.clone(),
        }
    }
}

impl State {
    /// What the answers are kept under here.
    pub(crate) fn profile_name(&self) -> &str {
        match self.server.profile.as_str() {
            "" => &self.server.url,
            name => name,
        }
    }

    pub(super) fn is_allowed(&self, rule: &str, program: &Program) -> bool {
        let asked = Allowed::of(self.profile_name(), rule, program);
        self.customization.allowed.contains(&asked)
    }

    /// Asks about the next rule that would run a command by itself and was not asked about here, where nothing else is open.
    pub(crate) fn ask_about_alerts(&mut self) {
        if !self.layers.is_empty() || self.known.who.is_none() {
            return;
        }
        let next = self.customization.alerts.iter().find_map(|(rule, alert)| {
            let name = alert.command.as_ref()?;
            let command = self.customization.commands.get(name)?;
            let program = command.program(&Values::default()).ok()?;
            let open = !self.alerts.asked.contains(rule) && !self.is_allowed(rule, &program);
            open.then(|| (rule.clone(), name.clone(), program))
        });
        if let Some((rule, name, program)) = next {
            self.alerts.asked.insert(rule.clone());
            self.ask_about(&name, program, Some(rule));
        }
    }

    /// A rule may run its command by itself from now on.
    pub(super) fn allow(&mut self, rule: String, program: Program, effects: &mut Vec<Effect>) {
        let allowed = Allowed::of(self.profile_name(), &rule, &program);
        self.customization.allowed.insert(allowed.clone());
        self.alerts.speak_again(&rule);
        effects.push(Effect::Allow(allowed));
    }
}
