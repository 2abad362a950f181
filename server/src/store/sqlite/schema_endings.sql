-- Acts that end more rows than fit in a short unit. From the commit on, every row that an ending matches counts as ended
-- at its time (`endings.rs` has the condition); a background job then writes that into the rows and deletes the ending.
CREATE TABLE endings (
  id BLOB PRIMARY KEY,
  -- 'sessions', 'keys', or 'rows': consents and addresses of a deleted account or client.
  what TEXT NOT NULL,
  user_id BLOB,
  minter_id BLOB,
  client_id BLOB,
  first_ip BLOB,
  last_ip BLOB,
  -- A session that stays.
  keep_id BLOB,
  -- Only what was made before `made_before`, or has an id up to `last_id` and was made up to `made_until`.
  made_before INTEGER NOT NULL,
  made_until INTEGER NOT NULL,
  last_id BLOB NOT NULL,
  -- Only sessions whose idle end lies after this.
  idle_after INTEGER NOT NULL,
  at INTEGER NOT NULL,
  -- The event of each row: its action (none, where the act's own event says it all), and who caused it.
  action TEXT,
  detail TEXT,
  actor TEXT NOT NULL,
  ip TEXT,
  request_id TEXT,
  reason TEXT,
  -- The OAuth client through which they acted.
  through BLOB
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_live ON sessions (user_id, idle_until) WHERE revoked_at IS NULL;

-- Who minted a key: the actor, the account that counts as minter, and the OAuth client whose token was used.
ALTER TABLE api_keys ADD COLUMN minted_by TEXT;
ALTER TABLE api_keys ADD COLUMN minter_id BLOB;
ALTER TABLE api_keys ADD COLUMN client_id BLOB;
CREATE INDEX api_keys_open ON api_keys (owner_id, coalesce(revoked_at, 9223372036854775807));
CREATE INDEX api_keys_minter ON api_keys (minter_id, coalesce(revoked_at, 9223372036854775807)) WHERE minter_id IS NOT NULL;
CREATE INDEX api_keys_client ON api_keys (client_id, coalesce(revoked_at, 9223372036854775807)) WHERE client_id IS NOT NULL;
-- Live keys of an owner, for the cap.
CREATE INDEX api_keys_live ON api_keys (owner_id, CASE
  WHEN coalesce(revoked_at, 9223372036854775807) < coalesce(expires_at, 9223372036854775807)
  THEN coalesce(revoked_at, 9223372036854775807) ELSE coalesce(expires_at, 9223372036854775807) END);

-- Deleting an account or a client must not delete what hangs on it in the same unit: no foreign keys, the job does it.
ALTER TABLE codes RENAME TO codes_old;
CREATE TABLE codes (
  hash BLOB PRIMARY KEY,
  client_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
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
  session_id BLOB,
  signed_in_by BLOB
) STRICT, WITHOUT ROWID;
INSERT INTO codes SELECT * FROM codes_old;
DROP TABLE codes_old;
CREATE INDEX codes_unused ON codes (user_id, expires_at) WHERE used_at IS NULL;
CREATE INDEX codes_expiry ON codes (expires_at);

ALTER TABLE consents RENAME TO consents_old;
CREATE TABLE consents (
  user_id BLOB NOT NULL,
  client_id BLOB NOT NULL,
  scope TEXT NOT NULL,
  granted_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, client_id)
) STRICT, WITHOUT ROWID;
INSERT INTO consents SELECT * FROM consents_old;
DROP TABLE consents_old;
CREATE INDEX consents_client ON consents (client_id);

ALTER TABLE user_addresses RENAME TO user_addresses_old;
CREATE TABLE user_addresses (
  user_id BLOB NOT NULL,
  ip BLOB NOT NULL,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, ip)
) STRICT, WITHOUT ROWID;
INSERT INTO user_addresses SELECT * FROM user_addresses_old;
DROP TABLE user_addresses_old;
