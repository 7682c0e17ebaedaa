import type { HeartbeatReceipt, NewWorker, StopRequest } from "../store.ts";
import type { Clock } from "./clock.ts";
import type { Database } from "./database.ts";
import { heldBy } from "./list-workers.ts";
import { verifySchema } from "./migrate.ts";
import { joinPool } from "./pools.ts";

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
