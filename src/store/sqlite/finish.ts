import { exitCodeOf } from "../../domain/outcome.ts";
import type { ClaimRequest, FinishedExecution, FinishReceipt } from "../store.ts";
import { claimJobs } from "./claim.ts";
import type { Database } from "./database.ts";

/**
 * Records results and claims anew, in one commit.
 *
 * The guard is the WHERE of the job's UPDATE: the row must still be processing under this very token, and the worker
 * must not have been declared dead. It stands first; the history is written afterwards and only once (`outcome IS NULL`),
 * so a late result finds both closed.
 */
export async function finish(
  db: Database,
  worker: string,
  results: readonly FinishedExecution[],
  next?: ClaimRequest,
): Promise<FinishReceipt> {
  return await db.write(() => {
    const stale = results
      .filter((result) => !recordResult(db, worker, result))
      .map(({ claim }) => claim.token);
    const recorded = results.length - stale.length;
    if (recorded > 0) countFinished(db, worker, recorded, results[0]?.finishedAt ?? 0);
    return { stale, claimed: next ? claimJobs(db, next) : { claims: [], nextDueAt: null } };
  });
}

function recordResult(db: Database, worker: string, result: FinishedExecution): boolean {
  const isCurrent = moveJob(db, worker, result);
  if (isCurrent) closeExecution(db, result);
  return isCurrent;
}

function moveJob(
  db: Database,
  worker: string,
  { claim, outcome, transition, finishedAt, error }: FinishedExecution,
): boolean {
  const attempts = "attempts" in transition ? transition.attempts : null;
  const reason = "reason" in transition ? transition.reason : null;
  const dueAt = "dueAt" in transition ? transition.dueAt : null;
  const { changes } = db
    .prepare(`
      UPDATE jobs
      SET state = ?, reason = ?, attempts = coalesce(?, attempts), due_at = coalesce(?, due_at),
          exit_code = ?, error = ?, claim = NULL, worker = NULL, updated_at = ?
      WHERE seq = ? AND claim = ? AND state = 'processing' AND worker = ?
        AND EXISTS (SELECT 1 FROM workers WHERE workers.id = jobs.worker AND workers.state <> 'dead')`)
    .run(
      transition.to,
      reason,
      attempts,
      dueAt,
      exitCodeOf(outcome),
      error,
      finishedAt,
      claim.job.seq,
      claim.token,
      worker,
    );
  return changes === 1;
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
