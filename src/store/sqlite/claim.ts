import type { Closure } from "../../domain/gate.ts";
import { serves } from "../../domain/serves.ts";
import { mustMakeRoom } from "../../domain/suspect.ts";
import type { Claim, ClaimBatch, ClaimRequest } from "../store.ts";
import type { Database } from "./database.ts";
import { expireJobs, nextExpiry } from "./expire.ts";
import { Gatekeeper, gatesOfRow, recordStart } from "./gates.ts";
import { nextWaking, noteTurns, pickDueJobs, stirBehind, wakeDueLanes } from "./lanes.ts";
import { JOB_COLUMNS, type Row, readJson, toJob } from "./rows.ts";
import { isUnsettled, settle } from "./settle.ts";

/**
 * Hands out due jobs. Runs inside a write transaction, so that nobody else claims meanwhile.
 *
 * What is picked, in which order and past which gates, is in `lanes.ts`. Suspects stand in an index of their own, of which
 * only the first matters that is due and may pass its gates: a worker runs one and nothing beside it. Without suspects
 * that is one seek in an empty index.
 */
export function claimJobs(db: Database, request: ClaimRequest): ClaimBatch {
  if (request.limit <= 0 || !mayClaim(db, request.worker)) return { claims: [], nextDueAt: null };
  const { now, queues, limit } = request;
  const hasMoreExpired = expireJobs(db, now);
  settle(db, now);
  wakeDueLanes(db, now);
  const keeper = new Gatekeeper(db, now);
  const suspect = findSuspect(db, keeper, request);
  const others = pickDueJobs(db, keeper, request);
  const { rows, isAll } = suspect.row
    ? inTurn(db, suspect.row, others.rows, request)
    : { rows: others.rows, isAll: false };
  const claims = rows.map((row) => claimRow(db, row, keeper, request));
  noteTurns(db, claims);
  stirBehind(
    db,
    others.rows.filter((row) => !rows.includes(row)),
  );
  if (claims.length >= limit || isAll) return { claims, nextDueAt: null };
  if (hasMoreExpired || others.mustLookAgain || isUnsettled(db)) return { claims, nextDueAt: now };
  return { claims, nextDueAt: earliest([nextWaking(db, queues), suspect.nextDueAt, nextExpiry(db)]) };
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

/**
 * What this worker gets when a suspect is due: what comes before it; then it alone, or the rest, or room for it.
 * `isAll`: it gets nothing more before something of it has ended.
 */
function inTurn(
  db: Database,
  suspect: Row,
  others: readonly Row[],
  { worker, limit }: ClaimRequest,
): { rows: readonly Row[]; isAll: boolean } {
  const before = others.filter((row) => compareInOrder(row, suspect) < 0);
  if (before.length === limit) return { rows: others, isAll: false };
  const held = countHeld(db);
  const own = (held.get(worker) ?? 0) + before.length;
  if (own === 0) return { rows: [suspect], isAll: true };
  const rivals = listServing(db, suspect["queue"] as string).filter((id) => id !== worker);
  const isEmptiest = mustMakeRoom(
    { id: worker, held: own },
    rivals.map((id) => ({ id, held: held.get(id) ?? 0 })),
  );
  return isEmptiest ? { rows: before, isAll: true } : { rows: others, isAll: false };
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
    .filter((row) => serves(readJson<string[] | null>(row, "queues"), queue))
    .map((row) => row["id"] as string);
}

/** The first suspect that may start now, and when the next of the others is due. */
function findSuspect(
  db: Database,
  keeper: Gatekeeper,
  { queues, now }: ClaimRequest,
): { row: Row | null; nextDueAt: number | null } {
  const found = (queues ?? [null]).map((queue) => firstSuspect(db, keeper, queue, now));
  const rows = found.flatMap(({ row }) => (row === null ? [] : [row]));
  return {
    row: rows.sort(compareInOrder)[0] ?? null,
    nextDueAt: earliest(found.map(({ nextDueAt }) => nextDueAt)),
  };
}

function firstSuspect(
  db: Database,
  keeper: Gatekeeper,
  queue: string | null,
  now: number,
): { row: Row | null; nextDueAt: number | null } {
  const lane = queue === null ? [] : [queue];
  const from = queue === null ? SUSPECTS : SUSPECTS_OF_QUEUE;
  // Row by row: as a rule the first one may pass.
  const rows = db
    .prepare(`SELECT ${JOB_COLUMNS} FROM ${from} AND due_at <= ? ORDER BY priority DESC, due_at, seq`)
    .iterate(...lane, now);
  const next = db.prepare(`SELECT min(due_at) AS due_at FROM ${from} AND due_at > ?`).get(...lane, now);
  const nextDueAt = (next?.["due_at"] as number | null | undefined) ?? null;
  const opensAt: (number | null)[] = [];
  for (const row of rows) {
    const closures = closuresOf(keeper, row);
    if (closures.length === 0) return { row, nextDueAt };
    opensAt.push(...closures.map((closure) => (closure.kind === "pace" ? closure.opensAt : null)));
  }
  return { row: null, nextDueAt: earliest([nextDueAt, ...opensAt]) };
}

const SUSPECTS =
  "jobs INDEXED BY jobs_suspect WHERE state IN ('pending', 'failed') AND suspicion IS NOT NULL";
const SUSPECTS_OF_QUEUE =
  "jobs INDEXED BY jobs_suspect_by_queue WHERE state IN ('pending', 'failed') AND suspicion IS NOT NULL AND queue = ?";

function closuresOf(keeper: Gatekeeper, row: Row): Closure[] {
  const gates = [["queue", row["queue"] as string] as const, ...gatesOfRow(row)];
  return gates.flatMap(([scope, name]) => keeper.judge(scope, name) ?? []);
}

/** Higher priority, then earlier due time, then arrival. */
function compareInOrder(a: Row, b: Row): number {
  const by = (name: string, x: Row, y: Row) => (x[name] as number) - (y[name] as number);
  return by("priority", b, a) || by("due_at", a, b) || by("seq", a, b);
}

function claimRow(
  db: Database,
  row: Row,
  keeper: Gatekeeper,
  { worker, now, outputLimitBytes }: ClaimRequest,
): Claim {
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
  if (keeper.isPaced(job.queue)) recordStart(db, job.queue, now);
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
