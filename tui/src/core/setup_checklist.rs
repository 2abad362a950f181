//! The set-up checklist: tasks before a server goes into production.

use doorward_shared::admin::ServerInfo;

use super::{
    layer::{Choice, Layer, Menu},
    msg::Effect,
    state::State,
};

/// Something that is done once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Issuer,
    Administrator,
    MasterKey,
    Backup,
    Proxies,
    Mail,
    Client,
}

impl Task {
    pub(crate) const ALL: [Self; 7] = [
        Self::Issuer,
        Self::Administrator,
        Self::MasterKey,
        Self::Backup,
        Self::Proxies,
        Self::Mail,
        Self::Client,
    ];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Issuer => "issuer set",
            Self::Administrator => "administrator",
            Self::MasterKey => "master.key copied",
            Self::Backup => "backup made",
            Self::Proxies => "proxy trusted",
            Self::Mail => "mail tested",
            Self::Client => "first client",
        }
    }

    fn is_done(self, server: &ServerInfo, key: MasterKey) -> bool {
        let setup = &server.setup;
        match self {
            Self::Issuer => setup.issuer_set,
            Self::Administrator => setup.administrator,
            Self::MasterKey => key == MasterKey::Copied,
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
            Self::MasterKey => return key_advice(server),
            Self::Administrator | Self::Client => &[],
        };
        let mut lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
        if self == Self::Proxies {
            lines.extend(senders(server));
        }
        lines
    }
}

/// Which file is to be copied, and why.
fn key_advice(server: &ServerInfo) -> Vec<String> {
    let folder = server.settings.get("data_dir");
    let folder = folder.map_or("doorward-data", String::as_str);
    vec![
        format!("  {}/master.key", folder.trim_end_matches('/')),
        String::new(),
        "Copy it, apart from the backups: none holds it, and without it a backup's signing keys and one-time codes are lost. The server cannot see whether you did.".into(),
    ]
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

/// What the operator said of the key that no backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MasterKey {
    Copied,
    NotCopied,
}

/// The list while something on it is undone, what is left first: where there is little room that is what is seen. None
/// before the server was heard of, and when all is done.
fn open(server: Option<&ServerInfo>, key: MasterKey) -> Vec<(Task, bool)> {
    let Some(server) = server else {
        return Vec::new();
    };
    let done = |task: Task| (task, task.is_done(server, key));
    let mut tasks = Task::ALL.map(done).to_vec();
    tasks.sort_by_key(|(_, done)| *done);
    if tasks.iter().all(|(_, done)| *done) {
        Vec::new()
    } else {
        tasks
    }
}

impl State {
    fn master_key(&self) -> MasterKey {
        if self.customization.copied.contains(self.profile_name()) {
            MasterKey::Copied
        } else {
            MasterKey::NotCopied
        }
    }

    /// What is done and what is left, while something is.
    pub(crate) fn checklist(&self) -> Vec<(Task, bool)> {
        open(self.known.server.as_deref(), self.master_key())
    }

    /// Asks whether master.key is copied: the operator alone knows.
    pub(super) fn ask_for_key(&mut self, title: String, lines: Vec<String>) {
        let entries = match self.master_key() {
            MasterKey::NotCopied => [
                ("Cancel: not yet", Choice::Stay),
                ("It is copied", Choice::KeyCopied(true)),
            ],
            MasterKey::Copied => [
                ("Cancel: it is copied", Choice::Stay),
                ("There is no copy", Choice::KeyCopied(false)),
            ],
        };
        let entries = entries.map(|(label, choice)| (label.to_owned(), choice));
        self.layers.push(Layer::Menu(Menu {
            lines,
            ..Menu::new(title, entries.to_vec())
        }));
    }

    /// Remembers it for this profile.
    pub(super) fn key_copied(&mut self, copied: bool, effects: &mut Vec<Effect>) {
        let profile = self.profile_name().to_owned();
        if copied {
            self.customization.copied.insert(profile.clone());
        } else {
            self.customization.copied.remove(&profile);
        }
        effects.push(Effect::KeyCopied { profile, copied });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::test_console::server_info;

    #[test]
    fn the_list_stands_until_all_is_done() {
        let mut server = server_info();
        let key = MasterKey::Copied;
        assert_eq!(open(Some(&server), key), []);
        assert_eq!(
            open(None, key),
            [],
            "nothing is said of a server that was not heard of"
        );
        server.setup.backed_up_at = None;
        let mut undone = open(Some(&server), key);
        let first = undone.first().copied();
        assert_eq!(
            first,
            Some((Task::Backup, false)),
            "what is left stands first"
        );
        undone.retain(|(_, done)| !done);
        assert_eq!(undone, [(Task::Backup, false)]);
    }

    #[test]
    fn a_backup_does_not_stand_for_a_copy_of_the_master_key() {
        let server = server_info();
        assert!(server.setup.backed_up_at.is_some());
        let mut undone = open(Some(&server), MasterKey::NotCopied);
        undone.retain(|(_, done)| !done);
        assert_eq!(undone, [(Task::MasterKey, false)]);
    }
}
