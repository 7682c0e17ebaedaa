-- The whole of queuectl's first schema. Instants are epoch milliseconds; lists and maps are JSON texts.

CREATE TABLE store (
  id TEXT NOT NULL                 -- random; names this store in the marker that running jobs carry
) STRICT;

CREATE TABLE jobs (
  seq          INTEGER PRIMARY KEY AUTOINCREMENT,   -- order of arrival; never reused, so history cannot change hands
  id           TEXT NOT NULL UNIQUE,
  command      TEXT NOT NULL,
  argv         TEXT CHECK (argv IS NULL OR json_type(argv) = 'array'),
  state        TEXT NOT NULL DEFAULT 'pending'
                 CHECK (state IN ('pending', 'blocked', 'processing', 'completed', 'failed', 'dead', 'cancelled')),
  reason       TEXT CHECK (reason IN ('retries_spent', 'crash_loop', 'dependency', 'policy')),
  queue        TEXT NOT NULL DEFAULT 'default',
  priority     INTEGER NOT NULL DEFAULT 0,
  tags         TEXT NOT NULL DEFAULT '[]' CHECK (json_type(tags) = 'array'),
  cwd          TEXT,
  env          TEXT NOT NULL DEFAULT '{}' CHECK (json_type(env) = 'object'),
  stdin        TEXT,
  max_retries  INTEGER NOT NULL,
  backoff_base REAL,
  timeout_ms   INTEGER,
  attempts     INTEGER NOT NULL DEFAULT 0,          -- failed executions since enqueue or the last `dlq retry`
  executions   INTEGER NOT NULL DEFAULT 0,          -- executions ever started
  run_at       INTEGER,
  due_at       INTEGER NOT NULL,                    -- from when it may be claimed
  claim        INTEGER,                             -- token of the current claim: the fence
  worker       TEXT,
  exit_code    INTEGER,
  error        TEXT,
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL
) STRICT;

-- What a claim walks: only the rows that may be claimed, in the order of claiming. It stays small however many jobs are finished.
CREATE INDEX jobs_claimable ON jobs (priority DESC, due_at, seq) WHERE state IN ('pending', 'failed');
-- The same for workers that serve some queues only.
CREATE INDEX jobs_claimable_by_queue ON jobs (queue, priority DESC, due_at, seq) WHERE state IN ('pending', 'failed');
CREATE INDEX jobs_by_state ON jobs (state, seq);

CREATE TABLE executions (
  token        INTEGER PRIMARY KEY AUTOINCREMENT,   -- the claim's token: grows with every claim, never reused
  job          INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
  number       INTEGER NOT NULL,
  worker       TEXT NOT NULL,
  started_at   INTEGER NOT NULL,
  finished_at  INTEGER,
  duration_ms  INTEGER,
  outcome      TEXT CHECK (outcome IN ('succeeded', 'failed', 'signalled', 'timed_out', 'spawn_failed', 'cancelled', 'lost', 'interrupted')),
  exit_code    INTEGER,
  signal       TEXT,
  error        TEXT,
  output_limit INTEGER NOT NULL,                    -- the cap under which it was started; tells where a file's head ends
  stdout_bytes INTEGER,                             -- all that it printed; null while it runs, and if its worker died
  stderr_bytes INTEGER,
  marks        TEXT,                                -- when the output arrived: JSON [[stream, offset, at], …]
  stdout       BLOB,                                -- the last bytes of the stream, or all of them
  stderr       BLOB,
  UNIQUE (job, number)
) STRICT;

CREATE TABLE workers (
  id             TEXT PRIMARY KEY,
  pid            INTEGER NOT NULL,
  start_time     TEXT,
  boot_id        TEXT NOT NULL,
  pid_namespace  TEXT,
  host           TEXT NOT NULL,
  state          TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'stopping', 'dead')),
  queues         TEXT CHECK (queues IS NULL OR json_type(queues) = 'array'), -- null: every queue
  concurrency    INTEGER NOT NULL,
  started_at     INTEGER NOT NULL,
  heartbeat_at   INTEGER NOT NULL,                  -- for people; the lease is what counts
  heartbeats     INTEGER NOT NULL DEFAULT 0,
  lease_deadline INTEGER NOT NULL,                  -- milliseconds of the monotonic clock of this boot
  jobs_done      INTEGER NOT NULL DEFAULT 0,
  stop_requested INTEGER NOT NULL DEFAULT 0,
  stop_grace_ms  INTEGER                            -- null: however long the jobs take
) STRICT;

CREATE TABLE config (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- Kept, not counted: one row per queue and state. The triggers hold for every writer, a person at a prompt included.
CREATE TABLE counters (
  queue TEXT NOT NULL,
  state TEXT NOT NULL,
  jobs  INTEGER NOT NULL,
  PRIMARY KEY (queue, state)
) STRICT, WITHOUT ROWID;

-- Executions that ended, by second, for the last hour.
CREATE TABLE throughput (
  second   INTEGER PRIMARY KEY,
  finished INTEGER NOT NULL
) STRICT;

CREATE TRIGGER jobs_count_insert AFTER INSERT ON jobs BEGIN
  INSERT INTO counters (queue, state, jobs) VALUES (NEW.queue, NEW.state, 1)
    ON CONFLICT (queue, state) DO UPDATE SET jobs = jobs + 1;
END;

CREATE TRIGGER jobs_count_delete AFTER DELETE ON jobs BEGIN
  UPDATE counters SET jobs = jobs - 1 WHERE queue = OLD.queue AND state = OLD.state;
END;

CREATE TRIGGER jobs_count_update AFTER UPDATE OF state, queue ON jobs
WHEN NEW.state <> OLD.state OR NEW.queue <> OLD.queue BEGIN
  UPDATE counters SET jobs = jobs - 1 WHERE queue = OLD.queue AND state = OLD.state;
  INSERT INTO counters (queue, state, jobs) VALUES (NEW.queue, NEW.state, 1)
    ON CONFLICT (queue, state) DO UPDATE SET jobs = jobs + 1;
END;

-- Our own statements set updated_at themselves; this is for an UPDATE made by hand.
CREATE TRIGGER jobs_touch AFTER UPDATE OF state ON jobs
WHEN NEW.state <> OLD.state AND NEW.state <> 'pending' AND NEW.updated_at = OLD.updated_at BEGIN
  UPDATE jobs SET updated_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) WHERE seq = NEW.seq;
END;

-- A job that is made pending by hand is as good as retried: what a person would forget is put right. Our own statements
-- clear these columns themselves.
CREATE TRIGGER jobs_mend AFTER UPDATE OF state ON jobs
WHEN NEW.state = 'pending' AND OLD.state <> 'pending' AND (NEW.reason IS NOT NULL OR NEW.worker IS NOT NULL) BEGIN
  UPDATE jobs
  SET attempts = CASE WHEN NEW.reason IS NULL THEN attempts ELSE 0 END, reason = NULL, claim = NULL, worker = NULL
  WHERE seq = NEW.seq;
END;
