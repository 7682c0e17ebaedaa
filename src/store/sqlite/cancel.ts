import type { HeldClaim } from "../store.ts";
import type { Database } from "./database.ts";
import { toHeldClaim } from "./list-workers.ts";
import { requireChangeable } from "./requeue.ts";
import { settle } from "./settle.ts";

/**
 * Cancels what does not run, and asks for the end of what does, all or none. The request stands with the execution under
 * its token, where `finish` and `recoverJobs` read it in the transaction that ends the claim: between a cancel and an end
 * there is no gap in which the job could slip back into the queue.
 */
export async function cancelJobs(db: Database, ids: readonly string[], now: number): Promise<HeldClaim[]> {
  return await db.write(() => cancelAll(db, ids, now));
}

/**
 * The same in the transaction of the caller.
 * @param why becomes the jobs' error; of one that runs it stands with its execution until then
 */
export function cancelAll(
  db: Database,
  ids: readonly string[],
  now: number,
  why: string | null = null,
): HeldClaim[] {
  const jobs = requireChangeable(db, ids, "cancel");
  // One that was made `processing` by hand has no execution that could end.
  const cancel = db.prepare(`
    UPDATE jobs SET state = 'cancelled', reason = NULL, worker = NULL, error = coalesce(?, error), updated_at = ?
    WHERE id = ? AND (state IN ('pending', 'blocked', 'failed') OR (state = 'processing' AND claim IS NULL))`);
  const request = db.prepare(`
    UPDATE executions SET cancel_requested_at = ?, error = ?
    WHERE token = (SELECT claim FROM jobs WHERE id = ? AND state = 'processing') AND outcome IS NULL
      AND cancel_requested_at IS NULL`);
  const running = db.prepare(`
    SELECT jobs.claim, jobs.id, executions.cancel_requested_at
    FROM jobs JOIN executions ON executions.token = jobs.claim
    WHERE jobs.id = ? AND jobs.state = 'processing'`);
  const stillRunning = jobs.flatMap((id) => {
    if (cancel.run(why, now, id).changes === 1) return [];
    request.run(now, why, id);
    return running.all(id).map(toHeldClaim);
  });
  settle(db, now);
  return stillRunning;
}
