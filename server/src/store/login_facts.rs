//! What a sign-in is checked against.

use std::net::IpAddr;

use doorward_shared::UserId;

use super::{
    Store, StoreError,
    factors::with_factor,
    rows,
    sql::{OptionalExtension, params},
};
use crate::domain::{household, is_unknown};

/// What a sign-in is checked against.
#[derive(Debug, Clone)]
pub struct LoginRecord {
    pub user_id: UserId,
    /// PHC string; none when no password is set.
    pub password: Option<String>,
    pub disabled: bool,
    pub email_verified: bool,
    /// Whether the address has signed in to this account before. One that is unknown has not.
    pub known_address: bool,
    /// Whether a second factor is set up.
    pub has_factor: bool,
    pub role: String,
    /// How often sign-ins of the account that were under way have ended.
    pub sign_ins_ended: i64,
}

/// What a password is checked against.
#[derive(Debug, Clone)]
pub struct LoginFacts {
    /// None where nobody has the address.
    pub account: Option<LoginRecord>,
    /// A hash of the dearest kind that is stored: with or without an account a check costs as much.
    pub dearest: Option<String>,
}

/// The first entry of the index `users_password_cost`.
const DEAREST: &str = "SELECT password FROM users WHERE password IS NOT NULL ORDER BY \
     CAST(substr(password, instr(password, '$m=') + 3) AS INTEGER) \
     * CAST(substr(password, instr(password, ',t=') + 3) AS INTEGER) DESC LIMIT 1";

impl Store {
    /// What a sign-in from `ip` is checked against; `keys` are those of [`Email::keys_of`].
    pub async fn login_facts(
        &self,
        keys: [String; 2],
        ip: IpAddr,
    ) -> Result<LoginFacts, StoreError> {
        self.read(move |conn| {
            const FOUND: &str = concat!(
                "SELECT u.id, u.password, u.disabled_at IS NOT NULL, \
                 EXISTS (SELECT 1 FROM user_addresses a WHERE a.user_id = u.id AND a.ip = ?3), ",
                with_factor!("u.id"),
                ", u.sign_ins_ended, u.role, u.email_verified FROM users u WHERE u.email_key IN (?1, ?2) ORDER BY u.email_key = ?1 DESC LIMIT 1"
            );
            let [beside, key] = keys;
            let found = conn.prepare_cached(FOUND)?.query_row(
                params![beside, key, rows::ip_bytes(household(ip))],
                |row| {
                    Ok(LoginRecord {
                        user_id: UserId(rows::ulid(row, 0)?),
                        password: row.get(1)?,
                        disabled: row.get(2)?,
                        known_address: row.get(3)? && !is_unknown(ip),
                        has_factor: row.get(4)?,
                        sign_ins_ended: row.get(5)?,
                        role: row.get(6)?,
                        email_verified: row.get(7)?,
                    })
                },
            );
            let account = found.optional()?;
            let dearest = conn
                .prepare_cached(DEAREST)?
                .query_row([], |row| row.get(0))
                .optional()?;
            Ok(LoginFacts { account, dearest })
        })
        .await
    }
}
