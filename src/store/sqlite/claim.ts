import { mustMakeRoom } from "../../domain/suspect.ts";
import type { Claim, ClaimBatch, ClaimRequest } from "../store.ts";
import type { Database } from "./database.ts";
import { JOB_COLUMNS, type Row, readJson, toJob } from "./rows.ts";

/**
 * Hands out due jobs. Runs inside a write transaction, so that nobody else claims meanwhile.
 *
 * The index is ordered by priority, due time, arrival. A range over it stops at the first job that is not due, but only
 * within one priority; so the claim walks priority by priority, from the highest, each a seek and a short range. A
 * million jobs that are due tomorrow cost one seek.
 *
 * Suspects stand in an index of their own, of which only the first that is due matters: a worker runs one and nothing
 * beside it. Without suspects that is one seek in an empty index; with a thousand of them no more.
 */
export function claimJobs(db: Database, request: ClaimRequest): ClaimBatch {
  if (request.limit <= 0 || !mayClaim(db, request.worker)) return { claims: [], nextDueAt: null };
  const suspects = walkLanes(db, SUSPECTS, { ...request, limit: 1 });
  const others = walkLanes(db, OTHERS, request);
  const [suspect] = suspects.rows;
  const { rows, nextDueAt } =
    suspect === undefined
      ? { rows: others.rows, nextDueAt: earliest([suspects.nextDueAt, others.nextDueAt]) }
      : inTurn(db, suspect, others, request);
  const claims = rows.map((row) => claimRow(db, row, request));
  return { claims, nextDueAt: claims.length < request.limit ? nextDueAt : null };
}

/**
 * A worker that was declared dead, or never registered, may hold nothing: nobody would take its jobs back. One that runs
 * a suspect holds enough.
 */
function mayClaim(db: Database, worker: string): boolean {
  const row = db
    .prepare(`
      SELECT 1 FROM workers WHERE id = ? AND state = 'running' AND NOT EXISTS (
        SELECT 1 FROM jobs INDEXED BY jobs_suspect_held
        WHERE jobs.worker = workers.id AND jobs.state = 'processing' AND jobs.suspicion IS NOT NULL)`)
    .get(worker);
  return row !== undefined;
}

/** What this worker gets when a suspect is due: what comes before it; then it alone, or the rest, or room for it. */
function inTurn(db: Database, suspect: Row, others: Walk, { worker, limit }: ClaimRequest): Walk {
  const before = others.rows.filter((row) => compareInOrder(row, suspect) < 0);
  if (before.length === limit) return others;
  const held = countHeld(db);
  const own = (held.get(worker) ?? 0) + before.length;
  if (own === 0) return { rows: [suspect], nextDueAt: null };
  const rivals = listServing(db, suspect["queue"] as string).filter((id) => id !== worker);
  const isEmptiest = mustMakeRoom(
    { id: worker, held: own },
    rivals.map((id) => ({ id, held: held.get(id) ?? 0 })),
  );
  return isEmptiest ? { rows: before, nextDueAt: null } : others;
}

/** How many jobs each worker holds. Reads the rows of what runs; done only when a suspect waits. */
function countHeld(db: Database): ReadonlyMap<string, number> {
  const rows = db
    .prepare("SELECT worker, count(*) AS held FROM jobs WHERE state = 'processing' GROUP BY worker")
    .all();
  return new Map(rows.map((row) => [row["worker"] as string, row["held"] as number]));
}

/** The running workers that serve a queue. */
function listServing(db: Database, queue: string): string[] {
  const rows = db.prepare("SELECT id, queues FROM workers WHERE state = 'running'").all() as Row[];
  return rows
    .filter((row) => readJson<string[] | null>(row, "queues")?.includes(queue) ?? true)
    .map((row) => row["id"] as string);
}

interface Walk {
  rows: Row[];
  nextDueAt: number | null;
}

/** The first jobs that are due, over all queues that the request is about, in the order of claiming. */
function walkLanes(db: Database, walkable: Walkable, request: ClaimRequest): Walk {
  const lanes = request.queues === null ? [null] : [...new Set(request.queues)];
  const walks = lanes.map((queue) => walkDueJobs(db, walkable, queue, request));
  return {
    rows: walks
      .flatMap((walk) => walk.rows)
      .sort(compareInOrder)
      .slice(0, request.limit),
    nextDueAt: earliest(walks.map((walk) => walk.nextDueAt)),
  };
}

function walkDueJobs(
  db: Database,
  { anyQueue, oneQueue }: Walkable,
  queue: string | null,
  { limit, now }: ClaimRequest,
): Walk {
  const sql = queue === null ? anyQueue : oneQueue;
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

/** The questions of a walk, in any queue and in one. */
interface Walkable {
  anyQueue: WalkSql;
  oneQueue: WalkSql;
}

interface WalkSql {
  nextPriority: string;
  due: string;
  upcoming: string;
}

/** @param from the index and, with what makes it partial, the rows in it */
function walkSql(from: string): WalkSql {
  return {
    nextPriority: `SELECT max(priority) AS priority FROM jobs INDEXED BY ${from} AND priority < ?`,
    due: `SELECT ${JOB_COLUMNS} FROM jobs INDEXED BY ${from} AND priority = ? AND due_at <= ?
      ORDER BY due_at, seq LIMIT ?`,
    upcoming: `SELECT min(due_at) AS due_at FROM jobs INDEXED BY ${from} AND priority = ? AND due_at > ?`,
  };
}

const OTHERS: Walkable = {
  anyQueue: walkSql("jobs_claimable WHERE state IN ('pending', 'failed') AND suspicion IS NULL"),
  oneQueue: walkSql(
    "jobs_claimable_by_queue WHERE state IN ('pending', 'failed') AND suspicion IS NULL AND queue = ?",
  ),
};

const SUSPECTS: Walkable = {
  anyQueue: walkSql("jobs_suspect WHERE state IN ('pending', 'failed') AND suspicion IS NOT NULL"),
  oneQueue: walkSql(
    "jobs_suspect_by_queue WHERE state IN ('pending', 'failed') AND suspicion IS NOT NULL AND queue = ?",
  ),
};

/** Higher priority, then earlier due time, then arrival. */
function compareInOrder(a: Row, b: Row): number {
  const by = (name: string, x: Row, y: Row) => (x[name] as number) - (y[name] as number);
  return by("priority", b, a) || by("due_at", a, b) || by("seq", a, b);
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
