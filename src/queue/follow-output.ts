import { setTimeout as sleep } from "node:timers/promises";
import { isFinished, type Job } from "../domain/job.ts";
import type { ExecutionRecord, Store } from "../store/store.ts";
import {
  type OpenOutput,
  type OutputChoice,
  type OutputPiece,
  type OutputReader,
  openOutput,
} from "./read-output.ts";

/** What a follower is told, in this order. */
export type FollowEvent =
  /** The job has not run yet. */
  | { kind: "waiting"; job: Job }
  | { kind: "output"; piece: OutputPiece }
  /** All of an execution's output has been given. `job` is as it was then: finished, or waiting for another execution. */
  | { kind: "ended"; execution: ExecutionRecord; reader: OutputReader; job: Job }
  /** The job is gone; what could still be read of it has been given. */
  | { kind: "removed" };

export interface FollowOptions extends OutputChoice {
  /** Only this execution; without it from the latest on, to the last. */
  number?: number | undefined;
  /** Ends it, between two looks. */
  signal: AbortSignal;
}

/** Between two looks: less while something comes, more while nothing does. */
const SHORTEST_LOOK_MS = 50;
const LONGEST_LOOK_MS = 400;

/**
 * What a job prints, as it prints it, over all its executions until it is finished. Design note:
 *
 * Each look reads the job first and the bytes after it. Once the job's row says that an execution is over, its record
 * says how much it has printed, and the rest is read from wherever it then is: so nothing is lost between the file of
 * a running job and the row of an ended one. Places in the stream are what is remembered, so nothing is repeated.
 */
export async function* followOutput(
  store: Store,
  job: Job,
  { number: only, signal, ...choice }: FollowOptions,
): AsyncGenerator<FollowEvent> {
  let number = only ?? Math.max(1, job.executions);
  let lookMs = SHORTEST_LOOK_MS;
  let current: OpenOutput | undefined;
  if (job.executions === 0 && !isFinished(job.state)) yield { kind: "waiting", job };
  try {
    while (!signal.aborted) {
      const now = await sameJob(store, job);
      const isOver = now === undefined || now.executions > number || now.state !== "processing";
      if (now && now.executions >= number && (isOver || !current)) {
        const execution = (await store.listExecutions(job.seq)).find((each) => each.number === number);
        // Removed since: the next look finds no job. Never at once, for a store may be found so for longer.
        if (!execution) {
          await sleep(SHORTEST_LOOK_MS, undefined, { signal }).catch(() => {});
          continue;
        }
        current = current
          ? { ...current, execution }
          : await openOutput(store, job, { execution, ...choice });
      }
      let isIdle = true;
      // Of a job that is gone, what its open files still hold: it can be removed only after its end.
      const record = current && (now ? current.execution : { ...current.execution, finishedAt: Date.now() });
      for await (const piece of record ? (current?.reader.next(record) ?? []) : []) {
        isIdle = false;
        yield { kind: "output", piece };
        if (signal.aborted) return;
      }
      if (!now) return yield { kind: "removed" };
      if (current && isOver) {
        yield { kind: "ended", ...current, job: now };
        await current.reader.close();
        current = undefined;
        if (only !== undefined) return;
        number += 1;
        // A tail is of what was there at first; what comes now is whole.
        choice.tail = undefined;
        if (number <= now.executions) continue;
      }
      if (isFinished(now.state) && now.executions < number) return;
      lookMs = isIdle ? Math.min(1.5 * lookMs, LONGEST_LOOK_MS) : SHORTEST_LOOK_MS;
      await sleep(lookMs, undefined, { signal }).catch(() => {});
    }
  } finally {
    await current?.reader.close();
  }
}

/** The job, if it is still there: another one may have taken its id. */
async function sameJob(store: Store, { id, seq }: Job): Promise<Job | undefined> {
  const now = await store.getJob(id);
  return now?.seq === seq ? now : undefined;
}
