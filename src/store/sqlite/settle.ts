import { type Condition, judgeDependency } from "../../domain/dependency.ts";
import type { JobState } from "../../domain/job.ts";
import type { Database } from "./database.ts";
import { Gatekeeper } from "./gates.ts";
import { giveUpStirred } from "./give-up.ts";
import { moveDependant } from "./move-dependant.ts";
import { openStirredGates } from "./stirred-gates.ts";

/** So many dependants are judged in one transaction; the notes of the others stay for the next claim. */
const JUDGED_AT_MOST = 1_000;

/**
 * What follows from changes. Triggers note jobs that finished or came back, whoever changed them, groups of which as many
 * failed as may, and gates at which something has moved; here it is decided what becomes of those that waited for it. Runs
 * at the end of every transaction that moves jobs, and at the beginning of every claim for what was changed by hand or was
 * too much at once. What it reads grows with the notes and with those that move, never with what one job waits for.
 * @returns true when something may be claimed now that could not before, or there is more to decide
 */
export function settle(db: Database, now: number): boolean {
  const { has_notes: hasNotes, has_stirred: hasStirred } = db.prepare(TO_SETTLE).get() as Record<
    string,
    number
  >;
  if (hasNotes === 0 && hasStirred === 0) return false;
  let hasReleased = false;
  for (let left = JUDGED_AT_MOST; left > 0; ) {
    const cancelled = giveUpStirred(db, now);
    const notes = db
      .prepare("SELECT seq, settled, is_back FROM unsettled ORDER BY seq LIMIT 500")
      .all() as unknown as Note[];
    if (cancelled + notes.length === 0) break;
    const { judged, released } = settleNotes(db, notes, now);
    if (released) hasReleased = true;
    left -= cancelled + Math.max(judged, notes.length);
  }
  // A suspect is never parked: the room may be what it waits for.
  if (hasStirred === 1 && isSuspectWaiting(db)) hasReleased = true;
  return openStirredGates(db, new Gatekeeper(db, now)) || hasReleased || isUnsettled(db);
}

/** Of jobs, and of groups that give up. Read first: as a rule there is nothing. */
const NOTED = `
  EXISTS (SELECT 1 FROM unsettled) OR EXISTS (SELECT 1 FROM job_groups INDEXED BY job_groups_stirred WHERE stirred = 1)`;
const STIRRED = "EXISTS (SELECT 1 FROM gates INDEXED BY gates_stirred WHERE stirred = 1)";
const TO_SETTLE = `SELECT ${NOTED} AS has_notes, ${STIRRED} AS has_stirred`;

/** Whether `settle` has something to do; an expression of SQL. */
export const HAS_TO_SETTLE: string = `${NOTED} OR ${STIRRED}`;

/** True when something is noted of which it has not been decided yet what follows. */
export function isUnsettled(db: Database): boolean {
  return db.prepare(`SELECT ${NOTED} AS is_noted`).get()?.["is_noted"] === 1;
}

function isSuspectWaiting(db: Database): boolean {
  const row = db
    .prepare(`
      SELECT 1 FROM jobs INDEXED BY jobs_suspect WHERE state IN ('pending', 'failed') AND suspicion IS NOT NULL LIMIT 1`)
    .get();
  return row !== undefined;
}

interface Note {
  seq: number;
  /** For dependants up to this one it is decided. */
  settled: number;
  /** 1: it was brought back since it was last decided. */
  is_back: number;
}

/** One that a note is about, in the state in which it was read. */
interface Dependant {
  seq: number;
  state: JobState;
  /** The condition is met: only whether that was its last is to be asked. */
  isSimple: boolean;
}

/** Judges the dependants of jobs. What moves thereby is noted in its turn. */
function settleNotes(
  db: Database,
  notes: readonly Note[],
  now: number,
): { judged: number; released: boolean } {
  const toJudge = new Map<number, JobState>();
  const mayBeFree = new Map<number, JobState>();
  let judged = 0;
  for (const note of notes) {
    // The rest keep their notes: all of these together are one transaction.
    if (judged >= JUDGED_AT_MOST) break;
    const { read, dependants } = noteDependants(db, note);
    for (const { seq, state, isSimple } of dependants) (isSimple ? mayBeFree : toJudge).set(seq, state);
    judged += read;
  }
  // Who waits for ten thousand jobs is asked ten thousand times: only whether any is left, unless one of them has failed.
  const hasUnmet = db.prepare("SELECT 1 FROM dependencies WHERE job = ? AND met = 0 LIMIT 1");
  const free = [...mayBeFree].filter(([seq]) => !toJudge.has(seq) && hasUnmet.get(seq) === undefined);
  const moved = [
    ...[...toJudge].map(([seq, state]) => moveDependant(db, { seq, state }, now)),
    ...free.map(([seq, state]) => moveDependant(db, { seq, state, isFree: true }, now)),
  ];
  return { judged, released: moved.includes("pending") };
}

/**
 * What a note is about: which dependants are to be judged on account of it, of the next that are read. The note goes, or
 * remembers how far it came.
 */
function noteDependants(db: Database, note: Note): { read: number; dependants: Dependant[] } {
  const { seq, settled } = note;
  const row = db.prepare("SELECT state FROM jobs WHERE seq = ?").get(seq);
  const forget = db.prepare("DELETE FROM unsettled WHERE seq = ?");
  if (row === undefined) {
    forget.run(seq);
    return { read: 0, dependants: [] };
  }
  const onState = row["state"] as JobState;
  const rows = db
    .prepare(`
      SELECT dependencies.job AS seq, condition, met, jobs.state, jobs.reason
      FROM dependencies JOIN jobs ON jobs.seq = dependencies.job
      WHERE on_job = ? AND dependencies.job > ? ORDER BY dependencies.job LIMIT ${JUDGED_AT_MOST}`)
    .all(seq, settled) as unknown as (Omit<Dependant, "isSimple"> & Tie)[];
  const last = rows.at(-1);
  if (last && rows.length === JUDGED_AT_MOST)
    // One less: of the last one there may be another condition.
    db.prepare("UPDATE unsettled SET settled = ? WHERE seq = ?").run(last.seq - 1, seq);
  else forget.run(seq);
  const mark = db.prepare("UPDATE dependencies SET met = ? WHERE job = ? AND on_job = ? AND condition = ?");
  for (const { seq: job, condition, met } of rows) {
    const isMet = judgeDependency(condition, onState) === "met" ? 1 : 0;
    if (isMet !== met) mark.run(isMet, job, seq, condition);
  }
  const dependants = rows.flatMap((tie) => toJudge(tie, onState, note));
  // It has lost a dependency itself: perhaps its last.
  if (onState === "blocked") dependants.push({ seq, state: onState, isSimple: true });
  return { read: rows.length, dependants };
}

/** What one depends on, and how that was judged last. */
interface Tie {
  condition: Condition;
  met: number;
  reason: string | null;
}

/** Only who waits can be released or lost; and who died of a dependency comes back with one that was brought back. */
function toJudge(
  { seq, state, reason, condition }: Omit<Dependant, "isSimple"> & Tie,
  onState: JobState,
  { is_back: isBack }: Note,
): Dependant[] {
  const judgement = judgeDependency(condition, onState);
  const mayMove =
    state === "blocked"
      ? judgement !== "waiting"
      : state === "dead" && reason === "dependency" && isBack === 1 && judgement !== "impossible";
  return mayMove ? [{ seq, state, isSimple: judgement === "met" }] : [];
}
