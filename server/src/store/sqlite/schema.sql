-- Schema 1. Ids are 16-byte ULIDs; times are milliseconds since 1970 UTC; addresses are 16 bytes (IPv4 mapped into IPv6).
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How many rows some tables have, kept by trigger: counting millions takes too long for a page of a list.
CREATE TABLE counts (
  name TEXT PRIMARY KEY,
  rows INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counts VALUES ('events', 0), ('sessions', 0), ('sessions_unrevoked', 0), ('users', 0);

CREATE TABLE roles (
  name TEXT PRIMARY KEY,
  permissions TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO roles VALUES ('admin', 'admin read write'), ('customer', 'read write');

CREATE TABLE users (
  rid INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  email TEXT NOT NULL,
  email_key TEXT NOT NULL UNIQUE,
  first_name TEXT,
  last_name TEXT,
  role TEXT NOT NULL REFERENCES roles (name),
  permissions TEXT NOT NULL,
  password TEXT,
  disabled_at INTEGER,
  created_at INTEGER NOT NULL,
  last_login_at INTEGER
) STRICT;
CREATE INDEX users_role ON users (role, id);
CREATE INDEX users_own ON users (id) WHERE permissions <> '';
CREATE INDEX users_disabled ON users (id) WHERE disabled_at IS NOT NULL;
CREATE INDEX users_seen ON users (coalesce(last_login_at, 0), id);
CREATE INDEX users_first_name ON users (coalesce(first_name, ''), id);
CREATE INDEX users_last_name ON users (coalesce(last_name, ''), id);
CREATE TRIGGER users_more AFTER INSERT ON users BEGIN
  UPDATE counts SET rows = rows + 1 WHERE name = 'users';
END;
CREATE TRIGGER users_fewer AFTER DELETE ON users BEGIN
  UPDATE counts SET rows = rows - 1 WHERE name = 'users';
END;

-- Names and addresses for search by any part of them; rows follow `users` by trigger.
CREATE VIRTUAL TABLE users_text USING fts5 (
  email, first_name, last_name, content = 'users', content_rowid = 'rid', tokenize = 'trigram'
);
CREATE TRIGGER users_text_insert AFTER INSERT ON users BEGIN
  INSERT INTO users_text (rowid, email, first_name, last_name) VALUES (new.rid, new.email, new.first_name, new.last_name);
END;
CREATE TRIGGER users_text_delete AFTER DELETE ON users BEGIN
  INSERT INTO users_text (users_text, rowid, email, first_name, last_name)
  VALUES ('delete', old.rid, old.email, old.first_name, old.last_name);
END;
CREATE TRIGGER users_text_update AFTER UPDATE OF email, first_name, last_name ON users BEGIN
  INSERT INTO users_text (users_text, rowid, email, first_name, last_name)
  VALUES ('delete', old.rid, old.email, old.first_name, old.last_name);
  INSERT INTO users_text (rowid, email, first_name, last_name) VALUES (new.rid, new.email, new.first_name, new.last_name);
END;

-- Addresses (of IPv6 the network of 64 bits) that have signed in to an account: exempt from its limit over all addresses.
CREATE TABLE user_addresses (
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  ip BLOB NOT NULL,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, ip)
) STRICT, WITHOUT ROWID;

-- Rows outlive their user until they are swept: a token of a deleted user is "revoked", not "unknown".
CREATE TABLE sessions (
  id BLOB PRIMARY KEY,
  user_id BLOB NOT NULL,
  client_id BLOB,
  scope TEXT NOT NULL,
  ip BLOB NOT NULL,
  user_agent TEXT,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  -- Never after expires_at: a session is live until here, unless it is revoked.
  idle_until INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user_id, id);
CREATE INDEX sessions_client ON sessions (client_id, id) WHERE client_id IS NOT NULL;
CREATE INDEX sessions_ip ON sessions (ip, id);
CREATE INDEX sessions_seen ON sessions (last_seen_at, id);
CREATE INDEX sessions_expiry ON sessions (expires_at, id);
CREATE INDEX sessions_idle ON sessions (idle_until) WHERE revoked_at IS NULL;
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE TRIGGER sessions_more AFTER INSERT ON sessions BEGIN
  UPDATE counts SET rows = rows + 1 WHERE name = 'sessions';
  UPDATE counts SET rows = rows + (new.revoked_at IS NULL) WHERE name = 'sessions_unrevoked';
END;
CREATE TRIGGER sessions_fewer AFTER DELETE ON sessions BEGIN
  UPDATE counts SET rows = rows - 1 WHERE name = 'sessions';
  UPDATE counts SET rows = rows - (old.revoked_at IS NULL) WHERE name = 'sessions_unrevoked';
END;
CREATE TRIGGER sessions_ended AFTER UPDATE OF revoked_at ON sessions BEGIN
  UPDATE counts SET rows = rows + (new.revoked_at IS NULL) - (old.revoked_at IS NULL) WHERE name = 'sessions_unrevoked';
END;

-- Used ones stay as long as their session, so that a replay is known for one.
CREATE TABLE refresh_tokens (
  hash BLOB PRIMARY KEY,
  session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

-- Tokens of clients (no session) that were given up before their time.
CREATE TABLE revoked_tokens (
  jti BLOB PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_tokens_expiry ON revoked_tokens (expires_at);

CREATE TABLE api_keys (
  id BLOB PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  owner_id BLOB,
  name TEXT NOT NULL,
  hint TEXT NOT NULL,
  scopes TEXT NOT NULL,
  environment TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  last_used_at INTEGER,
  last_used_ip TEXT,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_owner ON api_keys (owner_id, id);
CREATE INDEX api_keys_revoked ON api_keys (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_keys_expiry ON api_keys (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE clients (
  id BLOB PRIMARY KEY,
  name TEXT NOT NULL,
  redirect_uris TEXT NOT NULL,
  grant_types TEXT NOT NULL,
  scopes TEXT NOT NULL,
  resources TEXT NOT NULL,
  secret BLOB,
  old_secret BLOB,
  old_secret_until INTEGER,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_keys (
  kid TEXT PRIMARY KEY,
  algorithm TEXT NOT NULL,
  sealed BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  retires_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  id BLOB PRIMARY KEY,
  time INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT,
  user_id BLOB,
  ip TEXT,
  request_id TEXT,
  detail TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX events_user ON events (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX events_actor ON events (actor, id);
CREATE INDEX events_target ON events (target, id) WHERE target IS NOT NULL;
CREATE INDEX events_ip ON events (ip, id) WHERE ip IS NOT NULL;
CREATE INDEX events_action ON events (action, id);
CREATE TRIGGER events_more AFTER INSERT ON events BEGIN
  UPDATE counts SET rows = rows + 1 WHERE name = 'events';
END;
CREATE TRIGGER events_fewer AFTER DELETE ON events BEGIN
  UPDATE counts SET rows = rows - 1 WHERE name = 'events';
END;

-- What happened in each minute of the last day.
CREATE TABLE minutes (
  time INTEGER PRIMARY KEY,
  logins INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  registrations INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  active_sessions INTEGER NOT NULL,
  p50_ms REAL NOT NULL,
  p95_ms REAL NOT NULL
) STRICT;

-- Used ones stay for a while, so that a replay is known for one and kills what the code gave.
CREATE TABLE codes (
  hash BLOB PRIMARY KEY,
  client_id BLOB NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  redirect_uri TEXT NOT NULL,
  scope TEXT NOT NULL,
  challenge TEXT NOT NULL,
  nonce TEXT,
  auth_time INTEGER NOT NULL,
  resources TEXT NOT NULL,
  ip BLOB NOT NULL,
  user_agent TEXT,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  session_id BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX codes_client ON codes (client_id);
CREATE INDEX codes_user ON codes (user_id);
CREATE INDEX codes_expiry ON codes (expires_at);

CREATE TABLE consents (
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  client_id BLOB NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  scope TEXT NOT NULL,
  granted_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, client_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX consents_client ON consents (client_id);

-- Sign-ins of browsers: a cookie's hash, and the session it stands for.
CREATE TABLE browser_sessions (
  hash BLOB PRIMARY KEY,
  session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX browser_sessions_session ON browser_sessions (session_id);

-- Audiences a grant was asked for with, one a line (RFC 8707); a grant for the server itself has no row.
CREATE TABLE session_resources (
  session_id BLOB PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
  resources TEXT NOT NULL
) STRICT, WITHOUT ROWID;
