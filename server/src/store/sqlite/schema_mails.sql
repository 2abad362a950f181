-- Mails on their way, and those of the last days without their text. `due_at` is null once one was sent or given up.
CREATE TABLE mails (
  id BLOB PRIMARY KEY,
  user_id BLOB,
  kind TEXT NOT NULL,
  -- Sealed with master.key: to whom it goes, and what its text is made of, links too.
  sealed BLOB,
  created_at INTEGER NOT NULL,
  due_at INTEGER,
  tries INTEGER NOT NULL,
  sent_at INTEGER,
  -- Why the last try failed.
  error TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX mails_due ON mails (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX mails_user ON mails (user_id, created_at) WHERE user_id IS NOT NULL;

-- Where somebody has signed in from: hashes of the address and the device. Whoever comes from elsewhere is told of by mail.
CREATE TABLE user_devices (
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  device BLOB NOT NULL,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, device)
) STRICT, WITHOUT ROWID;

-- Whether somebody made the account for themselves.
ALTER TABLE users ADD COLUMN signed_up INTEGER NOT NULL DEFAULT 0;
UPDATE users SET signed_up = 1 WHERE id IN (SELECT user_id FROM events WHERE action = 'user.registered');
