CASE counts.name
  WHEN 'events' THEN (SELECT count(*) FROM events)
  WHEN 'sessions' THEN (SELECT count(*) FROM sessions)
  WHEN 'sessions_unrevoked' THEN (SELECT count(*) FROM sessions WHERE revoked_at IS NULL)
  WHEN 'users' THEN (SELECT count(*) FROM users)
END
