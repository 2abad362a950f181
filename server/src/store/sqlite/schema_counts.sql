-- The writer keeps the counts: it adds up what its units change, and writes each count that changed with the commit.
DROP TRIGGER users_more;
DROP TRIGGER users_fewer;
DROP TRIGGER sessions_more;
DROP TRIGGER sessions_fewer;
DROP TRIGGER sessions_ended;
DROP TRIGGER events_more;
DROP TRIGGER events_fewer;
UPDATE counts SET rows = CASE name
  WHEN 'events' THEN (SELECT count(*) FROM events)
  WHEN 'sessions' THEN (SELECT count(*) FROM sessions)
  WHEN 'sessions_unrevoked' THEN (SELECT count(*) FROM sessions WHERE revoked_at IS NULL)
  WHEN 'users' THEN (SELECT count(*) FROM users)
END;
