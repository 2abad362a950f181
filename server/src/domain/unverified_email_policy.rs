//! Policy for disclosing unverified addresses to clients.

use std::str::FromStr;

use super::User;

/// Whether a client receives an address that is not verified. Applications match accounts by address: an attacker who
/// signs up with an administrator's address would take over their account there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnverifiedEmail {
    #[default]
    Withhold,
    Send,
}

impl UnverifiedEmail {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Withhold => "withhold",
            Self::Send => "send",
        }
    }
}

impl FromStr for UnverifiedEmail {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "withhold" => Ok(Self::Withhold),
            "send" => Ok(Self::Send),
            _ => Err("must be withhold or send"),
        }
    }
}

impl UnverifiedEmail {
    /// As [`ClientPolicy::told_email`].
    pub fn disclosed(self, user: &User) -> Option<(&str, bool)> {
        let told = user.email_verified || self == Self::Send;
        told.then(|| (user.email.as_str(), user.email_verified))
    }
}
