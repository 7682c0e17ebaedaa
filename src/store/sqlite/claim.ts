import type { Claim, ClaimBatch, ClaimRequest } from "../store.ts";
import type { Database } from "./database.ts";
import { JOB_COLUMNS, type Row, toJob } from "./rows.ts";

/**
 * Hands out due jobs. Runs inside a write transaction, so that nobody else claims meanwhile.
 *
 * The index is ordered by priority, due time, arrival. A range over it stops at the first job that is not due, but only
 * within one priority; so the claim walks priority by priority, from the highest, each a seek and a short range. A
 * million jobs that are due tomorrow cost one seek.
 */
export function claimJobs(db: Database, request: ClaimRequest): ClaimBatch {
  if (request.limit <= 0 || !mayClaim(db, request.worker)) return { claims: [], nextDueAt: null };
  const lanes = request.queues === null ? [null] : [...new Set(request.queues)];
  const walks = lanes.map((queue) => walkDueJobs(db, queue, request));
  const rows = mergeInOrder(walks.flatMap((walk) => walk.rows)).slice(0, request.limit);
  const claims = rows.map((row) => claimRow(db, row, request));
  return {
    claims,
    nextDueAt: claims.length < request.limit ? earliest(walks.map((walk) => walk.nextDueAt)) : null,
  };
}

/** A worker that was declared dead, or never registered, may hold nothing: nobody would take its jobs back. */
function mayClaim(db: Database, worker: string): boolean {
  return db.prepare("SELECT 1 FROM workers WHERE id = ? AND state = 'running'").get(worker) !== undefined;
}

interface Walk {
  rows: Row[];
  nextDueAt: number | null;
}

function walkDueJobs(db: Database, queue: string | null, { limit, now }: ClaimRequest): Walk {
  const sql = queue === null ? ANY_QUEUE : ONE_QUEUE;
  const lane = queue === null ? [] : [queue];
  const rows: Row[] = [];
  const upcoming: (number | null)[] = [];
  let above = Number.MAX_SAFE_INTEGER;
  while (rows.length < limit) {
    const next = db.prepare(sql.nextPriority).get(...lane, above) as { priority: number | null };
    if (next.priority === null) break;
    const priority = next.priority;
    rows.push(...(db.prepare(sql.due).all(...lane, priority, now, limit - rows.length) as Row[]));
    upcoming.push((db.prepare(sql.upcoming).get(...lane, priority, now) as { due_at: number | null }).due_at);
    above = priority;
  }
  return { rows, nextDueAt: earliest(upcoming) };
}

const ANY_QUEUE = {
  nextPriority: `SELECT max(priority) AS priority FROM jobs INDEXED BY jobs_claimable
    WHERE state IN ('pending', 'failed') AND priority < ?`,
  due: `SELECT ${JOB_COLUMNS} FROM jobs INDEXED BY jobs_claimable
    WHERE state IN ('pending', 'failed') AND priority = ? AND due_at <= ? ORDER BY due_at, seq LIMIT ?`,
  upcoming: `SELECT min(due_at) AS due_at FROM jobs INDEXED BY jobs_claimable
    WHERE state IN ('pending', 'failed') AND priority = ? AND due_at > ?`,
};

const ONE_QUEUE = {
  nextPriority: `SELECT max(priority) AS priority FROM jobs INDEXED BY jobs_claimable_by_queue
    WHERE state IN ('pending', 'failed') AND queue = ? AND priority < ?`,
  due: `SELECT ${JOB_COLUMNS} FROM jobs INDEXED BY jobs_claimable_by_queue
    WHERE state IN ('pending', 'failed') AND queue = ? AND priority = ? AND due_at <= ? ORDER BY due_at, seq LIMIT ?`,
  upcoming: `SELECT min(due_at) AS due_at FROM jobs INDEXED BY jobs_claimable_by_queue
    WHERE state IN ('pending', 'failed') AND queue = ? AND priority = ? AND due_at > ?`,
};

function mergeInOrder(rows: Row[]): Row[] {
  const by = (name: string, a: Row, b: Row) => (a[name] as number) - (b[name] as number);
  return rows.sort((a, b) => by("priority", b, a) || by("due_at", a, b) || by("seq", a, b));
}

function claimRow(db: Database, row: Row, { worker, now, outputLimitBytes }: ClaimRequest): Claim {
  const job = toJob(row);
  const number = job.executions + 1;
  if (job.executions > 0) closeAbandoned(db, job.seq, now);
  const { lastInsertRowid } = db
    .prepare("INSERT INTO executions (job, number, worker, started_at, output_limit) VALUES (?, ?, ?, ?, ?)")
    .run(job.seq, number, worker, now, outputLimitBytes);
  const token = Number(lastInsertRowid);
  db.prepare(`
    UPDATE jobs SET state = 'processing', executions = ?, claim = ?, worker = ?, updated_at = ?
    WHERE seq = ?`).run(number, token, worker, now, job.seq);
  return { token, number, job: { ...job, state: "processing", executions: number, worker, updatedAt: now } };
}

/** An execution left open by a state that was changed by hand: it will never be heard of as this job's again. */
function closeAbandoned(db: Database, seq: number, now: number): void {
  db.prepare(`
    UPDATE executions SET outcome = 'lost', finished_at = ?, error = 'the job was taken away while it ran'
    WHERE job = ? AND outcome IS NULL`).run(now, seq);
}

function earliest(instants: readonly (number | null)[]): number | null {
  return instants.reduce((first, at) => (first === null || (at !== null && at < first) ? at : first), null);
}
