-- What comes by itself, and what has come. The runs of a schedule are jobs of the group of its name.

CREATE TABLE schedules (
  name       TEXT PRIMARY KEY,
  pattern    TEXT NOT NULL,
  zone       TEXT NOT NULL,
  overlap    TEXT NOT NULL CHECK (overlap IN ('skip', 'queue', 'replace', 'allow')),
  catch_up   TEXT NOT NULL CHECK (catch_up IN ('one', 'all', 'none')),
  job        TEXT NOT NULL CHECK (json_type(job) = 'object'), -- to be enqueued at each instant
  is_paused  INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  next_at    INTEGER,                               -- all before it is decided; null: it never comes again
  -- How far it had come before a wrong clock was set back: on time, instants before this may still run; late, never again.
  decided_until INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX schedules_due ON schedules (next_at) WHERE is_paused = 0 AND next_at IS NOT NULL;

-- One row an instant, whoever was first. Only the newest are kept.
CREATE TABLE firings (
  schedule TEXT NOT NULL REFERENCES schedules (name) ON DELETE CASCADE,
  instant  INTEGER NOT NULL,
  outcome  TEXT NOT NULL CHECK (outcome IN ('fired', 'skipped', 'missed', 'refused')),
  job_id   TEXT,
  note     TEXT,
  at       INTEGER NOT NULL,                        -- when it was decided
  PRIMARY KEY (schedule, instant)
) STRICT, WITHOUT ROWID;
