import { isExpired } from "../../domain/expiry.ts";
import type { Job } from "../../domain/job.ts";
import type { Database } from "./database.ts";
import { endExpired } from "./expire.ts";
import { type Gatekeeper, gatesOfRow } from "./gates.ts";
import { cancelInVain } from "./give-up.ts";
import { forEachPage, keyOf, type Lane, pageFor, UNTIL_STIRRED } from "./lanes.ts";
import { JOB_COLUMNS, type Row } from "./rows.ts";
import { noteOpening } from "./stirred-gates.ts";

/**
 * So many due jobs one claim turns away at closed gates, and lanes it finds to be of no use; and so many jobs of one lane:
 * a key with a million due jobs then holds up nobody. The claim goes on with other lanes, asks to be called again at once,
 * and the crowded lane waits its turn.
 */
export const LOOKS_AT_MOST: number = 500;
const PARKED_OF_ONE_LANE = 100;

/** What one claim has seen on its way through the lanes. */
export interface Walk {
  db: Database;
  keeper: Gatekeeper;
  now: number;
  looksLeft: number;
  /** A gate may let others go on now: a parked job made room at its other gate, or who was let go on at this one is gone. */
  hasStirred: boolean;
  /** Jobs that were picked. */
  taken: Set<number>;
  /** Lanes that something was picked from, and when. */
  served: Map<string, number>;
  /** Lanes of which more would have to be parked than one claim does. */
  crowded: Map<string, Lane>;
}

/** Hands out a lane's due jobs one by one, as far as gates let them pass. */
export class LaneReader {
  readonly #walk: Walk;
  readonly #lane: Lane;
  #page: Row[] = [];
  #after = { dueAt: Number.MIN_SAFE_INTEGER, seq: 0 };
  #isAtEnd = false;
  #parked = 0;

  constructor(walk: Walk, lane: Lane) {
    this.#walk = walk;
    this.#lane = lane;
    if (!lane.isGated) walk.keeper.knowOpen("queue", lane.queue);
  }

  get key(): string {
    return keyOf(this.#lane);
  }

  /** The next job that may start; null when this lane has none, and then it sleeps. */
  next(wanted: number): Row | null {
    const { keeper } = this.#walk;
    if (this.#isCrowded()) return null;
    const closure = keeper.judge("queue", this.#lane.queue);
    if (closure?.kind === "paused") return this.#sleep(UNTIL_STIRRED, false);
    if (closure !== null) {
      // A gate holds back only what is due: else a worker that drains would wait for a job of tomorrow.
      if (this.#read(1) === undefined) return this.#sleep(this.#nextDueAt(), false);
      if (closure.kind === "pace") noteOpening(this.#walk.db, this.#lane.queue, closure.opensAt);
      return this.#sleep(UNTIL_STIRRED, true);
    }
    for (let row = this.#read(wanted); row !== undefined; row = this.#read(wanted)) {
      if (this.#isTurnedAway(row)) continue;
      keeper.pass(row);
      return row;
    }
    if (this.#isCrowded()) return null;
    // Its queue may hold back others, of lower priority, that are to come before whatever is awake below this one.
    if (this.#lane.isGated) this.#walk.hasStirred = true;
    return this.#sleep(this.#nextDueAt(), false);
  }

  #isCrowded(): boolean {
    const { looksLeft, crowded } = this.#walk;
    if (looksLeft > 0 && this.#parked < PARKED_OF_ONE_LANE && !crowded.has(this.key)) return false;
    crowded.set(this.key, this.#lane);
    return true;
  }

  #read(wanted: number): Row | undefined {
    for (let row = this.#readOne(wanted); row !== undefined; row = this.#readOne(wanted))
      if (!this.#walk.taken.has(row["seq"] as number)) return row;
    return undefined;
  }

  #readOne(wanted: number): Row | undefined {
    if (this.#isCrowded()) return undefined;
    if (this.#page.length === 0 && !this.#isAtEnd) {
      const { queue, priority } = this.#lane;
      const { dueAt, seq } = this.#after;
      const size = pageFor(wanted);
      const due = this.#walk.db.prepare(DUE[size]);
      this.#page = due.all(queue, priority, this.#walk.now, dueAt, seq) as Row[];
      this.#isAtEnd = this.#page.length < size;
      const last = this.#page.at(-1);
      if (last) this.#after = { dueAt: last["due_at"] as number, seq: last["seq"] as number };
    }
    return this.#page.shift();
  }

  /**
   * Parks a job before the first of its gates that is closed, where it does not stand in the way of the others; ends one
   * that has expired, or whose group has given up, of which there may be more than a claim ends beforehand.
   */
  #isTurnedAway(row: Row): boolean {
    const { db, keeper, now } = this.#walk;
    if (isExpired(toExpiring(row), now)) {
      endExpired(db, row, now);
      this.#countParked();
      return true;
    }
    if (cancelInVain(db, { seq: row["seq"] as number, group: row["group_id"] as string | null }, now)) {
      this.#countParked();
      return true;
    }
    const gates = gatesOfRow(row);
    const closed = gates.find(([scope, name]) => keeper.judge(scope, name) !== null);
    if (closed === undefined) return false;
    const [scope, name] = closed;
    db.prepare("UPDATE jobs SET parked_by = ? WHERE seq = ?").run(`${scope}:${name}`, row["seq"] as number);
    this.#countParked();
    // It was perhaps the one that its other gate had let go: the next there may have its place.
    for (const [other, itsName] of gates) {
      if (other === scope || keeper.judge(other, itsName) !== null) continue;
      const { changes } = db
        .prepare(
          `UPDATE gates SET stirred = 1 WHERE scope = ? AND name = ? AND EXISTS (
             SELECT 1 FROM jobs INDEXED BY jobs_parked
             WHERE state IN ('pending', 'failed') AND parked_by IS NOT NULL AND parked_by = ?)`,
        )
        .run(other, itsName, `${other}:${itsName}`);
      if (changes > 0) this.#walk.hasStirred = true;
    }
    return true;
  }

  #countParked(): void {
    this.#parked += 1;
    this.#walk.looksLeft -= 1;
  }

  #nextDueAt(): number {
    const { queue, priority } = this.#lane;
    const row = this.#walk.db.prepare(UPCOMING).get(queue, priority, this.#walk.now);
    return (row?.["due_at"] as number | null | undefined) ?? UNTIL_STIRRED;
  }

  #sleep(until: number, isHeldBack: boolean): null {
    const { queue, priority } = this.#lane;
    this.#walk.looksLeft -= 1;
    this.#walk.db
      .prepare("UPDATE lanes SET asleep_until = ?, held_back = ? WHERE queue = ? AND priority = ?")
      .run(until, isHeldBack ? 1 : 0, queue, priority);
    return null;
  }
}

function toExpiring(row: Row): Pick<Job, "expiresAt" | "executions" | "state"> {
  return {
    expiresAt: row["expires_at"] as number | null,
    executions: row["executions"] as number,
    state: row["state"] as Job["state"],
  };
}

const CLAIMABLE = `jobs INDEXED BY jobs_claimable
  WHERE state IN ('pending', 'failed') AND suspicion IS NULL AND parked_by IS NULL AND queue = ? AND priority = ?`;
const DUE = forEachPage(
  (page) =>
    `SELECT ${JOB_COLUMNS} FROM ${CLAIMABLE} AND due_at <= ? AND (due_at, seq) > (?, ?) ORDER BY due_at, seq LIMIT ${page}`,
);
const UPCOMING = `SELECT min(due_at) AS due_at FROM ${CLAIMABLE} AND due_at > ?`;
