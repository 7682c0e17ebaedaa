import type { HeldClaim } from "../store.ts";
import type { Database } from "./database.ts";
import { heldBy } from "./workers.ts";

/**
 * A recovery in two commits. Between them the worker's claims are void (its heartbeats and results are refused) but its
 * jobs are nobody else's yet: the time in which its processes are ended. Whoever crashes in between is followed by the
 * next, who finds a dead worker that still holds jobs and does the rest.
 */
export async function declareDead(
  db: Database,
  worker: string,
  seenHeartbeat: number,
): Promise<HeldClaim[] | null> {
  return await db.write(() => {
    const { changes } = db
      .prepare("UPDATE workers SET state = 'dead' WHERE id = ? AND heartbeats = ? AND state <> 'dead'")
      .run(worker, seenHeartbeat);
    return changes === 1 ? heldBy(db, worker) : null;
  });
}

/** Takes the jobs of a dead worker back. The guard is its state: a living worker's jobs are never touched. */
export async function recoverJobs(db: Database, worker: string, now: number): Promise<HeldClaim[]> {
  return await db.write(() => {
    const lost = db
      .prepare(`
        SELECT jobs.seq, jobs.id, jobs.claim FROM jobs JOIN workers ON workers.id = jobs.worker
        WHERE jobs.state = 'processing' AND jobs.worker = ? AND workers.state = 'dead' ORDER BY jobs.seq`)
      .all(worker) as { seq: number; id: string; claim: number }[];
    for (const { seq, claim } of lost) {
      db.prepare(`
        UPDATE jobs SET state = 'pending', claim = NULL, worker = NULL, exit_code = NULL, error = 'its worker died',
                        updated_at = ?
        WHERE seq = ? AND claim = ? AND state = 'processing'`).run(now, seq, claim);
      db.prepare(`
        UPDATE executions SET outcome = 'lost', finished_at = ?, error = 'its worker died'
        WHERE token = ? AND outcome IS NULL`).run(now, claim);
    }
    return lost.map(({ id, claim }) => ({ jobId: id, token: claim }));
  });
}
