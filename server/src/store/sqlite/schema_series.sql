-- Clients that were refused in a minute, and what happened in each hour of the last 90 days.
ALTER TABLE minutes ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
CREATE TABLE hours (
  time INTEGER PRIMARY KEY,
  logins INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  registrations INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  refusals INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  active_sessions INTEGER NOT NULL,
  p50_ms REAL NOT NULL,
  p95_ms REAL NOT NULL,
  -- Requests by how long they took: percentiles of an hour cannot be had from those of its minutes.
  latencies BLOB NOT NULL DEFAULT x''
) STRICT;
-- The last day's hours, of its minutes; their latency is that of the slowest minute.
INSERT INTO hours (time, logins, failures, registrations, tokens, refusals, requests, active_sessions, p50_ms, p95_ms)
  SELECT time - time % 3600000, sum(logins), sum(failures), sum(registrations), sum(tokens), 0, sum(requests),
         max(active_sessions), max(p50_ms), max(p95_ms)
  FROM minutes GROUP BY time - time % 3600000;
