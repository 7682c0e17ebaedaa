import { QueuectlError } from "../../domain/errors.ts";
import type { NewJob } from "../../domain/job.ts";
import { duplicateSchedule, scheduleNamedLikeId, scheduleNotFound } from "../../domain/refuse-schedule.ts";
import {
  type CatchUpPolicy,
  decideOverlap,
  type OverlapPolicy,
  replacedBy,
  replacing,
  skippedFor,
  stoodForBy,
} from "../../domain/schedule.ts";
import type { FiredInstant, Firing, FiringOutcome, NewSchedule, ScheduleRecord } from "../schedule-store.ts";
import { cancelAll } from "./cancel.ts";
import { insertAll } from "./complete-jobs.ts";
import type { Database } from "./database.ts";
import { forgetEmptied } from "./groups.ts";
import type { Row } from "./rows.ts";

/** How much of a schedule's history is kept. */
const MOST_FIRINGS = 1_000;

export async function put(
  db: Database,
  schedule: NewSchedule,
  { replace }: { replace: boolean },
): Promise<void> {
  const { name, pattern, zone, overlap, catchUp, job, createdAt, nextAt } = schedule;
  await db.write(() => {
    const exists = db.prepare("SELECT 1 FROM schedules WHERE name = ?").get(name) !== undefined;
    if (exists && !replace) throw duplicateSchedule(name);
    const taken = db
      .prepare(
        "SELECT 1 FROM jobs WHERE id = ?1 UNION ALL SELECT 1 FROM job_groups WHERE id = ?1 AND kind <> 'schedule'",
      )
      .get(name);
    if (taken) throw scheduleNamedLikeId(name);
    db.prepare(`
      INSERT INTO schedules (name, pattern, zone, overlap, catch_up, job, created_at, next_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (name) DO UPDATE SET pattern = excluded.pattern, zone = excluded.zone, overlap = excluded.overlap,
        catch_up = excluded.catch_up, job = excluded.job, created_at = excluded.created_at, next_at = excluded.next_at,
        decided_until = NULL`).run(name, pattern, zone, overlap, catchUp, job, createdAt, nextAt);
    makeGroup(db, schedule);
  });
}

/** The group outlives its schedule, as its runs do, and serves the next one of the name. */
function makeGroup(db: Database, { name, overlap, createdAt }: NewSchedule): void {
  db.prepare(
    "INSERT INTO job_groups (id, kind, name, created_at) VALUES (?1, 'schedule', ?1, ?2) ON CONFLICT (id) DO NOTHING",
  ).run(name, createdAt);
  db.prepare(`
    INSERT INTO gates (scope, name, max_running, running)
    VALUES ('group', ?1, ?2, (SELECT count(*) FROM jobs WHERE group_id = ?1 AND state = 'processing'))
    ON CONFLICT (scope, name) DO UPDATE SET max_running = excluded.max_running, stirred = 1`).run(
    name,
    overlap === "allow" ? null : 1,
  );
}

/** With the newest firing of each. */
const SCHEDULES = `
  SELECT s.name, pattern, zone, overlap, catch_up, job, is_paused, created_at, next_at, decided_until,
         f.instant, f.outcome, f.job_id, f.note, f.at
  FROM schedules AS s LEFT JOIN firings AS f
    ON f.schedule = s.name AND f.instant = (SELECT max(instant) FROM firings WHERE schedule = s.name)`;

export async function get(db: Database, name: string): Promise<ScheduleRecord | undefined> {
  return await db.read(() => {
    const row = db.prepare(`${SCHEDULES} WHERE s.name = ?`).get(name);
    return row && toSchedule(row);
  });
}

export async function list(db: Database): Promise<ScheduleRecord[]> {
  return await db.read(() => db.prepare(`${SCHEDULES} ORDER BY s.name`).all().map(toSchedule));
}

export async function due(
  db: Database,
  now: number,
): Promise<{ schedules: ScheduleRecord[]; nextDueAt: number | null }> {
  return await db.read(() => {
    const rows = db
      .prepare(
        `${SCHEDULES} WHERE is_paused = 0 AND next_at IS NOT NULL AND next_at <= ? ORDER BY next_at, s.name`,
      )
      .all(now);
    const next = db
      .prepare(
        "SELECT min(next_at) AS at FROM schedules WHERE is_paused = 0 AND next_at IS NOT NULL AND next_at > ?",
      )
      .get(now);
    return {
      schedules: rows.map(toSchedule),
      nextDueAt: (next?.["at"] as number | null | undefined) ?? null,
    };
  });
}

export async function setPaused(
  db: Database,
  name: string,
  { isPaused, nextAt }: { isPaused: boolean; nextAt: number | null },
): Promise<void> {
  await db.write(() => {
    const { changes } = db
      .prepare("UPDATE schedules SET is_paused = ?, next_at = ?, decided_until = NULL WHERE name = ?")
      .run(isPaused ? 1 : 0, nextAt, name);
    if (changes === 0) throw scheduleNotFound(name);
  });
}

export async function remove(db: Database, name: string): Promise<void> {
  await db.write(() => {
    if (db.prepare("DELETE FROM schedules WHERE name = ?").run(name).changes === 0)
      throw scheduleNotFound(name);
    forgetEmptied(db, [name]);
  });
}

/**
 * Several workers see the same instant come; the schedule's `next_at`, moved in the transaction in which it was found to be
 * what they saw, and of the schedule that they saw, lets one of them pass. That an instant fires once hangs by more than that: its row, and the id of its job.
 */
export async function fire(db: Database, firing: Firing): Promise<FiredInstant[] | null> {
  const { name, createdAt, expectedNextAt, nextAt, runs, missed, now } = firing;
  return await db.write(() => {
    const row = db
      .prepare("SELECT overlap, is_paused, next_at FROM schedules WHERE name = ? AND created_at = ?")
      .get(name, createdAt);
    const isAsExpected =
      row && (expectedNextAt === undefined || (row["next_at"] === expectedNextAt && row["is_paused"] === 0));
    if (!isAsExpected) return null;
    const overlap = row["overlap"] as OverlapPolicy;
    const isByHand = expectedNextAt === undefined;
    const fired = [
      ...missed.flatMap((instant) => record(db, name, { instant, ...MISSED, at: now })),
      ...runs.flatMap((run) => fireOne(db, { name, overlap, now, isByHand, ...run })),
    ];
    if (nextAt !== undefined) db.prepare("UPDATE schedules SET next_at = ? WHERE name = ?").run(nextAt, name);
    if (isSetBack(firing)) takeBack(db, firing);
    forget(db, name);
    return fired.sort((a, b) => a.instant - b.instant);
  });
}

function isSetBack({ expectedNextAt, nextAt }: Firing): boolean {
  return typeof nextAt === "number" && typeof expectedNextAt === "number" && nextAt < expectedNextAt;
}

/** A clock had been wrong, and is no longer: only what was fired stays. Whatever stood in the others' way may be gone by their time. */
function takeBack(db: Database, { name, expectedNextAt, nextAt }: Firing): void {
  db.prepare("UPDATE schedules SET decided_until = max(coalesce(decided_until, 0), ?) WHERE name = ?").run(
    expectedNextAt as number,
    name,
  );
  db.prepare("DELETE FROM firings WHERE schedule = ? AND instant >= ? AND outcome <> 'fired'").run(
    name,
    nextAt as number,
  );
}

const MISSED: Pick<FiredInstant, "outcome" | "jobId" | "note"> = {
  outcome: "missed",
  jobId: null,
  note: null,
};

interface Run {
  name: string;
  overlap: OverlapPolicy;
  now: number;
  isByHand: boolean;
  instant: number;
  job: NewJob;
}

function fireOne(db: Database, run: Run): FiredInstant[] {
  const { name, instant, job, now } = run;
  const isDecided =
    db.prepare("SELECT 1 FROM firings WHERE schedule = ? AND instant = ?").get(name, instant) !== undefined;
  // Its row may be forgotten already; its job is not.
  const hasRun =
    db.prepare("SELECT 1 FROM jobs WHERE id = ? AND group_id = ?").get(job.id, name) !== undefined;
  return isDecided || hasRun ? [] : record(db, name, { instant, ...enqueueRun(db, run), at: now });
}

function enqueueRun(
  db: Database,
  { name, overlap, now, isByHand, job }: Run,
): Pick<FiredInstant, "outcome" | "jobId" | "note"> {
  const others = overlap === "skip" || overlap === "replace" ? unfinished(db, name) : [];
  const decision = decideOverlap(overlap, others.length);
  if (decision === "skip") return { outcome: "skipped", jobId: null, note: skippedFor(others[0] ?? "") };
  // Whatever it replaced stays replaced only if it comes itself.
  db.exec("SAVEPOINT run");
  try {
    if (decision === "replace") cancelAll(db, others, now, replacedBy(job.id));
    const [standIn] = insertAll(db, [job]).existing;
    db.exec("RELEASE run");
    if (standIn) return { outcome: "skipped", jobId: standIn.id, note: stoodForBy(standIn.id) };
  } catch (error) {
    // A full disk may have rolled back all of it: whatever is no refusal is left to the transaction's own end.
    if (isByHand || !(error instanceof QueuectlError)) throw error;
    db.exec("ROLLBACK TO run; RELEASE run");
    return { outcome: "refused", jobId: null, note: error.message };
  }
  const note = decision === "replace" ? replacing(others) : null;
  return { outcome: "fired", jobId: job.id, note };
}

function unfinished(db: Database, group: string): string[] {
  return db
    .prepare(`
      SELECT id FROM jobs WHERE group_id = ? AND state IN ('pending', 'blocked', 'processing', 'failed') ORDER BY seq`)
    .all(group)
    .map((row) => row["id"] as string);
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

function forget(db: Database, name: string): void {
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

function toSchedule(row: Row): ScheduleRecord {
  return {
    name: row["name"] as string,
    pattern: row["pattern"] as string,
    zone: row["zone"] as string,
    overlap: row["overlap"] as OverlapPolicy,
    catchUp: row["catch_up"] as CatchUpPolicy,
    job: row["job"] as string,
    isPaused: row["is_paused"] === 1,
    createdAt: row["created_at"] as number,
    nextAt: row["next_at"] as number | null,
    decidedUntil: row["decided_until"] as number | null,
    last: row["instant"] === null ? null : toFired(row),
  };
}

function toFired(row: Row): FiredInstant {
  return {
    instant: row["instant"] as number,
    outcome: row["outcome"] as FiringOutcome,
    jobId: row["job_id"] as string | null,
    note: row["note"] as string | null,
    at: row["at"] as number,
  };
}
