import { setTimeout as sleep } from "node:timers/promises";
import { formatDuration } from "../domain/duration.ts";
import { QueuectlError } from "../domain/errors.ts";
import { isFinished, type Job } from "../domain/job.ts";
import type { Store } from "../store/store.ts";
import { requireJob } from "./find-job.ts";

export interface WaitOptions {
  /** Without it, for ever. */
  timeoutMs?: number | undefined;
  /** Ends the wait with its reason. */
  signal?: AbortSignal | undefined;
}

/** The shortest and the longest time between two looks. */
const SHORTEST_LOOK_MS = 2;
const LONGEST_LOOK_MS = 500;
/** Between them, a look comes after this share of what has been waited: a short job is noticed soon, a long one read rarely. */
const LOOK_SHARE = 0.1;

/** The store answers without leaving the event loop; after so many answers others get their turn. */
const JOBS_A_TURN = 200;

/**
 * Waits until jobs are completed, dead or cancelled, and gives them as they were then, in the order of the ids. A job
 * that died is an answer, not an error.
 *
 * Finishing rings no bell: it would wake every idle worker for nothing. So this looks, but always at one row only, that
 * of the first job that is not finished; those behind it are read when it is. However many there are, each is read at
 * the beginning and at its end, and one of them now and then in between.
 * @throws job_not_found when one is not there, or no longer; wait_timed_out; the signal's reason
 */
export async function waitForJobs(
  store: Store,
  ids: readonly string[],
  { timeoutMs = Number.POSITIVE_INFINITY, signal }: WaitOptions = {},
): Promise<Job[]> {
  const giveUpAtMs = performance.now() + timeoutMs;
  let reads = 0;
  const read = async (id: string): Promise<Job> => {
    signal?.throwIfAborted();
    reads += 1;
    if (reads % JOBS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    return await requireJob(store, id);
  };
  // All of them first: an id that is wrong is not to be found out after an hour.
  for (const id of ids) await read(id);
  const finished: Job[] = [];
  for (const id of ids) {
    const sinceMs = performance.now();
    let job = await read(id);
    while (!isFinished(job.state)) {
      const nowMs = performance.now();
      if (nowMs >= giveUpAtMs) throw timedOut(job, ids.length - finished.length, timeoutMs);
      await pause(Math.min(giveUpAtMs - nowMs, lookAfterMs(nowMs - sinceMs)), signal);
      job = await read(id);
    }
    finished.push(job);
  }
  return finished;
}

function lookAfterMs(waitedMs: number): number {
  return Math.min(LONGEST_LOOK_MS, Math.max(SHORTEST_LOOK_MS, waitedMs * LOOK_SHARE));
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  // Its own error says that it was aborted, not why; the reason is thrown at the next look.
  await sleep(ms, undefined, { signal }).catch(() => {});
}

function timedOut(job: Job, left: number, timeoutMs: number): QueuectlError {
  const others = left > 1 ? ` and ${left - 1} behind it` : "";
  return new QueuectlError(
    "wait_timed_out",
    `Waited ${formatDuration(timeoutMs)} in vain for the job "${job.id}"${others}: it is ${job.state}`,
    { hint: "It goes on without anyone waiting for it; wait again, or for longer." },
  );
}
