//! Compact in-memory form of an account, since the cache holds one for each signed-in user.

use std::sync::Arc;

use doorward_shared::{ScopeSet, Timestamp, UserId};

use crate::{
    cache::{Heap, Interner},
    domain::{Account, Email, User},
};

/// Represents an absent time.
const NEVER: i64 = i64::MIN;
/// Maximum size in bytes of the data that accounts share; larger data is stored per account.
const SHARED_BYTES: usize = 2048;

/// Data that many accounts have in common.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct SharedAccountData {
    role: String,
    permissions: ScopeSet,
    groups: Vec<String>,
    may: ScopeSet,
}

impl SharedAccountData {
    fn heap_bytes(&self) -> usize {
        let groups = self.groups.iter();
        let groups = groups.map(|group| group.len() + size_of::<String>());
        let scopes = self.permissions.heap_bytes() + self.may.heap_bytes();
        size_of::<Self>() + self.role.len() + scopes + groups.sum::<usize>()
    }
}

/// An [`Account`] without its id.
#[derive(Debug, Clone)]
pub(super) struct CachedAccount {
    /// Concatenated: email address, its key, first name, last name.
    texts: Box<str>,
    shared: Arc<SharedAccountData>,
    created_at: i64,
    updated_at: i64,
    disabled_at: i64,
    last_login_at: i64,
    /// Lengths of email address, key and first name; 0 if absent.
    lengths: [u16; 3],
    has_last_name: bool,
    email_verified: bool,
    own_standing: bool,
}

fn packed(at: Option<Timestamp>) -> i64 {
    at.map_or(NEVER, |at| at.0)
}

fn unpacked(at: i64) -> Option<Timestamp> {
    (at != NEVER).then_some(Timestamp(at))
}

impl CachedAccount {
    /// `None` if the texts exceed the maximum length.
    pub(super) fn of(
        account: &Account,
        standings: &Interner<Arc<SharedAccountData>>,
    ) -> Option<Self> {
        let user = &account.user;
        let shown = user.email.as_str();
        let key = Some(user.email.key()).filter(|key| *key != shown);
        let first = user.first_name.as_deref();
        let last = user.last_name.as_deref();
        // An empty name differs from an absent one.
        if first == Some("") || key == Some("") {
            return None;
        }
        let length = |text: Option<&str>| u16::try_from(text.map_or(0, str::len)).ok();
        let lengths = [length(Some(shown))?, length(key)?, length(first)?];
        let texts = [
            shown,
            key.unwrap_or(""),
            first.unwrap_or(""),
            last.unwrap_or(""),
        ];
        let standing = Arc::new(SharedAccountData {
            role: user.role.clone(),
            permissions: user.permissions.clone(),
            groups: user.groups.clone(),
            may: account.may.clone(),
        });
        let (standing, is_shared) = if standing.heap_bytes() <= SHARED_BYTES {
            standings.of(standing)
        } else {
            (standing, false)
        };
        Some(Self {
            texts: texts.concat().into(),
            shared: standing,
            created_at: user.created_at.0,
            updated_at: user.updated_at.0,
            disabled_at: packed(user.disabled_at),
            last_login_at: packed(user.last_login_at),
            lengths,
            has_last_name: last.is_some(),
            email_verified: user.email_verified,
            own_standing: !is_shared,
        })
    }

    pub(super) fn unpacked(&self, id: UserId) -> Account {
        let mut rest = &*self.texts;
        let mut next = |length: u16| {
            let (text, after) = rest.split_at_checked(length.into()).unwrap_or((rest, ""));
            rest = after;
            text
        };
        let [shown, key, first] = self.lengths.map(&mut next);
        let key = if key.is_empty() { shown } else { key };
        let standing = &self.shared;
        let user = User {
            id,
            email: Email::stored(shown.to_owned(), key.to_owned()),
            first_name: (!first.is_empty()).then(|| first.to_owned()),
            last_name: self.has_last_name.then(|| rest.to_owned()),
            role: standing.role.clone(),
            permissions: standing.permissions.clone(),
            groups: standing.groups.clone(),
            email_verified: self.email_verified,
            disabled_at: unpacked(self.disabled_at),
            created_at: Timestamp(self.created_at),
            updated_at: Timestamp(self.updated_at),
            last_login_at: unpacked(self.last_login_at),
        };
        Account {
            user,
            may: standing.may.clone(),
        }
    }
}

impl Heap for CachedAccount {
    fn heap_bytes(&self) -> usize {
        let own = if self.own_standing {
            self.shared.heap_bytes()
        } else {
            0
        };
        self.texts.len() + own
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules::fixtures;

    #[test]
    fn an_account_comes_out_as_it_went_in() {
        let plain = fixtures::account("read write");
        let mut full = plain.clone();
        full.user = User {
            email: Email::parse("Ada.L\u{f6}velace@b\u{fc}cher.example").unwrap(),
            first_name: Some("Ad\u{e4}".into()),
            last_name: Some(String::new()),
            groups: vec!["staff".into(), "tea".into()],
            permissions: ScopeSet::parse("write").unwrap(),
            email_verified: true,
            disabled_at: Some(Timestamp(0)),
            last_login_at: Some(Timestamp(-1)),
            ..full.user
        };
        let mut last_only = plain.clone();
        last_only.user.last_name = Some("Lovelace".into());
        let standings = Interner::default();
        for account in [plain, full, last_only] {
            let packed = CachedAccount::of(&account, &standings).unwrap();
            let out = packed.unpacked(account.user.id);
            assert_eq!((out.user, out.may), (account.user, account.may));
            assert!(packed.heap_bytes() < 100, "its standing is shared");
        }
        let mut empty = fixtures::account("read");
        empty.user.first_name = Some(String::new());
        assert!(CachedAccount::of(&empty, &standings).is_none());
    }
}
