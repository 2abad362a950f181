//! Sessions in which a second factor was shown or set up: where an account has any, only these change them, or its
//! address.

use doorward_shared::UserId;

use super::{
    Store, StoreError, authority,
    factors::has_factor,
    links, sessions,
    sql::{Connection, OptionalExtension},
    unit::Unit,
};
use crate::domain::{
    Act,
    link::LinkKind,
    rules::{authority as rule, session},
};

impl Store {
    /// Whether somebody may change their factors now, before they are asked for one. The act itself is judged again.
    ///
    /// # Errors
    /// [`Refusal::FactorFirst`]; as [`rule::change_factors`].
    pub async fn may_change_factors(&self, user: UserId, act: Act) -> Result<(), StoreError> {
        let (memory, now) = (self.memory_shared(), self.memory().clock.now());
        self.read(move |conn| {
            let by = authority::judge_at(conn, &memory, &act, now)?;
            rule::change_factors(&by, user)?;
            demand(conn, user, &act)
        })
        .await
    }
}

/// Demands a session in which a factor was shown or set up, where the account has any.
pub(super) fn demand(conn: &Connection, user: UserId, act: &Act) -> Result<(), StoreError> {
    let Some(id) = act.session() else {
        return Ok(());
    };
    let sql = "SELECT set_factor FROM sessions WHERE id = ?1";
    let mut select = conn.prepare_cached(sql)?;
    let set: Option<bool> = select
        .query_row([id.0.to_bytes()], |row| row.get(0))
        .optional()?;
    let session = sessions::find(conn, id)?;
    let shown = session.is_some_and(|session| session.method.has_factor());
    let shown = shown || set == Some(true);
    let shown = has_factor(conn, user)?.then_some(shown);
    Ok(session::may_change_factors(shown)?)
}

/// Notes that a factor was set up in the session of an act. A change of address that was asked for before ends: where it was
/// without a factor, the new address could get around this one.
pub(super) fn note(unit: &mut Unit<'_>, user: UserId, act: &Act) -> Result<(), StoreError> {
    if let Some(id) = act.session() {
        let sql = "UPDATE sessions SET set_factor = 1 WHERE id = ?1";
        let mut update = unit.conn.prepare_cached(sql)?;
        update.execute([id.0.to_bytes()])?;
    }
    links::end_kinds(unit, user, &[LinkKind::Change])
}
