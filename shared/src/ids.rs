//! Ids: a prefix and a ULID in lower case, so that they sort by creation.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ulid::Ulid;

/// An id whose text is not of its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}<26 characters>")]
pub struct BadId {
    prefix: &'static str,
}

fn parse(prefix: &'static str, text: &str) -> Result<Ulid, BadId> {
    let bad = BadId { prefix };
    let body = text.strip_prefix(prefix).ok_or(bad.clone())?;
    // One spelling per id: the decoder also takes upper case and the letters Crockford folds (i, l, o).
    let ulid = Ulid::from_string(body).map_err(|_| bad.clone())?;
    if ulid.to_string().to_ascii_lowercase() == body {
        Ok(ulid)
    } else {
        Err(bad)
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Ulid);

        impl $name {
            /// What its text starts with.
            pub const PREFIX: &'static str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut buffer = [0; ulid::ULID_LEN];
                let text = self.0.array_to_str(&mut buffer);
                text.make_ascii_lowercase();
                f.write_str($prefix)?;
                f.write_str(text)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                parse($prefix, text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                use utoipa::openapi::{ObjectBuilder, Type};
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some(concat!("^", $prefix, "[0-9a-hjkmnp-tv-z]{26}$")))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}

id!(/// A person's account.
    UserId, "user_");
id!(/// One sign-in, or one authorization by an OAuth client.
    SessionId, "ses_");
id!(/// An API key; not the secret.
    KeyId, "key_");
id!(/// A passkey of an account.
    PasskeyId, "passkey_");
id!(/// An OAuth client, also its `client_id`.
    ClientId, "client_");
id!(/// A network that is blocked.
    BlockId, "block_");
id!(/// An initial access token, with which clients register themselves; not the token.
    RegistrationTokenId, "reg_");
id!(/// An entry of the audit log; ids order as the changes were committed.
    EventId, "evt_");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_exactly_one_spelling() {
        let id = UserId(Ulid::from_parts(1_700_000_000_000, 42));
        let text = id.to_string();
        assert_eq!(text.parse::<UserId>(), Ok(id));
        assert!(text.to_uppercase().parse::<UserId>().is_err());
        assert!(text.replace("user_", "ses_").parse::<UserId>().is_err());
        assert!(format!("{text}0").parse::<UserId>().is_err());
        assert!("user_8zzzzzzzzzzzzzzzzzzzzzzzzz".parse::<UserId>().is_err());
    }
}
