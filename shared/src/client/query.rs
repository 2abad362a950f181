//! Query parameters of lists, and the filters of each.

use std::fmt;

/// What the admin API has lists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collection {
    /// `/admin/users`.
    Users,
    /// `/admin/sessions`.
    Sessions,
    /// `/admin/apikeys`.
    ApiKeys,
    /// `/admin/clients`.
    Clients,
    /// `/admin/roles`.
    Roles,
    /// `/admin/events`.
    Events,
    /// `/admin/keys`.
    SigningKeys,
    /// `/admin/blocks`.
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
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident => $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$of])* $variant,)*
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
        /// Words to look for; what is searched depends on the list.
        Q => "q",
        /// An account's address, whole.
        Email => "email",
        /// Name of an account's role.
        Role => "role",
        /// Whether an account is disabled.
        Disabled => "disabled",
        /// The account of a session, or the one an event concerns.
        UserId => "userId",
        /// The account that an API key belongs to.
        OwnerId => "ownerId",
        /// The OAuth client of a session or event.
        ClientId => "clientId",
        /// An address, or a network as CIDR.
        Ip => "ip",
        /// Whether a session or key is live.
        Active => "active",
        /// Keys that hold exactly this scope.
        Scope => "scope",
        /// Keys that were made before this time and not used since.
        UnusedSince => "unusedSince",
        /// Keys that expire before this time.
        ExpiresBefore => "expiresBefore",
        /// Id of who did what an event tells.
        Actor => "actor",
        /// An event's action, or the start of one.
        Action => "action",
        /// Id of what an event was done to.
        Target => "target",
        /// Events from this time on.
        Since => "since",
        /// Events before this time.
        Until => "until",
    }
}

names! {
    /// A field that a list is sorted by.
    SortField {
        /// When it was made.
        CreatedAt => "createdAt",
        /// An account's address.
        Email => "email",
        /// An account's last sign-in.
        LastLoginAt => "lastLoginAt",
        /// An account's role.
        Role => "role",
        /// An account's first name.
        FirstName => "firstName",
        /// An account's last name.
        LastName => "lastName",
        /// A session's last use.
        LastSeenAt => "lastSeenAt",
        /// A block's network, as CIDR.
        Network => "network",
        /// A block's end.
        Until => "until",
        /// A session's or key's end.
        ExpiresAt => "expiresAt",
        /// A session's account.
        UserId => "userId",
        /// A session's address.
        Ip => "ip",
        /// A key's or client's name.
        Name => "name",
        /// A key's last use.
        LastUsedAt => "lastUsedAt",
        /// A key's owner.
        OwnerId => "ownerId",
        /// An event's time.
        Time => "time",
    }
}

/// An order: `name:asc` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// What rows are compared by.
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
