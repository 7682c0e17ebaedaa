import { hostname } from "node:os";
import { randomId } from "../domain/id.ts";
import type { WorkerSettings } from "../domain/worker-settings.ts";
import type { Store } from "../store/store.ts";
import type { WorkerEvent as InnerEvent } from "../worker/events.ts";
import type { SchedulePlanner } from "../worker/fire-schedules.ts";
import { identifySelf } from "../worker/process-identity.ts";
import type { RunClaim } from "../worker/run-claim.ts";
import { Worker } from "../worker/supervisor.ts";
import { checkOptions, millisecondsOrNull, type OptionRule } from "./check-options.ts";
import { toJob } from "./map-job.ts";
import type { StopOptions } from "./queue.ts";
import type { QueueWorker, WorkerEvent, WorkOptions } from "./worker.ts";

/** What the queue gives a worker. */
export interface WorkerParts {
  store: Store;
  loadSettings(): Promise<WorkerSettings>;
  /** Removes what is old, if it is this worker's turn. */
  retain(signal: AbortSignal): Promise<void>;
  planner: SchedulePlanner;
  runClaim: RunClaim;
  /** Null means every queue. */
  queues: readonly string[] | null;
  /** Called when the worker has ended, however it did. */
  onEnd(): void;
}

/** Starts a worker in this process, which knows nothing of it beyond these parts: no signals, no output, no exit. */
export async function startWorker(
  parts: WorkerParts,
  { concurrency = 1, drain = false, signal, onEvent }: WorkOptions,
): Promise<QueueWorker> {
  signal?.throwIfAborted();
  let id = "";
  const worker = await Worker.start({
    ...parts,
    identity: identifySelf(),
    host: hostname(),
    concurrency,
    drain,
    pool: null,
    newId: () => {
      id = `w-${randomId(6, Math.random)}`;
      return id;
    },
    onEvent: (event) => {
      // A worker of a program is in no pool.
      if (onEvent && event.kind !== "replacing" && event.kind !== "held_back")
        tell(onEvent, toEvent(event, id));
    },
  });
  return new StartedWorker(worker, signal, parts.onEnd);
}

class StartedWorker implements QueueWorker {
  readonly finished: Promise<void>;
  readonly #worker: Worker;

  constructor(worker: Worker, signal: AbortSignal | undefined, onEnd: () => void) {
    this.#worker = worker;
    const onAbort = (): void => worker.stop();
    signal?.addEventListener("abort", onAbort);
    // Not by listening to `finished`: a rejection that nobody else listens to is to be seen.
    this.finished = worker.run().finally(() => {
      signal?.removeEventListener("abort", onAbort);
      onEnd();
    });
    // It may have been aborted while the worker signed on.
    if (signal?.aborted) onAbort();
  }

  get id(): string {
    return this.#worker.id;
  }

  async stop(options: StopOptions = {}): Promise<void> {
    checkOptions("worker.stop", options, STOP_RULES);
    this.#worker.stop(options.graceMs);
    await this.finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

export const STOP_RULES: Readonly<Record<keyof StopOptions, OptionRule>> = { graceMs: millisecondsOrNull };

/** A fault of a listener is its program's, to be seen like any other; it must not end the worker's loop. */
function tell(onEvent: (event: WorkerEvent) => void, event: WorkerEvent): void {
  try {
    onEvent(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

function toEvent(
  event: Exclude<InnerEvent, { kind: "replacing" | "held_back" }>,
  worker: string,
): WorkerEvent {
  switch (event.kind) {
    case "started":
      return { kind: "started", worker };
    case "claimed":
      return { kind: "claimed", job: toJob(event.job), attempt: event.number };
    case "finished": {
      const { job, outcome, transition, error } = event;
      const nextRunAt = "dueAt" in transition ? new Date(transition.dueAt) : null;
      return {
        kind: "finished",
        job: toJob(job),
        outcome: outcome.kind,
        state: transition.to,
        nextRunAt,
        error,
      };
    }
    case "stale_result":
      return { kind: "stale_result", job: toJob(event.job), outcome: event.outcome.kind };
    case "recovered":
      return { kind: "recovered", worker: event.deadWorker, jobIds: event.jobs.map(({ jobId }) => jobId) };
    case "taken_for_dead":
      return { kind: "taken_for_dead", worker: event.newId };
    case "polling":
    case "stopping":
    case "trouble":
    case "stopped":
      return event;
    case "drained":
      return { kind: "drained" };
  }
}
