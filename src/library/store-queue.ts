import type { SettingSources } from "../config/resolve.ts";
import { resolveSetting, resolveSettings } from "../config/resolve.ts";
import { toRetention } from "../config/retention.ts";
import { toWorkerSettings } from "../config/worker-settings.ts";
import { QueuectlError } from "../domain/errors.ts";
import type { JobState } from "../domain/job.ts";
import { planArray } from "../queue/array-inputs.ts";
import { cancelJobs } from "../queue/cancel.ts";
import { atPlace, type EnqueueContext, enqueueJobs, listEnqueued } from "../queue/enqueue.ts";
import { explainJob } from "../queue/explain.ts";
import { requireJob } from "../queue/find-job.ts";
import { schedulePlanner } from "../queue/plan-firing.ts";
import { removeOutputFiles, retainInTurn } from "../queue/prune.ts";
import { withOutputSoFar } from "../queue/read-output.ts";
import { removeDead } from "../queue/remove-dead.ts";
import { retryJobs } from "../queue/retry.ts";
import { waitForJobs } from "../queue/wait.ts";
import type { Store } from "../store/store.ts";
import { nodeLauncher } from "../worker/node-launcher.ts";
import { seeWorkers } from "../worker/observe-workers.ts";
import { commandRunner } from "../worker/run-command.ts";
import { handlerRunner } from "../worker/run-handler.ts";
import {
  abortSignal,
  callback,
  checkId,
  checkIds,
  checkOptions,
  idText,
  jobState,
  queueName,
  queueNames,
  usage,
  WAIT_RULES,
  wholeNumber,
  yesOrNo,
} from "./check-options.ts";
import type { Execution } from "./execution.ts";
import type { Flows } from "./flows.ts";
import { forPrograms } from "./for-programs.ts";
import type { Groups } from "./groups.ts";
import type { ArrayJob, ArrayOptions, Job, JobArray, JobInput } from "./job.ts";
import { FIELD_WORDS, toExecution, toExplanation, toJob, toJobFields } from "./map-job.ts";
import type { ListOptions, Queue, StopOptions, WaitOptions } from "./queue.ts";
import type { QueueParts } from "./queue-parts.ts";
import type { Explanation, Queues } from "./queues.ts";
import { readIndices } from "./read-indices.ts";
import type { Schedules } from "./schedules.ts";
import { STOP_RULES, startWorker, type WorkerParts } from "./start-worker.ts";
import { StoreFlows } from "./store-flows.ts";
import { StoreGroups } from "./store-groups.ts";
import { StoreQueues } from "./store-queues.ts";
import { StoreSchedules } from "./store-schedules.ts";
import type { Handler, QueueWorker, WorkOptions, WorkQueuesOptions } from "./worker.ts";

/** A queue over an open store. */
export class StoreQueue implements Queue {
  readonly queues: Queues;
  readonly groups: Groups;
  readonly flows: Flows;
  readonly schedules: Schedules;
  readonly #store: Store;
  readonly #given: Omit<SettingSources, "store">;
  /** Those that are still signing on, too. */
  readonly #workers = new Set<Promise<QueueWorker>>();
  /** What must end by itself before the store may be closed. */
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  /** @param given the settings of this process, from outside the store */
  constructor(store: Store, given: Omit<SettingSources, "store">) {
    this.#store = store;
    this.#given = given;
    const parts: QueueParts = {
      store,
      use: (work) => this.#use(work),
      maxRetries: () => this.#maxRetries(),
      closing: this.#closing.signal,
    };
    this.queues = new StoreQueues(parts);
    this.groups = new StoreGroups(parts);
    this.flows = new StoreFlows(parts);
    this.schedules = new StoreSchedules(parts);
  }

  get db(): string {
    return this.#store.name;
  }

  enqueue(job: JobInput): Promise<Job>;
  enqueue(jobs: readonly JobInput[]): Promise<Job[]>;
  enqueue(input: JobInput | readonly JobInput[]): Promise<Job | Job[]> {
    return this.#use(async () => {
      if (!Array.isArray(input)) return only(await this.#enqueue([{ input, place: "" }]));
      if (input.length === 0)
        throw new QueuectlError("invalid_job", "The list of jobs is empty", {
          hint: "Give at least one job.",
        });
      return await this.#enqueue(input.map((job, index) => ({ input: job, place: `Entry ${index + 1}` })));
    });
  }

  async #enqueue(given: readonly { input: unknown; place: string }[]): Promise<Job[]> {
    const inputs = given.map(({ input, place }) => ({
      input: atPlace(place, () => toJobFields(input)),
      place,
    }));
    const receipt = await enqueueJobs(this.#store, inputs, await this.#context());
    return await Array.fromAsync(listEnqueued(this.#store, receipt), ({ job }) => toJob(job));
  }

  async #context(): Promise<EnqueueContext> {
    return { maxRetries: await this.#maxRetries(), cwd: process.cwd(), now: Date.now(), words: FIELD_WORDS };
  }

  enqueueArray(job: ArrayJob, array: ArrayOptions): Promise<JobArray> {
    return this.#use(async () => {
      const indices = readIndices(array);
      const { concurrency: maxRunning = null, maxFails = null } = array;
      const context = await this.#context();
      const { group, toInput } = planArray(toJobFields(job), { maxRunning, maxFails }, context);
      const inputs = indices.map((index) =>
        toInput({ index, value: String(index), place: `Index ${index}` }),
      );
      const { count } = await enqueueJobs(this.#store, inputs, { ...context, group });
      return { id: group.id, count };
    });
  }

  async #maxRetries(): Promise<number> {
    const settings = { ...this.#given, store: await this.#store.readSettings() };
    return resolveSetting("max-retries", settings).value as number;
  }

  get(id: string): Promise<Job | undefined> {
    return this.#use(async () => {
      checkId("queue.get", id);
      const job = await this.#store.getJob(id);
      return job && toJob(job);
    });
  }

  executions(id: string): Promise<Execution[]> {
    return this.#use(async () => {
      checkId("queue.executions", id);
      const { seq } = await requireJob(this.#store, id);
      const history = await this.#store.listExecutions(seq);
      return (await withOutputSoFar(this.#store, history)).map(toExecution);
    });
  }

  explain(id: string): Promise<Explanation> {
    return this.#use(async () => {
      checkId("queue.explain", id);
      const job = await requireJob(this.#store, id);
      const workers = seeWorkers(await this.#store.listWorkers());
      return toExplanation(await explainJob(this.#store, job, { workers, now: Date.now() }));
    });
  }

  list(options: ListOptions = {}): AsyncIterable<Job> {
    checkOptions("queue.list", options, LIST_RULES);
    return this.#list(options);
  }

  async *#list(options: ListOptions): AsyncGenerator<Job, void, undefined> {
    this.#requireOpen();
    for await (const job of this.#store.listJobs(options)) {
      yield toJob(job);
      // Its consumer may have taken its time.
      this.#requireOpen();
    }
  }

  counts(): Promise<Record<JobState, number>> {
    return this.#use(() => this.#store.counts(null));
  }

  wait(id: string, options?: WaitOptions): Promise<Job>;
  wait(ids: readonly string[], options?: WaitOptions): Promise<Job[]>;
  wait(ids: string | readonly string[], options: WaitOptions = {}): Promise<Job | Job[]> {
    return this.#use(async () => {
      checkOptions("queue.wait", options, WAIT_RULES);
      const { timeoutMs, signal } = options;
      const wanted = checkIds("queue.wait", ids);
      const either = AbortSignal.any([this.#closing.signal, ...(signal ? [signal] : [])]);
      const jobs = (await waitForJobs(this.#store, wanted, { timeoutMs, signal: either })).map(toJob);
      return Array.isArray(ids) ? jobs : only(jobs);
    });
  }

  retryDead(ids: string | readonly string[]): Promise<void> {
    return this.#retry("retryDead", ids);
  }

  retry(ids: string | readonly string[]): Promise<void> {
    return this.#retry("retry", ids);
  }

  #retry(change: "retry" | "retryDead", ids: string | readonly string[]): Promise<void> {
    return this.#use(async () => {
      const wanted = [...new Set(checkIds(`queue.${change}`, ids))];
      await retryJobs(this.#store, wanted, { change, now: Date.now() });
    });
  }

  removeDead(ids: string | readonly string[]): Promise<void> {
    return this.#use(async () => {
      const wanted = [...new Set(checkIds("queue.removeDead", ids))];
      // After the commit: a log without a job is litter, a job without its log would be a loss.
      await removeOutputFiles(this.#store, await removeDead(this.#store, wanted, Date.now()));
    });
  }

  cancel(ids: string | readonly string[]): Promise<void> {
    return this.#use(async () => {
      const wanted = [...new Set(checkIds("queue.cancel", ids))];
      await cancelJobs(this.#store, wanted, Date.now());
    });
  }

  work(options?: WorkQueuesOptions): Promise<QueueWorker>;
  work(queue: string, handler: Handler, options?: WorkOptions): Promise<QueueWorker>;
  async work(
    first: WorkQueuesOptions | string = {},
    handler?: Handler,
    options: WorkOptions = {},
  ): Promise<QueueWorker> {
    if (typeof first === "string") return await this.#handle(first, handler, options);
    const { store } = this.#workerParts;
    checkOptions("queue.work", first, { queues: queueNames, ...WORK_RULES });
    const { queues = null, ...rest } = first;
    const runClaim = commandRunner({ store, launcher: nodeLauncher, env: process.env });
    return await this.#start({ ...this.#workerParts, queues, runClaim }, rest);
  }

  async #handle(queue: string, handler: Handler | undefined, options: WorkOptions): Promise<QueueWorker> {
    checkOptions("queue.work", { queue, handler }, { queue: queueName, handler: callback });
    if (handler === undefined)
      throw usage(`queue.work was given no handler for the queue "${queue}"`, "Give a function.");
    checkOptions("queue.work", options, WORK_RULES);
    const runClaim = handlerRunner((job, tools) => handler(toJob(job), tools));
    return await this.#start({ ...this.#workerParts, queues: [queue], runClaim }, options);
  }

  get #workerParts(): Pick<WorkerParts, "store" | "loadSettings" | "retain" | "planner"> {
    const store = this.#store;
    const readSettings = async () => resolveSettings({ ...this.#given, store: await store.readSettings() });
    return {
      store,
      loadSettings: async () => toWorkerSettings(await readSettings()),
      retain: (signal) => retainInTurn(store, async () => toRetention(await readSettings()), signal),
      planner: schedulePlanner(() => this.#maxRetries()),
    };
  }

  #start(parts: Omit<WorkerParts, "onEnd">, options: WorkOptions): Promise<QueueWorker> {
    this.#requireOpen();
    const forget = (): void => void this.#workers.delete(starting);
    const starting = startWorker({ ...parts, onEnd: forget }, options);
    this.#workers.add(starting);
    starting.catch(forget);
    return starting;
  }

  close(options: StopOptions = {}): Promise<void> {
    checkOptions("queue.close", options, STOP_RULES);
    return this.#close(options);
  }

  async #close(options: StopOptions): Promise<void> {
    this.#closing.abort(closedError(this.db));
    // A second call may be less patient than the first. How a worker ended is told by its own promises.
    const stopped = Promise.allSettled(
      [...this.#workers].map(async (starting) => await (await starting).stop(options)),
    );
    this.#closed ??= stopped.then(() => Promise.allSettled(this.#underWay)).then(() => this.#store.close());
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Runs a method's work, unless the queue is closed; one that is under way is not closed under its feet. */
  async #use<T>(work: () => Promise<T>): Promise<T> {
    this.#requireOpen();
    const running = forPrograms(work());
    this.#underWay.add(running);
    try {
      return await running;
    } finally {
      this.#underWay.delete(running);
    }
  }

  #requireOpen(): void {
    if (this.#closing.signal.aborted) throw closedError(this.db);
  }
}

const LIST_RULES = {
  state: jobState,
  group: idText,
  queues: queueNames,
  newest: wholeNumber(1, Number.MAX_SAFE_INTEGER),
};
const WORK_RULES = {
  concurrency: wholeNumber(1, 1_000),
  drain: yesOrNo,
  signal: abortSignal,
  onEvent: callback,
};

function closedError(db: string): QueuectlError {
  return new QueuectlError("queue_closed", `The queue ${db} was closed`, {
    hint: "Open it again: openQueue()",
  });
}

/** @throws job_not_found for a job that was removed in the very moment since */
function only(jobs: readonly Job[]): Job {
  const [job] = jobs;
  if (job) return job;
  throw new QueuectlError("job_not_found", "The job was removed by somebody else just now");
}
