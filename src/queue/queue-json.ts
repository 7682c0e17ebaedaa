import { type Closure, type GateState, judgeGate } from "../domain/gate.ts";
import type { JobState } from "../domain/job.ts";
import { formatRate } from "../domain/rate.ts";
import type { QueueRecord } from "../store/store.ts";

/** A queue as every `--json` answer shows it. Stable. */
export interface QueueJson {
  name: string;
  state: GateState;
  /** Why nothing of it starts now; null when the next job may. */
  closed: Closure["kind"] | null;
  running: number;
  concurrency: number | null;
  rate: string | null;
  /** When its rate lets the next one start. */
  opens_at: string | null;
  counts: Readonly<Record<JobState, number>>;
}

export function toQueueJson({ gate, counts }: QueueRecord, now: number): QueueJson {
  const { name, state, running, maxRunning, rate } = gate;
  const closure = judgeGate(gate, now);
  return {
    name,
    state,
    closed: closure?.kind ?? null,
    running,
    concurrency: maxRunning,
    rate: rate && formatRate(rate),
    opens_at: closure?.kind === "pace" ? new Date(closure.opensAt).toISOString() : null,
    counts,
  };
}
