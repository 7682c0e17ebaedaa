import type { GateScope } from "../../domain/gate.ts";
import type { Database } from "./database.ts";
import type { Gatekeeper } from "./gates.ts";

/**
 * Lets go on what waits at gates at which something has moved: the first in the order, about as many as there is room for.
 * @param keeper within a claim: it knows who has passed by then
 */
export function openStirredGates(db: Database, keeper?: Gatekeeper): boolean {
  const gates = db
    .prepare(`
      SELECT scope, name, max_running, running, unparked_to FROM gates INDEXED BY gates_stirred WHERE stirred = 1`)
    .all() as unknown as StirredGate[];
  let hasReleased = false;
  let hasRoom = false;
  for (const gate of gates) {
    const { scope, name, max_running: maxRunning } = gate;
    const running = keeper?.runningBehind(scope, name) ?? gate.running;
    const room = maxRunning === null ? UNPARKED_AT_ONCE : Math.min(UNPARKED_AT_ONCE, maxRunning - running);
    if (room > 0) hasRoom = true;
    if (room > 0 && scope !== "queue") {
      if (unpark(db, gate, room)) hasReleased = true;
      continue;
    }
    db.prepare("UPDATE gates SET stirred = 0 WHERE scope = ? AND name = ?").run(scope, name);
    if (room > 0 && wakeHeldBack(db, name)) hasReleased = true;
  }
  // A suspect is never parked: the room may be what it waits for. A claim asks for suspects by itself.
  return hasReleased || (hasRoom && keeper === undefined && isSuspectWaiting(db));
}

function isSuspectWaiting(db: Database): boolean {
  const row = db
    .prepare(`
      SELECT 1 FROM jobs INDEXED BY jobs_suspect WHERE state IN ('pending', 'failed') AND suspicion IS NOT NULL LIMIT 1`)
    .get();
  return row !== undefined;
}

interface StirredGate {
  scope: GateScope;
  name: string;
  max_running: number | null;
  running: number;
  unparked_to: string;
}

function wakeHeldBack(db: Database, queue: string): boolean {
  const { changes } = db
    .prepare("UPDATE lanes SET asleep_until = NULL, held_back = 0 WHERE queue = ? AND held_back = 1")
    .run(queue);
  return Number(changes) > 0;
}

/** So many parked jobs of one lane are let go at once, and so many lanes. */
const UNPARKED_AT_ONCE = 64;
const LANES_AT_ONCE = 4;

/**
 * Lets parked jobs go: of the lanes of the highest priority, some at a time and the next ones the next time; which of their
 * queues a worker serves, nobody knows here. As long as there is room and others are parked, the gate stays stirred, and
 * the claim comes again: a queue that is paused must not keep the others from the room there is. One too many is turned
 * away again.
 */
function unpark(db: Database, { scope, name, unparked_to: last }: StirredGate, room: number): boolean {
  const gate = `${scope}:${name}`;
  const lanes = parkedLanes(db, gate, last);
  const release = db.prepare(`
    UPDATE jobs SET parked_by = NULL
    WHERE seq IN (SELECT seq FROM ${PARKED} AND priority = ? AND queue = ? ORDER BY due_at, seq LIMIT ?)`);
  for (const { priority, queue } of lanes) release.run(gate, priority, queue, room);
  const isRest = db.prepare(`SELECT 1 FROM ${PARKED} LIMIT 1`).get(gate) !== undefined;
  db.prepare("UPDATE gates SET stirred = ?, unparked_to = ? WHERE scope = ? AND name = ?").run(
    isRest ? 1 : 0,
    lanes.at(-1)?.queue ?? "",
    scope,
    name,
  );
  return lanes.length > 0;
}

/** The next lanes in which jobs are parked at a gate: by priority, and of the highest those after a queue first. */
function parkedLanes(db: Database, gate: string, afterQueue: string): { priority: number; queue: string }[] {
  const lanes: { priority: number; queue: string }[] = [];
  let below = Number.MAX_SAFE_INTEGER;
  while (lanes.length < LANES_AT_ONCE) {
    const level = db
      .prepare(`SELECT max(priority) AS priority FROM ${PARKED} AND priority < ?`)
      .get(gate, below);
    const priority = (level?.["priority"] as number | null | undefined) ?? null;
    if (priority === null) break;
    // The first round goes on where the last one stopped, and then begins anew.
    const starts = lanes.length === 0 && afterQueue !== "" ? [afterQueue, ""] : [""];
    for (const start of starts) {
      let queue = start;
      while (lanes.length < LANES_AT_ONCE) {
        const next = db
          .prepare(`SELECT min(queue) AS queue FROM ${PARKED} AND priority = ? AND queue > ?`)
          .get(gate, priority, queue);
        if (typeof next?.["queue"] !== "string") break;
        queue = next["queue"];
        const name = queue;
        if (lanes.some((lane) => lane.priority === priority && lane.queue === name)) break;
        lanes.push({ priority, queue });
      }
    }
    below = priority;
  }
  return lanes;
}

const PARKED = `jobs INDEXED BY jobs_parked
  WHERE state IN ('pending', 'failed') AND parked_by IS NOT NULL AND parked_by = ?`;
