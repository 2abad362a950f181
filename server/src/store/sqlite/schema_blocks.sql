-- Networks from which nobody signs in or up for a while.
CREATE TABLE blocks (
  id BLOB PRIMARY KEY,
  network TEXT NOT NULL UNIQUE,
  reason TEXT NOT NULL,
  until INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  -- Where the operator was who made it.
  spared TEXT
) STRICT, WITHOUT ROWID;
