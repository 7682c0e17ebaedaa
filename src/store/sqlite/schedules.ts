import { duplicateSchedule, scheduleNamedLikeId, scheduleNotFound } from "../../domain/refuse-schedule.ts";
import type { CatchUpPolicy, OverlapPolicy } from "../../domain/schedule.ts";
import type { NewSchedule, PauseChange, ScheduleRecord, StoppedSchedule } from "../schedule-store.ts";
import type { Database } from "./database.ts";
import { forget, recordMissed, toFired } from "./firings.ts";
import { forgetEmptied } from "./groups.ts";
import type { Row } from "./rows.ts";

export { fire, history } from "./firings.ts";

export async function put(
  db: Database,
  schedule: NewSchedule,
  replaces: StoppedSchedule | null,
): Promise<boolean> {
  const { name, pattern, zone, overlap, catchUp, job, createdAt, nextAt } = schedule;
  return await db.write(() => {
    if (replaces !== null) {
      if (!stop(db, name, replaces, createdAt)) return false;
    } else if (db.prepare("SELECT 1 FROM schedules WHERE name = ?").get(name) !== undefined) {
      throw duplicateSchedule(name);
    }
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
    return true;
  });
}

/** Records what a schedule leaves unfired. @returns false when it is not what it was */
function stop(
  db: Database,
  name: string,
  { createdAt, nextAt, missed }: StoppedSchedule,
  now: number,
): boolean {
  const isAsExpected = db
    .prepare("SELECT 1 FROM schedules WHERE name = ? AND created_at = ? AND next_at IS ?")
    .get(name, createdAt, nextAt);
  if (isAsExpected === undefined) return false;
  recordMissed(db, name, missed, now);
  forget(db, name);
  return true;
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
  { was, isPaused, nextAt, now }: PauseChange,
): Promise<boolean> {
  return await db.write(() => {
    if (db.prepare("SELECT 1 FROM schedules WHERE name = ?").get(name) === undefined)
      throw scheduleNotFound(name);
    if (!stop(db, name, was, now)) return false;
    db.prepare("UPDATE schedules SET is_paused = ?, next_at = ?, decided_until = NULL WHERE name = ?").run(
      isPaused ? 1 : 0,
      nextAt,
      name,
    );
    return true;
  });
}

export async function remove(db: Database, name: string): Promise<void> {
  await db.write(() => {
    if (db.prepare("DELETE FROM schedules WHERE name = ?").run(name).changes === 0)
      throw scheduleNotFound(name);
    forgetEmptied(db, [name]);
  });
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
