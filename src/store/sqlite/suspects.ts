import { serves } from "../../domain/serves.ts";
import { mustMakeRoom } from "../../domain/suspect.ts";
import type { ClaimRequest } from "../store.ts";
import type { Database } from "./database.ts";
import { type Gatekeeper, gatesOfRow } from "./gates.ts";
import { hasGivenUp } from "./give-up.ts";
import { JOB_COLUMNS, type Row, readJson } from "./rows.ts";

/**
 * What this worker gets when a suspect is due: what comes before it; then it alone, or the rest, or room for it.
 * `isAll`: it gets nothing more before something of it has ended.
 */
export function inTurn(
  db: Database,
  suspect: Row,
  others: readonly Row[],
  { worker, limit }: ClaimRequest,
): { rows: readonly Row[]; isAll: boolean } {
  const before = others.filter((row) => compareInOrder(row, suspect) < 0);
  if (before.length === limit) return { rows: others, isAll: false };
  const held = countHeld(db);
  const own = (held.get(worker) ?? 0) + before.length;
  if (own === 0) return { rows: [suspect], isAll: true };
  const rivals = listServing(db, suspect["queue"] as string).filter((id) => id !== worker);
  const isEmptiest = mustMakeRoom(
    { id: worker, held: own },
    rivals.map((id) => ({ id, held: held.get(id) ?? 0 })),
  );
  return isEmptiest ? { rows: before, isAll: true } : { rows: others, isAll: false };
}

/** How many jobs each worker holds. Reads the rows of what runs; done only when a suspect waits. */
function countHeld(db: Database): ReadonlyMap<string, number> {
  const rows = db
    .prepare("SELECT worker, count(*) AS held FROM jobs WHERE state = 'processing' GROUP BY worker")
    .all();
  return new Map(rows.map((row) => [row["worker"] as string, row["held"] as number]));
}

/** The running workers that serve a queue. */
function listServing(db: Database, queue: string): string[] {
  const rows = db.prepare("SELECT id, queues FROM workers WHERE state = 'running'").all() as Row[];
  return rows
    .filter((row) => serves(readJson<string[] | null>(row, "queues"), queue))
    .map((row) => row["id"] as string);
}

export interface FoundSuspect {
  row: Row | null;
  nextDueAt: number | null;
}

export const NO_SUSPECT: FoundSuspect = { row: null, nextDueAt: null };

/** The first suspect that may start now, and when the next of the others is due. */
export function findSuspect(db: Database, keeper: Gatekeeper, { queues, now }: ClaimRequest): FoundSuspect {
  const found = [...(queues ?? suspectQueues(db))].map((queue) => firstSuspect(db, keeper, queue, now));
  const rows = found.flatMap(({ row }) => (row === null ? [] : [row]));
  return {
    row: rows.sort(compareInOrder)[0] ?? null,
    nextDueAt: earliest(found.map(({ nextDueAt }) => nextDueAt)),
  };
}

/** Name by name: of a queue that is closed not one row is read. */
function* suspectQueues(db: Database): Generator<string, void, undefined> {
  const after = db.prepare(`SELECT min(queue) AS queue FROM ${SUSPECTS} AND queue > ?`);
  for (let queue = ""; ; ) {
    const next = after.get(queue)?.["queue"];
    if (typeof next !== "string") return;
    queue = next;
    yield queue;
  }
}

function firstSuspect(db: Database, keeper: Gatekeeper, queue: string, now: number): FoundSuspect {
  const next = db
    .prepare(`SELECT min(due_at) AS due_at FROM ${SUSPECTS_OF_QUEUE} AND due_at > ?`)
    .get(queue, now);
  const opensAt: (number | null)[] = [(next?.["due_at"] as number | null | undefined) ?? null];
  const closure = keeper.judge("queue", queue);
  if (closure !== null && closure.kind !== "pace") return { row: null, nextDueAt: earliest(opensAt) };
  // Row by row: as a rule the first one may pass.
  const rows = db
    .prepare(`
      SELECT seq, limit_key, group_id FROM ${SUSPECTS_OF_QUEUE} AND due_at <= ? ORDER BY priority DESC, due_at, seq`)
    .iterate(queue, now);
  for (const row of rows) {
    if (closure !== null) return { row: null, nextDueAt: earliest([...opensAt, closure.opensAt]) };
    if (gatesOfRow(row).some(([scope, name]) => keeper.judge(scope, name) !== null)) continue;
    if (hasGivenUp(db, row["group_id"] as string | null)) continue;
    const whole = db.prepare(`SELECT ${JOB_COLUMNS} FROM jobs WHERE seq = ?`).get(row["seq"] as number);
    return { row: whole ?? null, nextDueAt: earliest(opensAt) };
  }
  return { row: null, nextDueAt: earliest(opensAt) };
}

const SUSPECTS = `jobs INDEXED BY jobs_suspect_by_queue
  WHERE state IN ('pending', 'failed') AND suspicion IS NOT NULL`;
const SUSPECTS_OF_QUEUE = `${SUSPECTS} AND queue = ?`;

/** Higher priority, then earlier due time, then arrival. */
function compareInOrder(a: Row, b: Row): number {
  const by = (name: string, x: Row, y: Row) => (x[name] as number) - (y[name] as number);
  return by("priority", b, a) || by("due_at", a, b) || by("seq", a, b);
}

export function earliest(instants: readonly (number | null)[]): number | null {
  return instants.reduce((first, at) => (first === null || (at !== null && at < first) ? at : first), null);
}
