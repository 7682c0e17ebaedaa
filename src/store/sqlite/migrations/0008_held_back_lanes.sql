-- Lanes before a queue's closed gate go on one by one, the highest priority first, as many as there is room for: an end
-- costs the same with one priority in use and with twenty thousand. And triggers ask less where nothing is set.

ALTER TABLE gates ADD COLUMN opens_at INTEGER;    -- when its rate lets the lanes go on that it holds back
ALTER TABLE gates ADD COLUMN starts_kept INTEGER; -- of how many starts the times are kept, since it has a rate
CREATE INDEX gates_opening ON gates (opens_at) WHERE opens_at IS NOT NULL;
UPDATE gates SET starts_kept = rate_starts;

CREATE INDEX lanes_held_back ON lanes (queue, priority DESC) WHERE held_back = 1;
CREATE INDEX lanes_awake_by_queue ON lanes (queue, priority DESC) WHERE asleep_until IS NULL;
CREATE INDEX lanes_asleep_by_queue ON lanes (queue, asleep_until) WHERE asleep_until IS NOT NULL;

-- What a person changes of a cap or a rate lets lanes go on like an end does; those of a paused queue only wake.
DROP TRIGGER gates_set;
CREATE TRIGGER gates_set AFTER UPDATE OF state, max_running, rate_starts, rate_period_ms ON gates BEGIN
  UPDATE lanes SET asleep_until = NULL, held_back = 0
    WHERE NEW.state <> OLD.state AND NEW.scope = 'queue' AND queue = NEW.name;
  UPDATE gates SET stirred = 1, opens_at = NULL WHERE scope = NEW.scope AND name = NEW.name;
END;

-- As before, but most jobs find their lane as it should be, and to look is cheaper than to write nothing.
DROP TRIGGER jobs_lane_insert;
CREATE TRIGGER jobs_lane_insert AFTER INSERT ON jobs
WHEN NEW.state IN ('pending', 'failed') AND NOT EXISTS (
  SELECT 1 FROM lanes
  WHERE queue = NEW.queue AND priority = NEW.priority AND (asleep_until IS NULL OR asleep_until <= NEW.due_at)) BEGIN
  INSERT INTO lanes (queue, priority, turn)
    VALUES (NEW.queue, NEW.priority, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'executions'), 0) - 1)
    ON CONFLICT (queue, priority) DO UPDATE SET asleep_until = NULL, held_back = 0;
END;
DROP TRIGGER jobs_lane_update;
CREATE TRIGGER jobs_lane_update AFTER UPDATE OF state, queue, priority, due_at, suspicion, parked_by ON jobs
WHEN NEW.state IN ('pending', 'failed') AND NEW.parked_by IS NULL AND NOT EXISTS (
  SELECT 1 FROM lanes
  WHERE queue = NEW.queue AND priority = NEW.priority AND (asleep_until IS NULL OR asleep_until <= NEW.due_at)) BEGIN
  INSERT INTO lanes (queue, priority, turn)
    VALUES (NEW.queue, NEW.priority, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'executions'), 0) - 1)
    ON CONFLICT (queue, priority) DO UPDATE SET asleep_until = NULL, held_back = 0;
END;

-- One for the gates of all three scopes: of most jobs none is set, and each trigger costs a claim and an end a microsecond.
DROP TRIGGER jobs_queue_gate;
DROP TRIGGER jobs_key_gate;
DROP TRIGGER jobs_group_gate;
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

-- As before. SQLite makes a table of each list of more than two values, each time that a trigger looks at it.
DROP TRIGGER jobs_unsettle;
CREATE TRIGGER jobs_unsettle AFTER UPDATE OF state ON jobs
WHEN NEW.state <> OLD.state
  AND (((OLD.state = 'completed' OR OLD.state = 'dead' OR OLD.state = 'cancelled'
        OR NEW.state = 'completed' OR NEW.state = 'dead' OR NEW.state = 'cancelled')
      AND EXISTS (SELECT 1 FROM dependencies WHERE on_job = NEW.seq))
    OR (NEW.group_id IS NOT NULL AND (NEW.state = 'dead' OR NEW.state = 'failed'))) BEGIN
  INSERT INTO unsettled (seq) VALUES (NEW.seq) ON CONFLICT DO UPDATE SET settled = 0;
END;

-- Whether one of a hundred thousand dependencies can never be met is a seek, too. `met`: 1 it is, 0 not yet, -1 never.
UPDATE dependencies SET met = -1
  WHERE met = 0 AND (condition, (SELECT state FROM jobs WHERE seq = on_job)) IN (
    VALUES ('completed', 'dead'), ('completed', 'cancelled'), ('failed', 'completed'));
CREATE INDEX dependencies_impossible ON dependencies (job) WHERE met = -1;
