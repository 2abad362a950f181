//! Mails to users: kinds, languages, and contents.

use std::fmt;

use doorward_shared::Timestamp;
use serde::{Deserialize, Serialize};

/// A supported language of mails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    En,
    De,
}

impl Language {
    /// The language of a BCP 47 code; English if it is not supported.
    pub fn of_code(code: &str) -> Self {
        match code {
            "de" => Self::De,
            _ => Self::En,
        }
    }

    /// BCP 47.
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// The kind of a mail.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum MailKind {
            $($(#[$doc])* $name,)*
        }

        impl MailKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name in storage and in the admin API.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
    /// With a link that confirms a sign-up.
    SignUp = "sign-up";
    /// With a link that verifies the account's address.
    Verify = "verify";
    /// With a link, for a user who has forgotten their password.
    Forgot = "forgot";
    /// With a link for a new password, from an operator.
    Reset = "reset";
    /// With a link for a first password, from an operator.
    Invite = "invite";
    /// With a link that changes the account's address to this one.
    Change = "change";
    /// To the address that is to be changed.
    ChangeAsked = "change-asked";
    /// To the address that was changed.
    EmailChanged = "email-changed";
    NewSignIn = "new-sign-in";
    PasswordChanged = "password-changed";
    FactorsChanged = "factors-changed";
    KeyMinted = "key-minted";
    /// The test mail of `doorward-server mail-test`.
    Test = "test";
}

impl MailKind {
    /// Parses a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// Whether it only reports something that has happened.
    pub fn is_notice(self) -> bool {
        matches!(
            self,
            Self::EmailChanged
                | Self::NewSignIn
                | Self::PasswordChanged
                | Self::FactorsChanged
                | Self::KeyMinted
        )
    }
}

/// The values that a mail's text contains.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailContent {
    pub to: String,
    pub language: Language,
    /// When the event it reports happened.
    pub at: Timestamp,
    /// The token of its link.
    #[serde(default)]
    pub token: Option<String>,
    /// When the link expires.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// IP address of the actor.
    #[serde(default)]
    pub ip: Option<String>,
    /// Device of the actor.
    #[serde(default)]
    pub device: Option<String>,
    /// The address it is about.
    #[serde(default)]
    pub about: Option<String>,
}

impl fmt::Debug for MailContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[mail]")
    }
}

impl MailContent {
    /// A mail without a link.
    pub fn new(to: impl Into<String>, language: Language, at: Timestamp) -> Self {
        Self {
            to: to.into(),
            language,
            at,
            token: None,
            until: None,
            ip: None,
            device: None,
            about: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_a_name_each() {
        for kind in MailKind::ALL {
            assert_eq!(MailKind::parse(kind.as_str()), Some(*kind));
        }
    }
}
