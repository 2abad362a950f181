//! Mails that Doorward sends to people.

use std::fmt;

use doorward_shared::Timestamp;
use serde::{Deserialize, Serialize};

/// A language there are texts in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    En,
    De,
}

impl Language {
    /// The language of a BCP 47 code; English where there are no texts in it.
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
        /// What a mail says.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum MailKind {
            $($(#[$doc])* $name,)*
        }

        impl MailKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As it is stored, and as operators see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
    /// With the link of a sign-up.
    SignUp = "sign-up";
    /// With a link that verifies the account's address.
    Verify = "verify";
    /// With a link, for somebody who has forgotten their password.
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
    /// Of `doorward-server mail-test`.
    Test = "test";
}

impl MailKind {
    /// The kind of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// Whether it only tells what has happened.
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

/// What a mail's text is made of.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailContent {
    pub to: String,
    pub language: Language,
    /// When what it tells of happened.
    pub at: Timestamp,
    /// The token of its link.
    #[serde(default)]
    pub token: Option<String>,
    /// Until when the link works.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// The address of the one who did it.
    #[serde(default)]
    pub ip: Option<String>,
    /// With what they did it.
    #[serde(default)]
    pub device: Option<String>,
    /// What it is about: an address.
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
