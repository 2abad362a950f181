//! Client presets: the metadata for common kinds of clients.

use super::{
    field::Value,
    form::{Form, Purpose},
    text_input::TextInput,
};
pub(super) use crate::command::Preset;

impl Preset {
    pub(crate) const NAMES: [(&'static str, Preset); 5] = [
        ("web application", Preset::Web),
        ("browser application", Preset::Browser),
        ("native application", Preset::Native),
        ("service", Preset::Service),
        ("MCP client", Preset::Mcp),
    ];

    pub(crate) fn named(name: &str) -> Self {
        let found = Self::NAMES.iter().find(|(have, _)| *have == name);
        found.map_or(Self::Web, |(_, preset)| *preset)
    }

    pub(crate) fn about(self) -> &'static str {
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
}

impl Form {
    pub(crate) fn preset(&self) -> Preset {
        Preset::named(self.get("preset"))
    }

    /// Lets grants and scopes follow what was chosen and typed, as long as nobody chose them by hand.
    pub(crate) fn follow_preset(&mut self) {
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
                    picker.search.line = TextInput::default();
                }
                _ => {}
            }
        }
    }
}
