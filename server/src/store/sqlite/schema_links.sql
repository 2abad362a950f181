-- One-time links: hashes of their tokens. A link that is used, or ended by a newer one, is gone.
CREATE TABLE links (
  hash BLOB PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  -- The address it was mailed to; none where it was shown to an operator.
  mailed_to TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX links_user ON links (user_id);
CREATE INDEX links_expiry ON links (expires_at);
