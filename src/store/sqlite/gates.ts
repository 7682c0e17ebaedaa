import {
  type Closure,
  type Gate,
  type GateScope,
  judgeGate,
  openGate,
  type Rate,
} from "../../domain/gate.ts";
import type { Database } from "./database.ts";
import type { Row } from "./rows.ts";

const GATE_COLUMNS = "scope, name, state, max_running, running, rate_starts, rate_period_ms, started";

/** A gate as it stands; what nobody has set is open. */
export function readGate(db: Database, scope: GateScope, name: string): Gate {
  const row = db.prepare(`SELECT ${GATE_COLUMNS} FROM gates WHERE scope = ? AND name = ?`).get(scope, name);
  return row ? toGate(db, row) : openGate(scope, name);
}

function toGate(db: Database, row: Row): Gate {
  const name = row["name"] as string;
  const starts = row["rate_starts"] as number | null;
  return {
    scope: row["scope"] as GateScope,
    name,
    state: row["state"] as Gate["state"],
    maxRunning: row["max_running"] as number | null,
    running: row["running"] as number,
    rate: starts === null ? null : { starts, periodMs: row["rate_period_ms"] as number },
    paceStartAt: starts === null ? null : paceStartAt(db, name, (row["started"] as number) + 1 - starts),
  };
}

/** When a queue's start of this number was; null when it is none that matters any more, or ever was. */
function paceStartAt(db: Database, queue: string, number: number): number | null {
  const row = db.prepare("SELECT at FROM gate_starts WHERE queue = ? AND number = ?").get(queue, number);
  return row ? (row["at"] as number) : null;
}

/** The gates that a job must pass besides its queue's, as they are written in `parked_by`. */
export function gatesOfRow(row: Row): [GateScope, string][] {
  const { limit_key: key, group_id: group } = row as { limit_key: string | null; group_id: string | null };
  return [
    ...(key === null ? [] : [["key", key] satisfies [GateScope, string]]),
    ...(group === null ? [] : [["group", group] satisfies [GateScope, string]]),
  ];
}

/**
 * Lets jobs of one claim pass: it counts those that it has let through, which no row shows yet. Lives no longer than the
 * transaction of the claim, so that nobody else passes meanwhile.
 */
export class Gatekeeper {
  readonly #db: Database;
  readonly #now: number;
  readonly #gates = new Map<string, { gate: Gate; passed: number }>();

  constructor(db: Database, now: number) {
    this.#db = db;
    this.#now = now;
  }

  /** Why the next job may not pass; null when it may. */
  judge(scope: GateScope, name: string): Closure | null {
    return judgeGate(this.#load(scope, name).gate, this.#now);
  }

  /** Spares the look at a gate of which nothing is set, as the caller knows. */
  knowOpen(scope: GateScope, name: string): void {
    this.#gates.set(`${scope}:${name}`, { gate: openGate(scope, name), passed: 0 });
  }

  /** No more than so many may start behind a gate now, besides those that this claim has let through. */
  roomBehind(scope: GateScope, name: string): number {
    const { maxRunning, running, rate } = this.#load(scope, name).gate;
    const places = maxRunning === null ? Number.POSITIVE_INFINITY : Math.max(0, maxRunning - running);
    return rate === null ? places : Math.min(places, rate.starts);
  }

  /** Whether the starts of a queue's jobs must be noted. */
  isPaced(queue: string): boolean {
    return this.#load("queue", queue).gate.rate !== null;
  }

  /** Counts a job that passes all its gates. */
  pass(row: Row): void {
    for (const [scope, name] of [["queue", row["queue"] as string] as const, ...gatesOfRow(row)]) {
      const known = this.#load(scope, name);
      known.passed += 1;
      known.gate.running += 1;
      if (known.gate.rate !== null)
        known.gate.paceStartAt = this.#paceStartAt(name, known.gate.rate, known.passed);
    }
  }

  #load(scope: GateScope, name: string): { gate: Gate; passed: number } {
    const key = `${scope}:${name}`;
    let known = this.#gates.get(key);
    if (!known) {
      known = { gate: readGate(this.#db, scope, name), passed: 0 };
      this.#gates.set(key, known);
    }
    return known;
  }

  /** As it will be once those that have passed are recorded as starts of now. */
  #paceStartAt(queue: string, { starts }: Rate, passed: number): number | null {
    const row = this.#db.prepare("SELECT started FROM gates WHERE scope = 'queue' AND name = ?").get(queue);
    const started = (row?.["started"] as number | undefined) ?? 0;
    const number = started + passed + 1 - starts;
    return number > started ? this.#now : paceStartAt(this.#db, queue, number);
  }
}

/**
 * Gives a key another limit; null for none. Its gate is there with its first job, and a trigger stirs it.
 * @returns false when there is no such key
 */
export function setKeyLimit(db: Database, key: string, limit: number | null): boolean {
  const { changes } = db
    .prepare("UPDATE gates SET max_running = ? WHERE scope = 'key' AND name = ?")
    .run(limit, key);
  return changes === 1;
}

/** Ids of jobs that run behind a gate. */
export function holdersOf(db: Database, { scope, name }: Pick<Gate, "scope" | "name">): string[] {
  const sql = {
    queue:
      "SELECT id FROM jobs INDEXED BY jobs_by_state WHERE state = 'processing' AND queue = ? ORDER BY seq LIMIT 5",
    key: "SELECT id FROM jobs WHERE limit_key = ? AND state = 'processing' ORDER BY seq LIMIT 5",
    group: "SELECT id FROM jobs WHERE group_id = ? AND state = 'processing' ORDER BY seq LIMIT 5",
  }[scope];
  return db
    .prepare(sql)
    .all(name)
    .map((row) => row["id"] as string);
}
