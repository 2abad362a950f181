//! Claims about a user (OpenID Connect Core section 5.1), and which of them are disclosed to a client.

use doorward_shared::ScopeSet;
use serde::{Deserialize, Serialize};

use super::{ClientPolicy, User};

/// A claim about a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    Name,
    GivenName,
    FamilyName,
    PreferredUsername,
    UpdatedAt,
    Email,
    EmailVerified,
    Groups,
    Roles,
}

impl Claim {
    pub const ALL: [Self; 9] = [
        Self::Name,
        Self::GivenName,
        Self::FamilyName,
        Self::PreferredUsername,
        Self::UpdatedAt,
        Self::Email,
        Self::EmailVerified,
        Self::Groups,
        Self::Roles,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
            Self::PreferredUsername => "preferred_username",
            Self::UpdatedAt => "updated_at",
            Self::Email => "email",
            Self::EmailVerified => "email_verified",
            Self::Groups => "groups",
            Self::Roles => "roles",
        }
    }

    /// Parses a claim name; `None` if unknown.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|claim| claim.as_str() == name)
    }

    /// The scope that includes it.
    pub fn scope(self) -> &'static str {
        match self {
            Self::Email | Self::EmailVerified => "email",
            Self::Groups | Self::Roles => "groups",
            _ => "profile",
        }
    }
}

/// A set of claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClaimSet(u16);

impl ClaimSet {
    fn bit(claim: Claim) -> u16 {
        1 << (claim as u16)
    }

    pub fn contains(self, claim: Claim) -> bool {
        self.0 & Self::bit(claim) != 0
    }

    #[must_use]
    pub fn with(self, claim: Claim) -> Self {
        Self(self.0 | Self::bit(claim))
    }

    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Claim> {
        Claim::ALL
            .into_iter()
            .filter(move |claim| self.contains(*claim))
    }

    /// The claims that these scopes include.
    pub fn of_scopes(scopes: &ScopeSet) -> Self {
        Self::default().filled(|claim| scopes.covers(claim.scope()))
    }

    /// The subset of the claims whose scope is in `scopes`.
    #[must_use]
    pub fn within(self, scopes: &ScopeSet) -> Self {
        Self::default().filled(|claim| self.contains(claim) && scopes.covers(claim.scope()))
    }

    fn filled(self, keep: impl Fn(Claim) -> bool) -> Self {
        let kept = Claim::ALL.into_iter().filter(|claim| keep(*claim));
        kept.fold(self, Self::with)
    }

    /// Parses claim names; unknown ones are left out.
    pub fn parse(names: &str) -> Self {
        Self::of_names(names.split(' '))
    }

    /// As [`ClaimSet::parse`], from an iterator of names.
    pub fn of_names<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        names
            .filter_map(Claim::named)
            .fold(Self::default(), Self::with)
    }
}

impl std::fmt::Display for ClaimSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, claim) in self.iter().enumerate() {
            let space = if at > 0 { " " } else { "" };
            write!(f, "{space}{}", claim.as_str())?;
        }
        Ok(())
    }
}

/// Individually requested claims, OpenID Connect Core section 5.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RequestedClaims {
    pub id_token: ClaimSet,
    pub userinfo: ClaimSet,
}

impl RequestedClaims {
    pub fn is_empty(self) -> bool {
        self.id_token.is_empty() && self.userinfo.is_empty()
    }

    /// As [`RequestedClaims::is_empty`], for serde.
    pub fn is_none(&self) -> bool {
        self.is_empty()
    }

    /// The stored form; `None` if empty.
    pub fn stored(self) -> Option<String> {
        (!self.is_empty()).then(|| format!("{}\n{}", self.id_token, self.userinfo))
    }

    /// Parses the form of [`RequestedClaims::stored`].
    pub fn from_stored(text: Option<&str>) -> Self {
        let (id_token, userinfo) = text.and_then(|text| text.split_once('\n')).unzip();
        Self {
            id_token: ClaimSet::parse(id_token.unwrap_or_default()),
            userinfo: ClaimSet::parse(userinfo.unwrap_or_default()),
        }
    }

    /// Scopes whose claims are requested in addition to the requested scopes.
    pub fn scopes(self) -> ScopeSet {
        let all = self.id_token.union(self.userinfo);
        all.iter()
            .filter_map(|claim| claim.scope().parse().ok())
            .collect()
    }

    /// The subset of the claims whose scope is in `scopes`.
    #[must_use]
    pub fn within(self, scopes: &ScopeSet) -> Self {
        Self {
            id_token: self.id_token.within(scopes),
            userinfo: self.userinfo.within(scopes),
        }
    }
}

/// What a client is told of a person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PersonClaims {
    /// With `profile`; first and last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<String>,
    /// The email address where that is told, else the account's id. Never a local part: anybody may have the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<String>,
    /// When the person's data last changed, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<i64>,
    /// With `email`; left out where it is not verified, unless the client's policy says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    /// With `groups`.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<String>>,
    /// With `groups`: the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<String>>,
}

impl PersonClaims {
    /// The claims about a user that are disclosed to a client with this policy.
    pub fn of(user: &User, policy: &ClientPolicy, wanted: ClaimSet) -> Self {
        let want = |claim| wanted.contains(claim);
        let email = policy.told_email(user);
        let names = [&user.first_name, &user.last_name];
        let names: Vec<_> = names.into_iter().flatten().map(String::as_str).collect();
        let username = match email {
            Some((email, _)) if want(Claim::Email) => email.to_owned(),
            _ => user.id.to_string(),
        };
        Self {
            name: Some(names.join(" ")).filter(|name| want(Claim::Name) && !name.is_empty()),
            given_name: user.first_name.clone().filter(|_| want(Claim::GivenName)),
            family_name: user.last_name.clone().filter(|_| want(Claim::FamilyName)),
            preferred_username: want(Claim::PreferredUsername).then_some(username),
            updated_at: want(Claim::UpdatedAt).then(|| user.updated_at.seconds()),
            email: email
                .filter(|_| want(Claim::Email))
                .map(|(email, _)| email.to_owned()),
            email_verified: email
                .filter(|_| want(Claim::EmailVerified))
                .map(|(_, verified)| verified),
            groups: want(Claim::Groups).then(|| user.groups.clone()),
            roles: want(Claim::Roles).then(|| vec![user.role.clone()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_give_their_claims_and_no_more() {
        let of = |scopes| ClaimSet::of_scopes(&ScopeSet::parse(scopes).unwrap()).to_string();
        assert_eq!(
            of("openid profile"),
            "name given_name family_name preferred_username updated_at"
        );
        assert_eq!(of("email groups"), "email email_verified groups roles");
        assert_eq!(of("openid read"), "");
    }

    #[test]
    fn requested_claims_are_kept_and_bounded_by_scopes() {
        let asked = RequestedClaims {
            id_token: ClaimSet::parse("email groups unknown"),
            userinfo: ClaimSet::parse("name"),
        };
        let stored = asked.stored();
        assert_eq!(RequestedClaims::from_stored(stored.as_deref()), asked);
        assert_eq!(RequestedClaims::default().stored(), None);
        let within = asked.within(&ScopeSet::parse("email").unwrap());
        assert_eq!(within.id_token.to_string(), "email");
        assert!(within.userinfo.is_empty());
        assert_eq!(asked.scopes().to_string(), "email groups profile");
    }
}
