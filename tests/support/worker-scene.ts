import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { LAUNCHER } from "../../scripts/build-launcher.ts";
import type { Job, NewJob } from "../../src/domain/job.ts";
import type { WorkerSettings } from "../../src/domain/worker-settings.ts";
import { schedulePlanner } from "../../src/queue/plan-firing.ts";
import { openStore } from "../../src/store/open-store.ts";
import type { ExecutionRecord, Store } from "../../src/store/store.ts";
import { chooseLauncher } from "../../src/worker/choose-launcher.ts";
import type { WorkerEvent } from "../../src/worker/events.ts";
import { identifySelf } from "../../src/worker/process-identity.ts";
import { commandRunner } from "../../src/worker/run-command.ts";
import { Worker } from "../../src/worker/supervisor.ts";
import type { WorkerOptions } from "../../src/worker/worker-options.ts";
import { buildJob } from "./build-job.ts";
import { closeScenes, makeDirectory } from "./conformance.ts";
import { until } from "./queuectl.ts";

/** An hour: whoever waits for it waits in vain. */
export const LONG_MS = 3_600_000;

/** One store, workers of this very process over it, and real commands. */
export class WorkerScene {
  /** As another program would see it. */
  readonly store: Store;
  readonly directory: string;
  readonly #workers: TestWorker[] = [];

  private constructor(store: Store, directory: string) {
    this.store = store;
    this.directory = directory;
  }

  static async open(): Promise<WorkerScene> {
    const directory = await makeDirectory();
    const scene = new WorkerScene(await openStore(join(directory, "queue.db")), directory);
    onTestFinished(async () => {
      for (const worker of scene.#workers) worker.interrupt();
      await Promise.allSettled(scene.#workers.map(({ ended }) => ended));
      await scene.store.close();
      await closeScenes();
    });
    return scene;
  }

  /** The path of a file through which commands and test speak to each other. */
  file(name: string): string {
    return join(this.directory, name);
  }

  async enqueue(...jobs: Partial<NewJob>[]): Promise<void> {
    await this.store.enqueue(jobs.map((job) => buildJob(job)));
  }

  async job(id: string): Promise<Job> {
    const job = await this.store.getJob(id);
    if (!job) throw new Error(`There is no job ${id}`);
    return job;
  }

  /** A job once this is so. */
  async jobWhen(id: string, state: Job["state"]): Promise<Job> {
    return await until(async () => {
      const job = await this.store.getJob(id);
      return job?.state === state && job;
    }, `job ${id} to be ${state}`);
  }

  async history(id: string): Promise<ExecutionRecord[]> {
    return await this.store.listExecutions((await this.job(id)).seq);
  }

  /** The kinds of outcome of a job's executions, oldest first. */
  async outcomes(id: string): Promise<ExecutionRecord["outcome"][]> {
    return (await this.history(id)).map(({ outcome }) => outcome);
  }

  /** A worker that runs, under settings of which the test may say the rest. */
  async startWorker(given: TestWorkerOptions = {}): Promise<TestWorker> {
    const worker = await TestWorker.start(this.store, given);
    this.#workers.push(worker);
    return worker;
  }
}

export interface TestWorkerOptions extends Partial<Omit<WorkerOptions, "loadSettings" | "onEvent">> {
  settings?: Partial<WorkerSettings>;
}

type EventOf<Kind extends WorkerEvent["kind"]> = Extract<WorkerEvent, { kind: Kind }>;

/** A worker, what it has said so far, and the settings by which it goes: a test may change them. */
export class TestWorker {
  readonly events: WorkerEvent[];
  readonly settings: WorkerSettings;
  readonly worker: Worker;
  readonly ended: Promise<void>;

  private constructor(worker: Worker, events: WorkerEvent[], settings: WorkerSettings) {
    this.worker = worker;
    this.events = events;
    this.settings = settings;
    this.ended = worker.run();
    // Whoever asks for the end is told; nobody has to ask.
    this.ended.catch(() => {});
  }

  static async start(store: Store, { settings: given, ...options }: TestWorkerOptions): Promise<TestWorker> {
    const events: WorkerEvent[] = [];
    const settings: WorkerSettings = {
      backoff: { base: 0.01, maxMs: 60_000, jitter: 0 },
      jobTimeoutMs: 0,
      killGraceMs: 2_000,
      stopGraceMs: null,
      leaseMs: LONG_MS,
      crashLimit: 3,
      pollIntervalMs: LONG_MS,
      outputLimitBytes: 1_048_576,
      ...given,
    };
    let ids = 0;
    const worker = await Worker.start({
      store,
      runClaim: commandRunner({
        store,
        launcher: await chooseLauncher(dirname(LAUNCHER), process.env),
        env: { PATH: process.env["PATH"] },
      }),
      identity: identifySelf(),
      host: hostname(),
      concurrency: 1,
      queues: null,
      drain: false,
      pool: null,
      planner: schedulePlanner(async () => 0),
      newId: () => {
        started += ids === 0 ? 1 : 0;
        ids += 1;
        return `worker-${started}.${ids}`;
      },
      ...options,
      loadSettings: async () => ({ ...settings }),
      onEvent: (event) => events.push(event),
    });
    return new TestWorker(worker, events, settings);
  }

  get id(): string {
    return this.worker.id;
  }

  /** The events of one kind so far. */
  heard<Kind extends WorkerEvent["kind"]>(kind: Kind): EventOf<Kind>[] {
    return this.events.filter((event): event is EventOf<Kind> => event.kind === kind);
  }

  /** The first event of a kind, once it has come. */
  async says<Kind extends WorkerEvent["kind"]>(
    kind: Kind,
    isMeant: (event: EventOf<Kind>) => boolean = () => true,
  ): Promise<EventOf<Kind>> {
    return await until(
      () => this.heard(kind).find(isMeant),
      `a worker to say ${kind}; it said ${JSON.stringify(this.events.map((event) => event.kind))}`,
    );
  }

  /** Ends it at the end of a test, whatever has become of it. */
  interrupt(): void {
    this.worker.stop(0);
  }
}

let started = 0;

/** A shell command that runs until the test makes the file. */
export function untilFile(path: string): string {
  return `while [ ! -e '${path}' ]; do sleep 0.02; done`;
}
