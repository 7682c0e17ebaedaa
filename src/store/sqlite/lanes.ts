import { isExpired } from "../../domain/expiry.ts";
import type { GateScope } from "../../domain/gate.ts";
import type { Job } from "../../domain/job.ts";
import type { Claim, ClaimRequest } from "../store.ts";
import type { Database } from "./database.ts";
import { endExpired } from "./expire.ts";
import { type Gatekeeper, gatesOfRow } from "./gates.ts";
import { JOB_COLUMNS, type Row } from "./rows.ts";
import { openStirredGates } from "./settle.ts";

/** Asleep until something stirs it: a job is added or given back, or its queue's gate opens. */
const UNTIL_STIRRED = Number.MAX_SAFE_INTEGER;

/**
 * So many due jobs one claim turns away at closed gates, and so many of one lane: a key with a million due jobs then holds
 * up nobody. The claim goes on with other lanes, asks to be called again at once, and the crowded lane waits its turn.
 */
const PARKED_AT_MOST = 500;
const PARKED_OF_ONE_LANE = 100;

/** So often one claim looks again at gates that have stirred under its hands. */
const ROUNDS_AT_MOST = 500;

/**
 * How many rows one query reads. In the text of the statement: SQLite plans a statement anew whenever a LIMIT that is a
 * parameter is bound, which takes longer than to run it.
 */
type PageSize = 1 | 8 | 64 | 512;

function pageFor(wanted: number): PageSize {
  if (wanted <= 1) return 1;
  if (wanted <= 8) return 8;
  return wanted <= 64 ? 64 : 512;
}

export interface Picked {
  rows: Row[];
  /** There is more to look at than one claim looks at. */
  mustLookAgain: boolean;
}

/**
 * Picks due jobs in the order of claiming, of which nothing is claimed yet. Lanes of one priority have one job each by
 * turns, the one that was served longest ago first. A lane in which nothing is to be had goes to sleep on the way, and a job
 * before a closed gate is parked; both are seen again only when that may have changed, which is what keeps a claim's cost
 * the same with a thousand full queues and a million waiting jobs.
 */
export function pickDueJobs(db: Database, keeper: Gatekeeper, { queues, limit, now }: ClaimRequest): Picked {
  const rows: Row[] = [];
  const walk: Walk = {
    db,
    keeper,
    now,
    parkedLeft: PARKED_AT_MOST,
    hasStirred: false,
    taken: new Set(),
    served: new Map(),
    crowded: new Map(),
  };
  let above = Number.MAX_SAFE_INTEGER;
  for (let rounds = 0; rows.length < limit; ) {
    const priority = nextPriority(db, queues, above);
    if (priority !== null) {
      takeTurns(walk, awakeLanes(db, queues, priority, pageFor(limit)), { rows, limit });
      above = priority;
    }
    if (priority !== null && !walk.hasStirred) continue;
    walk.hasStirred = false;
    // Who is let go now may come before all that are left: from the highest priority again.
    const isOpened = walk.parkedLeft > 0 && rounds < ROUNDS_AT_MOST && openStirredGates(db, keeper);
    rounds += 1;
    if (isOpened) above = Number.MAX_SAFE_INTEGER;
    else if (priority === null) break;
  }
  sendBack(db, walk.crowded.values());
  return { rows, mustLookAgain: walk.crowded.size > 0 || walk.parkedLeft <= 0 || isStirred(db, keeper) };
}

interface Walk {
  db: Database;
  keeper: Gatekeeper;
  now: number;
  parkedLeft: number;
  /** A parked job made room at its other gate. */
  hasStirred: boolean;
  /** Jobs that were picked. */
  taken: Set<number>;
  /** Lanes that something was picked from, and when. */
  served: Map<string, number>;
  /** Lanes of which more would have to be parked than one claim does. */
  crowded: Map<string, Lane>;
}

/** One job from each lane, then a second from each, and so on; those that had one in an earlier round come after the others. */
function takeTurns(walk: Walk, fresh: Iterator<Lane>, { rows, limit }: { rows: Row[]; limit: number }): void {
  const again: { servedAt: number; reader: LaneReader }[] = [];
  const served: LaneReader[] = [];
  while (rows.length < limit) {
    const lane = fresh.next();
    const servedAt = lane.done ? undefined : walk.served.get(keyOf(lane.value));
    if (!lane.done && servedAt !== undefined) {
      again.push({ servedAt, reader: new LaneReader(walk, lane.value) });
      continue;
    }
    if (lane.done && again.length > 0)
      served.unshift(
        ...again
          .splice(0)
          .sort((a, b) => a.servedAt - b.servedAt)
          .map(({ reader }) => reader),
      );
    const reader = lane.done ? served.shift() : new LaneReader(walk, lane.value);
    if (reader === undefined) return;
    const row = reader.next(limit - rows.length);
    if (row === null) continue;
    rows.push(row);
    walk.taken.add(row["seq"] as number);
    walk.served.set(reader.key, rows.length);
    served.push(reader);
  }
}

function keyOf({ queue, priority }: Pick<Lane, "queue" | "priority">): string {
  return `${priority}/${queue}`;
}

/** Behind all that were served so far. */
function sendBack(db: Database, lanes: Iterable<Lane>): void {
  const send = db.prepare(`
    UPDATE lanes SET turn = coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'executions'), 0)
    WHERE queue = ? AND priority = ?`);
  for (const { queue, priority } of lanes) send.run(queue, priority);
}

/** True when a gate with room has been left stirred: more is parked there than is let go at once. */
function isStirred(db: Database, keeper: Gatekeeper): boolean {
  const gates = db
    .prepare("SELECT scope, name FROM gates INDEXED BY gates_stirred WHERE stirred = 1")
    .all() as unknown as { scope: GateScope; name: string }[];
  return gates.some(({ scope, name }) => keeper.judge(scope, name) === null);
}

interface Lane {
  queue: string;
  priority: number;
  turn: number;
}

function nextPriority(db: Database, queues: readonly string[] | null, below: number): number | null {
  const row =
    queues === null
      ? db
          .prepare(
            "SELECT max(priority) AS priority FROM lanes INDEXED BY lanes_awake WHERE asleep_until IS NULL AND priority < ?",
          )
          .get(below)
      : db
          .prepare(`
            SELECT max(priority) AS priority FROM lanes
            WHERE queue IN (SELECT value FROM json_each(?)) AND asleep_until IS NULL AND priority < ?`)
          .get(JSON.stringify(queues), below);
  return (row?.["priority"] as number | null | undefined) ?? null;
}

/** Of one priority, by turn; those of the same turn were never served, and go by name. */
function* awakeLanes(
  db: Database,
  queues: readonly string[] | null,
  priority: number,
  page: PageSize,
): Generator<Lane, void, undefined> {
  if (queues !== null) {
    const rows = db
      .prepare(`
        SELECT queue, turn FROM lanes
        WHERE queue IN (SELECT value FROM json_each(?)) AND priority = ? AND asleep_until IS NULL ORDER BY turn, queue`)
      .all(JSON.stringify(queues), priority);
    for (const row of rows) yield { queue: row["queue"] as string, priority, turn: row["turn"] as number };
    return;
  }
  let after = { turn: -1, queue: "" };
  for (;;) {
    const rows = db
      .prepare(`
        SELECT queue, turn FROM lanes INDEXED BY lanes_awake
        WHERE asleep_until IS NULL AND priority = ? AND (turn, queue) > (?, ?) ORDER BY turn, queue LIMIT ${page}`)
      .all(priority, after.turn, after.queue) as unknown as { turn: number; queue: string }[];
    for (const { queue, turn } of rows) yield { queue, priority, turn };
    const last = rows.at(-1);
    if (last === undefined || rows.length < page) return;
    after = last;
  }
}

/** Hands out a lane's due jobs one by one, as far as gates let them pass. */
class LaneReader {
  readonly #walk: Walk;
  readonly #lane: Lane;
  #page: Row[] = [];
  #after = { dueAt: Number.MIN_SAFE_INTEGER, seq: 0 };
  #isAtEnd = false;
  #parked = 0;

  constructor(walk: Walk, lane: Lane) {
    this.#walk = walk;
    this.#lane = lane;
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
      return this.#sleep(closure.kind === "pace" ? closure.opensAt : UNTIL_STIRRED, true);
    }
    for (let row = this.#read(wanted); row !== undefined; row = this.#read(wanted)) {
      if (this.#isTurnedAway(row)) continue;
      keeper.pass(row);
      return row;
    }
    return this.#isCrowded() ? null : this.#sleep(this.#nextDueAt(), false);
  }

  #isCrowded(): boolean {
    const { parkedLeft, crowded } = this.#walk;
    if (parkedLeft > 0 && this.#parked < PARKED_OF_ONE_LANE && !crowded.has(this.key)) return false;
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
   * that has expired, of which there may be more than a claim ends beforehand.
   */
  #isTurnedAway(row: Row): boolean {
    const { db, keeper, now } = this.#walk;
    if (isExpired(toExpiring(row), now)) {
      endExpired(db, row, now);
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
    this.#walk.parkedLeft -= 1;
  }

  #nextDueAt(): number {
    const { queue, priority } = this.#lane;
    const row = this.#walk.db.prepare(UPCOMING).get(queue, priority, this.#walk.now);
    return (row?.["due_at"] as number | null | undefined) ?? UNTIL_STIRRED;
  }

  #sleep(until: number, isHeldBack: boolean): null {
    const { queue, priority } = this.#lane;
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
const dueJobs = (size: PageSize) =>
  `SELECT ${JOB_COLUMNS} FROM ${CLAIMABLE} AND due_at <= ? AND (due_at, seq) > (?, ?) ORDER BY due_at, seq LIMIT ${size}`;
const DUE: Readonly<Record<PageSize, string>> = {
  1: dueJobs(1),
  8: dueJobs(8),
  64: dueJobs(64),
  512: dueJobs(512),
};
const UPCOMING = `SELECT min(due_at) AS due_at FROM ${CLAIMABLE} AND due_at > ?`;

/** Wakes the lanes whose time has come. Asked first: an UPDATE that finds nothing costs several times as much. */
export function wakeDueLanes(db: Database, now: number): void {
  const next = nextWaking(db, null);
  if (next === null || next > now) return;
  db.prepare("UPDATE lanes SET asleep_until = NULL, held_back = 0 WHERE asleep_until <= ?").run(now);
}

/** For jobs that were picked but not claimed: what went to sleep or was parked on their account is looked at anew. */
export function stirBehind(db: Database, rows: readonly Row[]): void {
  const wake = db.prepare(
    "UPDATE lanes SET asleep_until = NULL, held_back = 0 WHERE queue = ? AND (held_back = 1 OR priority = ?)",
  );
  const stir = db.prepare("UPDATE gates SET stirred = 1 WHERE scope = ? AND name = ?");
  for (const row of rows) {
    wake.run(row["queue"] as string, row["priority"] as number);
    for (const gate of gatesOfRow(row)) stir.run(...gate);
  }
}

/** A lane's turn is its newest claim: whoever was not served now comes first the next time. */
export function noteTurns(db: Database, claims: readonly Claim[]): void {
  const note = db.prepare("UPDATE lanes SET turn = ? WHERE queue = ? AND priority = ?");
  const newest = new Map(claims.map(({ job, token }) => [`${job.priority}/${job.queue}`, { job, token }]));
  for (const { job, token } of newest.values()) note.run(token, job.queue, job.priority);
}

/** When the first of the sleeping lanes wakes by itself; null when none does. */
export function nextWaking(db: Database, queues: readonly string[] | null): number | null {
  const row =
    queues === null
      ? db
          .prepare(
            "SELECT min(asleep_until) AS at FROM lanes INDEXED BY lanes_asleep WHERE asleep_until IS NOT NULL",
          )
          .get()
      : db
          .prepare(
            "SELECT min(asleep_until) AS at FROM lanes WHERE queue IN (SELECT value FROM json_each(?)) AND asleep_until IS NOT NULL",
          )
          .get(JSON.stringify(queues));
  const at = (row?.["at"] as number | null | undefined) ?? UNTIL_STIRRED;
  return at === UNTIL_STIRRED ? null : at;
}
