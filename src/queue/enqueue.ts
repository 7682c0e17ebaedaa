import { QueuectlError, restate } from "../domain/errors.ts";
import type { NewGroup } from "../domain/group.ts";
import { JOB_ID_LENGTH, randomId } from "../domain/id.ts";
import type { Job, NewJob } from "../domain/job.ts";
import { type JobDefaults, parseJobInput } from "../domain/job-input.ts";
import { callJob } from "../domain/refuse-enqueue.ts";
import type { EnqueueReceipt, Store } from "../store/store.ts";

/** What jobs get where their input is silent. */
export interface EnqueueContext {
  maxRetries: number;
  cwd: string;
  now: number;
  /** As in `JobDefaults`. */
  words?: JobDefaults["words"];
  /** Made with its jobs, which are those with a `member`. */
  group?: NewGroup | undefined;
}

/** One input and, for errors, where it stood: `Line 3`, `Entry 2`; empty for a single job. */
export interface PlacedInput {
  input: unknown;
  place: string;
  /** Its place in the group. */
  member?: string;
  /** Its id was not given, though it has one: that is its group's, and new. */
  hasNewId?: boolean;
}

/**
 * Validates and stores jobs, all or none.
 * @throws invalid_job naming the place, and what `Store.enqueue` throws, with its position
 */
export async function enqueueJobs(
  store: Store,
  inputs: Iterable<PlacedInput> | AsyncIterable<PlacedInput>,
  context: EnqueueContext,
): Promise<EnqueueReceipt> {
  const hasNewId: boolean[] = [];
  const parse = (placed: PlacedInput): NewJob => {
    const job = parsePlaced(placed, context);
    hasNewId.push(placed.hasNewId ?? ((placed.input as { id?: unknown }).id ?? null) === null);
    return job;
  };
  try {
    // A list is parsed before anything is stored: the transaction holds no validation.
    const jobs = Symbol.asyncIterator in inputs ? mapStream(inputs, parse) : Array.from(inputs, parse);
    return await store.enqueue(jobs, context.group);
  } catch (error) {
    if (!(error instanceof QueuectlError)) throw error;
    // A store names a job by its id. Who gave none has never seen it, and will not.
    const refusal = hasNewId[(error.position ?? 0) - 1] ? callJob(error, "the job") : error;
    throw refusal.code === "unknown_dependency"
      ? await (await import("./near-dependencies.ts")).withNearDependencies(store, refusal)
      : refusal;
  }
}

/**
 * The jobs that these inputs would become, apart from what a store adds.
 * @throws what `enqueueJobs` would throw of the inputs themselves
 */
export function checkInputs(
  inputs: Iterable<PlacedInput>,
  context: Pick<EnqueueContext, "cwd" | "words">,
): NewJob[] {
  return Array.from(inputs, (input) => parsePlaced(input, { ...context, maxRetries: 0, now: Date.now() }));
}

/** What came of the inputs of one enqueue, in their order; of those whose job existed already, that one. */
export async function* listEnqueued(
  store: Store,
  { firstSeq, lastSeq, existing }: EnqueueReceipt,
): AsyncGenerator<{ job: Job; isNew: boolean }, void, undefined> {
  let position = 1;
  let next = 0;
  async function* existingHere() {
    for (let old = existing[next]; old?.position === position; old = existing[next]) {
      next += 1;
      position += 1;
      const job = await store.getJob(old.id);
      if (job) yield { job, isNew: false };
    }
  }
  for await (const job of store.listJobs({ seqs: { first: firstSeq, last: lastSeq } })) {
    yield* existingHere();
    position += 1;
    yield { job, isNew: true };
  }
  yield* existingHere();
}

async function* mapStream(
  inputs: AsyncIterable<PlacedInput>,
  parse: (placed: PlacedInput) => NewJob,
): AsyncGenerator<NewJob> {
  for await (const input of inputs) yield parse(input);
}

function parsePlaced({ input, place, member }: PlacedInput, context: EnqueueContext): NewJob {
  const job = atPlace(place, () =>
    parseJobInput(input, { id: randomId(JOB_ID_LENGTH, Math.random), ...context }),
  );
  if (!context.group || member === undefined) return job;
  const { kind, id } = context.group;
  return { ...job, group: { kind, id, member } };
}

/** What refuses an input names the place where it stood. */
export function atPlace<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (place === "" || !(error instanceof QueuectlError)) throw error;
    throw restate(error, `${place}: ${error.message}`);
  }
}
