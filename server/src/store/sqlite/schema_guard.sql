-- Resources of operators' clients, for clients that registered themselves: nobody's long row is read for them.
CREATE INDEX clients_resources ON clients (dynamic, resources) WHERE dynamic = 0 AND resources <> '';

-- Clients that nobody let in: they go when nobody uses them.
ALTER TABLE clients ADD COLUMN openly INTEGER NOT NULL DEFAULT 0;
UPDATE clients SET openly = 1 WHERE dynamic = 1 AND secret IS NULL;
DROP INDEX clients_dynamic;
CREATE INDEX clients_openly ON clients (coalesce(last_used_at, created_at)) WHERE openly = 1;
-- What an operator has left a client that registered itself: it takes no more.
ALTER TABLE clients ADD COLUMN most_scopes TEXT;
ALTER TABLE clients ADD COLUMN most_grants TEXT;

-- Who minted an initial access token, through which client, and which scopes they could give then.
DROP TABLE registration_tokens;
CREATE TABLE registration_tokens (
  hash BLOB PRIMARY KEY,
  expires_at INTEGER NOT NULL,
  uses_left INTEGER NOT NULL,
  minter TEXT NOT NULL,
  client_id BLOB,
  scopes TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX registration_tokens_expiry ON registration_tokens (expires_at);
