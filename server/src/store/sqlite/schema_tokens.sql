-- Initial access tokens are listed and ended by an id. Those from before are as old as is known.
ALTER TABLE registration_tokens ADD COLUMN id BLOB;
ALTER TABLE registration_tokens ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
UPDATE registration_tokens SET id = substr(hash, 1, 16);
CREATE UNIQUE INDEX registration_tokens_id ON registration_tokens (id);
