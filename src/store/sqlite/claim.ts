import type { Claim, ClaimBatch, ClaimRequest } from "../store.ts";
import { readChores } from "./chores.ts";
import type { Database } from "./database.ts";
import { expireJobs, nextExpiry } from "./expire.ts";
import { Gatekeeper } from "./gates.ts";
import { nextWaking, noteTurns, stirBehind, wakeDueLanes } from "./lanes.ts";
import { pickDueJobs } from "./pick-due-jobs.ts";
import { type Row, toJob } from "./rows.ts";
import { isUnsettled, settle } from "./settle.ts";
import { recordStart } from "./starts.ts";
import { stirOpening } from "./stirred-gates.ts";
import { earliest, findSuspect, inTurn, NO_SUSPECT } from "./suspects.ts";

/**
 * Hands out due jobs. Runs inside a write transaction, so that nobody else claims meanwhile.
 *
 * What is picked, in which order and past which gates, is in `pick-due-jobs.ts`. Suspects stand in an index of their own
 * (`suspects.ts`), of which only the first matters that is due and may pass its gates: a worker runs one and nothing
 * beside it. Without suspects that is one seek in an empty index.
 */
export function claimJobs(db: Database, request: ClaimRequest): ClaimBatch {
  if (request.limit <= 0) return { claims: [], nextDueAt: null };
  const { now, queues, limit } = request;
  const chores = readChores(db, request.worker);
  if (!chores.mayClaim) return { claims: [], nextDueAt: null };
  const hasExpired = chores.expiryAt <= now;
  const hasMoreExpired = hasExpired && expireJobs(db, now);
  if (chores.openingAt <= now) stirOpening(db, now);
  const hasSettled = hasExpired || chores.isUnsettled || chores.openingAt <= now;
  if (hasSettled) settle(db, now);
  if (chores.wakingAt <= now) wakeDueLanes(db, now);
  const keeper = new Gatekeeper(db, now);
  // A suspect that was let go just now is in no chores yet.
  const suspect = chores.hasSuspects || hasSettled ? findSuspect(db, keeper, request) : NO_SUSPECT;
  const others = pickDueJobs(db, keeper, request);
  const { rows, isAll } = suspect.row
    ? inTurn(db, suspect.row, others.rows, request)
    : { rows: others.rows, isAll: false };
  const claims = rows.map((row) => claimRow(db, row, keeper, request));
  noteTurns(db, claims);
  if (rows !== others.rows) stirBehind(db, others.rows, rows);
  if (claims.length >= limit || isAll) return { claims, nextDueAt: null };
  if (hasMoreExpired || others.mustLookAgain || isUnsettled(db)) return { claims, nextDueAt: now };
  return { claims, nextDueAt: earliest([nextWaking(db, queues), suspect.nextDueAt, nextExpiry(db)]) };
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
