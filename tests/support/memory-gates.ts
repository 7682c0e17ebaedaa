import { type Gate, type GateScope, judgeGate, openGate } from "../../src/domain/gate.ts";
import type { Job } from "../../src/domain/job.ts";
import { boundForgotten } from "../../src/domain/rate.ts";
import type { QueueChange } from "../../src/store/store.ts";
import type { MemoryTruth, StoredJob } from "./memory-truth.ts";

/** What somebody has set of a gate; since its queue has a rate, how many started, and when the newest so many did. */
export type StoredGate = Omit<Gate, "running" | "paceStartAt"> & {
  started: number;
  startsKept: number;
  starts: readonly number[];
};

const NO_STARTS: Pick<StoredGate, "started" | "startsKept" | "starts"> = {
  started: 0,
  startsKept: 0,
  starts: [],
};

/**
 * A gate as it stands: nothing about it is kept that can be counted.
 * @param passing jobs that this very claim lets through at `now`
 */
export function readGate(
  truth: MemoryTruth,
  [scope, name]: [GateScope, string],
  { passing = [], now = 0 }: { passing?: readonly Job[]; now?: number } = {},
): Gate {
  const stored = truth.gates.get(keyOf(scope, name)) ?? { ...openGate(scope, name), ...NO_STARTS };
  const { starts, started: _, startsKept: __, ...set } = stored;
  const running = holdersOf(truth, [scope, name]).length;
  const allowed = passing.filter((job) => isBehind(job, [scope, name]));
  const allStarts = [...starts, ...allowed.map(() => now)];
  return {
    ...set,
    running: running + allowed.length,
    paceStartAt: set.rate === null ? null : (allStarts.at(-set.rate.starts) ?? null),
  };
}

/** The jobs that run behind a gate. */
export function holdersOf(truth: MemoryTruth, gate: [GateScope, string]): StoredJob[] {
  return truth.jobs.filter((job) => job.state === "processing" && isBehind(job, gate));
}

function isBehind(job: Job, [scope, name]: [GateScope, string]): boolean {
  return gatesOf(job).some((gate) => gate[0] === scope && gate[1] === name);
}

/** The gates that a job must pass, in the order in which they are told. */
export function gatesOf({ queue, key, group }: Job): [GateScope, string][] {
  return [
    ["queue", queue],
    ...(key === null ? [] : [["key", key] as [GateScope, string]]),
    ...(group === null ? [] : [["group", group.id] as [GateScope, string]]),
  ];
}

/** True when all gates of a job are open, for one more than those that this claim lets through already. */
export function mayPass(truth: MemoryTruth, job: Job, passing: readonly Job[], now: number): boolean {
  return gatesOf(job).every((gate) => judgeGate(readGate(truth, gate, { passing, now }), now) === null);
}

/** The gate that is set from now on, whether it was or not. */
export function gateToSet(truth: MemoryTruth, scope: GateScope, name: string): StoredGate {
  const key = keyOf(scope, name);
  const { running: _, paceStartAt: __, ...open } = openGate(scope, name);
  const gate = truth.gates.get(key) ?? { ...open, ...NO_STARTS };
  truth.gates.set(key, gate);
  return gate;
}

export function changeQueue(truth: MemoryTruth, name: string, change: QueueChange): void {
  const gate = gateToSet(truth, "queue", name);
  const was = gate.rate;
  Object.assign(gate, change);
  if (gate.rate === null) Object.assign(gate, NO_STARTS);
  else if (change.rate) {
    if (was !== null && gate.started > gate.startsKept)
      gate.starts = boundForgotten(gate.starts, was, Math.min(gate.rate.starts, gate.started));
    gate.startsKept = Math.max(gate.startsKept, gate.rate.starts);
  }
}

/** Counts a start for the rate of its queue, if it has one. */
export function recordStart(truth: MemoryTruth, { queue }: Job, now: number): void {
  const gate = truth.gates.get(keyOf("queue", queue));
  if (!gate?.rate) return;
  gate.started += 1;
  gate.starts = [...gate.starts, now].slice(-gate.startsKept);
}

function keyOf(scope: GateScope, name: string): string {
  return `${scope} ${name}`;
}
