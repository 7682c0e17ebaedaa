-- What stands between a job and its start: gates, groups, dependencies; and lanes, by which a claim finds its way past
-- what is closed. Triggers note what has changed, for every writer; `settle.ts` decides what follows from it.

ALTER TABLE jobs ADD COLUMN expires_at  INTEGER;  -- never started by then: dead
ALTER TABLE jobs ADD COLUMN unique_name TEXT;
ALTER TABLE jobs ADD COLUMN limit_key   TEXT;
ALTER TABLE jobs ADD COLUMN depends_on  TEXT NOT NULL DEFAULT '[]' CHECK (json_type(depends_on) = 'array'); -- as given
ALTER TABLE jobs ADD COLUMN group_kind  TEXT CHECK (group_kind IN ('array', 'flow', 'schedule'));
ALTER TABLE jobs ADD COLUMN group_id    TEXT;
ALTER TABLE jobs ADD COLUMN member      TEXT;
-- The gate ('key:…', 'group:…') at which the claim last turned the due job away. A note that saves looking again, no
-- truth: clearing it is always safe, and any change of state does.
ALTER TABLE jobs ADD COLUMN parked_by   TEXT;

-- The new reason, 'expired'. A CHECK cannot be altered; SQLite's documentation names this way (lang_altertable, 7).
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '''dependency'', ''policy'')', '''dependency'', ''policy'', ''expired'')')
  WHERE type = 'table' AND name = 'jobs';
PRAGMA writable_schema = RESET;

CREATE UNIQUE INDEX jobs_unique ON jobs (unique_name)
  WHERE unique_name IS NOT NULL AND state IN ('pending', 'blocked', 'processing', 'failed');
CREATE INDEX jobs_expiring ON jobs (expires_at)
  WHERE expires_at IS NOT NULL AND executions = 0 AND state IN ('pending', 'blocked');
CREATE INDEX jobs_due ON jobs (due_at) WHERE state = 'pending'; -- the longest waiting one, for each look at the status
CREATE INDEX jobs_by_key ON jobs (limit_key, state, seq) WHERE limit_key IS NOT NULL;
CREATE INDEX jobs_by_group ON jobs (group_id, state, seq) WHERE group_id IS NOT NULL;
CREATE INDEX jobs_of_group ON jobs (group_id, seq) WHERE group_id IS NOT NULL;

-- A claim goes lane by lane, so the index over all queues has no reader any more.
DROP INDEX jobs_claimable;
DROP INDEX jobs_claimable_by_queue;
CREATE INDEX jobs_claimable ON jobs (queue, priority DESC, due_at, seq)
  WHERE state IN ('pending', 'failed') AND suspicion IS NULL AND parked_by IS NULL;
CREATE INDEX jobs_parked ON jobs (parked_by, priority DESC, queue, due_at, seq)
  WHERE state IN ('pending', 'failed') AND parked_by IS NOT NULL;

-- Only what somebody has set: a queue without a row is open.
CREATE TABLE gates (
  scope          TEXT NOT NULL CHECK (scope IN ('queue', 'key', 'group')),
  name           TEXT NOT NULL,
  state          TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paused', 'draining')),
  max_running    INTEGER CHECK (max_running > 0),
  running        INTEGER NOT NULL DEFAULT 0,        -- kept by triggers
  rate_starts    INTEGER CHECK (rate_starts > 0),
  rate_period_ms INTEGER CHECK (rate_period_ms > 0),
  started        INTEGER NOT NULL DEFAULT 0,        -- the number of the newest start in gate_starts
  starts_kept    INTEGER,                           -- of how many starts the times are kept, since it has a rate
  opens_at       INTEGER,                           -- when its rate lets the lanes go on that it holds back
  stirred        INTEGER NOT NULL DEFAULT 0,        -- 1: something may pass now that could not before
  unparked_to    TEXT NOT NULL DEFAULT '',          -- the queue that was let go last: the next one is next
  PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX gates_stirred ON gates (scope, name) WHERE stirred = 1;
CREATE INDEX gates_opening ON gates (opens_at) WHERE opens_at IS NOT NULL;

-- The newest starts of a queue with a rate, as many as the rate counts.
CREATE TABLE gate_starts (
  queue  TEXT NOT NULL,
  number INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  PRIMARY KEY (queue, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE job_groups (
  id         TEXT PRIMARY KEY,
  kind       TEXT NOT NULL CHECK (kind IN ('array', 'flow', 'schedule')),
  name       TEXT NOT NULL,
  max_fails  INTEGER CHECK (max_fails > 0),
  -- Kept by triggers where max_fails is given: how many have died since somebody last brought one back; and 1 while some
  -- may be waiting although so many have.
  fails      INTEGER NOT NULL DEFAULT 0,
  stirred    INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX job_groups_stirred ON job_groups (stirred) WHERE stirred = 1;

CREATE TABLE dependencies (
  job       INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
  on_job    INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
  condition TEXT NOT NULL CHECK (condition IN ('completed', 'finished', 'failed')),
  met       INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (job, on_job, condition)
) STRICT, WITHOUT ROWID;
CREATE INDEX dependencies_on ON dependencies (on_job);
CREATE INDEX dependencies_unmet ON dependencies (job) WHERE met = 0;

-- Jobs of which something follows that has not been decided yet, or not yet for all that depend on them.
CREATE TABLE unsettled (
  seq     INTEGER PRIMARY KEY,
  settled INTEGER NOT NULL DEFAULT 0,               -- for dependants up to this one
  is_back INTEGER NOT NULL DEFAULT 0                -- 1: it was brought back since, whatever has become of it by now
) STRICT;

-- The jobs of one queue and one priority. Awake: worth a look. Asleep: until then there is nothing to claim in it.
CREATE TABLE lanes (
  queue        TEXT NOT NULL,
  priority     INTEGER NOT NULL,
  turn         INTEGER NOT NULL DEFAULT 0,          -- the token of its last claim: the lowest is next; a new lane comes before the one served last
  asleep_until INTEGER,                             -- null: awake; the largest safe integer: until something stirs it
  held_back    INTEGER NOT NULL DEFAULT 0,          -- 1: asleep with due jobs, before a gate that opens by itself
  PRIMARY KEY (queue, priority)
) STRICT, WITHOUT ROWID;
CREATE INDEX lanes_awake ON lanes (priority DESC, turn, queue) WHERE asleep_until IS NULL;
CREATE INDEX lanes_asleep ON lanes (asleep_until) WHERE asleep_until IS NOT NULL;
CREATE INDEX lanes_awake_by_queue ON lanes (queue, priority DESC) WHERE asleep_until IS NULL;
CREATE INDEX lanes_asleep_by_queue ON lanes (queue, asleep_until) WHERE asleep_until IS NOT NULL;
CREATE INDEX lanes_held_back ON lanes (queue, priority DESC) WHERE held_back = 1;
INSERT INTO lanes (queue, priority) SELECT DISTINCT queue, priority FROM jobs WHERE state IN ('pending', 'failed');

-- A job that may be claimed sooner than its lane believes wakes it. Most find their lane as it should be, and to look is
-- cheaper than to write nothing.
CREATE TRIGGER jobs_lane_insert AFTER INSERT ON jobs
WHEN NEW.state IN ('pending', 'failed') AND NOT EXISTS (
  SELECT 1 FROM lanes
  WHERE queue = NEW.queue AND priority = NEW.priority AND (asleep_until IS NULL OR asleep_until <= NEW.due_at)) BEGIN
  INSERT INTO lanes (queue, priority, turn)
    VALUES (NEW.queue, NEW.priority, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'executions'), 0) - 1)
    ON CONFLICT (queue, priority) DO UPDATE SET asleep_until = NULL, held_back = 0;
END;
CREATE TRIGGER jobs_lane_update AFTER UPDATE OF state, queue, priority, due_at, suspicion, parked_by ON jobs
WHEN NEW.state IN ('pending', 'failed') AND NEW.parked_by IS NULL AND NOT EXISTS (
  SELECT 1 FROM lanes
  WHERE queue = NEW.queue AND priority = NEW.priority AND (asleep_until IS NULL OR asleep_until <= NEW.due_at)) BEGIN
  INSERT INTO lanes (queue, priority, turn)
    VALUES (NEW.queue, NEW.priority, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'executions'), 0) - 1)
    ON CONFLICT (queue, priority) DO UPDATE SET asleep_until = NULL, held_back = 0;
END;

CREATE TRIGGER jobs_unpark AFTER UPDATE OF state, queue, priority, due_at, limit_key, group_id ON jobs
WHEN NEW.parked_by IS NOT NULL BEGIN
  UPDATE jobs SET parked_by = NULL WHERE seq = NEW.seq;
END;

-- How many run behind each gate; and whatever ends or steps aside there may let another pass. One trigger for the gates of
-- all three scopes: of most jobs none is set, and each trigger costs a claim and an end a microsecond.
CREATE TRIGGER jobs_gates AFTER UPDATE OF state, queue, limit_key, group_id, due_at ON jobs
WHEN OLD.limit_key IS NOT NULL OR NEW.limit_key IS NOT NULL
  OR ((OLD.group_id IS NOT NULL OR NEW.group_id IS NOT NULL)
    AND EXISTS (SELECT 1 FROM gates WHERE scope = 'group' AND (name = OLD.group_id OR name = NEW.group_id)))
  OR ((OLD.state = 'processing' OR NEW.state = 'processing')
    AND EXISTS (SELECT 1 FROM gates WHERE scope = 'queue' AND (name = OLD.queue OR name = NEW.queue))) BEGIN
  UPDATE gates SET running = running - 1, stirred = 1
    WHERE scope = 'queue' AND name = OLD.queue AND OLD.state = 'processing'
      AND (NEW.state <> 'processing' OR NEW.queue <> OLD.queue);
  UPDATE gates SET running = running + 1
    WHERE scope = 'queue' AND name = NEW.queue AND NEW.state = 'processing'
      AND (OLD.state <> 'processing' OR NEW.queue <> OLD.queue);
  UPDATE gates SET running = running - (OLD.state = 'processing'),
      stirred = max(stirred, NEW.state <> 'processing' OR NEW.limit_key IS NOT OLD.limit_key)
    WHERE scope = 'key' AND name = OLD.limit_key;
  UPDATE gates SET running = running + 1 WHERE scope = 'key' AND name = NEW.limit_key AND NEW.state = 'processing';
  UPDATE gates SET running = running - (OLD.state = 'processing'),
      stirred = max(stirred, NEW.state <> 'processing' OR NEW.group_id IS NOT OLD.group_id)
    WHERE scope = 'group' AND name = OLD.group_id;
  UPDATE gates SET running = running + 1 WHERE scope = 'group' AND name = NEW.group_id AND NEW.state = 'processing';
END;
CREATE TRIGGER jobs_gates_delete AFTER DELETE ON jobs
WHEN OLD.state NOT IN ('completed', 'dead', 'cancelled') BEGIN
  UPDATE gates SET running = running - (OLD.state = 'processing'), stirred = 1 WHERE scope = 'queue' AND name = OLD.queue;
  UPDATE gates SET running = running - (OLD.state = 'processing'), stirred = 1 WHERE scope = 'key' AND name = OLD.limit_key;
  UPDATE gates SET running = running - (OLD.state = 'processing'), stirred = 1 WHERE scope = 'group' AND name = OLD.group_id;
END;

-- A gate that is set anew, by whomever, is looked at anew: a cap or a rate lets lanes go on like an end does; those of a
-- queue that was paused only wake.
CREATE TRIGGER gates_set AFTER UPDATE OF state, max_running, rate_starts, rate_period_ms ON gates BEGIN
  UPDATE lanes SET asleep_until = NULL, held_back = 0
    WHERE NEW.state <> OLD.state AND NEW.scope = 'queue' AND queue = NEW.name;
  UPDATE gates SET stirred = 1, opens_at = NULL WHERE scope = NEW.scope AND name = NEW.name;
END;
CREATE TRIGGER gates_delete AFTER DELETE ON gates BEGIN
  UPDATE lanes SET asleep_until = NULL, held_back = 0 WHERE OLD.scope = 'queue' AND queue = OLD.name;
  UPDATE jobs SET parked_by = NULL
    WHERE state IN ('pending', 'failed') AND parked_by IS NOT NULL AND parked_by = OLD.scope || ':' || OLD.name;
END;

-- A key lets one through at a time unless it was given another limit, whoever gives it to a job. After an insert, which may
-- have come to nothing; before an update, of which the trigger above counts what runs.
CREATE TRIGGER jobs_key_insert AFTER INSERT ON jobs
WHEN NEW.limit_key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM gates WHERE scope = 'key' AND name = NEW.limit_key) BEGIN
  INSERT INTO gates (scope, name, max_running, running)
    VALUES ('key', NEW.limit_key, 1, NEW.state = 'processing');
END;
CREATE TRIGGER jobs_key_update BEFORE UPDATE OF limit_key ON jobs
WHEN NEW.limit_key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM gates WHERE scope = 'key' AND name = NEW.limit_key) BEGIN
  INSERT INTO gates (scope, name, max_running) VALUES ('key', NEW.limit_key, 1);
END;

-- Beyond these, no program could read or order them, and one such row would stop every worker.
CREATE TRIGGER jobs_range_insert BEFORE INSERT ON jobs
WHEN NOT (NEW.priority BETWEEN -9007199254740990 AND 9007199254740990 AND NEW.due_at BETWEEN -9007199254740990 AND 9007199254740990
  AND NEW.run_at BETWEEN -9007199254740990 AND 9007199254740990 AND NEW.expires_at BETWEEN -9007199254740990 AND 9007199254740990) BEGIN
  SELECT RAISE(ABORT, 'priority, due_at, run_at and expires_at must lie between -9007199254740990 and 9007199254740990');
END;
CREATE TRIGGER jobs_range_update BEFORE UPDATE OF priority, due_at, run_at, expires_at ON jobs
WHEN NOT (NEW.priority BETWEEN -9007199254740990 AND 9007199254740990 AND NEW.due_at BETWEEN -9007199254740990 AND 9007199254740990
  AND NEW.run_at BETWEEN -9007199254740990 AND 9007199254740990 AND NEW.expires_at BETWEEN -9007199254740990 AND 9007199254740990) BEGIN
  SELECT RAISE(ABORT, 'priority, due_at, run_at and expires_at must lie between -9007199254740990 and 9007199254740990');
END;

-- Who finishes, or is brought back, may decide the fate of those that depend on it. Spelt out: SQLite makes a table of each
-- list of more than two values, each time that a trigger looks at it.
CREATE TRIGGER jobs_unsettle AFTER UPDATE OF state ON jobs
WHEN NEW.state <> OLD.state
  AND (OLD.state = 'completed' OR OLD.state = 'dead' OR OLD.state = 'cancelled'
    OR NEW.state = 'completed' OR NEW.state = 'dead' OR NEW.state = 'cancelled')
  AND EXISTS (SELECT 1 FROM dependencies WHERE on_job = NEW.seq) BEGIN
  INSERT INTO unsettled (seq, is_back) VALUES (NEW.seq, NEW.state NOT IN ('completed', 'dead', 'cancelled'))
    ON CONFLICT DO UPDATE SET settled = 0, is_back = max(is_back, excluded.is_back);
END;
-- Who dies, that of its group; and who is brought back gives its group all its failures again.
CREATE TRIGGER jobs_group_fails AFTER UPDATE OF state ON jobs
WHEN NEW.group_id IS NOT NULL AND NEW.state <> OLD.state
  AND (NEW.state = 'dead' OR OLD.state = 'completed' OR OLD.state = 'dead' OR OLD.state = 'cancelled'
    OR (OLD.state = 'processing' AND NEW.state IN ('pending', 'failed'))) BEGIN
  UPDATE job_groups
  SET fails = CASE WHEN NEW.state IN ('completed', 'cancelled') THEN fails WHEN NEW.state = 'dead' THEN fails + 1
              WHEN OLD.state = 'processing' THEN fails ELSE 0 END
  WHERE id = NEW.group_id AND max_fails IS NOT NULL;
  UPDATE job_groups SET stirred = fails >= max_fails WHERE id = NEW.group_id AND max_fails IS NOT NULL;
END;
-- A dependency whose job was deleted is no dependency any more.
CREATE TRIGGER dependencies_unsettle AFTER DELETE ON dependencies
WHEN EXISTS (SELECT 1 FROM jobs WHERE seq = OLD.job) BEGIN
  INSERT INTO unsettled (seq) VALUES (OLD.job) ON CONFLICT DO UPDATE SET settled = 0;
END;
-- As the tables say themselves, for programs that do not hold them to it: the sqlite3 shell does not.
CREATE TRIGGER jobs_dependencies_delete AFTER DELETE ON jobs BEGIN
  DELETE FROM dependencies WHERE on_job = OLD.seq;
  DELETE FROM dependencies WHERE job = OLD.seq;
END;

-- As before, but it never sets the time back, and a claim is known by its token: what is released and claimed in one
-- transaction has one instant for both, and only looks as if it had been moved by hand. `unixepoch` knows no milliseconds
-- in the sqlite3 shells of older systems (before 3.42), `julianday` does in all.
DROP TRIGGER jobs_touch;
CREATE TRIGGER jobs_touch AFTER UPDATE OF state ON jobs
WHEN NEW.state <> OLD.state AND NEW.state <> 'pending' AND NEW.updated_at = OLD.updated_at
  AND NEW.updated_at < CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)
  AND NOT (NEW.state = 'processing' AND NEW.claim IS NOT OLD.claim) BEGIN
  UPDATE jobs SET updated_at = CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) WHERE seq = NEW.seq;
END;
