//! What a person calls the thing they signed in with, read from its user agent.

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
    ("doorward/", "Doorward console"),
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

const UNKNOWN: &str = "Unknown device";

/// "Firefox on Linux", "curl", or "Unknown device": no word of the agent's own.
pub fn known_device(user_agent: Option<&str>) -> String {
    named(user_agent.unwrap_or_default()).unwrap_or_else(|| UNKNOWN.into())
}

/// As [`known_device`], but of an agent that is not known the name it gives itself.
pub fn device(user_agent: Option<&str>) -> String {
    let Some(agent) = user_agent.filter(|agent| !agent.is_empty()) else {
        return UNKNOWN.into();
    };
    let own = || agent.split(['/', ' ']).next().unwrap_or_default();
    named(agent).unwrap_or_else(|| own().chars().take(40).collect())
}

fn named(agent: &str) -> Option<String> {
    let find = |table: &[(&str, &'static str)]| {
        table
            .iter()
            .find(|(mark, _)| agent.contains(mark))
            .map(|(_, name)| *name)
    };
    match (find(&PROGRAMS), find(&SYSTEMS)) {
        (Some(program), Some(system)) => Some(format!("{program} on {system}")),
        (Some(name), None) | (None, Some(name)) => Some(name.into()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{device, known_device};

    #[test]
    fn devices_are_named_as_people_name_them() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        assert_eq!(device(Some(firefox)), "Firefox on Linux");
        assert_eq!(device(Some("curl/8.5.0")), "curl");
        assert_eq!(device(None), "Unknown device");
        let own = Some("Win-at-evil.example/1.0");
        assert_eq!(device(own), "Win-at-evil.example");
        assert_eq!(known_device(own), "Unknown device");
        assert_eq!(known_device(Some(firefox)), device(Some(firefox)));
    }
}
