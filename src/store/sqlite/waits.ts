import type { GateScope } from "../../domain/gate.ts";
import { JOB_STATES, type JobState } from "../../domain/job.ts";
import type { JobWaits, QueueRecord } from "../store.ts";
import type { Database } from "./database.ts";
import { readDependencies } from "./dependencies.ts";
import { gatesOfRow, holdersOf, readGate } from "./gates.ts";
import type { Row } from "./rows.ts";

/** What stands between a job and its start, read at one moment. */
export async function readWaits(db: Database, seq: number): Promise<JobWaits> {
  return await db.read(() => {
    const row = db
      .prepare("SELECT queue, limit_key, group_id, priority, due_at, seq FROM jobs WHERE seq = ?")
      .get(seq) as Row | undefined;
    if (row === undefined) return { gates: [], dependencies: [], suspects: [] };
    const passed: [GateScope, string][] = [["queue", row["queue"] as string], ...gatesOfRow(row)];
    const gates = passed.map(([scope, name]) => ({
      ...readGate(db, scope, name),
      running: countRunning(db, scope, name),
    }));
    return {
      gates: gates.map((gate) => ({ ...gate, holders: holdersOf(db, gate) })),
      dependencies: readDependencies(db, seq),
      suspects: suspectsBefore(db, row),
    };
  });
}

function suspectsBefore(db: Database, job: Row): JobWaits["suspects"] {
  const rows = db
    .prepare(`
      SELECT seq, queue, due_at FROM jobs INDEXED BY jobs_suspect
      WHERE state IN ('pending', 'failed') AND suspicion IS NOT NULL
        AND (priority > ?1 OR (priority = ?1 AND (due_at, seq) < (?2, ?3)))
      ORDER BY priority DESC, due_at, seq LIMIT 20`)
    .all(job["priority"] as number, job["due_at"] as number, job["seq"] as number);
  return rows.map((row) => ({
    seq: row["seq"] as number,
    queue: row["queue"] as string,
    dueAt: row["due_at"] as number,
  }));
}

/** What runs behind a gate. One that nobody has set keeps no count of it. */
function countRunning(db: Database, scope: GateScope, name: string): number {
  const sql = {
    queue: "SELECT jobs FROM counters WHERE queue = ?2 AND state = 'processing'",
    key: "SELECT count(*) AS jobs FROM jobs INDEXED BY jobs_by_key WHERE limit_key = ?2 AND state = 'processing'",
    group:
      "SELECT count(*) AS jobs FROM jobs INDEXED BY jobs_by_group WHERE group_id = ?2 AND state = 'processing'",
  }[scope];
  const row = db
    .prepare(`
      SELECT coalesce((SELECT running FROM gates WHERE scope = ?1 AND name = ?2), (${sql}), 0) AS running`)
    .get(scope, name);
  return row?.["running"] as number;
}

export async function listQueues(db: Database): Promise<QueueRecord[]> {
  return await db.read(() => {
    const rows = db
      .prepare("SELECT queue, state, jobs FROM counters WHERE jobs > 0 ORDER BY queue")
      .all() as Row[];
    const set = db.prepare("SELECT name FROM gates WHERE scope = 'queue'").all();
    const names = new Set([...rows.map((row) => row["queue"]), ...set.map((row) => row["name"])] as string[]);
    const byQueue = Map.groupBy(rows, (row) => row["queue"] as string);
    return [...names].sort().map((name) => {
      const count = (state: JobState) =>
        (byQueue.get(name)?.find((row) => row["state"] === state)?.["jobs"] as number | undefined) ?? 0;
      const counts = Object.fromEntries(JOB_STATES.map((state) => [state, count(state)])) as Record<
        JobState,
        number
      >;
      // A queue without a row in `gates` counts nothing behind it; the counters know.
      return { gate: { ...readGate(db, "queue", name), running: counts.processing }, counts };
    });
  });
}

/** Read only when a worker has nothing else to do and asks whether that is the end. */
export async function isHeldBack(db: Database, queues: readonly string[] | null): Promise<boolean> {
  const wanted = queues === null ? null : JSON.stringify(queues);
  const row = await db.read(() =>
    db
      .prepare(`
        SELECT 1 FROM lanes
        WHERE held_back = 1 AND (?1 IS NULL OR queue IN (SELECT value FROM json_each(?1)))
        UNION ALL
        SELECT 1 FROM jobs INDEXED BY jobs_parked
        WHERE state IN ('pending', 'failed') AND parked_by IS NOT NULL
          AND (?1 IS NULL OR queue IN (SELECT value FROM json_each(?1)))
          AND NOT EXISTS (SELECT 1 FROM gates WHERE scope = 'queue' AND name = jobs.queue AND gates.state = 'paused')
        LIMIT 1`)
      .get(wanted),
  );
  return row !== undefined;
}
