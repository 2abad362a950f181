//! `doorward complete`: shell completion. Decides for all shells what the word being typed names.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::watch::Watched;

#[derive(Debug, Clone, PartialEq, Args)]
pub(crate) struct Complete {
    /// The words behind `doorward` up to the one that is typed, which is the last
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub words: Vec<String>,
}

/// A completion request of a shell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CompletionRequest {
    pub what: Watched,
    /// The prefix typed so far.
    pub prefix: String,
    pub from: NamedServer,
}

/// The server that the line being typed names.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NamedServer {
    pub server: Option<String>,
    pub key_file: Option<PathBuf>,
    pub profile: Option<String>,
}

impl NamedServer {
    /// Records an option; returns whether it was one of these.
    fn take(&mut self, name: &str, value: &str) -> bool {
        match name {
            "--server" => self.server = Some(value.into()),
            "--key-file" => self.key_file = Some(value.into()),
            "--profile" => self.profile = Some(value.into()),
            _ => return false,
        }
        true
    }
}

/// The list that an option's value names.
fn of_option(name: &str) -> Option<Watched> {
    Some(match name {
        "--user" | "--owner" => Watched::Users,
        "--client" => Watched::Clients,
        "--role" => Watched::Roles,
        _ => return None,
    })
}

/// The list that a command's arguments name.
fn of_command(noun: &str, verb: &str) -> Option<Watched> {
    let names = match noun {
        "incident" => return Some(Watched::Users),
        "users" => {
            "get update disable enable password require-reset link end-sessions delete revoke"
        }
        "sessions" => "get revoke",
        "apikeys" => "get update rotate revoke clone usage",
        "clients" => "get update secret delete revoke",
        "blocks" => "remove revoke",
        "roles" => "get put delete revoke",
        "keys" => "revoke",
        _ => return None,
    };
    let kind = Watched::from_str(noun, false).ok()?;
    names.split(' ').any(|name| name == verb).then_some(kind)
}

impl Complete {
    /// The list whose ids or names complete the last word, if any.
    pub(crate) fn wanted(&self) -> Option<CompletionRequest> {
        let (prefix, before) = self.words.split_last()?;
        if prefix.starts_with('-') {
            return None;
        }
        let mut from = NamedServer::default();
        let mut plain: Vec<&str> = Vec::new();
        let mut words = before.iter().map(String::as_str).peekable();
        // The option whose value is typed.
        let mut open = None;
        while let Some(word) = words.next() {
            match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => {
                    from.take(name, value);
                }
                _ if !word.starts_with('-') => plain.push(word),
                _ => match words.peek() {
                    None => open = Some(word),
                    Some(value) => {
                        if from.take(word, value) || of_option(word).is_some() {
                            words.next();
                        }
                    }
                },
            }
        }
        let what = match (open.and_then(of_option), &plain[..]) {
            (Some(what), _) => Some(what),
            (None, [noun @ "incident", ..]) => of_command(noun, ""),
            (None, [noun, verb, ..]) => of_command(noun, verb),
            (None, _) => None,
        };
        Some(CompletionRequest {
            what: what?,
            prefix: prefix.clone(),
            from,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(line: &str) -> Option<CompletionRequest> {
        let words = line.split(' ').map(str::to_owned).collect();
        Complete { words }.wanted()
    }

    #[test]
    fn ids_are_known_where_they_stand_and_nowhere_else() {
        for (line, what) in [
            ("users get ad", Some(Watched::Users)),
            ("users delete user_1 ", Some(Watched::Users)),
            ("apikeys revoke key_", Some(Watched::Apikeys)),
            ("--yes clients delete ", Some(Watched::Clients)),
            ("incident 203.0.113.7 ad", Some(Watched::Users)),
            ("sessions list --user ad", Some(Watched::Users)),
            ("events list --client client_", Some(Watched::Clients)),
            ("sessions list --user ada --client ", Some(Watched::Clients)),
            ("roles get --user ada ", Some(Watched::Roles)),
            ("users list ", None),
            ("users import fi", None),
            ("users ge", None),
            ("users get --co", None),
            ("status ", None),
            ("", None),
        ] {
            assert_eq!(wanted(line).map(|one| one.what), what, "{line:?}");
        }
        assert_eq!(wanted("users get ad").unwrap().prefix, "ad");
    }

    #[test]
    fn the_server_of_the_line_is_asked() {
        let from = wanted("--profile live users get --server=http://x --key-file k ad");
        let from = from.unwrap().from;
        assert_eq!(from.profile.as_deref(), Some("live"));
        assert_eq!(from.server.as_deref(), Some("http://x"));
        assert_eq!(from.key_file, Some("k".into()));
    }
}
