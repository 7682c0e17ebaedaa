import type { Claim } from "../store.ts";
import type { Database } from "./database.ts";
import { gatesOfRow } from "./gates.ts";
import type { Row } from "./rows.ts";

/** Asleep until something stirs it: a job is added or given back, or its queue's gate opens. */
export const UNTIL_STIRRED: number = Number.MAX_SAFE_INTEGER;

/**
 * How many rows one query reads. In the text of the statement: SQLite plans a statement anew whenever a LIMIT that is a
 * parameter is bound, which takes longer than to run it.
 */
export type PageSize = 1 | 8 | 64 | 512;

/** A text for each size, made once: what is put together at each call would be hashed at each call, too. */
export function forEachPage(textOf: (page: PageSize) => string): Readonly<Record<PageSize, string>> {
  return { 1: textOf(1), 8: textOf(8), 64: textOf(64), 512: textOf(512) };
}

export function pageFor(wanted: number): PageSize {
  if (wanted <= 1) return 1;
  if (wanted <= 8) return 8;
  return wanted <= 64 ? 64 : 512;
}

export interface Lane {
  queue: string;
  priority: number;
  turn: number;
  /** Something is set of its queue. */
  isGated: boolean;
}

export function keyOf({ queue, priority }: Pick<Lane, "queue" | "priority">): string {
  return `${priority}/${queue}`;
}

/** Behind all that were served so far. */
export function sendBack(db: Database, lanes: Iterable<Lane>): void {
  const send = db.prepare(`
    UPDATE lanes SET turn = coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'executions'), 0)
    WHERE queue = ? AND priority = ?`);
  for (const { queue, priority } of lanes) send.run(queue, priority);
}

/** The lanes of one priority that are awake. */
export interface Level {
  priority: number;
  /** By turn; those of the same turn were never served, and go by name. */
  lanes: Iterator<Lane>;
}

/** The highest priority below another in which lanes are awake, of some queues or of all; null when there is none. */
export function nextLevel(
  db: Database,
  { queues, below, page }: { queues: readonly string[] | null; below: number; page: PageSize },
): Level | null {
  const rows =
    queues === null
      ? db.prepare(HIGHEST[page]).all(below)
      : db.prepare(HIGHEST_SERVED).all({ queues: JSON.stringify(queues), below });
  const [first] = rows;
  if (first === undefined) return null;
  const priority = first["priority"] as number;
  const lanes = rows.filter((row) => row["priority"] === priority).map(toLane);
  return { priority, lanes: queues === null ? readOn(db, lanes, page) : lanes.values() };
}

function* readOn(db: Database, first: Lane[], page: PageSize): Generator<Lane, void, undefined> {
  let lanes = first;
  for (;;) {
    yield* lanes;
    const last = lanes.at(-1);
    if (last === undefined || lanes.length < page) return;
    lanes = db.prepare(FOLLOWING[page]).all(last.priority, last.turn, last.queue).map(toLane);
  }
}

function toLane(row: Row): Lane {
  return {
    queue: row["queue"] as string,
    priority: row["priority"] as number,
    turn: row["turn"] as number,
    isGated: row["is_gated"] === 1,
  };
}

const LANE_COLUMNS = `queue, priority, turn,
  EXISTS (SELECT 1 FROM gates WHERE scope = 'queue' AND name = lanes.queue) AS is_gated`;
const AWAKE = `SELECT ${LANE_COLUMNS} FROM lanes INDEXED BY lanes_awake WHERE asleep_until IS NULL`;
const HIGHEST = forEachPage(
  (page) => `${AWAKE} AND priority < ? ORDER BY priority DESC, turn, queue LIMIT ${page}`,
);
const FOLLOWING = forEachPage(
  (page) => `${AWAKE} AND priority = ? AND (turn, queue) > (?, ?) ORDER BY turn, queue LIMIT ${page}`,
);
/** The highest of each queue by a seek: a walk through all its lanes would grow with the priorities in use. */
const HIGHEST_SERVED = `
  SELECT ${LANE_COLUMNS} FROM lanes
  WHERE queue IN (SELECT value FROM json_each(:queues)) AND asleep_until IS NULL AND priority = (
    SELECT max((SELECT max(priority) FROM lanes INDEXED BY lanes_awake_by_queue
                WHERE asleep_until IS NULL AND queue = served.value AND priority < :below))
    FROM json_each(:queues) AS served)
  ORDER BY turn, queue`;

/** Wakes the lanes whose time has come. */
export function wakeDueLanes(db: Database, now: number): void {
  db.prepare("UPDATE lanes SET asleep_until = NULL, held_back = 0 WHERE asleep_until <= ?").run(now);
}

export function wakeLane(db: Database, queue: string, priority: number): void {
  db.prepare("UPDATE lanes SET asleep_until = NULL, held_back = 0 WHERE queue = ? AND priority = ?").run(
    queue,
    priority,
  );
}

/** For jobs that were picked but not claimed: what went to sleep or was parked on their account is looked at anew. */
export function stirBehind(db: Database, picked: readonly Row[], claimed: readonly Row[]): void {
  const stir = db.prepare("UPDATE gates SET stirred = 1 WHERE scope = ? AND name = ?");
  for (const row of picked.filter((one) => !claimed.includes(one))) {
    wakeLane(db, row["queue"] as string, row["priority"] as number);
    stir.run("queue", row["queue"] as string);
    for (const gate of gatesOfRow(row)) stir.run(...gate);
  }
}

/** A lane's turn is its newest claim: whoever was not served now comes first the next time. */
export function noteTurns(db: Database, claims: readonly Claim[]): void {
  const note = db.prepare("UPDATE lanes SET turn = ? WHERE queue = ? AND priority = ?");
  const newest = new Map(claims.map(({ job, token }) => [`${job.priority}/${job.queue}`, { job, token }]));
  for (const { job, token } of newest.values()) note.run(token, job.queue, job.priority);
}

/** When the first of the sleeping lanes wakes by itself, or is let go on by its queue's rate; null when none does. */
export function nextWaking(db: Database, queues: readonly string[] | null): number | null {
  const row =
    queues === null ? db.prepare(WAKING).get() : db.prepare(WAKING_SERVED).get(JSON.stringify(queues));
  const at = (row?.["at"] as number | null | undefined) ?? UNTIL_STIRRED;
  return at === UNTIL_STIRRED ? null : at;
}

const WAKING = `
  SELECT min(at) AS at FROM (
    SELECT min(asleep_until) AS at FROM lanes INDEXED BY lanes_asleep WHERE asleep_until IS NOT NULL
    UNION ALL
    SELECT min(opens_at) FROM gates INDEXED BY gates_opening WHERE opens_at IS NOT NULL)`;
const WAKING_SERVED = `
  SELECT min(min(
      coalesce((SELECT min(asleep_until) FROM lanes INDEXED BY lanes_asleep_by_queue
                WHERE asleep_until IS NOT NULL AND queue = served.value), ${UNTIL_STIRRED}),
      coalesce((SELECT opens_at FROM gates WHERE scope = 'queue' AND name = served.value), ${UNTIL_STIRRED}))) AS at
  FROM json_each(?) AS served`;
