-- What a person asked of an execution, and what came of one too late. They stand with the execution, not the job: whatever
-- ends the claim ends the request too, and no later execution inherits it.
ALTER TABLE executions ADD COLUMN cancel_requested_at INTEGER;
ALTER TABLE executions ADD COLUMN late_outcome TEXT
  CHECK (late_outcome IN ('succeeded', 'failed', 'signalled', 'timed_out', 'spawn_failed', 'cancelled', 'interrupted'));
ALTER TABLE executions ADD COLUMN late_at INTEGER;

-- How often in a row the job was lost while it ran alone; null when it is under no suspicion.
ALTER TABLE jobs ADD COLUMN suspicion INTEGER;

-- Suspects are rare and are claimed by other rules, so they have indexes of their own: empty ones cost nothing, and a
-- thousand suspects are not in the way of the others.
DROP INDEX jobs_claimable;
DROP INDEX jobs_claimable_by_queue;
CREATE INDEX jobs_claimable ON jobs (priority DESC, due_at, seq)
  WHERE state IN ('pending', 'failed') AND suspicion IS NULL;
CREATE INDEX jobs_claimable_by_queue ON jobs (queue, priority DESC, due_at, seq)
  WHERE state IN ('pending', 'failed') AND suspicion IS NULL;
CREATE INDEX jobs_suspect ON jobs (priority DESC, due_at, seq)
  WHERE state IN ('pending', 'failed') AND suspicion IS NOT NULL;
CREATE INDEX jobs_suspect_by_queue ON jobs (queue, priority DESC, due_at, seq)
  WHERE state IN ('pending', 'failed') AND suspicion IS NOT NULL;
-- Whether a worker runs one: asked at every claim.
CREATE INDEX jobs_suspect_held ON jobs (worker) WHERE state = 'processing' AND suspicion IS NOT NULL;
