-- What retention walks: finished jobs by when they ended, and the executions whose output stands in their rows. Both
-- grow at their end only, which is the cheapest way for an index to grow.
CREATE INDEX jobs_by_end ON jobs (state, updated_at) WHERE state IN ('completed', 'cancelled', 'dead');
CREATE INDEX executions_with_output ON executions (finished_at) WHERE stdout IS NOT NULL OR stderr IS NOT NULL;

-- When a worker last applied retention: one of them does, once in a while.
ALTER TABLE store ADD COLUMN retained_at INTEGER NOT NULL DEFAULT 0;
