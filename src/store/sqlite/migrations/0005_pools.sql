-- A background pool keeps its size: each member holds a place, and who replaces a dead one takes its place over.

ALTER TABLE workers ADD COLUMN pool TEXT;                                -- null: in none
ALTER TABLE workers ADD COLUMN holds_place INTEGER NOT NULL DEFAULT 0;   -- 1: if it dies, it is to be replaced
ALTER TABLE workers ADD COLUMN place_failures INTEGER NOT NULL DEFAULT 0; -- members in a row that died young there
ALTER TABLE workers ADD COLUMN place_opens_at INTEGER NOT NULL DEFAULT 0; -- no replacement sooner; monotonic, like the lease
