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

-- Queued runs wait one for the other. Who waits behind one that ends before its turn, waits for those before it. In words
-- that the sqlite3 shells of older systems know, too.
CREATE TRIGGER jobs_pass_waits_on AFTER UPDATE OF state ON jobs
WHEN OLD.state = 'blocked' AND NEW.state IN ('dead', 'cancelled') AND NEW.group_kind = 'schedule' BEGIN
  INSERT INTO dependencies (job, on_job, condition)
    SELECT behind.job, before.on_job, 'finished'
    FROM dependencies AS behind
      JOIN jobs AS waiting ON waiting.seq = behind.job AND waiting.group_id = NEW.group_id AND waiting.state = 'blocked'
      JOIN dependencies AS before ON before.job = NEW.seq
      JOIN jobs AS earlier ON earlier.seq = before.on_job
        AND earlier.state IN ('pending', 'blocked', 'processing', 'failed')
    WHERE behind.on_job = NEW.seq AND behind.condition = 'finished'
    ON CONFLICT DO NOTHING;
  UPDATE jobs SET depends_on = (
      SELECT json_group_array(json_object('on', others.id, 'condition', condition))
      FROM (SELECT on_job, condition FROM dependencies WHERE job = jobs.seq ORDER BY on_job) AS own
        CROSS JOIN jobs AS others ON others.seq = own.on_job)
    WHERE seq IN (SELECT job FROM dependencies WHERE on_job = NEW.seq) AND group_id = NEW.group_id AND state = 'blocked';
END;
