//! Schema and migrations: append only, one transaction each, numbered by `PRAGMA user_version`.

use std::collections::BTreeSet;

use rusqlite::{Connection, TransactionBehavior, functions::FunctionFlags};

use crate::{domain::Email, store::StoreError};

/// Migration `n` upgrades a database from version `n` to `n + 1`. Never edit a released one.
const MIGRATIONS: &[&str] = &[
    include_str!("schema.sql"),
    // Keys from before: what they signed lived no longer than by the settings' defaults, as far as is known. Codes from
    // before have a minute to live, and nobody knows who signed in for them.
    "ALTER TABLE signing_keys ADD COLUMN longest_token_seconds INTEGER NOT NULL DEFAULT 7200;
     ALTER TABLE codes ADD COLUMN signed_in_by BLOB;",
    // The operator key is known by its id. What people were called leaves the search index with them.
    "INSERT INTO meta SELECT 'operator_key:' || hex(id), '1' FROM api_keys
       WHERE owner_id IS NULL AND name = 'operator.key' AND revoked_at IS NULL;
     INSERT INTO users_text (users_text, rank) VALUES ('secure-delete', 1);",
    // Domains are compared by their A-labels. Where two accounts have become one address by that, the one that was made
    // with the other spelling keeps it beside (`Email::key_beside`): both go on. The index finds the dearest hash.
    "UPDATE users SET email_key = email_key_of(email) WHERE email_key_of(email) <> email_key
       AND NOT EXISTS (SELECT 1 FROM users o WHERE o.email_key = email_key_of(users.email));
     UPDATE users SET email_key = ' ' || email_key_of(email) || ' ' || email_key WHERE email_key_of(email) <> email_key;
     CREATE INDEX users_password_cost ON users (
       CAST(substr(password, instr(password, '$m=') + 3) AS INTEGER)
       * CAST(substr(password, instr(password, ',t=') + 3) AS INTEGER)
     ) WHERE password IS NOT NULL;",
    include_str!("schema_5.sql"),
    // Refused clients have a cause and a count. Confidential clients from before had to use PKCE, and may leave it out.
    "ALTER TABLE events ADD COLUMN cause TEXT;
     ALTER TABLE events ADD COLUMN count INTEGER;
     ALTER TABLE clients ADD COLUMN require_pkce INTEGER NOT NULL DEFAULT 0;",
    // Events from before have no structured changes.
    "ALTER TABLE events ADD COLUMN client_id BLOB;
     ALTER TABLE events ADD COLUMN changes TEXT;
     CREATE INDEX users_operators ON users (role, permissions) WHERE instr(' ' || permissions, ' admin') > 0;",
    include_str!("schema_endings.sql"),
    include_str!("schema_factors.sql"),
    // With what its condition asks, so that an account's sessions are counted from the index alone.
    "DROP INDEX sessions_live;
     CREATE INDEX sessions_live ON sessions (user_id, idle_until, revoked_at) WHERE revoked_at IS NULL;",
    include_str!("schema_key_terms.sql"),
    // The operator key ends with nobody who rotated it.
    "UPDATE api_keys SET minter_id = NULL, client_id = NULL
       WHERE EXISTS (SELECT 1 FROM meta WHERE meta.key = 'operator_key:' || hex(api_keys.id));",
    // A set-up of one-time codes ends after a while and some tries; those from before are begun anew. What is counted
    // with an account is how often its sign-ins that were under way have ended.
    "ALTER TABLE totp ADD COLUMN begun_at INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE totp ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE users ADD COLUMN sign_ins_ended INTEGER NOT NULL DEFAULT 0;",
    include_str!("schema_connect.sql"),
    include_str!("schema_links.sql"),
    include_str!("schema_mails.sql"),
    include_str!("schema_guard.sql"),
    include_str!("schema_logout.sql"),
    // Who made a link that was shown, and what they could do. Links from before live on for 30 days at most.
    "ALTER TABLE links ADD COLUMN maker TEXT;
     ALTER TABLE links ADD COLUMN maker_scopes TEXT;",
    include_str!("schema_series.sql"),
    include_str!("schema_verified.sql"),
    include_str!("schema_blocks.sql"),
    include_str!("schema_tokens.sql"),
    // What a client that was let in may take at most; from when on the tokens are good that clients get for themselves,
    // and their codes. Clients from before take no more than they have.
    "ALTER TABLE clients ADD COLUMN admitted_scopes TEXT;
     ALTER TABLE clients ADD COLUMN own_tokens_from INTEGER;
     ALTER TABLE clients ADD COLUMN codes_after INTEGER;",
    // What people did through a client is found by it.
    "CREATE INDEX events_client ON events (client_id, id) WHERE client_id IS NOT NULL;",
    "CREATE INDEX links_maker ON links (maker) WHERE maker IS NOT NULL;
     CREATE INDEX api_keys_meter ON api_keys (meter_id) WHERE meter_id IS NOT NULL;",
    // Through which client's token a link was made: it ends with the client.
    "ALTER TABLE links ADD COLUMN client_id BLOB;
     CREATE INDEX links_client ON links (client_id) WHERE client_id IS NOT NULL;
     CREATE INDEX registration_tokens_minter ON registration_tokens (minter);",
    include_str!("schema_counts.sql"),
    // Whether a second factor was set up in the session, which shows as much as signing in with it does.
    "ALTER TABLE sessions ADD COLUMN set_factor INTEGER NOT NULL DEFAULT 0;",
    // What a refused client sent.
    "ALTER TABLE events ADD COLUMN sent TEXT;",
    // An id from when a person last took a factor away: of sessions before it none counts as one that has shown a factor.
    "ALTER TABLE users ADD COLUMN factor_removed BLOB;",
    // The person with whose token an OAuth client had a key made, or the first of the keys that it was made with: it ends with
    // their consent.
    "ALTER TABLE api_keys ADD COLUMN granted_by BLOB;
     UPDATE api_keys SET granted_by = minter_id WHERE client_id IS NOT NULL;
     CREATE INDEX api_keys_granted ON api_keys (granted_by, coalesce(revoked_at, 9223372036854775807))
       WHERE granted_by IS NOT NULL;",
    // Clients that are metadata documents stay where an operator has decided something about them, from now on also before. Their
    // documents, which had taken back what they were to have no more, are fetched again.
    "UPDATE clients SET openly = 0, document_until = 0 WHERE document_url IS NOT NULL
       AND (allowed_groups <> '' OR most_scopes IS NOT NULL OR most_grants IS NOT NULL);",
    // What operators have left clients that registered themselves of their addresses, and what of their looks they have decided.
    // The few changes of address that are under way are found by their own index.
    "ALTER TABLE clients ADD COLUMN most_redirect_uris TEXT;
     ALTER TABLE clients ADD COLUMN most_post_logout_redirect_uris TEXT;
     ALTER TABLE clients ADD COLUMN decided TEXT;
     CREATE INDEX links_change ON links (user_id) WHERE kind = 'change';",
];

/// SQL functions that migrations need from the domain.
fn add_functions(conn: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function("email_key_of", 1, flags, |call| {
        Ok(Email::key_of(call.get_raw(0).as_str()?))
    })
}

/// The schema this binary writes.
pub const VERSION: u32 = MIGRATIONS.len() as u32;

/// The schema version of a database; 0 if it is empty.
pub(super) fn version(conn: &Connection) -> Result<u32, StoreError> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// The schema version of a database.
///
/// # Errors
/// [`StoreError::NewerSchema`] if a later version of Doorward has written it.
pub(super) fn known(conn: &Connection) -> Result<u32, StoreError> {
    let found = version(conn)?;
    if found <= VERSION {
        Ok(found)
    } else {
        Err(StoreError::NewerSchema {
            found,
            known: VERSION,
        })
    }
}

/// Upgrades a database to [`VERSION`].
///
/// # Errors
/// [`StoreError::NewerSchema`] if a later version of Doorward has written it; nothing is changed then.
pub(super) fn migrate(conn: &mut Connection) -> Result<(), StoreError> {
    let found = known(conn)?;
    if found == 0 && !statements(conn)?.is_empty() {
        return Err(not_ours());
    }
    if (1..VERSION).contains(&found) {
        tracing::info!(
            "the database has schema {found} and is brought up to {VERSION}: some ten seconds where it has a million sessions"
        );
    }
    migrate_to(conn, VERSION)
}

fn migrate_to(conn: &mut Connection, wanted: u32) -> Result<(), StoreError> {
    let found = version(conn)?;
    add_functions(conn)?;
    let missing = MIGRATIONS.iter().enumerate().take(wanted as usize);
    for (at, migration) in missing.skip(found as usize) {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(migration)?;
        tx.pragma_update(None, "user_version", at + 1)?;
        tx.commit()?;
    }
    Ok(())
}

fn not_ours() -> StoreError {
    StoreError::Unavailable("this database is not Doorward's".into())
}

/// The schema of a database: kind, name, table and statement of each table, index, trigger and view.
type Statements = BTreeSet<(String, String, String, Option<String>)>;

/// Everything is compared, including names reserved by SQLite: anyone who can write to the file can use them.
fn statements(conn: &Connection) -> Result<Statements, StoreError> {
    let mut select = conn.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema")?;
    let rows = select.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Checks that a database has exactly the tables, indexes and triggers of its version; returns the version. A modified
/// trigger would run with every change that the server makes.
///
/// # Errors
/// [`StoreError::NewerSchema`], that it is not a Doorward database, or the difference found.
pub(super) fn recognise(conn: &Connection) -> Result<u32, StoreError> {
    let found = known(conn)?;
    let found_statements = statements(conn)?;
    if found == 0 {
        return Err(not_ours());
    }
    let mut known = Connection::open_in_memory()?;
    migrate_to(&mut known, found)?;
    let wanted = statements(&known)?;
    let Some((kind, name, ..)) = wanted.symmetric_difference(&found_statements).next() else {
        return Ok(found);
    };
    let name: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
    Err(StoreError::Unavailable(format!(
        "this database is not Doorward's: {kind} {name} is not as schema {found} has it"
    )))
}

#[cfg(test)]
mod tests {
    use rusqlite::params;

    use super::*;
    use crate::store::row_counts;

    #[test]
    fn a_database_of_each_earlier_version_is_brought_up_with_what_is_in_it() {
        for earlier in 1..VERSION {
            let mut conn = Connection::open_in_memory().unwrap();
            migrate_to(&mut conn, earlier).unwrap();
            assert_eq!(recognise(&conn).unwrap(), earlier);
            if earlier == 1 {
                let key = "INSERT INTO signing_keys VALUES ('k', 'RS256', x'00', 1, NULL)";
                conn.execute_batch(key).unwrap();
            }
            migrate(&mut conn).unwrap();
            assert_eq!(recognise(&conn).unwrap(), VERSION);
            if earlier == 1 {
                let sql = "SELECT longest_token_seconds FROM signing_keys WHERE kid = 'k'";
                let longest: u32 = conn.query_row(sql, [], |row| row.get(0)).unwrap();
                assert_eq!(longest, 7200);
            }
        }
    }

    #[test]
    fn an_operator_key_that_was_rotated_by_somebody_is_nobodys_any_more() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate_to(&mut conn, 10).unwrap();
        let key = "INSERT INTO api_keys (id, hash, name, hint, scopes, environment, created_at, minter_id, client_id) \
                   VALUES (?1, ?1, 'k', 'k', 'admin', 'live', 0, x'07', x'08')";
        conn.execute(key, [[1; 16]]).unwrap();
        conn.execute(key, [[2; 16]]).unwrap();
        let mark = "INSERT INTO meta VALUES ('operator_key:' || hex(?1), '1')";
        conn.execute(mark, [[1; 16]]).unwrap();
        migrate(&mut conn).unwrap();
        let sql = "SELECT minter_id IS NULL, client_id IS NULL FROM api_keys ORDER BY id";
        let mut select = conn.prepare(sql).unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        let rows: Vec<(bool, bool)> = rows.unwrap().map(Result::unwrap).collect();
        assert_eq!(rows, [(true, true), (false, false)]);
    }

    #[test]
    fn clients_from_before_send_people_where_they_could_and_operators_accounts_are_verified() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate_to(&mut conn, 10).unwrap();
        conn.execute_batch(
            "INSERT INTO clients (id, name, redirect_uris, grant_types, scopes, resources, created_at)
               VALUES (zeroblob(16), 'Wiki', 'https://a.example/cb' || char(10) || 'https://b.example/cb', '', '', '', 0);
             INSERT INTO users (id, email, email_key, role, permissions, created_at)
               VALUES (x'01', 'a@a.example', 'a@a.example', 'customer', '', 0),
                      (x'02', 'b@a.example', 'b@a.example', 'customer', '', 0);
             INSERT INTO events (id, time, actor, action, user_id) VALUES
               (x'01', 0, 'system', 'user.created', x'01'), (x'02', 0, 'anonymous', 'user.registered', x'02');",
        )
        .unwrap();
        migrate(&mut conn).unwrap();
        let text = |sql: &str| {
            conn.query_row(sql, [], |row| row.get::<_, String>(0))
                .unwrap()
        };
        assert_eq!(
            text("SELECT post_logout_redirect_uris FROM clients"),
            "https://a.example/cb\nhttps://b.example/cb"
        );
        assert_eq!(
            text(
                "SELECT group_concat(email_verified, ' ') FROM (SELECT email_verified FROM users ORDER BY id)"
            ),
            "1 0"
        );
        let policy =
            "SELECT id_token_claims || unverified_email || skip_consent || dynamic FROM clients";
        assert_eq!(text(policy), "1withhold00");
    }

    #[test]
    fn accounts_from_before_keep_what_they_have_whenever_they_verified_an_address() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate_to(&mut conn, 20).unwrap();
        conn.execute_batch(
            "INSERT INTO users (id, email, email_key, role, permissions, created_at, signed_up, email_verified)
               VALUES (x'01', 'a@a.example', 'a@a.example', 'customer', '', 0, 1, 1);
             INSERT INTO events (id, time, actor, action, user_id) VALUES
               (x'01', 5, 'anonymous', 'user.email_verified', x'01');",
        )
        .unwrap();
        migrate(&mut conn).unwrap();
        let sql = "SELECT count(*) FROM users WHERE verified_at IS NULL";
        let trusted: u32 = conn.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(trusted, 1);
    }

    #[test]
    fn what_operators_had_decided_about_metadata_documents_stays() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate_to(&mut conn, 32).unwrap();
        let row = "INSERT INTO clients (id, name, redirect_uris, grant_types, scopes, resources, created_at, dynamic, openly, \
                   document_url, document_until, allowed_groups, most_scopes, most_grants) \
                   VALUES (?1, 'App', '', '', '', '', 0, 1, 1, ?2, 9, ?3, ?4, ?5)";
        let none = None::<&str>;
        for (id, url, groups, scopes, grants) in [
            (1_u8, Some("https://a.example/c"), "", none, none),
            (2, Some("https://b.example/c"), "staff", none, none),
            (3, Some("https://c.example/c"), "", Some("openid"), none),
            (
                4,
                Some("https://d.example/c"),
                "",
                none,
                Some("authorization_code"),
            ),
            (5, none, "staff", Some("openid"), none),
        ] {
            let values = params![[id; 16], url, groups, scopes, grants];
            conn.execute(row, values).unwrap();
        }
        migrate(&mut conn).unwrap();
        let mut select = conn
            .prepare("SELECT openly, document_until FROM clients ORDER BY id")
            .unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        let rows: Vec<(i64, i64)> = rows.unwrap().map(Result::unwrap).collect();
        assert_eq!(rows, [(1, 9), (0, 0), (0, 0), (0, 0), (1, 9)]);
    }

    #[test]
    fn rows_are_counted_anew_where_triggers_kept_the_counts() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate_to(&mut conn, 27).unwrap();
        let row = "INSERT INTO sessions (id, user_id, scope, ip, created_at, last_seen_at, expires_at, idle_until, revoked_at) \
                   VALUES (?1, ?1, '', x'00', 0, 0, 1, 1, ?2)";
        for (id, revoked) in [(1_u8, None), (2, Some(1)), (3, None)] {
            conn.execute(row, params![[id; 16], revoked]).unwrap();
        }
        row_counts::compare(&conn).unwrap();
        // As after an edit with the triggers disabled.
        let wrong = "UPDATE counts SET rows = 7 WHERE name <> 'sessions'";
        conn.execute(wrong, []).unwrap();
        migrate(&mut conn).unwrap();
        row_counts::compare(&conn).unwrap();
        let triggers = statements(&conn).unwrap().into_iter();
        let left = triggers
            .filter(|(kind, name, ..)| kind == "trigger" && !name.starts_with("users_text_"));
        assert_eq!(left.count(), 0);
    }

    #[test]
    fn accounts_whose_addresses_have_become_one_both_stay() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate_to(&mut conn, 2).unwrap();
        let rows = [
            ("kurt@b\u{fc}cher.example", "kurt@b\u{fc}cher.example"),
            ("kurt@xn--bcher-kva.example", "kurt@xn--bcher-kva.example"),
            ("Eva@B\u{fc}cher.example", "eva@b\u{fc}cher.example"),
            ("a@stra\u{df}e.example", "a@strasse.example"),
            ("b@xn--zzzzzz.example", "b@xn--zzzzzz.example"),
            ("Ada@Example.com", "ada@example.com"),
        ];
        let insert = "INSERT INTO users (id, email, email_key, role, permissions, created_at) \
                      VALUES (randomblob(16), ?1, ?2, 'customer', '', 0)";
        for row in rows {
            conn.execute(insert, [row.0, row.1]).unwrap();
        }
        migrate(&mut conn).unwrap();
        let mut select = conn.prepare("SELECT email, email_key FROM users").unwrap();
        let found = select
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        let found: Vec<(String, String)> = found.map(Result::unwrap).collect();
        let keys: Vec<_> = found.iter().map(|(_, key)| key.as_str()).collect();
        let beside = " kurt@xn--bcher-kva.example kurt@b\u{fc}cher.example";
        assert_eq!(
            keys,
            [
                beside,
                "kurt@xn--bcher-kva.example",
                "eva@xn--bcher-kva.example",
                "a@xn--strae-oqa.example",
                "b@xn--zzzzzz.example",
                "ada@example.com"
            ]
        );
        // Each is found by the spelling it was created with, in upper or lower case.
        for (email, key) in &found {
            let keys = Email::keys_of(&email.to_uppercase().replace("SS", "\u{df}"));
            assert!(keys.contains(key), "{email}: {keys:?}");
        }
        assert_eq!(Email::keys_of("KURT@B\u{dc}CHER.example")[0], beside);
    }
}
