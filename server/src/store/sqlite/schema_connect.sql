-- Policy of each client. Clients from before could send people to their redirect URIs after sign-out, and still can.
ALTER TABLE clients ADD COLUMN id_token_claims INTEGER NOT NULL DEFAULT 1;
ALTER TABLE clients ADD COLUMN unverified_email TEXT NOT NULL DEFAULT 'withhold';
ALTER TABLE clients ADD COLUMN allowed_groups TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN post_logout_redirect_uris TEXT NOT NULL DEFAULT '';
UPDATE clients SET post_logout_redirect_uris = redirect_uris;
ALTER TABLE clients ADD COLUMN default_resource TEXT;
ALTER TABLE clients ADD COLUMN backchannel_logout_uri TEXT;
ALTER TABLE clients ADD COLUMN backchannel_logout_session INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN auth_method TEXT;
ALTER TABLE clients ADD COLUMN jwks TEXT;
ALTER TABLE clients ADD COLUMN jwks_uri TEXT;
ALTER TABLE clients ADD COLUMN logo_uri TEXT;
ALTER TABLE clients ADD COLUMN client_uri TEXT;
ALTER TABLE clients ADD COLUMN skip_consent INTEGER NOT NULL DEFAULT 0;
-- Clients that registered themselves: hash of their registration access token, the metadata document they are, and
-- when they were last used.
ALTER TABLE clients ADD COLUMN dynamic INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN registration_token BLOB;
ALTER TABLE clients ADD COLUMN document_url TEXT;
ALTER TABLE clients ADD COLUMN document_until INTEGER;
ALTER TABLE clients ADD COLUMN last_used_at INTEGER;
CREATE UNIQUE INDEX clients_document ON clients (document_url) WHERE document_url IS NOT NULL;
CREATE INDEX clients_dynamic ON clients (coalesce(last_used_at, created_at)) WHERE dynamic = 1;

-- Groups are separated by spaces. An operator vouches for the address of an account that they make.
ALTER TABLE users ADD COLUMN group_names TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN email_verified INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN updated_at INTEGER;
UPDATE users SET email_verified = 1 WHERE id IN (SELECT user_id FROM events WHERE action = 'user.created');

-- Claims that were requested one by one (OpenID Connect Core 5.5): of the ID token and of userinfo.
ALTER TABLE codes ADD COLUMN claims TEXT;
ALTER TABLE sessions ADD COLUMN claims TEXT;
-- The browser's session in which a client's session was allowed: it ends with it.
ALTER TABLE sessions ADD COLUMN signed_in_by BLOB;
CREATE INDEX sessions_opened ON sessions (signed_in_by) WHERE signed_in_by IS NOT NULL AND revoked_at IS NULL;

-- Clients that are to be told of an ended session (OIDC Back-Channel Logout), until they were or a day has passed.
CREATE TABLE logout_notices (
  id BLOB PRIMARY KEY,
  client_id BLOB NOT NULL,
  session_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  tries INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX logout_notices_due ON logout_notices (due_at);

-- Initial access tokens for registration.
CREATE TABLE registration_tokens (
  hash BLOB PRIMARY KEY,
  expires_at INTEGER NOT NULL,
  uses_left INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX registration_tokens_expiry ON registration_tokens (expires_at);

-- Client assertions that were used (RFC 7523): hashes of the client and its `jti`.
CREATE TABLE assertions (
  hash BLOB PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX assertions_expiry ON assertions (expires_at);
