//! A first evening with a server: what is to be done before others rely on it, and what does each.

use doorward_shared::admin::ServerInfo;

/// Something that is done once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Issuer,
    Administrator,
    Backup,
    Proxies,
    Mail,
    Client,
}

impl Task {
    pub(crate) const ALL: [Self; 6] = [
        Self::Issuer,
        Self::Administrator,
        Self::Backup,
        Self::Proxies,
        Self::Mail,
        Self::Client,
    ];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Issuer => "issuer set",
            Self::Administrator => "administrator",
            Self::Backup => "backup made",
            Self::Proxies => "proxy trusted",
            Self::Mail => "mail tested",
            Self::Client => "first client",
        }
    }

    pub(crate) fn is_done(self, server: &ServerInfo) -> bool {
        let setup = &server.setup;
        match self {
            Self::Issuer => setup.issuer_set,
            Self::Administrator => setup.administrator,
            Self::Backup => setup.backed_up_at.is_some(),
            // Without a proxy there is nothing to trust.
            Self::Proxies => !setup.untrusted_proxy,
            Self::Mail => setup.mail_sent,
            Self::Client => setup.client_connected,
        }
    }

    /// What is to be known before it is done, a line each; those that begin with two spaces can be copied.
    pub(crate) fn advice(self, server: &ServerInfo) -> Vec<String> {
        let lines: &[&str] = match self {
            Self::Issuer => &[
                "Tokens name the issuer, and applications compare it letter by letter: set it before",
                "the first application is connected. In Rocket.toml, or in the environment:",
                "",
                "  issuer = \"https://id.example.org\"",
                "  DOORWARD_ISSUER=https://id.example.org",
                "",
                "Then restart the server.",
            ],
            Self::Proxies => &[
                "Requests come with X-Forwarded-For from an address that is not trusted: limits and the",
                "audit log take your proxy for the client. In Rocket.toml, with the proxy's address:",
                "",
                "  trusted_proxies = [\"127.0.0.1/32\"]",
                "",
                "Then restart the server.",
            ],
            Self::Mail if server.mail.is_some() => &[
                "Mail is set up, but the mail server has not taken one yet. Ask for a mail to yourself on the",
                "server's page \"Forgot your password?\", and look at Health (7) for what the mail server said.",
            ],
            Self::Mail => &[
                "Without mail people cannot get back in by themselves. In Rocket.toml:",
                "",
                "  mail_url = \"smtps://mail.example.org\"",
                "  mail_from = \"id@example.org\"",
                "",
                "Then restart the server.",
            ],
            Self::Backup => &[
                "A backup is examined when it is made (B on Health does it now). Without master.key it",
                "cannot be used: keep a copy of that file elsewhere, apart from the backups.",
                "",
                "  doorward backup",
            ],
            Self::Administrator | Self::Client => &[],
        };
        let mut lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
        if self == Self::Proxies {
            lines.extend(senders(server));
        }
        lines
    }
}

/// Who sends the header of proxies.
fn senders(server: &ServerInfo) -> Vec<String> {
    let mut lines = vec![String::new()];
    let senders = server.setup.forwarded_by.iter();
    lines.extend(senders.map(|one| format!("Seen from {}, {} times.", one.ip, one.times)));
    lines
        .push("Trust only those that are proxies of your own: anybody can send the header.".into());
    lines
}

/// The list while something on it is undone, what is left first: where there is little room that is what is seen. None
/// before the server was heard of, and when all is done.
pub(crate) fn open(server: Option<&ServerInfo>) -> Vec<(Task, bool)> {
    let Some(server) = server else {
        return Vec::new();
    };
    let mut tasks = Task::ALL.map(|task| (task, task.is_done(server))).to_vec();
    tasks.sort_by_key(|(_, done)| *done);
    if tasks.iter().all(|(_, done)| *done) {
        Vec::new()
    } else {
        tasks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::bench::server_info;

    #[test]
    fn the_list_stands_until_all_is_done() {
        let mut server = server_info();
        assert_eq!(open(Some(&server)), []);
        assert_eq!(
            open(None),
            [],
            "nothing is said of a server that was not heard of"
        );
        server.setup.backed_up_at = None;
        let undone: Vec<_> = open(Some(&server))
            .into_iter()
            .filter(|(_, done)| !done)
            .collect();
        assert_eq!(undone, [(Task::Backup, false)]);
        let first = open(Some(&server)).first().copied();
        assert_eq!(
            first,
            Some((Task::Backup, false)),
            "what is left stands first"
        );
    }
}
