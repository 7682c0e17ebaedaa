import { type Dependency, judgeDependency, type StandingDependency } from "../../domain/dependency.ts";
import type { GateScope } from "../../domain/gate.ts";
import { countsOf, JOB_STATES, type Job, type JobState } from "../../domain/job.ts";
import type { JobWaits, QueueRecord, StandingGroup } from "../store.ts";
import type { Database } from "./database.ts";
import { gatesOfRow, holdersOf, readGate } from "./gates.ts";
import { JOB_COLUMNS, type Row, toJob } from "./rows.ts";

/** What stands between a job and its start, read at one moment. */
export async function readWaits(db: Database, seq: number): Promise<JobWaits> {
  return await db.read(() => {
    const row = db.prepare(`SELECT ${JOB_COLUMNS} FROM jobs WHERE seq = ?`).get(seq) as Row | undefined;
    if (row === undefined) return { job: undefined, gates: [], dependencies: [], groups: [], suspects: [] };
    const job = toJob(row);
    const passed: [GateScope, string][] = [["queue", row["queue"] as string], ...gatesOfRow(row)];
    const gates = passed.map(([scope, name]) => ({
      ...readGate(db, scope, name),
      running: countRunning(db, scope, name),
    }));
    return {
      job,
      gates: gates.map((gate) => ({ ...gate, holders: holdersOf(db, gate) })),
      dependencies: readNamed(db, seq),
      groups: job.dependsOn.flatMap((dependency) => readGroup(db, seq, dependency) ?? []),
      suspects: suspectsBefore(db, row),
    };
  });
}

/** The conditions of a job about others that it names itself. Those it has through groups may be a hundred thousand. */
function readNamed(db: Database, seq: number): StandingDependency[] {
  return db
    .prepare(`
      SELECT DISTINCT on_jobs.id AS "on", own.condition, on_jobs.state
      FROM jobs CROSS JOIN json_each(jobs.depends_on) AS given
        CROSS JOIN jobs AS on_jobs ON on_jobs.id = given.value ->> '$.on'
        CROSS JOIN dependencies AS own
          ON own.job = jobs.seq AND own.on_job = on_jobs.seq AND own.condition = given.value ->> '$.condition'
      WHERE jobs.seq = ? ORDER BY on_jobs.seq, own.condition`)
    .all(seq) as unknown as StandingDependency[];
}

/** How many jobs are named of a group. */
const MOST_UNMET = 5;

/** How a group stands for a job that depends on it; undefined when it is none, or nothing of it is left. */
function readGroup(db: Database, seq: number, { on, condition }: Dependency): StandingGroup | undefined {
  const kind = db.prepare("SELECT kind FROM job_groups WHERE id = ?").get(on)?.["kind"];
  // Not every run of a schedule is waited for; every job of another group is. Those are counted in the index alone.
  const members =
    kind === "schedule"
      ? "jobs NOT INDEXED WHERE group_id = ?1 AND seq IN (SELECT on_job FROM dependencies WHERE job = ?2)"
      : "jobs INDEXED BY jobs_by_group WHERE group_id = ?1 AND seq < ?2";
  const rows = db.prepare(`SELECT state, count(*) AS jobs FROM ${members} GROUP BY state`).all(on, seq) as {
    state: JobState;
    jobs: number;
  }[];
  if (rows.length === 0) return undefined;
  // State by state: of several states together all rows would have to be sorted.
  const first = db.prepare(`SELECT seq, id, state FROM ${members} AND state = ?3 ORDER BY seq LIMIT ?4`);
  const unmet = (["impossible", "waiting"] as const).flatMap((wanted) =>
    JOB_STATES.filter((state) => judgeDependency(condition, state) === wanted)
      .flatMap(
        (state) => first.all(on, seq, state, MOST_UNMET) as (StandingGroup["unmet"][0] & { seq: number })[],
      )
      .sort((a, b) => a.seq - b.seq),
  );
  const counts = countsOf((state) => rows.find((row) => row.state === state)?.jobs ?? 0);
  return { on, condition, counts, unmet: unmet.slice(0, MOST_UNMET).map(({ id, state }) => ({ id, state })) };
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

/** Lane by lane: of those before its own the due ones, of its own those before it. */
export async function countAhead(
  db: Database,
  { seq, queue, priority, dueAt }: Pick<Job, "seq" | "queue" | "priority" | "dueAt">,
  now: number,
): Promise<number> {
  const row = await db.read(() =>
    db
      .prepare(`
        SELECT count(*) AS jobs FROM (
          SELECT 1 FROM lanes CROSS JOIN jobs INDEXED BY jobs_claimable
            ON jobs.queue = lanes.queue AND jobs.priority = lanes.priority
          WHERE lanes.queue = ?1 AND lanes.priority > ?2 AND jobs.due_at <= ?5
            AND state IN ('pending', 'failed') AND suspicion IS NULL AND parked_by IS NULL
          UNION ALL
          SELECT 1 FROM jobs INDEXED BY jobs_claimable
          WHERE queue = ?1 AND priority = ?2 AND (due_at, seq) < (?3, ?4)
            AND state IN ('pending', 'failed') AND suspicion IS NULL AND parked_by IS NULL
          LIMIT 1001)`)
      .get(queue, priority, dueAt, seq, now),
  );
  return row?.["jobs"] as number;
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

export async function listQueues(db: Database, wanted?: readonly string[]): Promise<QueueRecord[]> {
  // Two texts, not one with an OR: that would read every queue.
  const among = (column: string) =>
    wanted === undefined ? "" : `AND ${column} IN (SELECT value FROM json_each(?))`;
  const values = wanted === undefined ? [] : [JSON.stringify(wanted)];
  return await db.read(() => {
    const rows = db
      .prepare(`SELECT queue, state, jobs FROM counters WHERE jobs > 0 ${among("queue")} ORDER BY queue`)
      .all(...values) as Row[];
    // One that was set and is as if it never had been (perhaps its name was mistyped) is none.
    const set = db
      .prepare(`
        SELECT name FROM gates
        WHERE scope = 'queue' AND (state <> 'open' OR max_running IS NOT NULL OR rate_starts IS NOT NULL) ${among("name")}`)
      .all(...values);
    const names = new Set([...rows.map((row) => row["queue"]), ...set.map((row) => row["name"])] as string[]);
    const byQueue = Map.groupBy(rows, (row) => row["queue"] as string);
    return [...names].sort().map((name) => {
      const counts = countsOf(
        (state) =>
          (byQueue.get(name)?.find((row) => row["state"] === state)?.["jobs"] as number | undefined) ?? 0,
      );
      // A queue without a row in `gates` counts nothing behind it; the counters know.
      return { gate: { ...readGate(db, "queue", name), running: counts.processing }, counts };
    });
  });
}

/** Read only when a worker has nothing else to do and asks whether that is the end. */
export async function isHeldBack(db: Database, queues: readonly string[] | null): Promise<boolean> {
  const wanted = queues === null ? null : JSON.stringify(queues);
  const isOfOpenQueue = `(?1 IS NULL OR queue IN (SELECT value FROM json_each(?1)))
    AND NOT EXISTS (SELECT 1 FROM gates WHERE scope = 'queue' AND name = jobs.queue AND gates.state = 'paused')`;
  const row = await db.read(() =>
    db
      .prepare(`
        SELECT 1 FROM lanes
        WHERE held_back = 1 AND (?1 IS NULL OR queue IN (SELECT value FROM json_each(?1)))
        UNION ALL
        SELECT 1 FROM jobs INDEXED BY jobs_parked
        WHERE state IN ('pending', 'failed') AND parked_by IS NOT NULL AND ${isOfOpenQueue}
        UNION ALL
        -- A suspect has no lane, and is never parked. One that is pending was due when it was given back.
        SELECT 1 FROM jobs INDEXED BY jobs_suspect
        WHERE state IN ('pending', 'failed') AND suspicion IS NOT NULL AND state = 'pending' AND ${isOfOpenQueue}
        LIMIT 1`)
      .get(wanted),
  );
  return row !== undefined;
}
