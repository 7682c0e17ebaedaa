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

export function pageFor(wanted: number): PageSize {
  if (wanted <= 1) return 1;
  if (wanted <= 8) return 8;
  return wanted <= 64 ? 64 : 512;
}

export interface Lane {
  queue: string;
  priority: number;
  turn: number;
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

export function nextPriority(db: Database, queues: readonly string[] | null, below: number): number | null {
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
export function* awakeLanes(
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
