import { type Closure, judgeGate } from "../domain/gate.ts";
import type { KeyRecord } from "../store/store.ts";

/** A key as every `--json` answer shows it. Stable. */
export interface KeyJson {
  name: string;
  /** Why nothing of it starts now; null when the next job may. */
  closed: Closure["kind"] | null;
  running: number;
  limit: number | null;
  waiting: number;
}

export function toKeyJson({ gate, waiting }: KeyRecord, now: number): KeyJson {
  const { name, running, maxRunning } = gate;
  return { name, closed: judgeGate(gate, now)?.kind ?? null, running, limit: maxRunning, waiting };
}
