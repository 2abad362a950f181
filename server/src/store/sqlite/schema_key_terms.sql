-- APIs that may ask about every access token and API key.
ALTER TABLE clients ADD COLUMN resource_server INTEGER NOT NULL DEFAULT 0;

-- On what terms a key may be used. Addresses and networks stand one a line, metadata is a JSON object.
ALTER TABLE api_keys ADD COLUMN rate_limit INTEGER;
ALTER TABLE api_keys ADD COLUMN rate_seconds INTEGER;
ALTER TABLE api_keys ADD COLUMN quota INTEGER;
ALTER TABLE api_keys ADD COLUMN quota_period TEXT;
ALTER TABLE api_keys ADD COLUMN allowed_ips TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN metadata TEXT;
ALTER TABLE api_keys ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
-- The first of the keys that it was rotated from, if it was: they share what is spent.
ALTER TABLE api_keys ADD COLUMN meter_id BLOB;

-- What was spent of a key's limits, by its meter: in the day and the month that begin then, and within the window of its
-- rate limit (`meters.rs` has the form).
CREATE TABLE key_meters (
  id BLOB PRIMARY KEY,
  changed_at INTEGER NOT NULL,
  day INTEGER NOT NULL,
  day_spent INTEGER NOT NULL,
  month INTEGER NOT NULL,
  month_spent INTEGER NOT NULL,
  window BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- How often a key was shown in the hour, or the day, that begins then.
CREATE TABLE key_hours (
  key_id BLOB NOT NULL,
  time INTEGER NOT NULL,
  valid INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  PRIMARY KEY (key_id, time)
) STRICT, WITHOUT ROWID;
CREATE TABLE key_days (
  key_id BLOB NOT NULL,
  time INTEGER NOT NULL,
  valid INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  PRIMARY KEY (key_id, time)
) STRICT, WITHOUT ROWID;
