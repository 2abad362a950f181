-- Logout notices are found client by client.
DROP INDEX logout_notices_due;
CREATE INDEX logout_notices_client ON logout_notices (client_id, due_at);
-- A client's live sessions, past all of its ended ones.
CREATE INDEX sessions_live_of_client ON sessions (client_id, id) WHERE client_id IS NOT NULL AND revoked_at IS NULL;
