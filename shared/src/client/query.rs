//! What lists are asked for.

use std::fmt;

/// What the admin API has lists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collection {
    Users,
    Sessions,
    ApiKeys,
    Clients,
    Roles,
    Events,
    SigningKeys,
    Blocks,
}

impl Collection {
    /// Where the API has it.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Users => "/admin/users",
            Self::Sessions => "/admin/sessions",
            Self::ApiKeys => "/admin/apikeys",
            Self::Clients => "/admin/clients",
            Self::Roles => "/admin/roles",
            Self::Events => "/admin/events",
            Self::SigningKeys => "/admin/keys",
            Self::Blocks => "/admin/blocks",
        }
    }
}

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($variant:ident => $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`.")] $variant,)*
        }

        impl $name {
            /// Its name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl $name {
            /// The one of this name on the wire.
            pub fn named(name: &str) -> Option<Self> {
                [$(Self::$variant),*].into_iter().find(|one| one.as_str() == name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

names! {
    /// A parameter that narrows a list down. Which list has which stands in the API's description.
    Filter {
        Q => "q",
        Email => "email",
        Role => "role",
        Disabled => "disabled",
        UserId => "userId",
        OwnerId => "ownerId",
        ClientId => "clientId",
        Ip => "ip",
        Active => "active",
        Scope => "scope",
        UnusedSince => "unusedSince",
        ExpiresBefore => "expiresBefore",
        Actor => "actor",
        Action => "action",
        Target => "target",
        Since => "since",
        Until => "until",
    }
}

names! {
    /// A field that a list is sorted by.
    SortField {
        CreatedAt => "createdAt",
        Email => "email",
        LastLoginAt => "lastLoginAt",
        Role => "role",
        FirstName => "firstName",
        LastName => "lastName",
        LastSeenAt => "lastSeenAt",
        Network => "network",
        Until => "until",
        ExpiresAt => "expiresAt",
        UserId => "userId",
        Ip => "ip",
        Name => "name",
        LastUsedAt => "lastUsedAt",
        OwnerId => "ownerId",
        Time => "time",
    }
}

/// An order: `name:asc` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    pub field: SortField,
    /// Whether the greatest is first.
    pub descending: bool,
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = if self.descending { "desc" } else { "asc" };
        write!(f, "{}:{way}", self.field)
    }
}

/// A question to a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListQuery {
    filters: Vec<(Filter, String)>,
    /// A [`Sort`], or what somebody typed for one.
    pub sort: Option<String>,
    /// Rows in the page; the server's own choice where nothing is said.
    pub limit: Option<usize>,
    /// Where the page begins: see [`crate::Pagination::next_cursor`].
    pub cursor: Option<String>,
}

impl ListQuery {
    /// The same question, narrowed down. Each filter is given once: a second value takes the place of the first.
    #[must_use]
    pub fn with(mut self, filter: Filter, value: impl ToString) -> Self {
        self.filters.retain(|(have, _)| *have != filter);
        self.filters.push((filter, value.to_string()));
        self
    }

    /// As [`ListQuery::with`], where there is a value.
    #[must_use]
    pub fn with_some(self, filter: Filter, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(filter, value),
            None => self,
        }
    }

    /// The same question in an order, where one is given.
    #[must_use]
    pub fn sorted(self, sort: Option<impl ToString>) -> Self {
        Self {
            sort: sort.map(|sort| sort.to_string()),
            ..self
        }
    }

    /// The same question, for a page of so many rows.
    #[must_use]
    pub fn limited(self, limit: usize) -> Self {
        Self {
            limit: Some(limit),
            ..self
        }
    }

    /// Whether it was narrowed down by a filter.
    pub fn has(&self, filter: Filter) -> bool {
        self.filters.iter().any(|(have, _)| *have == filter)
    }

    /// Parameters of the request.
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        let filters = self.filters.iter();
        let mut parameters: Vec<_> = filters
            .map(|(filter, value)| (filter.as_str(), value.clone()))
            .collect();
        parameters.extend(self.sort.clone().map(|sort| ("sort", sort)));
        parameters.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        parameters.extend(self.cursor.clone().map(|cursor| ("cursor", cursor)));
        parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_given_once() {
        let query = ListQuery::default()
            .with(Filter::Role, "admin")
            .with_some(Filter::Q, None::<String>)
            .with(Filter::Role, "customer")
            .limited(5);
        assert_eq!(
            query.parameters(),
            [("role", "customer".to_owned()), ("limit", "5".to_owned())]
        );
        assert!(query.has(Filter::Role) && !query.has(Filter::Q));
    }
}
