import type { Job } from "../domain/job.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { Transition } from "../domain/transition.ts";
import type { RecoveredJob } from "../store/store.ts";

/** What a worker has to say, as data: the command line prints it, tests wait for it. */
export type WorkerEvent =
  | { kind: "started"; pid: number }
  | { kind: "polling" }
  | { kind: "claimed"; job: Job; number: number }
  | { kind: "finished"; job: Job; outcome: Outcome; transition: Transition; error: string | null }
  /** A result came after the claim was lost: it counts for nothing, and is noted with its execution. */
  | { kind: "stale_result"; job: Job; outcome: Outcome }
  /** Jobs were taken back; `deadWorker` null when their worker's row was gone. */
  | { kind: "recovered"; deadWorker: string | null; jobs: RecoveredJob[] }
  /** A member of its pool died, and another is started in its place. */
  | { kind: "replacing"; deadWorker: string }
  /** It was taken for dead, and goes on under a new id. */
  | { kind: "taken_for_dead"; newId: string }
  | { kind: "stopping"; running: number; graceMs: number | null }
  /** Something failed (the store, a setting); the worker keeps what it has and tries again. */
  | { kind: "trouble"; error: unknown }
  /** While it drains: nothing may start before then; null when only the end of other jobs can tell. `queue`: whose limit it is. */
  | { kind: "held_back"; queue: string | null; until: number | null }
  /** `waiting`: how many are left that no worker may start now. */
  | { kind: "drained"; waiting: number }
  | { kind: "stopped" };
