import { exitCodeOf } from "../../domain/outcome.ts";
import { afterCancelRequest } from "../../domain/transition.ts";
import type { ClaimRequest, FinishedExecution, FinishReceipt } from "../store.ts";
import { claimJobs } from "./claim.ts";
import type { Database } from "./database.ts";
import { cancelInVain } from "./give-up.ts";
import { settle } from "./settle.ts";

/**
 * Records results, settles what follows from them, and claims anew, in one commit. `hasReleased`: others may have something
 * to claim now.
 *
 * The guard is the WHERE of the job's UPDATE: the row must still be processing under this very token, and the worker
 * must not have been declared dead. It stands first; the history is written afterwards and only once (`outcome IS NULL`),
 * so a late result finds both closed, and is only noted beside it.
 */
export async function finish(
  db: Database,
  worker: string,
  results: readonly FinishedExecution[],
  next?: { request: ClaimRequest; whenItBegins(request: ClaimRequest): ClaimRequest },
): Promise<FinishReceipt & { hasReleased: boolean }> {
  return await db.write(() => {
    const recordedAs = results.map((result) => ({ result, end: recordResult(db, worker, result) }));
    // When all are recorded: of the same group others may have died.
    const all = recordedAs.map(({ result, end }) => ({
      token: result.claim.token,
      end: end === "recorded" && isGivenBackInVain(db, result) ? "cancelled" : end,
    }));
    const tokens = (wanted: End) => all.filter(({ end }) => end === wanted).map(({ token }) => token);
    const stale = tokens("stale");
    const recorded = results.length - stale.length;
    if (recorded > 0) countFinished(db, worker, recorded, results[0]?.finishedAt ?? 0);
    const hasReleased = settle(db, results[0]?.finishedAt ?? next?.request.now ?? 0);
    const claimed = next ? claimJobs(db, next.whenItBegins(next.request)) : { claims: [], nextDueAt: null };
    return { stale, cancelled: tokens("cancelled"), claimed, hasReleased };
  });
}

type End = "recorded" | "cancelled" | "stale";

function recordResult(db: Database, worker: string, result: FinishedExecution): End {
  const request = result.transition.to === "completed" ? undefined : cancelRequest(db, result);
  const ended = request
    ? { ...result, transition: afterCancelRequest(result.transition), error: request.why ?? result.error }
    : result;
  if (moveJob(db, worker, ended)) {
    closeExecution(db, ended);
    return request ? "cancelled" : "recorded";
  }
  noteLateResult(db, result);
  return "stale";
}

function cancelRequest(db: Database, { claim }: FinishedExecution): { why: string | null } | undefined {
  const row = db
    .prepare(
      "SELECT error FROM executions WHERE token = ? AND outcome IS NULL AND cancel_requested_at IS NOT NULL",
    )
    .get(claim.token);
  return row && { why: row["error"] as string | null };
}

function moveJob(
  db: Database,
  worker: string,
  { claim, outcome, transition, suspicion, finishedAt, error }: FinishedExecution,
): boolean {
  const attempts = "attempts" in transition ? transition.attempts : null;
  const reason = "reason" in transition ? transition.reason : null;
  const dueAt = "dueAt" in transition ? transition.dueAt : null;
  const { changes } = db
    .prepare(`
      UPDATE jobs
      SET state = ?, reason = ?, attempts = coalesce(?, attempts), due_at = coalesce(?, due_at),
          suspicion = ?, exit_code = ?, error = ?, claim = NULL, worker = NULL, updated_at = ?
      WHERE seq = ? AND claim = ? AND state = 'processing' AND worker = ?
        AND EXISTS (SELECT 1 FROM workers WHERE workers.id = jobs.worker AND workers.state <> 'dead')`)
    .run(
      transition.to,
      reason,
      attempts,
      dueAt,
      suspicion,
      exitCodeOf(outcome),
      error,
      finishedAt,
      claim.job.seq,
      claim.token,
      worker,
    );
  return changes === 1;
}

/** Its group may have had as many failures as it bears while it ran. */
function isGivenBackInVain(db: Database, { claim, transition, finishedAt }: FinishedExecution): boolean {
  const { seq, group } = claim.job;
  return transition.to === "pending" && cancelInVain(db, { seq, group: group?.id ?? null }, finishedAt);
}

function closeExecution(
  db: Database,
  { claim, outcome, finishedAt, durationMs, error, usage, output }: FinishedExecution,
): void {
  const signal = outcome.kind === "signalled" ? outcome.signal : null;
  const marks =
    output.marks.length === 0 ? null : JSON.stringify(output.marks.map((m) => [m.stream, m.offset, m.at]));
  db.prepare(`
    UPDATE executions
    SET finished_at = ?, duration_ms = ?, outcome = ?, exit_code = ?, signal = ?, error = ?, cpu_ms = ?,
        max_rss_kb = ?, stdout_bytes = ?, stderr_bytes = ?, marks = ?, stdout = ?, stderr = ?
    WHERE token = ? AND outcome IS NULL`).run(
    finishedAt,
    Math.round(durationMs),
    outcome.kind,
    exitCodeOf(outcome),
    signal,
    error,
    usage?.cpuMs ?? null,
    usage?.maxRssKb ?? null,
    output.stdout.totalBytes,
    output.stderr.totalBytes,
    marks,
    nullIfEmpty(output.stdout.tail),
    nullIfEmpty(output.stderr.tail),
    claim.token,
  );
}

/**
 * Beside an execution that was lost, or will be because its worker is dead; once. By the token alone: who was taken for
 * dead tells of it under a new id. `lost` as a late result says only that the worker had heard of it, and a result that is
 * told twice is no late one.
 */
function noteLateResult(db: Database, { claim, outcome, finishedAt }: FinishedExecution): void {
  if (outcome.kind === "lost") return;
  db.prepare(`
    UPDATE executions SET late_outcome = ?, late_at = ?
    WHERE token = ? AND late_outcome IS NULL AND (outcome = 'lost' OR (outcome IS NULL AND NOT EXISTS (
      SELECT 1 FROM workers WHERE workers.id = executions.worker AND workers.state <> 'dead')))`).run(
    outcome.kind,
    finishedAt,
    claim.token,
  );
}

function nullIfEmpty(bytes: Uint8Array): Uint8Array | null {
  return bytes.length === 0 ? null : bytes;
}

/** Kept by second for an hour: `status` must not count executions. */
function countFinished(db: Database, worker: string, count: number, finishedAt: number): void {
  const second = Math.floor(finishedAt / 1_000);
  db.prepare("UPDATE workers SET jobs_done = jobs_done + ? WHERE id = ?").run(count, worker);
  const { changes } = db
    .prepare("UPDATE throughput SET finished = finished + ? WHERE second = ?")
    .run(count, second);
  if (changes === 1) return;
  db.prepare("INSERT INTO throughput (second, finished) VALUES (?, ?)").run(second, count);
  db.prepare("DELETE FROM throughput WHERE second < ?").run(second - 3_600);
}
