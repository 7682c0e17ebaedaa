import { instantOfWall, latestWallAt, type OffsetAt } from "./wall-time.ts";

/** What becomes of an instant while an earlier job of the same schedule is unfinished. */
export type OverlapPolicy = "skip" | "queue" | "replace" | "allow";

/** What becomes of the instants that passed while nobody was there to fire them. */
export type CatchUpPolicy = "one" | "all" | "none";

const SECOND_MS = 1_000;

/** A pattern of wall times, that knows nothing of zones. Wall times are whole seconds. */
export interface WallPattern {
  /** The first match later than this wall time. */
  after(wallMs: number): number | undefined;
  /** The last match earlier than this wall time. */
  before(wallMs: number): number | undefined;
}

/** The instants of a schedule: a pattern in a zone. */
export interface Calendar {
  /** The first one later than this instant; undefined when there is none ever. */
  next(afterMs: number): number | undefined;
  /** The last one not later than this instant. */
  newest(atMs: number): number | undefined;
}

/**
 * Matches the pattern against the walls of a zone. Instants are unique and in order: wall times that happen together
 * (in the gap of a clock that was put forward) make one, and one that is shown twice makes one.
 */
export function calendarOf(pattern: WallPattern, offsetAt: OffsetAt): Calendar {
  const instant = (wallMs: number | undefined) =>
    wallMs === undefined ? undefined : instantOfWall(wallMs, offsetAt);
  return {
    next: (afterMs) => instant(pattern.after(latestWallAt(wholeSeconds(afterMs), offsetAt))),
    newest: (atMs) => instant(pattern.before(latestWallAt(wholeSeconds(atMs), offsetAt) + SECOND_MS)),
  };
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / SECOND_MS) * SECOND_MS;
}

/** A firing that begins no later than this after its instant is on time, and nothing has to be caught up. */
const ON_TIME_MS = 5_000;

/** So many instants are decided at once: after a year's downtime a schedule of each second has 31 million to catch up. */
export const MOST_INSTANTS = 1_000;

/** Which instants of a schedule are due, as far as they are decided now. */
export interface CatchUpDecision {
  /** Oldest first. */
  run: number[];
  /** Those that nobody will run, oldest first; of very many, only the newest. */
  missed: number[];
  /** The instant to go on from: perhaps due already, when there were too many for one time; null when none is left ever. */
  nextAt: number | null;
}

/**
 * Decides about the instants from `nextAt` to `now`. On time, all of them run. Of those that are older, `all` runs each,
 * `none` runs none, and `one` the newest, unless a newer one is on time.
 * @param due `nextAt` is not later than the first instant that was not decided yet. Where a clock was set back, it is
 *   earlier than `decidedUntil`, and what is late in between was decided when the clock said so first
 */
export function decideCatchUp(
  due: { nextAt: number; decidedUntil: number | null; catchUp: CatchUpPolicy; now: number },
  calendar: Calendar,
): CatchUpDecision {
  const { nextAt, decidedUntil, catchUp, now } = due;
  const from = Math.max(nextAt, Math.min(decidedUntil ?? nextAt, now - ON_TIME_MS));
  const instants = catchUp === "all" ? oldest(from, now, calendar) : newest(from, now, calendar).reverse();
  const firstRun = firstToRun(instants, catchUp, now - ON_TIME_MS);
  const lookedUntil = catchUp === "all" ? instants.at(-1) : now;
  return {
    run: instants.slice(firstRun),
    missed: instants.slice(0, firstRun),
    nextAt: calendar.next(Math.max(lookedUntil ?? now, nextAt - 1)) ?? null,
  };
}

function firstToRun(instants: readonly number[], catchUp: CatchUpPolicy, onTimeSince: number): number {
  if (catchUp === "all") return 0;
  const late = instants.filter((at) => at < onTimeSince).length;
  return catchUp === "one" ? Math.min(late, Math.max(0, instants.length - 1)) : late;
}

function oldest(from: number, until: number, calendar: Calendar): number[] {
  const instants: number[] = [];
  let next = calendar.next(from - 1);
  while (next !== undefined && next <= until && instants.length < MOST_INSTANTS) {
    instants.push(next);
    next = calendar.next(next);
  }
  return instants;
}

/** The newest first. */
function newest(from: number, until: number, calendar: Calendar): number[] {
  const instants: number[] = [];
  let last = calendar.newest(until);
  while (last !== undefined && last >= from && instants.length < MOST_INSTANTS) {
    instants.push(last);
    last = calendar.newest(last - 1);
  }
  return instants;
}

/** What a schedule does at an instant, by how many of its earlier jobs are unfinished. */
export function decideOverlap(overlap: OverlapPolicy, unfinished: number): "fire" | "skip" | "replace" {
  if (unfinished === 0 || overlap === "allow" || overlap === "queue") return "fire";
  return overlap;
}

/** The error of a run that a later one has ended. */
export function replacedBy(jobId: string): string {
  return `replaced by job "${jobId}"`;
}

/** The note of the run that has ended earlier ones. */
export function replacing(jobIds: readonly string[]): string {
  return `replaced ${jobIds.map((id) => `"${id}"`).join(", ")}`;
}

/** The note of an instant that was left out while an earlier run went on. */
export function skippedFor(jobId: string): string {
  return `job "${jobId}" is unfinished`;
}

/** The note of an instant whose job was there already, under its unique name. */
export function stoodForBy(jobId: string): string {
  return `job "${jobId}" stands for it`;
}

/** What becomes of instants that are decided together with a newer one, by which they would be replaced. */
export const OUTPACED = {
  outcome: "skipped",
  jobId: null,
  note: "a newer one came with it, and takes its place",
} as const;
