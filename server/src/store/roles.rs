//! Roles.

use std::sync::LazyLock;

use doorward_shared::{Page, Scope, ScopeSet, scope::OPENID_SCOPES};
use rusqlite::{Connection, OptionalExtension, params, types::Value};

use super::{
    Store, StoreError,
    accounts::{any_admin, guard_last_admin},
    list::{Filter, List, ListQuery, Sort, folded},
    rows,
};
use crate::domain::{Cause, Refusal, Role, role};

const LIST: List<Role> = List {
    from: "roles AS r",
    columns: "r.name, r.permissions, (SELECT count(*) FROM users u WHERE u.role = r.name)",
    id: "r.name",
    kept: None,
    sorts: &[("name", "r.name")],
    row: read_role,
};

fn read_role(row: &rusqlite::Row<'_>) -> rusqlite::Result<Role> {
    Ok(Role {
        name: row.get(0)?,
        permissions: rows::scopes(row, 1)?,
        users: row.get(2)?,
    })
}

impl Store {
    /// A page of roles, by name unless asked otherwise. `q` is looked for in names.
    pub async fn roles(&self, mut query: ListQuery) -> Result<Page<Role>, StoreError> {
        if query.cursor.is_none() {
            query.sort.get_or_insert_with(|| Sort {
                field: "name".into(),
                descending: false,
            });
        }
        let order = LIST.order(&query)?;
        self.read(move |conn| {
            let mut conditions = Filter::default();
            if let Some(q) = &query.q {
                conditions.and("instr(fold(r.name), ?) > 0", [folded(q)]);
            }
            LIST.page(conn, conditions, &query, order)
        })
        .await
    }

    /// A role by its name.
    pub async fn role(&self, name: String) -> Result<Option<Role>, StoreError> {
        self.read(move |conn| {
            let mut conditions = Filter::default();
            conditions.and("r.name = ?", [Value::Text(name)]);
            let query = ListQuery {
                limit: 1,
                ..ListQuery::default()
            };
            let order = LIST.order(&query)?;
            Ok(LIST.page(conn, conditions, &query, order)?.data.pop())
        })
        .await
    }

    /// Creates or changes a role; whoever has it gains and loses at once. Answers whether it is new.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] when it would leave no administrator, or `admin` would lose `admin`.
    pub async fn put_role(
        &self,
        name: String,
        permissions: ScopeSet,
        cause: Cause,
    ) -> Result<bool, StoreError> {
        self.write(move |unit| {
            if name == role::ADMIN && !permissions.covers("admin") {
                return Err(Refusal::Conflict("the role admin keeps its permission admin".into()).into());
            }
            let before: Option<String> = unit
                .conn
                .prepare_cached("SELECT permissions FROM roles WHERE name = ?1")?
                .query_row([&name], |row| row.get(0))
                .optional()?;
            let admins = any_admin(unit.conn)?;
            unit.conn
                .prepare_cached(
                    "INSERT INTO roles VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET permissions = excluded.permissions",
                )?
                .execute(params![name, permissions.to_string()])?;
            guard_last_admin(unit.conn, admins)?;
            unit.changes.all_users = true;
            let detail = format!("[{}] to [{permissions}]", before.as_deref().unwrap_or_default());
            let action = if before.is_some() { "role.updated" } else { "role.created" };
            unit.event(&cause, action, Some(&name), None, Some(&detail))?;
            Ok(before.is_none())
        })
        .await
    }

    /// Deletes a role that nobody has.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] for a built-in one and one in use.
    pub async fn delete_role(&self, name: String, cause: Cause) -> Result<(), StoreError> {
        self.write(move |unit| {
            must_exist(unit.conn, &name).map_err(|_| Refusal::NotFound("role"))?;
            if Role::is_built_in(&name) {
                return Err(Refusal::Conflict(format!("the role {name} is built in")).into());
            }
            let used: bool = unit
                .conn
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM users WHERE role = ?1)")?
                .query_row([&name], |row| row.get(0))?;
            if used {
                return Err(Refusal::Conflict(format!("some users have the role {name}")).into());
            }
            unit.conn
                .prepare_cached("DELETE FROM roles WHERE name = ?1")?
                .execute([&name])?;
            unit.event(&cause, "role.deleted", Some(&name), None, None)
        })
        .await
    }
}

/// A role's permissions; none for one that is not there.
pub(super) fn permissions(conn: &Connection, name: &str) -> Result<ScopeSet, StoreError> {
    let mut select = conn.prepare_cached("SELECT permissions FROM roles WHERE name = ?1")?;
    Ok(select
        .query_row([name], |row| rows::scopes(row, 0))
        .optional()?
        .unwrap_or_default())
}

pub(super) fn must_exist(conn: &Connection, name: &str) -> Result<(), StoreError> {
    let mut select = conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM roles WHERE name = ?1)")?;
    let exists: bool = select.query_row([name], |row| row.get(0))?;
    let unknown = || Refusal::Invalid {
        field: "role",
        reason: "is not a role".into(),
    };
    if exists {
        Ok(())
    } else {
        Err(unknown().into())
    }
}

/// What may stand in a token of a user who may do `may`: that, and OpenID Connect's scopes, which need no permission.
pub(crate) fn grantable(may: &ScopeSet) -> ScopeSet {
    // Parsed once: this is asked on each request.
    static OPENID: LazyLock<ScopeSet> = LazyLock::new(|| {
        let scopes = OPENID_SCOPES.iter();
        scopes
            .filter_map(|scope| scope.parse::<Scope>().ok())
            .collect()
    });
    may.union(&OPENID)
}
