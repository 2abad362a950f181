//! Sentences of the pages that one-time links lead to.

/// As [`super::texts::Texts`], of links.
#[derive(Debug)]
pub struct LinkTexts {
    pub dead_title: &'static str,
    pub dead: &'static str,
    pub reset_title: &'static str,
    /// `{site}`
    pub invite_title: &'static str,
    pub reset_text: &'static str,
    pub invite_text: &'static str,
    pub keep_keys: &'static str,
    /// A button
    pub set_password: &'static str,
    pub set_title: &'static str,
    pub set_text: &'static str,
}

pub const EN: LinkTexts = LinkTexts {
    dead_title: "This link does not work any more",
    dead: "It was used, has expired, or a newer one took its place. Ask for a new one.",
    reset_title: "Choose a new password",
    invite_title: "Welcome to {site}",
    reset_text: "Everything that is signed in to your account is signed out.",
    invite_text: "Choose the password with which you will sign in.",
    keep_keys: "Keep my API keys working",
    set_password: "Set password",
    set_title: "Your password is set",
    set_text: "You can sign in with it now.",
};

pub const DE: LinkTexts = LinkTexts {
    dead_title: "Dieser Link funktioniert nicht mehr",
    dead: "Er wurde schon benutzt, ist abgelaufen oder durch einen neueren ersetzt. Bitten Sie um einen neuen.",
    reset_title: "Neues Passwort wählen",
    invite_title: "Willkommen bei {site}",
    reset_text: "Alles, was bei Ihrem Konto angemeldet ist, wird abgemeldet.",
    invite_text: "Wählen Sie das Passwort, mit dem Sie sich anmelden werden.",
    keep_keys: "Meine API-Schlüssel sollen weiter gelten",
    set_password: "Passwort setzen",
    set_title: "Ihr Passwort ist gesetzt",
    set_text: "Sie können sich jetzt damit anmelden.",
};
