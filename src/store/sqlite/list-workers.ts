import { type LeaseState, leaseState } from "../../domain/lease.ts";
import type { HeldClaim, WorkerRecord } from "../store.ts";
import type { Clock } from "./clock.ts";
import type { Database } from "./database.ts";
import { type Row, readJson } from "./rows.ts";

export async function listWorkers(db: Database, clock: Clock): Promise<WorkerRecord[]> {
  return await db.read(() => {
    const rows = db
      .prepare(`
        SELECT id, pid, start_time, boot_id, pid_namespace, host, state, queues, concurrency, started_at, heartbeat_at,
               heartbeats, lease_deadline, jobs_done, stop_requested, stop_grace_ms, pool, holds_place
        FROM workers ORDER BY started_at, id`)
      .all() as Row[];
    return rows.map((row) => toWorker(row, leaseOf(row, clock), heldBy(db, row["id"] as string)));
  });
}

/** The claims that a worker holds, in order of arrival. */
export function heldBy(db: Database, worker: string): HeldClaim[] {
  const rows = db
    .prepare(`
      SELECT jobs.claim, jobs.id, executions.cancel_requested_at
      FROM jobs LEFT JOIN executions ON executions.token = jobs.claim
      WHERE jobs.state = 'processing' AND jobs.worker = ? ORDER BY jobs.seq`)
    .all(worker);
  return rows.map(toHeldClaim);
}

/** A row with claim, id and cancel_requested_at. Token 0 is that of a job which was made `processing` by hand. */
export function toHeldClaim(row: Row): HeldClaim {
  return {
    token: (row["claim"] as number | null) ?? 0,
    jobId: row["id"] as string,
    isToBeCancelled: row["cancel_requested_at"] !== null,
  };
}

function leaseOf(row: Row, clock: Clock): LeaseState {
  const lease = { bootId: row["boot_id"] as string, deadlineMs: row["lease_deadline"] as number };
  return leaseState(lease, { bootId: clock.bootId, monotonicMs: clock.monotonicMs() });
}

function toWorker(row: Row, lease: LeaseState, held: HeldClaim[]): WorkerRecord {
  return {
    id: row["id"] as string,
    identity: {
      pid: row["pid"] as number,
      startTime: row["start_time"] as string | null,
      bootId: row["boot_id"] as string,
      pidNamespace: row["pid_namespace"] as string | null,
    },
    host: row["host"] as string,
    pool: row["pool"] === null ? null : { id: row["pool"] as string, holdsPlace: row["holds_place"] === 1 },
    state: row["state"] as WorkerRecord["state"],
    queues: readJson<string[] | null>(row, "queues"),
    concurrency: row["concurrency"] as number,
    startedAt: row["started_at"] as number,
    heartbeatAt: row["heartbeat_at"] as number,
    heartbeats: row["heartbeats"] as number,
    lease,
    jobsDone: row["jobs_done"] as number,
    stopRequest: row["stop_requested"] === 1 ? { graceMs: row["stop_grace_ms"] as number | null } : null,
    held,
  };
}
