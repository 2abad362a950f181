//! Alert rules: what the server counts is looked at every few seconds, on whatever screen, and a rule that is broken says so.

use std::collections::{BTreeMap, BTreeSet};

use doorward_shared::{
    Timestamp,
    admin::{Minute, Stats},
};
use serde::Deserialize;

use super::{OwnCommand, SettingError, commands::Values, is_name};
use crate::core::{
    format::number,
    msg::Effect,
    problem::{Problem, ProblemKind},
    state::State,
    time_zone,
};

/// Time between two looks, in milliseconds.
const EVERY: u64 = 15_000;
/// After a rule spoke it is silent for so long, in seconds, unless it says otherwise; and at least.
const SILENCE: u64 = 600;
const LEAST_SILENCE: u64 = 60;

/// A rule as the configuration holds it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertSetting {
    /// `failures > 50/min`, `sign-ups > 200/h`, `p95 > 250ms`.
    pub when: String,
    /// Whether the terminal's bell rings.
    #[serde(default = "yes")]
    pub bell: bool,
    /// An own command, without placeholders, that is run by itself.
    pub command: Option<String>,
    /// Seconds for which it is silent after it spoke.
    pub silence: Option<u64>,
}

fn yes() -> bool {
    true
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Metric {
    Logins,
    Failures,
    SignUps,
    Tokens,
    Refusals,
    Requests,
    /// Milliseconds within which 95 of 100 requests are answered.
    P95,
}

/// Over what it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RatePeriod {
    Minute,
    Hour,
    /// The slowest of the last two minutes.
    Now,
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AlertRule {
    metric: Metric,
    per: RatePeriod,
    most: f64,
    bell: bool,
    pub(super) command: Option<String>,
    /// Milliseconds.
    silence: u64,
}

/// How the rules stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alerts {
    /// What stands above the view until it is closed, by the rule: the newest of each.
    banners: BTreeMap<String, String>,
    /// When each rule spoke last, on the monotonic clock.
    spoke: BTreeMap<String, u64>,
    /// When is looked next.
    look_at: u64,
    /// It may not be looked: that was said, and is not tried again.
    is_refused: bool,
    /// Rules whose command was asked about since the console is with this server.
    pub(super) asked: BTreeSet<String>,
}

impl Alerts {
    /// What stands above the view: all rules that spoke.
    pub(crate) fn banner(&self) -> Option<String> {
        let said: Vec<&str> = self.banners.values().map(String::as_str).collect();
        (!said.is_empty()).then(|| said.join(" · "))
    }

    /// Somebody else is signed in, who may look perhaps.
    pub(crate) fn may_look(&mut self) {
        self.is_refused = false;
    }

    /// A rule may run its command from now on: what it said before that is said again, and run.
    pub(super) fn speak_again(&mut self, rule: &str) {
        self.spoke.remove(rule);
        self.look_now();
    }

    /// What was asked about may have been another time.
    pub(crate) fn look_now(&mut self) {
        self.look_at = 0;
    }

    /// Closes it; answers whether there was one.
    pub(crate) fn close(&mut self) -> bool {
        !std::mem::take(&mut self.banners).is_empty()
    }
}

impl Metric {
    const NAMES: [(&'static str, Self); 7] = [
        ("logins", Self::Logins),
        ("failures", Self::Failures),
        ("sign-ups", Self::SignUps),
        ("tokens", Self::Tokens),
        ("refusals", Self::Refusals),
        ("requests", Self::Requests),
        ("p95", Self::P95),
    ];

    fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, metric)| *metric == self);
        found.map_or("", |(name, _)| name)
    }

    fn of(self, minute: &Minute) -> u64 {
        match self {
            Self::Logins => minute.logins,
            Self::Failures => minute.failures,
            Self::SignUps => minute.registrations,
            Self::Tokens => minute.tokens,
            Self::Refusals => minute.refusals,
            Self::Requests => minute.requests,
            Self::P95 => 0,
        }
    }
}

/// Reads `failures > 50/min`.
fn read_when(text: &str) -> Option<(Metric, RatePeriod, f64)> {
    let (metric, rest) = text.split_once('>')?;
    let (_, metric) = *Metric::NAMES
        .iter()
        .find(|(name, _)| *name == metric.trim())?;
    let rest = rest.trim();
    let units = [
        ("/min", RatePeriod::Minute),
        ("/h", RatePeriod::Hour),
        ("ms", RatePeriod::Now),
    ];
    let (most, per) = units
        .iter()
        .find_map(|(unit, per)| Some((rest.strip_suffix(unit)?, *per)))?;
    let most: f64 = most.trim().parse().ok()?;
    let is_fit =
        (metric == Metric::P95) == (per == RatePeriod::Now) && most.is_finite() && most >= 0.;
    is_fit.then_some((metric, per, most))
}

impl AlertRule {
    /// Reads a rule of the configuration.
    ///
    /// # Errors
    /// [`SettingError`]: the field that is wrong.
    pub(super) fn read(
        name: &str,
        setting: &AlertSetting,
        commands: &BTreeMap<String, OwnCommand>,
    ) -> Result<Self, SettingError> {
        let wrong =
            |field: &str, why: String| SettingError::new(format!("alerts.{name}{field}"), why);
        if !is_name(name) {
            return Err(wrong("", "a name is letters, digits, - and _".into()));
        }
        let (metric, per, most) = read_when(&setting.when).ok_or_else(|| {
            let names = Metric::NAMES.map(|(name, _)| name).join(", ");
            let why = format!("{:?} is not like failures > 50/min, logins > 9/h or p95 > 250ms; there are {names}", setting.when);
            wrong(".when", why)
        })?;
        if let Some(name) = &setting.command {
            let command = commands.get(name);
            let command =
                command.ok_or_else(|| wrong(".command", format!("no command is called {name}")))?;
            if !command.is_fixed() {
                return Err(wrong(
                    ".command",
                    format!("{name} has placeholders: an alert has no selection to fill them from"),
                ));
            }
        }
        let silence = setting.silence.unwrap_or(SILENCE);
        if silence < LEAST_SILENCE {
            return Err(wrong(
                ".silence",
                format!("{silence} is less than {LEAST_SILENCE}"),
            ));
        }
        Ok(Self {
            metric,
            per,
            most,
            bell: setting.bell,
            command: setting.command.clone(),
            silence: silence.saturating_mul(1_000),
        })
    }

    /// How much it is now. A minute counts as it goes, so that a rule need not wait for its end.
    fn measure(&self, minutes: &[Minute], now: Timestamp) -> f64 {
        let since = |seconds: i64| {
            let from = now.plus_seconds(-seconds);
            minutes
                .iter()
                .filter(move |minute| minute.time > from && minute.time <= now)
        };
        match self.per {
            RatePeriod::Minute => since(120)
                .map(|minute| self.metric.of(minute))
                .max()
                .unwrap_or_default() as f64,
            RatePeriod::Hour => since(3_600)
                .map(|minute| self.metric.of(minute))
                .sum::<u64>() as f64,
            RatePeriod::Now => since(120).map(|minute| minute.p95_ms).fold(0., f64::max),
        }
    }

    fn unit(&self) -> &'static str {
        match self.per {
            RatePeriod::Minute => "/min",
            RatePeriod::Hour => "/h",
            RatePeriod::Now => " ms",
        }
    }

    fn said(&self, name: &str, value: f64, now: Timestamp) -> String {
        let unit = self.unit();
        let shown = match self.per {
            RatePeriod::Now => format!("{value:.0}"),
            _ => number(value as u64),
        };
        format!(
            "ALERT {name}: {} {shown}{unit}, more than {}{unit}, at {}",
            self.metric.name(),
            self.most,
            time_zone::minute(now)
        )
    }
}

impl State {
    /// When the rules look next, if there are any.
    pub(crate) fn alerts_wake(&self) -> Option<u64> {
        let looks = !self.customization.alerts.is_empty()
            && !self.alerts.is_refused
            && self.connection.lost.is_none();
        looks.then_some(self.alerts.look_at)
    }

    /// Asks for what the rules are about, when it is time.
    pub(crate) fn look_at_alerts(&mut self, effects: &mut Vec<Effect>) {
        if self.alerts_wake().is_some_and(|at| at <= self.now.ms) {
            self.alerts.look_at = self.now.ms + EVERY;
            effects.push(Effect::Watch(self.now.wall.plus_seconds(-3_700)));
        }
    }

    /// What the rules are about has come.
    pub(crate) fn watched(
        &mut self,
        stats: Result<Box<Stats>, Problem>,
        effects: &mut Vec<Effect>,
    ) {
        let stats = match stats {
            Ok(stats) => stats,
            Err(problem) if problem.what == ProblemKind::Forbidden => {
                self.alerts.is_refused = true;
                return self.warn(format!("alert rules do not hold here: {}", problem.message));
            }
            // The screen's own questions say what is wrong.
            Err(_) => return,
        };
        self.learn_time(stats.time);
        let (now, rules) = (self.now, self.customization.alerts.clone());
        for (name, rule) in rules {
            let value = rule.measure(&stats.series, stats.time);
            let spoke = self.alerts.spoke.get(&name);
            let is_silent = spoke.is_some_and(|at| now.ms < at + rule.silence);
            if value <= rule.most || is_silent {
                continue;
            }
            let said = rule.said(&name, value, stats.time);
            self.alerts.banners.insert(name.clone(), said);
            if rule.bell {
                effects.push(Effect::Bell);
            }
            self.run_for_alert(&name, rule.command, effects);
            self.alerts.spoke.insert(name, now.ms);
        }
    }

    /// Runs the command of a rule: what its owner wrote and allowed, whatever the server says.
    fn run_for_alert(&mut self, rule: &str, name: Option<String>, effects: &mut Vec<Effect>) {
        let found = name.and_then(|name| Some((self.customization.commands.get(&name)?, name)));
        let Some((command, name)) = found else { return };
        if command.changes && self.is_read_only() {
            return;
        }
        let Ok(program) = command.program(&Values::default()) else {
            return;
        };
        if self.is_allowed(rule, &program) {
            effects.push(Effect::RunForAlert { name, program });
        } else if let Some(banner) = self.alerts.banners.get_mut(rule) {
            banner.push_str(&format!(" ({name} was not allowed to run by itself)"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{customization::CommandSetting, keymap::Keymap};

    fn setting(when: &str) -> AlertSetting {
        AlertSetting {
            when: when.into(),
            bell: true,
            command: None,
            silence: None,
        }
    }

    fn rule(when: &str) -> AlertRule {
        AlertRule::read("x", &setting(when), &BTreeMap::new()).unwrap()
    }

    #[test]
    fn a_rule_is_read_or_refused_with_its_field() {
        assert_eq!(
            read_when("failures > 50/min"),
            Some((Metric::Failures, RatePeriod::Minute, 50.))
        );
        assert_eq!(
            read_when("sign-ups>1.5/h"),
            Some((Metric::SignUps, RatePeriod::Hour, 1.5))
        );
        assert_eq!(
            read_when("p95 > 250ms"),
            Some((Metric::P95, RatePeriod::Now, 250.))
        );
        for when in [
            "failures > 50",
            "failures < 5/min",
            "p95 > 2/min",
            "errors > 1/h",
            "tokens > 5ms",
            "logins > -1/h",
            "logins > NaN/h",
            "",
        ] {
            assert_eq!(read_when(when), None, "{when}");
        }
        let commands =
            [("say", &["say", "x"][..]), ("whois", &["whois", "{ip}"])].map(|(name, run)| {
                let setting = CommandSetting {
                    places: vec!["events".into()],
                    run: run.iter().map(ToString::to_string).collect(),
                    ..CommandSetting::default()
                };
                (
                    name.to_owned(),
                    OwnCommand::read(name, &setting, &Keymap::default()).unwrap(),
                )
            });
        let commands = BTreeMap::from(commands);
        let said = |setting: AlertSetting| {
            AlertRule::read("a", &setting, &commands).map_err(|why| why.to_string())
        };
        let with = |command: &str| AlertSetting {
            command: Some(command.into()),
            ..setting("logins > 1/h")
        };
        assert!(said(with("say")).is_ok());
        assert!(
            said(with("whois"))
                .unwrap_err()
                .starts_with("alerts.a.command: whois has placeholders")
        );
        assert_eq!(
            said(with("sya")),
            Err("alerts.a.command: no command is called sya".into())
        );
        assert!(
            said(setting("loud"))
                .unwrap_err()
                .starts_with("alerts.a.when: \"loud\"")
        );
        let hasty = AlertSetting {
            silence: Some(5),
            ..setting("logins > 1/h")
        };
        assert_eq!(
            said(hasty),
            Err("alerts.a.silence: 5 is less than 60".into())
        );
    }

    #[test]
    fn minutes_hours_and_percentiles_are_measured_over_their_time() {
        let now = Timestamp::parse("2026-11-24T12:00:30Z").unwrap();
        let minute = |ago: i64, failures, p95_ms| Minute {
            time: now.plus_seconds(-30 - 60 * ago),
            failures,
            p95_ms,
            ..Minute::default()
        };
        let minutes = [
            minute(61, 900, 900.),
            minute(59, 10, 5.),
            minute(5, 70, 800.),
            minute(1, 51, 9.5),
            minute(0, 12, 3.),
        ];
        assert_eq!(rule("failures > 50/min").measure(&minutes, now), 51.);
        assert_eq!(rule("failures > 1/h").measure(&minutes, now), 143.);
        assert_eq!(rule("p95 > 1ms").measure(&minutes, now), 9.5);
        assert_eq!(rule("failures > 1/h").measure(&[], now), 0.);
    }
}
