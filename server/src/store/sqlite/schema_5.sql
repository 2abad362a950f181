-- Refresh tokens are numbered and authenticated: a session knows its newest one, however many there were. The table
-- `refresh_tokens` holds those of earlier versions; nothing is added to it.
ALTER TABLE sessions ADD COLUMN refresh_generation INTEGER;
-- Hash of the newest token; none before the first numbered token, and without a refresh token.
ALTER TABLE sessions ADD COLUMN refresh_hash BLOB;
ALTER TABLE sessions ADD COLUMN refresh_until INTEGER;
-- Used tokens: 32 bytes of hash and 8 of time each. The first is the newest one's parent, others are within the grace.
ALTER TABLE sessions ADD COLUMN refresh_used BLOB;
-- When the person signed in, where that was not when the session began.
ALTER TABLE sessions ADD COLUMN auth_time INTEGER;

-- When a key stopped signing: when the next one was made.
ALTER TABLE signing_keys ADD COLUMN stopped_at INTEGER;
UPDATE signing_keys SET stopped_at = coalesce(
  (SELECT min(n.created_at) FROM signing_keys AS n WHERE n.created_at > signing_keys.created_at), retires_at
) WHERE retires_at IS NOT NULL;

-- How many of a client's two secrets gave tokens that do not say which one gave them: those of earlier versions.
ALTER TABLE clients ADD COLUMN unmarked_secrets INTEGER NOT NULL DEFAULT 2;
