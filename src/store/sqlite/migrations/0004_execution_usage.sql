-- What an execution cost: known where the native launcher ran it, else null.
ALTER TABLE executions ADD COLUMN cpu_ms REAL;
ALTER TABLE executions ADD COLUMN max_rss_kb INTEGER;
