//! What clients are usually for: from it and from what is typed follows how they are registered.

use doorward_shared::scope::OPENID_SCOPES;

use super::{
    field::Value,
    form::{Form, Purpose},
    line::Line,
};

/// A kind of application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    Web,
    Browser,
    Native,
    Service,
    Mcp,
}

impl Preset {
    pub const NAMES: [(&'static str, Preset); 5] = [
        ("web application", Preset::Web),
        ("browser application", Preset::Browser),
        ("native application", Preset::Native),
        ("service", Preset::Service),
        ("MCP client", Preset::Mcp),
    ];

    pub fn named(name: &str) -> Self {
        let found = Self::NAMES.iter().find(|(have, _)| *have == name);
        found.map_or(Self::Web, |(_, preset)| *preset)
    }

    /// Whether it can keep a secret.
    pub fn is_confidential(self) -> bool {
        matches!(self, Self::Web | Self::Service)
    }

    /// Whether people sign in to it.
    pub fn signs_in(self) -> bool {
        self != Self::Service
    }

    pub fn about(self) -> &'static str {
        match self {
            Self::Web => "runs on a server and keeps a secret; people sign in",
            Self::Browser => "runs in the browser alone, without a secret; PKCE",
            Self::Native => "an app on a phone or computer, without a secret; PKCE",
            Self::Service => "calls APIs for itself; nobody signs in",
            Self::Mcp => "a client of MCP servers, without a secret; PKCE",
        }
    }

    fn redirect_hint(self) -> &'static str {
        match self {
            Self::Web | Self::Browser => {
                "where people are sent back to: https://app.example/callback"
            }
            Self::Native | Self::Mcp => {
                "http://127.0.0.1/callback (any port), or a scheme of its own"
            }
            Self::Service => "none, unless people sign in to it too",
        }
    }

    /// The grants it needs, with redirect URIs or without.
    fn grants(self, redirects: bool) -> Vec<String> {
        let code = ["authorization_code", "refresh_token"];
        let grants: Vec<&str> = match (self, redirects) {
            (Self::Service, false) => vec!["client_credentials"],
            (Self::Service, true) => [&code[..], &["client_credentials"]].concat(),
            _ => code.to_vec(),
        };
        grants.into_iter().map(str::to_owned).collect()
    }

    fn scopes(self, redirects: bool) -> Vec<String> {
        let signs_in = self.signs_in() || redirects;
        let scopes = OPENID_SCOPES.iter().filter(|_| signs_in);
        // MCP servers ask for no groups.
        scopes
            .filter(|scope| self != Self::Mcp || **scope != "groups")
            .map(|scope| (*scope).to_owned())
            .collect()
    }
}

impl Form {
    pub fn preset(&self) -> Preset {
        Preset::named(self.get("preset"))
    }

    /// Lets grants and scopes follow what was chosen and typed, as long as nobody chose them by hand.
    pub fn follow_preset(&mut self) {
        if !matches!(self.purpose, Purpose::NewClient) {
            return;
        }
        let preset = self.preset();
        let redirects = !self.get("redirectUris").trim().is_empty();
        for field in &mut self.fields {
            match (field.name, &mut field.value) {
                ("preset", _) => field.hint = preset.about(),
                ("redirectUris", _) => field.hint = preset.redirect_hint(),
                ("grantTypes", Value::Scopes(picker)) if !picker.touched => {
                    picker.chosen = preset.grants(redirects);
                }
                ("scopes", Value::Scopes(picker)) if !picker.touched => {
                    picker.chosen = preset.scopes(redirects);
                    picker.search.line = Line::default();
                }
                _ => {}
            }
        }
    }
}
