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
  const running = cancelChangeable(db, requireChangeable(db, ids, "cancel"), now, why);
  settle(db, now);
  return running;
}

/** Of jobs that can be cancelled. One statement for all of them: one for each is twice the time under the lock. */
export function cancelChangeable(
  db: Database,
  ids: readonly string[],
  now: number,
  why: string | null = null,
): HeldClaim[] {
  const list = JSON.stringify(ids);
  // One that was made `processing` by hand has no execution that could end.
  db.prepare(`
    UPDATE jobs SET state = 'cancelled', reason = NULL, worker = NULL, error = coalesce(?, error), updated_at = ?
    WHERE id IN (SELECT value FROM json_each(?))
      AND (state IN ('pending', 'blocked', 'failed') OR (state = 'processing' AND claim IS NULL))`).run(
    why,
    now,
    list,
  );
  const running = `FROM json_each(?) AS ids CROSS JOIN jobs ON jobs.id = ids.value AND jobs.state = 'processing'`;
  db.prepare(`
    UPDATE executions SET cancel_requested_at = ?, error = ?
    WHERE token IN (SELECT jobs.claim ${running}) AND outcome IS NULL AND cancel_requested_at IS NULL`).run(
    now,
    why,
    list,
  );
  return db
    .prepare(`
      SELECT jobs.claim, jobs.id, executions.cancel_requested_at
      ${running} JOIN executions ON executions.token = jobs.claim ORDER BY ids.key`)
    .all(list)
    .map(toHeldClaim);
}
