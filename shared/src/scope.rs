//! Scopes: lower-case words joined by `:`. One rule: a granted scope covers itself and everything below it.

use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Longest scope, in bytes.
pub const MAX_SCOPE_BYTES: usize = 128;
/// Most scopes one set holds.
pub const MAX_SCOPES: usize = 64;

/// The scopes of OpenID Connect: registered with a client like others, but they need no permission of the user.
pub const OPENID_SCOPES: [&str; 5] = ["openid", "profile", "email", "groups", "offline_access"];

/// Doorward's own scopes, without their `:read` halves.
pub const ADMIN_SCOPES: [&str; 8] = [
    "admin:users",
    "admin:sessions",
    "admin:apikeys",
    "admin:clients",
    "admin:roles",
    "admin:events",
    "admin:keys",
    "admin:server",
];

/// Bytes that a reference-counted value takes beside itself.
const ARC_BYTES: usize = 2 * size_of::<usize>();

/// Text that is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a scope is lower-case words joined by ':', at most 128 bytes")]
pub struct BadScope;

/// One scope, e.g. `read:orders`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(Arc<str>);

impl Scope {
    /// Its words joined by `:`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether holding `self` grants `wanted`: the same scope, or one below it.
    pub fn covers(&self, wanted: &str) -> bool {
        covers(&self.0, wanted)
    }
}

fn covers(held: &str, wanted: &str) -> bool {
    wanted
        .strip_prefix(held)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

impl FromStr for Scope {
    type Err = BadScope;
    fn from_str(text: &str) -> Result<Self, BadScope> {
        let word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                && word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
        };
        if text.len() <= MAX_SCOPE_BYTES && text.split(':').all(word) {
            Ok(Self(text.into()))
        } else {
            Err(BadScope)
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Scope {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Scopes, sorted and without repeats. The empty set grants nothing. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Default, Hash)]
pub struct ScopeSet(Arc<[Scope]>);

impl ScopeSet {
    /// Those of its scopes that are `scope` or below it.
    #[must_use]
    pub fn below(&self, scope: &str) -> Self {
        let below = |found: &&Scope| covers(scope, found.as_str());
        self.iter().filter(below).cloned().collect()
    }

    /// Sorts the scopes and drops repeats.
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Self {
        let mut scopes: Vec<_> = scopes.into_iter().collect();
        scopes.sort();
        scopes.dedup();
        Self(scopes.into())
    }

    /// Whether nobody else holds this set: it is not shared with a clone.
    pub fn is_lone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Bytes that the set takes beside the value itself, its scopes' texts included.
    pub fn heap_bytes(&self) -> usize {
        let texts = self.0.iter().map(|scope| scope.as_str().len() + ARC_BYTES);
        ARC_BYTES + size_of_val(&*self.0) + texts.sum::<usize>()
    }

    /// From space-separated text, RFC 6749 section 3.3. Empty text is the empty set.
    ///
    /// # Errors
    /// [`BadScope`] for the first word that is none.
    pub fn parse(text: &str) -> Result<Self, BadScope> {
        text.split(' ')
            .filter(|word| !word.is_empty())
            .map(str::parse)
            .collect::<Result<Vec<_>, _>>()
            .map(Self::new)
    }

    /// Its scopes, sorted.
    pub fn iter(&self) -> std::slice::Iter<'_, Scope> {
        self.0.iter()
    }

    /// Whether it grants nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many scopes it holds; what they cover is not counted.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether some scope of the set covers `wanted`.
    pub fn covers(&self, wanted: &str) -> bool {
        self.0.iter().any(|held| held.covers(wanted))
    }

    /// Whether every scope of `wanted` is covered.
    pub fn covers_all(&self, wanted: &ScopeSet) -> bool {
        wanted.0.iter().all(|scope| self.covers(scope.as_str()))
    }

    /// The first scope of `wanted` that is not covered.
    pub fn first_missing<'a>(&self, wanted: &'a ScopeSet) -> Option<&'a Scope> {
        wanted.0.iter().find(|scope| !self.covers(scope.as_str()))
    }

    /// What both grant: each side's scopes that the other covers.
    #[must_use]
    pub fn intersect(&self, other: &ScopeSet) -> ScopeSet {
        if self == other {
            return self.clone();
        }
        let ours = self.0.iter().filter(|scope| other.covers(scope.as_str()));
        // What stands in both is in `ours` already.
        let below = |scope: &&Scope| self.covers(scope.as_str()) && !self.contains(scope);
        let mut theirs = other.0.iter().filter(below).peekable();
        if theirs.peek().is_none() {
            return ScopeSet(ours.cloned().collect());
        }
        ScopeSet::new(ours.chain(theirs).cloned())
    }

    fn contains(&self, scope: &Scope) -> bool {
        self.0.binary_search(scope).is_ok()
    }

    /// Both sets' scopes.
    #[must_use]
    pub fn union(&self, other: &ScopeSet) -> ScopeSet {
        if other.0.iter().all(|scope| self.contains(scope)) {
            return self.clone();
        }
        if self.is_empty() {
            return other.clone();
        }
        ScopeSet::new(self.0.iter().chain(other).cloned())
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self::new(scopes)
    }
}

impl<'a> IntoIterator for &'a ScopeSet {
    type Item = &'a Scope;
    type IntoIter = std::slice::Iter<'a, Scope>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ScopeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(feature = "openapi")]
mod schema {
    use utoipa::openapi::{ArrayBuilder, ObjectBuilder, RefOr, Type, schema::Schema};

    impl utoipa::PartialSchema for super::Scope {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .max_length(Some(super::MAX_SCOPE_BYTES))
                .into()
        }
    }
    impl utoipa::ToSchema for super::Scope {}

    impl utoipa::PartialSchema for super::ScopeSet {
        fn schema() -> RefOr<Schema> {
            ArrayBuilder::new()
                .items(<super::Scope as utoipa::PartialSchema>::schema())
                .into()
        }
    }
    impl utoipa::ToSchema for super::ScopeSet {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> ScopeSet {
        ScopeSet::parse(text).unwrap_or_default()
    }

    #[test]
    fn a_scope_covers_itself_and_everything_below_it_only() {
        assert!(set("read").covers("read:orders"));
        assert!(set("admin").covers("admin:users:read"));
        assert!(!set("read:orders").covers("read"));
        assert!(!set("read").covers("readers"));
        assert!(!set("").covers("read"));
    }

    #[test]
    fn words_are_lower_case_and_never_empty() {
        for bad in [
            "", "Read", "read:", ":read", "read::x", "a b", "é", "read\n", "_x",
        ] {
            assert_eq!(bad.parse::<Scope>(), Err(BadScope), "{bad:?}");
        }
        assert!("offline_access".parse::<Scope>().is_ok());
    }

    #[test]
    fn an_intersection_keeps_the_narrower_side() {
        assert_eq!(
            set("read admin:users").intersect(&set("read:orders admin write")),
            set("admin:users read:orders")
        );
        assert_eq!(set("read").intersect(&set("write")), set(""));
    }
}
