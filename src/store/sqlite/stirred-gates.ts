import type { GateScope } from "../../domain/gate.ts";
import type { Database } from "./database.ts";
import type { Gatekeeper } from "./gates.ts";
import { forEachPage, pageFor, wakeLane } from "./lanes.ts";

/**
 * Lets go on what waits at gates at which something has moved: the first in the order, about as many as there is room for.
 * @param keeper it knows who has passed by then, within a claim
 */
export function openStirredGates(db: Database, keeper: Gatekeeper): boolean {
  const gates = db
    .prepare("SELECT scope, name, unparked_to FROM gates INDEXED BY gates_stirred WHERE stirred = 1")
    .all() as unknown as StirredGate[];
  let hasReleased = false;
  for (const gate of gates) {
    if (gate.scope === "queue" ? wakeHeldBack(db, gate.name, keeper) : unparkAt(db, gate, keeper))
      hasReleased = true;
  }
  return hasReleased;
}

interface StirredGate {
  scope: GateScope;
  name: string;
  unparked_to: string;
}

/** When a rate lets its queue's lanes go on, of which one at least is held back or about to be. */
export function noteOpening(db: Database, queue: string, opensAt: number): void {
  db.prepare("UPDATE gates SET opens_at = ?1 WHERE scope = 'queue' AND name = ?2 AND opens_at IS NOT ?1").run(
    opensAt,
    queue,
  );
}

/** What a rate holds back no longer. */
export function stirOpening(db: Database, now: number): void {
  db.prepare("UPDATE gates SET stirred = 1, opens_at = NULL WHERE opens_at <= ?").run(now);
}

/**
 * Wakes lanes that a queue's gate holds back: of the highest priority, and no more than there is room for, as each has a due
 * job. As long as there is room and others are held back, the gate stays stirred.
 */
function wakeHeldBack(db: Database, queue: string, keeper: Gatekeeper): boolean {
  const closure = keeper.judge("queue", queue);
  const room = closure === null ? Math.min(LET_GO_AT_ONCE, keeper.roomBehind("queue", queue)) : 0;
  const lanes = db.prepare(HELD_BACK[pageFor(room + 1)]).all(queue);
  for (const { priority } of lanes.slice(0, room)) wakeLane(db, queue, priority as number);
  if (closure?.kind === "pace" && lanes.length > 0) noteOpening(db, queue, closure.opensAt);
  if (room === 0 || lanes.length <= room)
    db.prepare("UPDATE gates SET stirred = 0 WHERE scope = 'queue' AND name = ?").run(queue);
  return room > 0 && lanes.length > 0;
}

const HELD_BACK = forEachPage(
  (page) => `
    SELECT priority FROM lanes INDEXED BY lanes_held_back
    WHERE held_back = 1 AND queue = ? ORDER BY priority DESC LIMIT ${page}`,
);

/**
 * So many lanes of a queue, or parked jobs of one lane, are let go at once (one less than a page, which so tells whether
 * there are more); and parked ones of so many lanes.
 */
const LET_GO_AT_ONCE = 63;
const LANES_AT_ONCE = 4;

/**
 * Lets parked jobs go: of the lanes of the highest priority, some at a time and the next ones the next time; which of their
 * queues a worker serves, nobody knows here. As long as there is room and others are parked, the gate stays stirred, and
 * the claim comes again: a queue that is paused must not keep the others from the room there is. One too many is turned
 * away again.
 */
function unparkAt(
  db: Database,
  { scope, name, unparked_to: last }: StirredGate,
  keeper: Gatekeeper,
): boolean {
  const gate = `${scope}:${name}`;
  const room = Math.min(LET_GO_AT_ONCE, keeper.roomBehind(scope, name));
  const lanes = room > 0 ? parkedLanes(db, gate, last) : [];
  const release = db.prepare("UPDATE jobs SET parked_by = NULL WHERE seq = ?");
  for (const { priority, queue } of lanes) {
    const jobs = db.prepare(PARKED_OF_LANE[pageFor(room)]).all(gate, priority, queue);
    for (const { seq } of jobs.slice(0, room)) release.run(seq as number);
  }
  const isRest = room > 0 && db.prepare(ANY_PARKED).get(gate) !== undefined;
  db.prepare("UPDATE gates SET stirred = ?, unparked_to = ? WHERE scope = ? AND name = ?").run(
    isRest ? 1 : 0,
    lanes.at(-1)?.queue ?? (room > 0 ? "" : last),
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
    const level = db.prepare(HIGHEST_PARKED).get(gate, below);
    const priority = (level?.["priority"] as number | null | undefined) ?? null;
    if (priority === null) break;
    // The first round goes on where the last one stopped, and then begins anew.
    const starts = lanes.length === 0 && afterQueue !== "" ? [afterQueue, ""] : [""];
    for (const start of starts) {
      let queue = start;
      while (lanes.length < LANES_AT_ONCE) {
        const next = db.prepare(NEXT_PARKED).get(gate, priority, queue);
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
const ANY_PARKED = `SELECT 1 FROM ${PARKED} LIMIT 1`;
const HIGHEST_PARKED = `SELECT max(priority) AS priority FROM ${PARKED} AND priority < ?`;
const NEXT_PARKED = `SELECT min(queue) AS queue FROM ${PARKED} AND priority = ? AND queue > ?`;
const PARKED_OF_LANE = forEachPage(
  (page) => `SELECT seq FROM ${PARKED} AND priority = ? AND queue = ? ORDER BY due_at, seq LIMIT ${page}`,
);
