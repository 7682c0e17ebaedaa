/**
 * Gates: what stands between a job that is due and its start. A job passes the gate of its queue, of its key and of its
 * group, as far as it has them. `judgeGate` is the one decision about each: the claim acts by it and `explain` tells it.
 */
export const GATE_SCOPES = ["queue", "key", "group"] as const;

export type GateScope = (typeof GATE_SCOPES)[number];

/** `paused`: nothing starts. `draining`: no job is added any more; what waits still runs. Only queues are ever not `open`. */
export type GateState = "open" | "paused" | "draining";

/** In no window of the period do more than so many executions start. */
export interface Rate {
  starts: number;
  periodMs: number;
}

export interface Gate {
  scope: GateScope;
  name: string;
  state: GateState;
  /** How many may run behind it at once, over all workers; null means no cap. */
  maxRunning: number | null;
  /** How many do. */
  running: number;
  rate: Rate | null;
  /** When that start was that a period must have passed since: the `rate.starts`-th newest. Null when there were fewer. */
  paceStartAt: number | null;
}

/** Why nothing passes a gate now. */
export type Closure =
  | { kind: "paused" }
  | { kind: "full"; running: number; maxRunning: number }
  | { kind: "pace"; opensAt: number; rate: Rate };

/** Why a gate is closed; null when the next job may pass. The first cause in this order counts: a person, room, pace. */
export function judgeGate(gate: Gate, now: number): Closure | null {
  const { state, running, maxRunning, rate, paceStartAt } = gate;
  if (state === "paused") return { kind: "paused" };
  if (maxRunning !== null && running >= maxRunning) return { kind: "full", running, maxRunning };
  const opensAt = rate === null || paceStartAt === null ? now : paceStartAt + rate.periodMs;
  if (rate !== null && opensAt > now) return { kind: "pace", opensAt, rate };
  return null;
}

/** A gate that nobody has set anything for: it is open. */
export function openGate(scope: GateScope, name: string): Gate {
  return { scope, name, state: "open", maxRunning: null, running: 0, rate: null, paceStartAt: null };
}
