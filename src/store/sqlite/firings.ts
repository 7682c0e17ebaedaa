import { QueuectlError } from "../../domain/errors.ts";
import type { NewJob } from "../../domain/job.ts";
import {
  decideOverlap,
  OUTPACED,
  type OverlapPolicy,
  replacedBy,
  replacing,
  skippedFor,
  stoodForBy,
} from "../../domain/schedule.ts";
import type {
  ClockSetBack,
  DueFiring,
  FiredInstant,
  Firing,
  FiringOutcome,
  ScheduledRun,
} from "../schedule-store.ts";
import { cancelAll } from "./cancel.ts";
import { insertAll } from "./complete-jobs.ts";
import type { Database } from "./database.ts";
import type { Row } from "./rows.ts";

/** How much of a schedule's history is kept. */
const MOST_FIRINGS = 1_000;

/**
 * Several workers see the same instant come; the schedule's `next_at`, moved in the transaction in which it was found to be
 * what they saw, and of the schedule that they saw, lets one of them pass. That an instant fires once hangs by more than that: its row, and the id of its job.
 */
export async function fire(db: Database, firing: Firing): Promise<FiredInstant[] | null> {
  const { name, createdAt } = firing;
  return await db.write(() => {
    const row = db
      .prepare("SELECT overlap, is_paused, next_at FROM schedules WHERE name = ? AND created_at = ?")
      .get(name, createdAt);
    if (row === undefined) return null;
    const isAsExpected =
      firing.kind === "by_hand" || (row["next_at"] === firing.expectedNextAt && row["is_paused"] === 0);
    if (!isAsExpected) return null;
    const fired = carryOut(db, firing, row["overlap"] as OverlapPolicy);
    forget(db, name);
    return fired.sort((a, b) => a.instant - b.instant);
  });
}

function carryOut(db: Database, firing: Firing, overlap: OverlapPolicy): FiredInstant[] {
  switch (firing.kind) {
    case "due":
      return fireDue(db, firing, overlap);
    case "by_hand":
      return fireOne(db, firing, overlap, firing.run);
    case "set_back":
      takeBack(db, firing);
      return [];
  }
}

function fireDue(db: Database, firing: DueFiring, overlap: OverlapPolicy): FiredInstant[] {
  const { name, nextAt, runs, missed, refused, now } = firing;
  // Each would be enqueued only to be cancelled by the next.
  const outpaced = overlap === "replace" ? runs.slice(0, -1) : [];
  const fired = [
    ...recordMissed(db, name, missed, now),
    ...refused.flatMap(({ instant, note }) =>
      record(db, name, { instant, outcome: "refused", jobId: null, note, at: now }),
    ),
    ...outpaced.flatMap((run) => decideOne(db, firing, run, () => OUTPACED)),
    ...runs.slice(outpaced.length).flatMap((run) => fireOne(db, firing, overlap, run)),
  ];
  db.prepare("UPDATE schedules SET next_at = ? WHERE name = ?").run(nextAt, name);
  return fired;
}

/** Only what was fired stays. Whatever stood in the others' way may be gone by their time. */
function takeBack(db: Database, { name, expectedNextAt, nextAt }: ClockSetBack): void {
  db.prepare(`
    UPDATE schedules SET next_at = ?2, decided_until = coalesce(max(decided_until, ?3), ?3, decided_until)
    WHERE name = ?1`).run(name, nextAt, expectedNextAt);
  db.prepare("DELETE FROM firings WHERE schedule = ? AND instant >= ? AND outcome <> 'fired'").run(
    name,
    nextAt,
  );
}

type Decision = Pick<FiredInstant, "outcome" | "jobId" | "note">;

function fireOne(db: Database, firing: Firing, overlap: OverlapPolicy, run: ScheduledRun): FiredInstant[] {
  return decideOne(db, firing, run, () => enqueueRun(db, firing, overlap, run));
}

/** Nothing, where it was decided before. */
function decideOne(
  db: Database,
  { name, now }: Firing,
  { instant, job }: ScheduledRun,
  decide: () => Decision,
): FiredInstant[] {
  const isDecided =
    db.prepare("SELECT 1 FROM firings WHERE schedule = ? AND instant = ?").get(name, instant) !== undefined;
  // Its row may be forgotten already; its job is not.
  const hasRun =
    db.prepare("SELECT 1 FROM jobs WHERE id = ? AND group_id = ?").get(job.id, name) !== undefined;
  return isDecided || hasRun ? [] : record(db, name, { instant, ...decide(), at: now });
}

function enqueueRun(
  db: Database,
  { name, now, kind }: Firing,
  overlap: OverlapPolicy,
  { instant, job }: ScheduledRun,
): Decision {
  const others = overlap === "skip" || overlap === "replace" ? unfinished(db, name, instant) : [];
  const decision = decideOverlap(overlap, others.length);
  if (decision === "skip") return { outcome: "skipped", jobId: null, note: skippedFor(others[0] ?? "") };
  // Whatever it replaced stays replaced only if it comes itself.
  db.exec("SAVEPOINT run");
  try {
    if (decision === "replace") cancelAll(db, others, now, replacedBy(job.id));
    const dependsOn = overlap === "queue" ? endsToAwait(db, name, instant) : [];
    const [standIn] = insertAll(db, [{ ...job, dependsOn }]).existing;
    db.exec("RELEASE run");
    if (standIn) return { outcome: "skipped", jobId: standIn.id, note: stoodForBy(standIn.id) };
  } catch (error) {
    // A full disk may have rolled back all of it: whatever is no refusal is left to the transaction's own end.
    if (kind === "by_hand" || !(error instanceof QueuectlError)) throw error;
    db.exec("ROLLBACK TO run; RELEASE run");
    return { outcome: "refused", jobId: null, note: error.message };
  }
  const note = decision === "replace" ? replacing(others) : null;
  return { outcome: "fired", jobId: job.id, note };
}

/**
 * One that was never started, of an instant that is yet to come, stands in nobody's way: a clock that was ahead has fired it.
 * The index is named because the planner prefers the one that has them in order, and would read every run that is kept.
 */
const RUNS_BEFORE = `
  FROM jobs INDEXED BY jobs_by_group
  WHERE group_id = ?1 AND (executions > 0 OR run_at IS NULL OR run_at <= ?2)`;

const UNFINISHED = `
  SELECT id ${RUNS_BEFORE} AND state IN ('pending', 'blocked', 'processing', 'failed') ORDER BY seq`;
const BEGUN = `SELECT seq, id ${RUNS_BEFORE} AND state IN ('processing', 'failed') ORDER BY seq`;
const newest = (state: string) =>
  `SELECT seq, id ${RUNS_BEFORE} AND state = '${state}' ORDER BY seq DESC LIMIT 1`;
const NEWEST_WAITING = `
  SELECT seq, id FROM (${newest("pending")}) UNION ALL SELECT seq, id FROM (${newest("blocked")}) ORDER BY seq DESC LIMIT 1`;

function unfinished(db: Database, group: string, instant: number): string[] {
  return db
    .prepare(UNFINISHED)
    .all(group, instant)
    .map((row) => row["id"] as string);
}

/**
 * Whose ends a queued run awaits: of those that have begun and may have to be tried again, and of the newest that waits,
 * which waits for those before it.
 */
function endsToAwait(db: Database, group: string, instant: number): NewJob["dependsOn"] {
  const rows = [BEGUN, NEWEST_WAITING].flatMap((sql) => db.prepare(sql).all(group, instant));
  return rows.map((row) => ({ on: row["id"] as string, condition: "finished" }));
}

/** Instants that nobody fires any more. */
export function recordMissed(
  db: Database,
  name: string,
  instants: readonly number[],
  now: number,
): FiredInstant[] {
  return instants.flatMap((instant) =>
    record(db, name, { instant, outcome: "missed", jobId: null, note: null, at: now }),
  );
}

function record(db: Database, name: string, fired: FiredInstant): FiredInstant[] {
  const { instant, outcome, jobId, note, at } = fired;
  const { changes } = db
    .prepare(`
      INSERT INTO firings (schedule, instant, outcome, job_id, note, at) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (schedule, instant) DO NOTHING`)
    .run(name, instant, outcome, jobId, note, at);
  return changes === 1 ? [fired] : [];
}

/** Lets go of the oldest, where there are more than are kept. */
export function forget(db: Database, name: string): void {
  db.prepare(`
    DELETE FROM firings WHERE schedule = ?1 AND instant <= (
      SELECT instant FROM firings WHERE schedule = ?1 ORDER BY instant DESC LIMIT 1 OFFSET ?2)`).run(
    name,
    MOST_FIRINGS,
  );
}

export async function history(db: Database, name: string, limit: number): Promise<FiredInstant[]> {
  return await db.read(() =>
    db
      .prepare(`
        SELECT instant, outcome, job_id, note, at FROM firings WHERE schedule = ? ORDER BY instant DESC LIMIT ?`)
      .all(name, limit)
      .map(toFired)
      .reverse(),
  );
}

export function toFired(row: Row): FiredInstant {
  return {
    instant: row["instant"] as number,
    outcome: row["outcome"] as FiringOutcome,
    jobId: row["job_id"] as string | null,
    note: row["note"] as string | null,
    at: row["at"] as number,
  };
}
