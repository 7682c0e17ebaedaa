import {
  type Condition,
  type Dependency,
  DependencyCount,
  findCycle,
  judgeDependency,
} from "../../domain/dependency.ts";
import { QueuectlError } from "../../domain/errors.ts";
import { JOB_STATES, type JobState } from "../../domain/job.ts";
import { refuseEnqueue } from "../../domain/refuse-enqueue.ts";
import type { Database } from "./database.ts";
import { moveDependant } from "./move-dependant.ts";
import { type Row, readJson } from "./rows.ts";

/**
 * Ties jobs that were just added to those they wait for, and puts each where it belongs: blocked, free at once, or dead.
 * @param position of a job in the list that was given, by arrival number
 * @throws unknown_dependency, dependency_cycle, invalid_job
 */
export function addDependencies(
  db: Database,
  added: { firstSeq: number; lastSeq: number; createdAt: number },
  position: (seq: number) => number,
): void {
  const { firstSeq, lastSeq, createdAt } = added;
  const dependants = db
    .prepare(
      "SELECT seq, id, depends_on FROM jobs WHERE seq BETWEEN ? AND ? AND depends_on <> '[]' ORDER BY seq",
    )
    .all(firstSeq, lastSeq) as Row[];
  const count = new DependencyCount();
  for (const row of dependants) {
    const seq = row["seq"] as number;
    let own = 0;
    for (const dependency of readJson<Dependency[]>(row, "depends_on")) {
      own += tie(db, { id: row["id"] as string, seq, position: position(seq) }, dependency);
      if (!count.allows(own))
        throw refuseEnqueue({ kind: "too_many_dependencies", id: row["id"] as string }, position(seq));
    }
    count.add(own);
  }
  refuseCycle(db, firstSeq, position);
  for (const row of dependants) moveDependant(db, { seq: row["seq"] as number, state: "blocked" }, createdAt);
}

/** @returns how many jobs there are to wait for */
function tie(
  db: Database,
  job: { id: string; seq: number; position: number },
  { on, condition }: Dependency,
): number {
  const one = db.prepare("SELECT seq, state FROM jobs WHERE id = ?").get(on);
  const insert = db.prepare(
    "INSERT INTO dependencies (job, on_job, condition, met) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const found = one ? [one] : runsOf(db, on);
  if (found) {
    for (const row of found) {
      const isMet = judgeDependency(condition, row["state"] as JobState) === "met";
      insert.run(job.seq, row["seq"] as number, condition, isMet ? 1 : 0);
    }
    return found.length;
  }
  if (db.prepare("SELECT 1 FROM jobs WHERE group_id = ?").get(on) === undefined) {
    const isSchedule = db.prepare("SELECT 1 FROM schedules WHERE name = ?").get(on) !== undefined;
    const kind = isSchedule ? "no_run_to_await" : "unknown_dependency";
    throw refuseEnqueue({ kind, id: job.id, on }, job.position);
  }
  const meeting = JOB_STATES.filter((state) => judgeDependency(condition, state) === "met");
  // One statement for the whole group, of which its index alone is read: it may be large.
  const { changes } = db
    .prepare(`
      INSERT INTO dependencies (job, on_job, condition, met)
      SELECT ?, seq, ?, state IN (SELECT value FROM json_each(?))
      FROM jobs INDEXED BY jobs_by_group WHERE group_id = ? ON CONFLICT DO NOTHING`)
    .run(job.seq, condition, JSON.stringify(meeting), on);
  return Number(changes);
}

/**
 * What a schedule stands for, which has no end: what is unfinished of it, else its newest run.
 * @returns undefined when it is none, or has no runs
 */
function runsOf(db: Database, name: string): Row[] | undefined {
  const kind = db.prepare("SELECT kind FROM job_groups WHERE id = ?").get(name)?.["kind"];
  if (kind !== "schedule") return undefined;
  const runs = (where: string) => db.prepare(`SELECT seq, state FROM jobs ${where}`).all(name);
  const unfinished = runs(`
    INDEXED BY jobs_by_group WHERE group_id = ? AND state IN ('pending', 'blocked', 'processing', 'failed')`);
  if (unfinished.length > 0) return unfinished;
  const [newest] = runs("WHERE group_id = ? ORDER BY seq DESC LIMIT 1");
  return newest && [newest];
}

/** Only jobs of one list can wait for each other in a circle: those that exist already wait for none that is new. */
function refuseCycle(db: Database, firstSeq: number, position: (seq: number) => number): void {
  const edges = db
    .prepare(`
      SELECT job AS seq, jobs.id AS id, on_jobs.id AS needed
      FROM dependencies JOIN jobs ON jobs.seq = dependencies.job JOIN jobs AS on_jobs ON on_jobs.seq = dependencies.on_job
      WHERE dependencies.job >= ?1 AND dependencies.on_job >= ?1 ORDER BY dependencies.job, dependencies.on_job`)
    .all(firstSeq) as { seq: number; id: string; needed: string }[];
  const needs = new Map<string, string[]>();
  for (const { id, needed } of edges) {
    const known = needs.get(id);
    if (known) known.push(needed);
    else needs.set(id, [needed]);
  }
  const cycle = findCycle(needs);
  if (cycle === null) return;
  const first = edges.find(({ id }) => id === cycle[0])?.seq ?? firstSeq;
  throw new QueuectlError(
    "dependency_cycle",
    `The jobs wait for each other in a circle: ${cycle.join(" → ")}`,
    {
      hint: "Take one of these dependencies away. Nothing was enqueued.",
      position: position(first),
    },
  );
}

/** The conditions of a job, each with the state of the job that it is about. */
export function readDependencies(
  db: Database,
  seq: number,
): { on: string; condition: Condition; state: JobState }[] {
  return db
    .prepare(`
      SELECT on_jobs.id AS "on", condition, on_jobs.state
      FROM dependencies JOIN jobs AS on_jobs ON on_jobs.seq = dependencies.on_job
      WHERE dependencies.job = ? ORDER BY on_jobs.seq, condition`)
    .all(seq) as { on: string; condition: Condition; state: JobState }[];
}
