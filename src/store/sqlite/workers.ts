import { type LeaseState, leaseState } from "../../domain/lease.ts";
import type { HeartbeatReceipt, HeldClaim, NewWorker, StopRequest, WorkerRecord } from "../store.ts";
import type { Clock } from "./clock.ts";
import type { Database } from "./database.ts";
import { verifySchema } from "./migrate.ts";
import { joinPool } from "./pools.ts";
import { type Row, readJson } from "./rows.ts";

/** How long a dead worker is still shown. */
const DEAD_SHOWN_MS = 86_400_000;

export async function registerWorker(
  db: Database,
  clock: Clock,
  worker: NewWorker,
  now: number,
): Promise<void> {
  await db.write(() => {
    verifySchema(db);
    db.prepare(`
      DELETE FROM workers WHERE state = 'dead' AND heartbeat_at < ?
        AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.state = 'processing' AND jobs.worker = workers.id)`).run(
      now - DEAD_SHOWN_MS,
    );
    const { id, identity, host, queues, concurrency, leaseMs, pool, formerId } = worker;
    const nowMs = clock.monotonicMs();
    db.prepare(`
      INSERT INTO workers (id, pid, start_time, boot_id, pid_namespace, host, queues, concurrency, started_at, heartbeat_at,
                           lease_deadline)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`).run(
      id,
      identity.pid,
      identity.startTime,
      identity.bootId,
      identity.pidNamespace,
      host,
      queues === null ? null : JSON.stringify(queues),
      concurrency,
      now,
      now,
      nowMs + leaseMs,
    );
    if (formerId !== undefined)
      db.prepare(`
        UPDATE workers SET stop_requested = former.stop_requested, stop_grace_ms = former.stop_grace_ms
        FROM workers AS former WHERE workers.id = ? AND former.id = ?`).run(id, formerId);
    if (pool) joinPool(db, id, pool, nowMs);
  });
}

/** The lease is renewed only while the row lives: a worker declared dead must not come back under its old claims. */
export async function heartbeat(
  db: Database,
  clock: Clock,
  worker: string,
  { leaseMs, now }: { leaseMs: number; now: number },
): Promise<HeartbeatReceipt> {
  return await db.write(() => {
    verifySchema(db);
    const { changes } = db
      .prepare(`
        UPDATE workers SET heartbeat_at = ?, heartbeats = heartbeats + 1, lease_deadline = ?
        WHERE id = ? AND state <> 'dead'`)
      .run(now, clock.monotonicMs() + leaseMs, worker);
    return changes === 1 ? { known: true, held: heldBy(db, worker) } : { known: false, held: [] };
  });
}

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

export async function requestStop(
  db: Database,
  ids: readonly string[] | null,
  { graceMs }: StopRequest,
): Promise<void> {
  await db.write(() => {
    // The dead too: a replacement may be on its way, and one that was only paused comes back and joins anew.
    const ask = db.prepare(
      "UPDATE workers SET stop_requested = 1, stop_grace_ms = ?, holds_place = 0 WHERE ? IS NULL OR id = ?",
    );
    for (const id of ids ?? [null]) ask.run(graceMs, id, id);
  });
}

export async function markStopping(db: Database, worker: string): Promise<void> {
  await db.write(() =>
    db
      .prepare("UPDATE workers SET state = 'stopping', holds_place = 0 WHERE id = ? AND state = 'running'")
      .run(worker),
  );
}

export async function removeWorker(db: Database, worker: string): Promise<void> {
  await db.write(() => {
    db.prepare(`
      DELETE FROM workers WHERE id = ?
        AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.state = 'processing' AND jobs.worker = workers.id)`).run(
      worker,
    );
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
