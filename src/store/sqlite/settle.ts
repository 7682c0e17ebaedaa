import { CONDITIONS, type Condition, decideDependant, judgeDependency } from "../../domain/dependency.ts";
import { enoughFailed } from "../../domain/group.ts";
import type { JobState } from "../../domain/job.ts";
import { type Database, isUniqueViolation } from "./database.ts";
import { openStirredGates } from "./stirred-gates.ts";

/** So many dependants are judged in one transaction; the notes of the others stay for the next claim. */
const JUDGED_AT_MOST = 1_000;

/**
 * What follows from changes. Triggers note jobs that finished or came back, whoever changed them, and gates at which
 * something has moved; here it is decided what becomes of those that waited for it. Runs at the end of every transaction
 * that moves jobs, and at the beginning of every claim for what was changed by hand or was too much at once.
 * @returns true when something may be claimed now that could not before, or there is more to decide
 */
export function settle(db: Database, now: number): boolean {
  let hasReleased = false;
  for (let left = JUDGED_AT_MOST; left > 0; ) {
    const notes = db
      .prepare("SELECT seq, settled FROM unsettled ORDER BY seq LIMIT 500")
      .all() as unknown as Note[];
    if (notes.length === 0) break;
    const { judged, released } = settleNotes(db, notes, now);
    if (released) hasReleased = true;
    left -= judged + notes.length;
  }
  return openStirredGates(db) || hasReleased || isUnsettled(db);
}

/** True when something is noted of which it has not been decided yet what follows. */
export function isUnsettled(db: Database): boolean {
  return db.prepare("SELECT 1 FROM unsettled LIMIT 1").get() !== undefined;
}

interface Note {
  seq: number;
  /** For dependants up to this one it is decided. */
  settled: number;
}

/** Judges the dependants of jobs, and the groups of those that failed. What moves thereby is noted in its turn. */
function settleNotes(
  db: Database,
  notes: readonly Note[],
  now: number,
): { judged: number; released: boolean } {
  const toJudge = new Set<number>();
  const mayBeFree = new Set<number>();
  let judged = 0;
  for (const note of notes) {
    // The rest keep their notes: all of these together are one transaction.
    if (judged >= JUDGED_AT_MOST) break;
    const dependants = noteDependants(db, note, now);
    for (const { job, isSimple } of dependants) (isSimple ? mayBeFree : toJudge).add(job);
    judged += dependants.length;
  }
  // Who waits for ten thousand jobs is asked ten thousand times: only whether any is left, unless one of them has failed.
  const hasUnmet = db.prepare("SELECT 1 FROM dependencies WHERE job = ? AND met = 0 LIMIT 1");
  for (const seq of mayBeFree) if (hasUnmet.get(seq) === undefined) toJudge.add(seq);
  const moved = [...toJudge].map((seq) => moveDependant(db, seq, now));
  return { judged, released: moved.includes("pending") };
}

/**
 * What a note is about: which dependants are to be judged on account of it. The note goes, or remembers how far it came.
 * `isSimple`: the job's condition is met, and only whether that was its last is to be asked.
 */
function noteDependants(
  db: Database,
  { seq, settled }: Note,
  now: number,
): { job: number; isSimple: boolean }[] {
  const job = db.prepare("SELECT state, group_id FROM jobs WHERE seq = ?").get(seq) as
    | { state: JobState; group_id: string | null }
    | undefined;
  const forget = db.prepare("DELETE FROM unsettled WHERE seq = ?");
  if (job === undefined) {
    forget.run(seq);
    return [];
  }
  if (settled === 0) {
    if (job.group_id !== null && (job.state === "dead" || job.state === "failed"))
      applyMaxFails(db, job.group_id, now);
    for (const condition of CONDITIONS) {
      const isMet = judgeDependency(condition, job.state) === "met" ? 1 : 0;
      db.prepare("UPDATE dependencies SET met = ?1 WHERE on_job = ?2 AND condition = ?3 AND met <> ?1").run(
        isMet,
        seq,
        condition,
      );
    }
  }
  const rows = db
    .prepare(`
      SELECT dependencies.job, condition, jobs.state FROM dependencies JOIN jobs ON jobs.seq = dependencies.job
      WHERE on_job = ? AND dependencies.job > ?
        AND (jobs.state = 'blocked' OR (jobs.state = 'dead' AND jobs.reason = 'dependency'))
      ORDER BY dependencies.job LIMIT ${JUDGED_AT_MOST}`)
    .all(seq, settled) as unknown as { job: number; condition: Condition; state: JobState }[];
  const last = rows.at(-1);
  if (last && rows.length === JUDGED_AT_MOST)
    // One less: of the last one there may be another condition.
    db.prepare("UPDATE unsettled SET settled = ? WHERE seq = ?").run(last.job - 1, seq);
  else forget.run(seq);
  const dependants = rows.flatMap(({ job: dependant, condition, state }) => {
    const judgement = judgeDependency(condition, job.state);
    // Who died of a dependency comes back with one that was brought back, and by nothing that ends elsewhere.
    if (state === "dead" && judgement !== "waiting") return [];
    return [{ job: dependant, isSimple: judgement === "met" }];
  });
  return job.state === "blocked" ? [{ job: seq, isSimple: false }, ...dependants] : dependants;
}

/**
 * Puts a job that is blocked where it belongs by its conditions, and brings one back that would not die of them any more.
 * @returns its new state; undefined when it stays where it is
 */
export function moveDependant(db: Database, seq: number, now: number): JobState | undefined {
  const unmet = db
    .prepare(`
      SELECT on_jobs.id, on_jobs.state, condition
      FROM dependencies JOIN jobs AS on_jobs ON on_jobs.seq = dependencies.on_job
      WHERE dependencies.job = ? AND met = 0 ORDER BY on_jobs.seq`)
    .all(seq) as { id: string; state: JobState; condition: Condition }[];
  const move = decideDependant(unmet.map(({ id, state, condition }) => ({ on: id, state, condition })));
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
