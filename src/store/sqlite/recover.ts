import type { JobState } from "../../domain/job.ts";
import { decideAfterLoss } from "../../domain/suspect.ts";
import type { HeldClaim, RecoveredJob } from "../store.ts";
import type { Clock } from "./clock.ts";
import type { Database } from "./database.ts";
import { cancelInVain } from "./give-up.ts";
import { heldBy, toHeldClaim } from "./list-workers.ts";
import type { Row } from "./rows.ts";
import { settle } from "./settle.ts";

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

/**
 * Takes the jobs of a dead worker back. The guard is its state: a living worker's jobs are never touched, and what it
 * holds is read here, by its claims of this moment.
 */
export async function recoverJobs(
  db: Database,
  clock: Clock,
  worker: string | null,
  { now, crashLimit }: { now: number; crashLimit: number },
): Promise<RecoveredJob[]> {
  return await db.write(() => {
    const lost = worker === null ? orphans(db) : heldByDead(db, worker);
    for (const row of lost) {
      const { transition, suspicion, error } = decideAfterLoss(
        {
          suspicion: row["suspicion"] as number | null,
          attempts: row["attempts"] as number,
          lostTogether: lost.length,
          what: "worker",
          mayBeItsFault: row["boot_id"] === clock.bootId,
          isToBeCancelled: row["cancel_requested_at"] !== null,
        },
        crashLimit,
      );
      const reason = "reason" in transition ? transition.reason : null;
      db.prepare(`
        UPDATE jobs SET state = ?, reason = ?, suspicion = ?, claim = NULL, worker = NULL, exit_code = NULL, error = ?,
                        updated_at = ?
        WHERE seq = ? AND claim IS ? AND state = 'processing'`).run(
        transition.to,
        reason,
        suspicion,
        (transition.to === "cancelled" ? (row["cancelled_why"] as string | null) : null) ?? error,
        now,
        row["seq"] as number,
        row["claim"] as number | null,
      );
      db.prepare(`
        UPDATE executions SET outcome = 'lost', finished_at = ?, error = 'its worker died'
        WHERE token = ? AND outcome IS NULL`).run(now, row["claim"] as number | null);
    }
    // When all are given back: others of the same group may have died by it.
    for (const row of lost)
      cancelInVain(db, { seq: row["seq"] as number, group: row["group_id"] as string | null }, now);
    settle(db, now);
    const select = db.prepare("SELECT id, state FROM jobs WHERE seq = ?");
    return lost.map(({ seq }) => {
      const { id, state } = select.get(seq as number) as { id: string; state: JobState };
      return { jobId: id, to: state };
    });
  });
}

/** Only a person can delete the row of a worker that holds jobs. `finish` and `heartbeat` refuse a worker without one. */
export async function listOrphans(db: Database): Promise<HeldClaim[]> {
  return await db.read(() => orphans(db).map(toHeldClaim));
}

function heldByDead(db: Database, worker: string): Row[] {
  return db
    .prepare(`
      SELECT jobs.seq, jobs.id, jobs.claim, jobs.group_id, jobs.attempts, jobs.suspicion, workers.boot_id,
             executions.cancel_requested_at, executions.error AS cancelled_why
      FROM jobs JOIN workers ON workers.id = jobs.worker LEFT JOIN executions ON executions.token = jobs.claim
      WHERE jobs.state = 'processing' AND jobs.worker = ? AND workers.state = 'dead' ORDER BY jobs.seq`)
    .all(worker) as Row[];
}

function orphans(db: Database): Row[] {
  return db
    .prepare(`
      SELECT jobs.seq, jobs.id, jobs.claim, jobs.group_id, jobs.attempts, jobs.suspicion, NULL AS boot_id,
             executions.cancel_requested_at, executions.error AS cancelled_why
      FROM jobs LEFT JOIN executions ON executions.token = jobs.claim
      WHERE jobs.state = 'processing' AND NOT EXISTS (SELECT 1 FROM workers WHERE workers.id = jobs.worker)
      ORDER BY jobs.seq`)
    .all() as Row[];
}
