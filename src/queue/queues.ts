import { setTimeout as sleep } from "node:timers/promises";
import { describeValue } from "../domain/describe.ts";
import { formatDuration } from "../domain/duration.ts";
import { QueuectlError } from "../domain/errors.ts";
import { ID_RULE, isId } from "../domain/id.ts";
import type { JobState } from "../domain/job.ts";
import { MAX_COUNT } from "../domain/job-fields.ts";
import { parseRate } from "../domain/rate.ts";
import { didYouMean, suggest } from "../domain/suggest.ts";
import type { QueueChange, QueueRecord, Store } from "../store/store.ts";

/** What is to be set of a queue, as people and programs give it: null takes a limit away, what is not given stays. */
export interface QueueSettings {
  /** How many jobs may run at once. */
  concurrency?: unknown;
  /** As `parseRate` reads it. */
  rate?: unknown;
}

/**
 * Sets a queue's concurrency and rate. The queue need not have jobs.
 * @throws invalid_queue naming what is wrong; then nothing has changed
 */
export async function setQueue(
  store: Store,
  name: string,
  { concurrency, rate }: QueueSettings,
): Promise<void> {
  checkName(name);
  const change: QueueChange = {
    ...(concurrency === undefined ? {} : { maxRunning: checkConcurrency(name, concurrency) }),
    ...(rate === undefined ? {} : { rate: rate === null ? null : parseRate(String(rate)) }),
  };
  await store.changeQueue(name, change);
}

function checkConcurrency(name: string, given: unknown): number | null {
  if (given === null) return null;
  if (typeof given === "number" && Number.isInteger(given) && given >= 1 && given <= MAX_COUNT) return given;
  throw new QueuectlError(
    "invalid_queue",
    `The queue "${name}" cannot have a concurrency of ${describeValue(given)}`,
    given === 0
      ? { refusal: { kind: "zero_limit", queue: name } }
      : { hint: `It is a whole number from 1 to ${MAX_COUNT}.` },
  );
}

/**
 * Pauses queues: nothing of them starts, and what runs goes on. One that nobody knows may be about to be used; one that
 * drains stays as it is, for a paused queue takes new jobs.
 * @throws invalid_queue for a name that none can have, queue_draining; then nothing has changed
 */
export async function pauseQueues(store: Store, names: readonly string[]): Promise<void> {
  for (const name of names) checkName(name);
  for (const { gate } of await store.listQueues(names))
    if (gate.state === "draining")
      throw new QueuectlError(
        "queue_draining",
        `Cannot pause the queue "${gate.name}": it is draining, and would take new jobs again`,
        { refusal: { kind: "pause_of_draining", queue: gate.name } },
      );
  for (const name of names) await store.changeQueue(name, { state: "paused" });
}

/**
 * Opens queues that were paused or drained.
 * @throws queue_not_found naming what might have been meant; then nothing has changed
 */
export async function resumeQueues(store: Store, names: readonly string[]): Promise<void> {
  for (const name of names) await requireQueue(store, name);
  for (const name of names) await store.changeQueue(name, { state: "open" });
}

/**
 * From now on the queue takes no new jobs; what waits there still runs, also if it was paused.
 * @throws queue_not_found naming what might have been meant
 */
export async function startDrain(store: Store, name: string): Promise<void> {
  await requireQueue(store, name);
  await store.changeQueue(name, { state: "draining" });
}

const LOOK_EVERY_MS = 50;

/**
 * Drains a queue, and waits until nothing of it waits or runs.
 * @throws queue_not_found; wait_timed_out; the signal's reason. It goes on draining then
 */
export async function drainQueue(
  store: Store,
  name: string,
  {
    timeoutMs = Number.POSITIVE_INFINITY,
    signal,
  }: { timeoutMs?: number | undefined; signal?: AbortSignal | undefined },
): Promise<void> {
  await startDrain(store, name);
  const giveUpAtMs = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const left = leftIn(await findQueue(store, name));
    if (left === 0) return;
    if (performance.now() >= giveUpAtMs)
      throw new QueuectlError(
        "wait_timed_out",
        `Waited ${formatDuration(timeoutMs)} in vain for the queue "${name}": ${left} of its jobs wait or run`,
        { hint: "It goes on draining without anyone waiting for it." },
      );
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

/** How many of its jobs wait, for whatever, or run. */
export function leftIn(queue: QueueRecord | undefined): number {
  return queue === undefined ? 0 : waitingIn(queue.counts) + queue.counts.processing;
}

/** How many wait: for a worker, for others, for a retry. */
export function waitingIn({ pending, blocked, failed }: Readonly<Record<JobState, number>>): number {
  return pending + blocked + failed;
}

export async function findQueue(store: Store, name: string): Promise<QueueRecord | undefined> {
  return (await store.listQueues([name]))[0];
}

/** Names of other queues that are much like this one. */
export async function similarQueues(store: Store, name: string): Promise<string[]> {
  const names = (await store.listQueues()).map(({ gate }) => gate.name);
  return suggest(
    name,
    names.filter((other) => other !== name),
  );
}

async function requireQueue(store: Store, name: string): Promise<void> {
  if (await findQueue(store, name)) return;
  const near = await similarQueues(store, name);
  throw new QueuectlError("queue_not_found", `There is no queue "${name}"`, {
    hint: didYouMean(near),
    refusal: { kind: "no_such_queue" },
  });
}

function checkName(name: string): void {
  if (!isId(name))
    throw new QueuectlError("invalid_queue", `A queue cannot be called ${describeValue(name)}`, {
      hint: `A name is ${ID_RULE}.`,
    });
}
