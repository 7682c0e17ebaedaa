import type { Closure } from "../../domain/gate.ts";
import { serves } from "../../domain/serves.ts";
import { mustMakeRoom } from "../../domain/suspect.ts";
import type { ClaimRequest } from "../store.ts";
import type { Database } from "./database.ts";
import { type Gatekeeper, gatesOfRow } from "./gates.ts";
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
  const found = (queues ?? [null]).map((queue) => firstSuspect(db, keeper, queue, now));
  const rows = found.flatMap(({ row }) => (row === null ? [] : [row]));
  return {
    row: rows.sort(compareInOrder)[0] ?? null,
    nextDueAt: earliest(found.map(({ nextDueAt }) => nextDueAt)),
  };
}

function firstSuspect(db: Database, keeper: Gatekeeper, queue: string | null, now: number): FoundSuspect {
  const lane = queue === null ? [] : [queue];
  const from = queue === null ? SUSPECTS : SUSPECTS_OF_QUEUE;
  // Row by row: as a rule the first one may pass.
  const rows = db
    .prepare(`SELECT ${JOB_COLUMNS} FROM ${from} AND due_at <= ? ORDER BY priority DESC, due_at, seq`)
    .iterate(...lane, now);
  const next = db.prepare(`SELECT min(due_at) AS due_at FROM ${from} AND due_at > ?`).get(...lane, now);
  const nextDueAt = (next?.["due_at"] as number | null | undefined) ?? null;
  const opensAt: (number | null)[] = [];
  for (const row of rows) {
    const closures = closuresOf(keeper, row);
    if (closures.length === 0) return { row, nextDueAt };
    opensAt.push(...closures.map((closure) => (closure.kind === "pace" ? closure.opensAt : null)));
  }
  return { row: null, nextDueAt: earliest([nextDueAt, ...opensAt]) };
}

const SUSPECTS =
  "jobs INDEXED BY jobs_suspect WHERE state IN ('pending', 'failed') AND suspicion IS NOT NULL";
const SUSPECTS_OF_QUEUE =
  "jobs INDEXED BY jobs_suspect_by_queue WHERE state IN ('pending', 'failed') AND suspicion IS NOT NULL AND queue = ?";

function closuresOf(keeper: Gatekeeper, row: Row): Closure[] {
  const gates = [["queue", row["queue"] as string] as const, ...gatesOfRow(row)];
  return gates.flatMap(([scope, name]) => keeper.judge(scope, name) ?? []);
}

/** Higher priority, then earlier due time, then arrival. */
function compareInOrder(a: Row, b: Row): number {
  const by = (name: string, x: Row, y: Row) => (x[name] as number) - (y[name] as number);
  return by("priority", b, a) || by("due_at", a, b) || by("seq", a, b);
}

export function earliest(instants: readonly (number | null)[]): number | null {
  return instants.reduce((first, at) => (first === null || (at !== null && at < first) ? at : first), null);
}
