import {
  CONDITIONS,
  type Condition,
  decideDependant,
  judgeDependency,
  type StandingDependency,
} from "../../domain/dependency.ts";
import { enoughFailed } from "../../domain/group.ts";
import type { JobState } from "../../domain/job.ts";
import { type Database, isUniqueViolation } from "./database.ts";
import { Gatekeeper } from "./gates.ts";
import { openStirredGates } from "./stirred-gates.ts";

/**
 * How much is looked at in one transaction: a note counts once, a dependant that is judged as often as it costs more. The
 * notes of the others stay for the next claim.
 */
const LOOKS_AT_MOST = 4_000;
const LOOKS_OF_JUDGING = 4;
const JUDGED_AT_ONCE = 1_000;

/**
 * What follows from changes. Triggers note jobs that finished or came back, whoever changed them, and gates at which
 * something has moved; here it is decided what becomes of those that waited for it. Runs at the end of every transaction
 * that moves jobs, and at the beginning of every claim for what was changed by hand or was too much at once.
 * @returns true when something may be claimed now that could not before, or there is more to decide
 */
export function settle(db: Database, now: number): boolean {
  const { has_notes: hasNotes, has_stirred: hasStirred } = db.prepare(TO_SETTLE).get() as Record<
    string,
    number
  >;
  if (hasNotes === 0) return hasStirred === 1 && openStirredGates(db, new Gatekeeper(db, now));
  let hasReleased = false;
  for (let left = LOOKS_AT_MOST; left > 0; ) {
    const notes = readNotes(db, now);
    if (notes.length === 0) break;
    const { judged, released } = settleNotes(db, notes, now);
    if (released) hasReleased = true;
    left -= notes.length + judged * LOOKS_OF_JUDGING;
  }
  return openStirredGates(db, new Gatekeeper(db, now)) || hasReleased || isUnsettled(db);
}

/** Read first: as a rule there is nothing. */
const TO_SETTLE = `
  SELECT EXISTS (SELECT 1 FROM unsettled) AS has_notes,
         EXISTS (SELECT 1 FROM gates INDEXED BY gates_stirred WHERE stirred = 1) AS has_stirred`;

/** True when something is noted of which it has not been decided yet what follows. */
export function isUnsettled(db: Database): boolean {
  return db.prepare("SELECT 1 FROM unsettled LIMIT 1").get() !== undefined;
}

interface Note {
  seq: number;
  /** For dependants up to this one it is decided. */
  settled: number;
  /** Null when the job is gone. */
  state: JobState | null;
  group_id: string | null;
}

/**
 * The next notes, with the jobs as they are. What follows for their groups is done first: it moves jobs, of which some may
 * be among them.
 */
function readNotes(db: Database, now: number): readonly Note[] {
  const read = db.prepare(`
    SELECT unsettled.seq, settled, state, group_id FROM unsettled LEFT JOIN jobs ON jobs.seq = unsettled.seq
    ORDER BY unsettled.seq LIMIT 500`);
  const notes = read.all() as unknown as Note[];
  const failing = notes.filter(
    ({ settled, state }) => settled === 0 && (state === "dead" || state === "failed"),
  );
  const groups = new Set(failing.flatMap(({ group_id: group }) => group ?? []));
  const closed = [...groups].filter((group) => applyMaxFails(db, group, now));
  return closed.length === 0 ? notes : (read.all() as unknown as Note[]);
}

/** Judges the dependants of jobs. What moves thereby is noted in its turn. */
function settleNotes(
  db: Database,
  notes: readonly Note[],
  now: number,
): { judged: number; released: boolean } {
  const toJudge = new Set<number>();
  for (const note of notes) {
    // The rest keep their notes: all of these together are one transaction.
    if (toJudge.size >= JUDGED_AT_ONCE) break;
    for (const dependant of noteDependants(db, note)) toJudge.add(dependant);
  }
  const moved = [...toJudge].map((seq) => moveDependant(db, seq, now));
  return { judged: toJudge.size, released: moved.includes("pending") };
}

/** What a note is about: which jobs are to be judged on account of it. The note goes, or remembers how far it came. */
function noteDependants(db: Database, { seq, settled, state }: Note): number[] {
  const forget = db.prepare("DELETE FROM unsettled WHERE seq = ?");
  if (state === null) {
    forget.run(seq);
    return [];
  }
  if (settled === 0) db.prepare(STAND).run(seq, ...CONDITIONS.map((condition) => standing(condition, state)));
  const rows = db.prepare(DEPENDANTS).all(seq, settled) as unknown as {
    job: number;
    condition: Condition;
    state: JobState;
  }[];
  const last = rows.at(-1);
  if (last && rows.length === JUDGED_AT_ONCE)
    // One less: of the last one there may be another condition.
    db.prepare("UPDATE unsettled SET settled = ? WHERE seq = ?").run(last.job - 1, seq);
  else forget.run(seq);
  // Who died of a dependency comes back with one that was brought back, and by nothing that ends elsewhere.
  const dependants = rows.filter(
    (row) => row.state === "blocked" || judgeDependency(row.condition, state) === "waiting",
  );
  return [...(state === "blocked" ? [seq] : []), ...dependants.map(({ job }) => job)];
}

/** How a condition stands, as `dependencies.met` has it. */
export function standing(condition: Condition, state: JobState): number {
  return { met: 1, waiting: 0, impossible: -1 }[judgeDependency(condition, state)];
}

const STANDING = `CASE condition ${CONDITIONS.map((condition, index) => `WHEN '${condition}' THEN ?${index + 2}`).join(" ")} END`;
const STAND = `UPDATE dependencies SET met = ${STANDING} WHERE on_job = ?1 AND met <> ${STANDING}`;
const DEPENDANTS = `
  SELECT dependencies.job, condition, jobs.state FROM dependencies JOIN jobs ON jobs.seq = dependencies.job
  WHERE on_job = ? AND dependencies.job > ?
    AND (jobs.state = 'blocked' OR (jobs.state = 'dead' AND jobs.reason = 'dependency'))
  ORDER BY dependencies.job LIMIT ${JUDGED_AT_ONCE}`;

/**
 * Puts a job that is blocked where it belongs by its conditions, and brings one back that would not die of them any more.
 * @returns its new state; undefined when it stays where it is
 */
export function moveDependant(db: Database, seq: number, now: number): JobState | undefined {
  const move = decideDependant(readUnmet(db, seq));
  try {
    const { changes } = db
      .prepare(`
        UPDATE jobs SET state = ?1, reason = ?2, error = ?3, updated_at = ?4
        WHERE seq = ?5 AND state <> ?1
          AND (state = 'blocked' OR (state = 'dead' AND reason = 'dependency' AND ?1 IN ('pending', 'blocked')))`)
      .run(move.to, "reason" in move ? move.reason : null, "error" in move ? move.error : null, now, seq);
    return changes === 1 ? move.to : undefined;
  } catch (error) {
    // Revived by the way, while another job has its unique name: it stays dead.
    if (isUniqueViolation(error)) return undefined;
    throw error;
  }
}

/**
 * As many of the conditions of a job that are not met as decide about it: those that never can be first, then those that may
 * yet, up to the first that truly waits. Of a hundred thousand that is one, or two; each is judged by its job as it is, for
 * what is noted of it may be of the past.
 */
function* readUnmet(db: Database, seq: number): Generator<StandingDependency, void, undefined> {
  yield* db.prepare(IMPOSSIBLE).iterate(seq) as Iterable<unknown> as Iterable<StandingDependency>;
  const waiting = db.prepare(WAITING).iterate(seq) as Iterable<unknown> as Iterable<StandingDependency>;
  for (const dependency of waiting) {
    yield dependency;
    if (judgeDependency(dependency.condition, dependency.state) === "waiting") return;
  }
}

const unmet = (met: 0 | -1) => `
  SELECT on_jobs.id AS "on", on_jobs.state, condition
  FROM dependencies CROSS JOIN jobs AS on_jobs ON on_jobs.seq = dependencies.on_job
  WHERE dependencies.job = ? AND met = ${met} ORDER BY dependencies.on_job`;
const IMPOSSIBLE = unmet(-1);
const WAITING = unmet(0);

/**
 * Once so many jobs of a group are dead, the rest need not be tried. Those that run are left to end; who gives one back
 * comes here in the same transaction: a note would not tell it from one that a person brought back.
 * @returns true when so many are
 */
export function applyMaxFails(db: Database, group: string, now: number): boolean {
  const row = db.prepare("SELECT max_fails FROM job_groups WHERE id = ?").get(group);
  const maxFails = (row?.["max_fails"] as number | null | undefined) ?? null;
  if (maxFails === null) return false;
  const dead = db
    .prepare(`
      SELECT count(*) AS jobs
      FROM (SELECT 1 FROM jobs INDEXED BY jobs_by_group WHERE group_id = ? AND state = 'dead' LIMIT ?)`)
    .get(group, maxFails);
  if ((dead?.["jobs"] as number) < maxFails) return false;
  db.prepare(`
    UPDATE jobs SET state = 'cancelled', error = ?, updated_at = ?
    WHERE group_id = ? AND state IN ('pending', 'blocked', 'failed')`).run(
    enoughFailed({ id: group, maxFails }),
    now,
    group,
  );
  return true;
}
