//! The user list and its search.

use doorward_shared::{Page, UserId};

use super::{
    Store, StoreError,
    list::{Filter, List, ListQuery, folded},
    row_counts::Count,
    row_mapping::{self, USER},
    sql::Value,
    sqlite,
};
use crate::domain::User;

/// Filter of the user list.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    pub role: Option<String>,
    pub disabled: Option<bool>,
    /// Result of [`Email::keys_of`](crate::domain::Email::keys_of): the one account that a sign-in with the address
    /// selects.
    pub email: Option<[String; 2]>,
}

const LIST: List<User> = List {
    from: "users AS u",
    columns: USER,
    id: "u.id",
    kept: Some(Count::Users),
    sorts: &[
        ("id", "u.id"),
        // Ids are ordered by creation time.
        ("createdAt", "u.id"),
        ("email", "u.email_key"),
        ("lastLoginAt", "coalesce(u.last_login_at, 0)"),
        ("role", "u.role"),
        ("firstName", "coalesce(u.first_name, '')"),
        ("lastName", "coalesce(u.last_name, '')"),
    ],
    row: row_mapping::user,
};

impl Store {
    /// A page of users. `q` searches email addresses and names.
    pub async fn users(
        &self,
        filter: UserFilter,
        query: ListQuery,
    ) -> Result<Page<User>, StoreError> {
        let order = LIST.order(&query)?;
        self.read(move |conn| {
            let mut conditions = Filter::default();
            if let Some(role) = filter.role {
                conditions.and("u.role = ?", [Value::Text(role)]);
            }
            if let Some(disabled) = filter.disabled {
                conditions.and(
                    if disabled {
                        "u.disabled_at IS NOT NULL"
                    } else {
                        "u.disabled_at IS NULL"
                    },
                    [],
                );
            }
            if let Some([first, second]) = filter.email {
                conditions.and(
                    "u.id = (SELECT id FROM users WHERE email_key IN (?, ?) ORDER BY email_key = ? DESC LIMIT 1)",
                    [first.clone(), second, first].map(Value::Text),
                );
            }
            if let Some(q) = query.q.as_deref().filter(|q| !q.is_empty()) {
                search(&mut conditions, q);
            }
            LIST.page(conn, conditions, &query, order)
        })
        .await
    }
}

/// Maximum number of users a search returns; a broader match needs a longer query.
const FOUND: u32 = 2000;

fn search(conditions: &mut Filter, q: &str) {
    if let Ok(id) = q.parse::<UserId>() {
        conditions.and("u.id = ?", [Value::Blob(id.0.to_bytes().to_vec())]);
    } else {
        let (found, text) = matching(q, FOUND);
        conditions.and(found, [text]);
        conditions.bounded(FOUND);
        if is_short(q) {
            conditions.among(FOUND);
        }
    }
}

/// Whether a query is too short for the trigram index.
fn is_short(q: &str) -> bool {
    q.chars().count() < 3
}

/// A condition on `users AS u`, and its one parameter, that matches the newest `most` users whose email address or name
/// contains `q`. Queries of three characters or more use the trigram index; shorter ones read only the newest users.
pub(super) fn matching(q: &str, most: u32) -> (String, Value) {
    if is_short(q) {
        let found = format!(
            "u.rid IN (SELECT rid FROM (SELECT rid, email || '\n' || coalesce(first_name, '') || '\n' || \
             coalesce(last_name, '') AS text FROM users ORDER BY rid DESC LIMIT {most}) AS newest \
             WHERE instr(fold(text), ?) > 0)"
        );
        (found, folded(q))
    } else {
        sqlite::users_containing(q, most)
    }
}
