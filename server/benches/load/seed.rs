//! Data directories with people in them, filled by SQL while no server runs.

use std::path::Path;

use doorward_server::{
    Doorward, Settings,
    clock::{Clock, random_bytes},
    crypto::api_key,
    service::Grant,
};
use doorward_shared::{KeyId, ScopeSet, SessionId, Timestamp, UserId, apikey::Environment};
use rusqlite::{Connection, params};
use tempfile::TempDir;
use ulid::Ulid;

use crate::{Result, server::ISSUER};

/// Who calls: a session with its tokens, and an API key.
pub(crate) struct Caller {
    pub user: UserId,
    pub token: String,
    pub refresh: String,
    pub key: String,
}

/// A directory and some of the people in it.
pub(crate) struct World {
    pub directory: TempDir,
    pub callers: Vec<Caller>,
}

/// Makes a directory with so many users, each with a session. `callers` of them, spread evenly, get tokens and a key.
pub(crate) async fn world(users: u64, callers: u64, algorithm: &str) -> Result<World> {
    let directory = tempfile::tempdir()?;
    let doorward = Doorward::open(Settings {
        data_dir: directory.path().to_owned(),
        issuer: Some(ISSUER.into()),
        signing_algorithm: algorithm.into(),
        ..Settings::default()
    })
    .await?;
    let now = Clock::system().now();
    let mut seeder = Seeder::new(directory.path(), now)?;
    let stride = (users / callers.max(1)).max(1);
    let mut made = Vec::new();
    for number in 0..users {
        let (user, session) = seeder.person(number)?;
        if number % stride == 0 && (made.len() as u64) < callers {
            made.push(seeder.caller(&doorward, user, session)?);
        }
    }
    seeder.finish()?;
    doorward.close();
    Ok(World {
        directory,
        callers: made,
    })
}

/// Makes a directory with one person in it, and so many sessions and events that are due to be swept.
pub(crate) async fn graveyard(dead: u64) -> Result<World> {
    let world = world(1, 1, "EdDSA").await?;
    let mut seeder = Seeder::new(world.directory.path(), Clock::system().now())?;
    for number in 0..dead {
        seeder.dead(number)?;
    }
    seeder.finish()?;
    Ok(world)
}

/// Gives one person so many more sessions.
pub(crate) fn more_sessions(directory: &Path, user: UserId, many: u64) -> Result<()> {
    let mut seeder = Seeder::new(directory, Clock::system().now())?;
    for number in 0..many {
        let id = Ulid::from_parts(seeder.now.0.try_into()?, (u128::from(number) << 32) | 9);
        seeder.session(id, user)?;
    }
    seeder.finish()
}

/// Makes a database larger than `bytes`, with events.
pub(crate) fn more_events(directory: &Path, bytes: u64) -> Result<()> {
    let mut seeder = Seeder::new(directory, Clock::system().now())?;
    let mut number = 0;
    loop {
        for _ in 0..100_000 {
            seeder.event(number, seeder.now.0)?;
            number += 1;
        }
        let pages = (seeder.conn).query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0))?;
        if u64::try_from(pages)? * 4096 > bytes {
            break;
        }
    }
    seeder.finish()
}

/// Writes people in one transaction.
struct Seeder {
    conn: Connection,
    now: Timestamp,
    until: i64,
    scope: ScopeSet,
}

impl Seeder {
    fn new(directory: &Path, now: Timestamp) -> Result<Self> {
        let conn = Connection::open(directory.join("doorward.db"))?;
        conn.execute_batch(
            "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN IMMEDIATE",
        )?;
        Ok(Self {
            conn,
            now,
            until: now.plus_seconds(30 * 86_400).0,
            scope: ScopeSet::parse("read write")?,
        })
    }

    fn id(&self, number: u64) -> Result<Ulid> {
        Ok(Ulid::from_parts(
            self.now.0.try_into()?,
            (u128::from(number) << 32) | 7,
        ))
    }

    fn person(&mut self, number: u64) -> Result<(UserId, SessionId)> {
        let id = self.id(number)?;
        let email = format!("person{number}@example.com");
        self.conn
            .prepare_cached(
                "INSERT INTO users (id, email, email_key, first_name, last_name, role, permissions, created_at, last_login_at)
                 VALUES (?1, ?2, ?2, 'Ada', 'Lovelace', 'customer', '', ?3, ?3)",
            )?
            .execute(params![id.to_bytes(), email, self.now.0])?;
        self.session(id, UserId(id))?;
        Ok((UserId(id), SessionId(id)))
    }

    fn session(&mut self, id: Ulid, user: UserId) -> Result<()> {
        self.conn
            .prepare_cached(
                "INSERT INTO sessions (id, user_id, scope, ip, user_agent, created_at, last_seen_at, expires_at, idle_until)
                 VALUES (?1, ?5, 'read write', ?2, 'load', ?3, ?3, ?4, ?4)",
            )?
            .execute(params![
                id.to_bytes(),
                [0u8; 16],
                self.now.0,
                self.until,
                user.0.to_bytes()
            ])?;
        Ok(())
    }

    fn event(&mut self, number: u64, time: i64) -> Result<()> {
        let id = Ulid::from_parts(time.try_into()?, u128::from(number) << 32);
        self.conn
            .prepare_cached(
                "INSERT INTO events (id, time, actor, action, target, user_id, ip)
                 VALUES (?1, ?2, 'system', 'session.created', ?3, ?1, '127.0.0.1')",
            )?
            .execute(params![id.to_bytes(), time, id.to_string()])?;
        Ok(())
    }

    /// A session that ended, with its last refresh token, and an event; all of two years ago.
    fn dead(&mut self, number: u64) -> Result<()> {
        let then = self.now.plus_seconds(-730 * 86_400).0;
        let id = Ulid::from_parts(then.try_into()?, u128::from(number) << 32);
        self.conn
            .prepare_cached(
                "INSERT INTO sessions (id, user_id, scope, ip, user_agent, created_at, last_seen_at, expires_at, idle_until)
                 VALUES (?1, ?1, 'read write', ?2, 'load', ?3, ?3, ?3, ?3)",
            )?
            .execute(params![id.to_bytes(), [0u8; 16], then])?;
        self.conn
            .prepare_cached(
                "INSERT INTO refresh_tokens (hash, session_id, expires_at) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![random_bytes::<32>(), id.to_bytes(), then])?;
        self.event(number, then)
    }

    fn caller(&mut self, doorward: &Doorward, user: UserId, session: SessionId) -> Result<Caller> {
        let refresh = doorward
            .services()
            .tokens
            .next_refresh_token()
            .token(session, 1);
        self.conn
            .prepare_cached(
                "UPDATE sessions SET refresh_generation = 1, refresh_hash = ?2, refresh_until = ?3 WHERE id = ?1",
            )?
            .execute(params![
                session.0.to_bytes(),
                refresh.digest().0,
                self.until
            ])?;
        let key = api_key::api_key("sk", Environment::Live, &mut random_bytes::<64>);
        self.conn
            .prepare_cached(
                "INSERT INTO api_keys (id, hash, owner_id, name, hint, scopes, environment, created_at)
                 VALUES (?1, ?2, ?3, 'load', ?4, 'read', 'live', ?5)",
            )?
            .execute(params![
                KeyId(user.0).0.to_bytes(),
                key.digest().0,
                user.0.to_bytes(),
                api_key::api_key_hint(key.expose()),
                self.now.0
            ])?;
        let grant = Grant {
            subject: user.to_string(),
            client_id: None,
            session: Some(session),
            scope: &self.scope,
            audience: Vec::new(),
            auth_time: None,
            method: None,
            seconds: doorward.settings().access_token_seconds,
            secret: None,
        };
        Ok(Caller {
            user,
            token: doorward.services().tokens.access_token(grant, self.now)?,
            refresh: refresh.expose().to_owned(),
            key: key.expose().to_owned(),
        })
    }

    fn finish(self) -> Result<()> {
        let counted = include_str!("../../src/store/counted.sql");
        self.conn.execute_batch(&format!(
            "UPDATE counts SET rows = {counted}; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)"
        ))?;
        // Else the first sync of the server would write all of it.
        if let Some(path) = self.conn.path() {
            std::fs::File::open(path)?.sync_all()?;
        }
        Ok(())
    }
}
