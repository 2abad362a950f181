//! Human-readable device name parsed from the user agent.

use std::borrow::Cow;

use super::mail::Language;

const PROGRAMS: [(&str, &str); 13] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python-requests", "Python"),
    ("Python/", "Python"),
    ("Go-http-client", "Go"),
    ("doorward/", CONSOLE),
];

const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// The only program name that is translated.
const CONSOLE: &str = "Doorward console";

/// Maximum length of a self-reported agent name, in characters.
const OWN_NAME: usize = 40;

/// The device or program a user signed in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device<'a> {
    program: Option<&'static str>,
    system: Option<&'static str>,
    /// The agent's self-reported name.
    own: Option<&'a str>,
}

impl<'a> Device<'a> {
    /// The device that the user agent describes. An unknown agent keeps its self-reported name.
    pub fn of(user_agent: Option<&'a str>) -> Self {
        let agent = user_agent.unwrap_or_default();
        let find = |table: &[(&str, &'static str)]| {
            let found = table.iter().find(|(mark, _)| agent.contains(mark));
            found.map(|(_, name)| *name)
        };
        let own = agent.split(['/', ' ']).next();
        Self {
            program: find(&PROGRAMS),
            system: find(&SYSTEMS),
            own: own.filter(|name| !name.is_empty()),
        }
    }

    /// Without any text of the agent's own: for messages that an unauthenticated client must not influence.
    pub fn known(self) -> Device<'static> {
        Device {
            program: self.program,
            system: self.system,
            own: None,
        }
    }

    /// "Firefox on Linux", "curl", "Unknown device".
    pub fn said_in(self, language: Language) -> Cow<'static, str> {
        let name = |program| match (program, language) {
            (CONSOLE, Language::De) => "Doorward-Konsole",
            _ => program,
        };
        match (self.program.map(name), self.system) {
            (Some(program), Some(system)) => match language {
                Language::En => format!("{program} on {system}").into(),
                Language::De => format!("{program} auf {system}").into(),
            },
            (Some(name), None) | (None, Some(name)) => name.into(),
            (None, None) => match (self.own, language) {
                (Some(own), _) => own.chars().take(OWN_NAME).collect::<String>().into(),
                (None, Language::En) => "Unknown device".into(),
                (None, Language::De) => "Unbekanntes Gerät".into(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Device, Language::*};

    #[test]
    fn devices_are_named_as_people_name_them() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let said = |agent| {
            let device = Device::of(agent);
            (device.said_in(En), device.said_in(De))
        };
        for (agent, en, de) in [
            (Some(firefox), "Firefox on Linux", "Firefox auf Linux"),
            (Some("curl/8.5.0"), "curl", "curl"),
            (Some("Linux"), "Linux", "Linux"),
            (
                Some("doorward/0.1.0"),
                "Doorward console",
                "Doorward-Konsole",
            ),
            (None, "Unknown device", "Unbekanntes Gerät"),
            (Some(""), "Unknown device", "Unbekanntes Gerät"),
        ] {
            assert_eq!(said(agent), (en.into(), de.into()));
        }
    }

    #[test]
    fn an_agents_own_name_is_kept_only_where_it_may_be() {
        let own = Device::of(Some("Win-at-evil.example/1.0"));
        assert_eq!(own.said_in(En), "Win-at-evil.example");
        assert_eq!(own.known().said_in(En), "Unknown device");
        let long = "x".repeat(500);
        assert_eq!(Device::of(Some(&long)).said_in(De).len(), 40);
    }
}
