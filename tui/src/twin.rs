//! The twin's command for what the console shows or is about to do.

use doorward_shared::{
    admin::{AdminMint, ClientPatch, RegisterClient, RevokeSessions, UserPatch},
    apikey::KeyPatch,
};

use crate::{
    app::{
        change::{Change, NewUser},
        list::List,
        state::{State, View},
    },
    item::{Item, Kind},
};

/// As a shell reads it as one word.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@,+=%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[derive(Debug)]
struct Words(String);

impl Words {
    fn new(start: &str) -> Self {
        Self(format!("doorward {start}"))
    }

    fn word(mut self, text: &str) -> Self {
        self.0.push(' ');
        self.0.push_str(&quoted(text));
        self
    }

    fn option(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.word(name).word(value),
            None => self,
        }
    }

    fn option_word(self, word: Option<&str>) -> Self {
        match word {
            Some(word) => self.word(word),
            None => self,
        }
    }

    fn each(self, name: &str, values: &[String]) -> Self {
        values
            .iter()
            .fold(self, |words, value| words.option(name, Some(value)))
    }

    fn all<T: ToString>(self, values: &[T]) -> Self {
        values
            .iter()
            .fold(self, |words, value| words.word(&value.to_string()))
    }
}

/// The command that does the same.
pub fn of_change(change: &Change) -> String {
    let words = match change {
        Change::CreateUser(user) => create_user(user),
        Change::EditUser(id, patch) => edit_user(&id.to_string(), patch),
        Change::SetPassword(id, _) => Words::new("users password").word(&id.to_string()),
        Change::DeleteUsers(ids) => return many("users delete", ids),
        Change::RevokeSessions(asked) => revoke_sessions(asked),
        Change::Mint(asked, owner) => mint(asked, owner.as_deref()),
        Change::EditKey(id, patch) => edit_key(&id.to_string(), patch),
        Change::RotateKey(id, grace) => Words::new("apikeys rotate")
            .word(&id.to_string())
            .option("--grace-seconds", Some(&grace.to_string())),
        Change::RevokeKeys(ids) => Words::new("apikeys revoke").all(ids),
        Change::RegisterClient(client) => register(client),
        Change::EditClient(id, patch) => edit_client(&id.to_string(), patch),
        Change::RotateSecret(id, grace) => Words::new("clients secret")
            .word(&id.to_string())
            .option("--grace-seconds", Some(&grace.to_string())),
        Change::DeleteClients(ids) => return many("clients delete", ids),
        Change::PutRole(name, permissions) => Words::new("roles put")
            .word(name)
            .each("--permission", permissions),
        Change::DeleteRoles(names) => return many("roles delete", names),
        Change::RotateSigning => Words::new("keys rotate"),
        Change::RevokeSigning(kids) => return many("keys revoke", kids),
        Change::Backup => Words::new("backup"),
    };
    words.0
}

fn many<T: ToString>(command: &str, things: &[T]) -> String {
    let one = |thing: &T| Words::new(command).word(&thing.to_string()).0;
    things.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn create_user(user: &NewUser) -> Words {
    let words = Words::new("users create")
        .option("--email", Some(&user.email))
        .option("--first-name", user.first_name.as_deref())
        .option("--last-name", user.last_name.as_deref())
        .option("--role", user.role.as_deref())
        .each("--permission", &user.permissions);
    match user.password {
        Some(_) => words.word("--password-stdin"),
        None => words,
    }
}

fn edit_user(id: &str, patch: &UserPatch) -> Words {
    if let Some(disabled) = patch.disabled {
        return Words::new(if disabled {
            "users disable"
        } else {
            "users enable"
        })
        .word(id);
    }
    let name = |name: &Option<Option<String>>| name.clone().map(Option::unwrap_or_default);
    let words = Words::new("users update")
        .word(id)
        .option("--email", patch.email.as_deref())
        .option("--first-name", name(&patch.first_name).as_deref())
        .option("--last-name", name(&patch.last_name).as_deref())
        .option("--role", patch.role.as_deref());
    match &patch.permissions {
        Some(permissions) if permissions.is_empty() => words.word("--no-permissions"),
        Some(permissions) => words.each("--permission", permissions),
        None => words,
    }
}

fn revoke_sessions(asked: &RevokeSessions) -> Words {
    let words = Words::new("sessions revoke")
        .all(asked.ids.as_deref().unwrap_or_default())
        .option("--user", asked.user_id.map(|id| id.to_string()).as_deref())
        .option(
            "--client",
            asked.client_id.map(|id| id.to_string()).as_deref(),
        )
        .option("--ip", asked.ip.as_deref());
    if asked.include_own && asked.ids.is_none() {
        return words.word("--include-own");
    }
    words
}

fn mint(asked: &AdminMint, owner: Option<&str>) -> Words {
    let id = asked.owner_id.map(|id| id.to_string());
    Words::new("apikeys mint")
        .option("--name", Some(&asked.name))
        .each("--scope", &asked.scopes)
        .option("--owner", owner.or(id.as_deref()))
        .option(
            "--expires",
            asked.expires_at.map(|at| at.to_string()).as_deref(),
        )
        .option("--environment", Some(asked.environment.as_str()))
}

fn edit_key(id: &str, patch: &KeyPatch) -> Words {
    Words::new("apikeys update")
        .word(id)
        .option("--name", patch.name.as_deref())
        .each("--scope", patch.scopes.as_deref().unwrap_or_default())
}

fn register(client: &RegisterClient) -> Words {
    let words = Words::new("clients register")
        .option("--name", Some(&client.name))
        .each("--redirect-uri", &client.redirect_uris)
        .each("--grant", &client.grant_types)
        .each("--scope", &client.scopes)
        .each("--resource", &client.resources);
    let words = if client.require_pkce {
        words.word("--require-pkce")
    } else {
        words
    };
    let words = if client.resource_server {
        words.word("--resource-server")
    } else {
        words
    };
    if client.confidential {
        words
    } else {
        words.word("--public")
    }
}

fn edit_client(id: &str, patch: &ClientPatch) -> Words {
    let of = |values: &Option<Vec<String>>| values.clone().unwrap_or_default();
    Words::new("clients update")
        .word(id)
        .option("--name", patch.name.as_deref())
        .each("--redirect-uri", &of(&patch.redirect_uris))
        .each("--grant", &of(&patch.grant_types))
        .each("--scope", &of(&patch.scopes))
        .each("--resource", &of(&patch.resources))
        .option_word(match patch.require_pkce {
            Some(true) => Some("--require-pkce"),
            Some(false) => Some("--no-require-pkce"),
            None => None,
        })
        .option(
            "--resource-server",
            patch
                .resource_server
                .map(|is_one| is_one.to_string())
                .as_deref(),
        )
}

fn of_list(list: &List) -> Words {
    let start = match list.kind {
        Kind::Events if list.paused.is_none() && list.sort.is_none() => {
            "events list --follow".to_owned()
        }
        kind => format!("{} list", kind.command()),
    };
    let mut words = Words::new(&start);
    for filter in &list.filters {
        let name = match filter.name {
            "userId" => "--user",
            "ownerId" => "--owner",
            "clientId" => "--client",
            "expiresBefore" => "--expires-before",
            "unusedSince" => "--unused-since",
            name => {
                words = words.option(&format!("--{name}"), Some(&filter.value));
                continue;
            }
        };
        words = words.option(name, Some(&filter.value));
    }
    if !list.q.is_empty() {
        words = words.option("--q", Some(&list.q));
    }
    match list
        .sort
        .and_then(|(at, down)| list.kind.sorts().get(at).map(|(name, _)| (name, down)))
    {
        Some((name, down)) => {
            let way = if down { "desc" } else { "asc" };
            words.option("--sort", Some(&format!("{name}:{way}")))
        }
        None => words,
    }
}

/// A command with its reason.
pub fn because(command: String, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("{command} --reason {}", quoted(reason)),
        None => command,
    }
}

/// The commands for what is on the screen.
pub fn of_state(state: &State) -> Vec<String> {
    let mut lines = Vec::new();
    match &state.view {
        View::List(list) => lines.push(of_list(list).0),
        View::Dashboard { .. } => lines.push("doorward stats".into()),
        View::Health { .. } => lines.push("doorward status".into()),
        View::Incident(incident) => lines.push(Words::new("incident").word(incident.pivot.id()).0),
    }
    let Some(item) = state.item() else {
        return lines;
    };
    let id = item.id();
    let about = |command: &str| Words::new(command).word(&id).0;
    match item {
        Item::User(_) => lines.extend(
            [
                "users get",
                "users end-sessions",
                "users disable",
                "users delete",
            ]
            .map(about),
        ),
        Item::Session(_) => lines.extend(["sessions get", "sessions revoke"].map(about)),
        Item::Key(_) => {
            lines.extend(["apikeys get", "apikeys rotate", "apikeys revoke"].map(about))
        }
        Item::Client(_) => {
            lines.extend(["clients get", "clients secret", "clients delete"].map(about))
        }
        Item::Role(_) => lines.extend(["roles get", "roles delete"].map(about)),
        Item::Signing(key) => {
            lines.push("doorward keys rotate".into());
            if !key.active {
                lines.push(about("keys revoke"));
            }
        }
        Item::Event(_) | Item::Profile(_) => {}
    }
    lines
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use doorward_shared::{Scope, apikey::Environment};

    use super::*;
    use crate::{
        app::tests::bench::{Bench, client, key, session, user},
        cli::Cli,
        secret::Secret,
    };

    /// Words as a shell makes them.
    fn words(command: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for c in command.replace("'\\''", "\u{1}").chars() {
            match c {
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                '\u{1}' => words.last_mut().unwrap().push('\''),
                c => words.last_mut().unwrap().push(c),
            }
        }
        words
    }

    fn changes() -> Vec<Change> {
        let (user, session, key, client) = (
            user(2, "bob@example.org"),
            session(1),
            key(2, "k"),
            client(1, "c"),
        );
        let mint = AdminMint {
            owner_id: Some(user.id),
            name: "it's a \"key\"; rm -rf $HOME".into(),
            scopes: vec!["read:orders".into()],
            expires_at: Some(crate::app::tests::bench::noon()),
            environment: Environment::Test,
            ..AdminMint::default()
        };
        let patch = UserPatch {
            email: Some("b@example.org".into()),
            first_name: Some(None),
            last_name: Some(Some("O'Neil".into())),
            role: Some("admin".into()),
            permissions: Some(Vec::new()),
            disabled: None,
        };
        let scopes: Vec<String> = [key.scopes.clone()]
            .iter()
            .flatten()
            .map(Scope::to_string)
            .collect();
        vec![
            Change::CreateUser(NewUser {
                email: "eve@example.org".into(),
                password: Some(Secret::new("x".into())),
                first_name: Some("Eve Anna".into()),
                last_name: None,
                role: Some("admin".into()),
                permissions: scopes.clone(),
            }),
            Change::EditUser(user.id, patch),
            Change::EditUser(
                user.id,
                UserPatch {
                    disabled: Some(true),
                    ..UserPatch::default()
                },
            ),
            Change::SetPassword(user.id, Secret::new("x".into())),
            Change::DeleteUsers(vec![user.id]),
            Change::RevokeSessions(RevokeSessions {
                user_id: Some(user.id),
                client_id: Some(client.id),
                ip: Some("10.0.0.0/8".into()),
                include_own: true,
                ..RevokeSessions::default()
            }),
            Change::RevokeSessions(RevokeSessions {
                ids: Some(vec![session.id]),
                ..RevokeSessions::default()
            }),
            Change::Mint(mint.clone(), None),
            Change::Mint(mint, Some("bob@example.org".into())),
            Change::EditKey(
                key.id,
                KeyPatch {
                    name: Some("n".into()),
                    scopes: Some(scopes.clone()),
                    ..KeyPatch::default()
                },
            ),
            Change::RotateKey(key.id, 60),
            Change::RevokeKeys(vec![key.id, key.id]),
            Change::RegisterClient(RegisterClient {
                name: "a shop".into(),
                redirect_uris: client.redirect_uris.clone(),
                grant_types: client.grant_types.clone(),
                scopes: scopes.clone(),
                confidential: false,
                resources: vec!["https://api.example".into()],
                require_pkce: true,
                resource_server: true,
            }),
            Change::EditClient(
                client.id,
                ClientPatch {
                    name: Some("n".into()),
                    redirect_uris: Some(client.redirect_uris.clone()),
                    grant_types: Some(client.grant_types.clone()),
                    scopes: Some(scopes.clone()),
                    resources: None,
                    require_pkce: Some(true),
                    resource_server: Some(false),
                },
            ),
            Change::RotateSecret(client.id, 0),
            Change::DeleteClients(vec![client.id]),
            Change::PutRole("support".into(), scopes),
            Change::DeleteRoles(vec!["support".into()]),
            Change::RotateSigning,
            Change::RevokeSigning(vec!["kid".into()]),
            Change::Backup,
        ]
    }

    #[test]
    fn every_change_has_a_command_that_the_twin_takes() {
        for change in changes() {
            let command = because(of_change(&change), Some("they're gone"));
            for one in command.split("; doorward").take(1) {
                let words = words(one);
                let parsed = Cli::try_parse_from(&words);
                assert!(parsed.is_ok(), "{change:?}: {one}\n{}", parsed.unwrap_err());
                assert!(!one.contains("Secret"), "{one}");
            }
        }
        assert_eq!(words(&quoted("it's")), ["it's"]);
    }

    #[test]
    fn every_view_has_commands_that_the_twin_takes() {
        for kind in [
            Kind::Users,
            Kind::Sessions,
            Kind::Keys,
            Kind::Clients,
            Kind::Events,
            Kind::Roles,
            Kind::Signing,
            Kind::Profiles,
        ] {
            let mut bench = Bench::on(Kind::Users, 80, 24);
            bench.go(kind);
            if kind != Kind::Profiles {
                bench.serve(crate::app::tests::bench::rows(kind));
            }
            for line in of_state(&bench.state) {
                let parsed = Cli::try_parse_from(words(&line));
                assert!(parsed.is_ok(), "{line}\n{}", parsed.unwrap_err());
            }
        }
    }
}
