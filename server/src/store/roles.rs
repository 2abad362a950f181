//! Roles and their permissions.

use doorward_shared::{Page, ScopeSet};

use super::{
    Store, StoreError,
    account_rows::{any_admin, guard_last_admin},
    apply, authority,
    list::{Filter, List, ListQuery, Sort, folded},
    row_mapping,
    sql::{self, Connection, OptionalExtension, Value, params},
    write_tx::{NewEvent, WriteTx},
};
use crate::domain::{
    Act, Diff, DiffValue, DomainError, Role,
    rules::{
        authority as rule,
        role::{self as roles, RoleUsage},
    },
};

const LIST: List<Role> = List {
    from: "roles AS r",
    columns: "r.name, r.permissions, (SELECT count(*) FROM users u WHERE u.role = r.name)",
    id: "r.name",
    kept: None,
    sorts: &[("name", "r.name")],
    row: read_role,
};

fn read_role(row: &sql::Row<'_>) -> sql::Result<Role> {
    Ok(Role {
        name: row.get(0)?,
        permissions: row_mapping::scopes(row, 1)?,
        users: row.get(2)?,
    })
}

impl Store {
    /// A page of roles, by name by default. `q` searches names.
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

    /// Creates or changes a role; takes effect immediately for its users. Returns whether the role is new.
    ///
    /// # Errors
    /// [`DomainError::Conflict`] if no administrator would be left, or the role `admin` would lose `admin`; as
    /// [`rule::put_role`].
    pub async fn put_role(
        &self,
        name: String,
        permissions: ScopeSet,
        act: Act,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let before = put(tx, &name, &permissions, &act)?;
            Ok(before.is_none())
        })
        .await
    }

    /// Deletes a role that no user has.
    ///
    /// # Errors
    /// [`DomainError::NotFound`]; [`DomainError::Conflict`] for a built-in role or one in use; as
    /// [`rule::delete_role`].
    pub async fn delete_role(&self, name: String, act: Act) -> Result<(), StoreError> {
        self.write(move |tx| delete(tx, &name, &act)).await
    }
}

/// Creates or changes a role; returns its previous permissions.
pub(super) fn put(
    tx: &mut WriteTx<'_>,
    name: &str,
    permissions: &ScopeSet,
    act: &Act,
) -> Result<Option<ScopeSet>, StoreError> {
    let by = authority::authorize(tx, act)?;
    let before = find(tx.conn, name)?;
    let affected = match &before {
        Some(before) => operators(tx.conn, name, &before.union(permissions))?,
        None => ScopeSet::default(),
    };
    rule::put_role(&by, permissions, &affected)?;
    roles::put(name, permissions)?;
    let admins = any_admin(tx.conn)?;
    tx.conn
        .prepare_cached(
            "INSERT INTO roles VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET permissions = excluded.permissions",
        )?
        .execute(params![name, permissions.to_string()])?;
    guard_last_admin(tx.conn, admins)?;
    tx.changes.all_users = true;
    let action = if before.is_some() {
        "role.updated"
    } else {
        "role.created"
    };
    let old = before.clone().unwrap_or_default();
    let detail = format!("[{old}] to [{permissions}]");
    let mut diff = Diff::default();
    diff.note(
        "permissions",
        before.as_ref().map_or(DiffValue::Nothing, DiffValue::list),
        DiffValue::list(permissions),
    );
    let happened = NewEvent {
        action,
        target: Some(&name),
        user: None,
        detail: Some(&detail),
    };
    tx.changed(act.context(&by), happened, &diff)?;
    Ok(before)
}

/// Deletes a role that no user has.
pub(super) fn delete(tx: &mut WriteTx<'_>, name: &str, act: &Act) -> Result<(), StoreError> {
    let by = authority::authorize(tx, act)?;
    rule::delete_role(&by)?;
    let standing = match find(tx.conn, name)? {
        None => RoleUsage::Missing,
        Some(_) if is_used(tx.conn, name)? => RoleUsage::Used,
        Some(_) => RoleUsage::Unused,
    };
    roles::delete(name, standing)?;
    tx.conn
        .prepare_cached("DELETE FROM roles WHERE name = ?1")?
        .execute([name])?;
    apply::forget_role(tx, name)?;
    tx.event(act.context(&by), "role.deleted", Some(&name), None, None)
}

pub(super) fn find(conn: &Connection, name: &str) -> Result<Option<ScopeSet>, StoreError> {
    let mut select = conn.prepare_cached("SELECT permissions FROM roles WHERE name = ?1")?;
    Ok(select
        .query_row([name], |row| row_mapping::scopes(row, 0))
        .optional()?)
}

/// A role's permissions; empty if the role does not exist.
pub(super) fn permissions(conn: &Connection, name: &str) -> Result<ScopeSet, StoreError> {
    Ok(find(conn, name)?.unwrap_or_default())
}

/// The permissions of an account: those of its role and its `own`.
pub(super) fn held(conn: &Connection, role: &str, own: &ScopeSet) -> Result<ScopeSet, StoreError> {
    Ok(permissions(conn, role)?.union(own))
}

/// Doorward's own scopes held by the accounts with a role: the role's `permissions` and the accounts' own. Empty if no
/// user has the role.
fn operators(
    conn: &Connection,
    name: &str,
    permissions: &ScopeSet,
) -> Result<ScopeSet, StoreError> {
    if !is_used(conn, name)? {
        return Ok(ScopeSet::default());
    }
    // Served by an index that contains only operators.
    let sql = "SELECT DISTINCT permissions FROM users \
               WHERE role = ?1 AND instr(' ' || permissions, ' admin') > 0";
    let mut select = conn.prepare_cached(sql)?;
    let own = select.query_map([name], |row| row_mapping::scopes(row, 0))?;
    let mut all = rule::administration(permissions);
    for own in own {
        all = all.union(&rule::administration(&own?));
    }
    Ok(all)
}

fn is_used(conn: &Connection, name: &str) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE role = ?1)";
    Ok(conn
        .prepare_cached(sql)?
        .query_row([name], |row| row.get(0))?)
}

pub(super) fn must_exist(conn: &Connection, name: &str) -> Result<(), StoreError> {
    let mut select = conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM roles WHERE name = ?1)")?;
    let exists: bool = select.query_row([name], |row| row.get(0))?;
    let unknown = || DomainError::Invalid {
        field: "role",
        reason: "is not a role".into(),
    };
    if exists {
        Ok(())
    } else {
        Err(unknown().into())
    }
}
