import { QueuectlError } from "../domain/errors.ts";
import { JOB_ID_LENGTH, randomId } from "../domain/id.ts";
import type { NewJob } from "../domain/job.ts";
import { type JobDefaults, parseJobInput } from "../domain/job-input.ts";
import type { EnqueueReceipt, Store } from "../store/store.ts";

/** What jobs get where their input is silent. */
export interface EnqueueContext {
  maxRetries: number;
  cwd: string;
  now: number;
  /** As in `JobDefaults`. */
  names?: JobDefaults["names"];
}

/** One input and, for errors, where it stood: `line 3`, `entry 2`; empty for a single job. */
export interface PlacedInput {
  input: unknown;
  place: string;
}

/**
 * Validates and stores jobs, all or none.
 * @throws invalid_job naming the place, duplicate_id with its position
 */
export async function enqueueJobs(
  store: Store,
  inputs: Iterable<PlacedInput> | AsyncIterable<PlacedInput>,
  context: EnqueueContext,
): Promise<EnqueueReceipt> {
  if (Symbol.asyncIterator in inputs) return await store.enqueue(parseStream(inputs, context));
  // Everything is parsed before anything is stored: the transaction holds no validation.
  return await store.enqueue(Array.from(inputs, (input) => parsePlaced(input, context)));
}

/** Throws what `enqueueJobs` would throw of these inputs themselves. */
export function checkInputs(inputs: Iterable<PlacedInput>, cwd: string): void {
  for (const input of inputs) parsePlaced(input, { maxRetries: 0, cwd, now: Date.now() });
}

async function* parseStream(
  inputs: AsyncIterable<PlacedInput>,
  context: EnqueueContext,
): AsyncGenerator<NewJob> {
  for await (const input of inputs) yield parsePlaced(input, context);
}

function parsePlaced({ input, place }: PlacedInput, context: EnqueueContext): NewJob {
  return atPlace(place, () => parseJobInput(input, { id: randomId(JOB_ID_LENGTH, Math.random), ...context }));
}

/** What refuses an input names the place where it stood. */
export function atPlace<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (place === "" || !(error instanceof QueuectlError)) throw error;
    throw new QueuectlError(error.code, `${place}: ${error.message}`, { hint: error.hint });
  }
}
