import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe } from "vitest";
import type { NewGroup } from "../../src/domain/group.ts";
import type { JobState, NewJob } from "../../src/domain/job.ts";
import { openStore } from "../../src/store/open-store.ts";
import type { Claim, ClaimRequest, FinishReceipt, NewWorker, Store } from "../../src/store/store.ts";
import { buildGroup, buildJob, buildResult, buildWorker } from "./build-job.ts";
import { MemoryTruth, memoryStore } from "./memory-store.ts";
import { TestTime } from "./test-time.ts";

/** One truth under test: a store, further ways into it, its time, and the steps that most stories begin with. */
export class Scene {
  readonly store: Store;
  readonly time: TestTime;
  /** Another store over the same truth, as another program would open it. */
  readonly openAnother: () => Promise<Store>;

  constructor(store: Store, time: TestTime, openAnother: () => Promise<Store>) {
    this.store = store;
    this.time = time;
    this.openAnother = openAnother;
  }

  /** Enqueues jobs, each given by what matters in it. */
  async enqueue(...jobs: Partial<NewJob>[]): Promise<void> {
    await this.store.enqueue(jobs.map((job) => buildJob(job)));
  }

  /** Enqueues jobs as the members of a group, in one step with it. */
  async enqueueGroup(given: Partial<NewGroup>, ...jobs: Partial<NewJob>[]): Promise<void> {
    const { id, kind, ...group } = buildGroup(given);
    const members = jobs.map((job, index) => buildJob({ group: { id, kind, member: `${index}` }, ...job }));
    await this.store.enqueue(members, { id, kind, ...group });
  }

  async startWorker(id: string, given: Partial<NewWorker> = {}): Promise<void> {
    const identity = { ...buildWorker(id).identity, bootId: this.time.bootId };
    await this.store.registerWorker(buildWorker(id, { identity, ...given }), this.time.now());
  }

  /** As many due jobs as there are, unless the test says otherwise. */
  async claim(worker: string, given: Partial<ClaimRequest> = {}): Promise<Claim[]> {
    return (await this.store.claim(this.claimRequest(worker, given))).claims;
  }

  /** The same, by the ids of their jobs. */
  async claimIds(worker: string, given: Partial<ClaimRequest> = {}): Promise<string[]> {
    return (await this.claim(worker, given)).map(({ job }) => job.id);
  }

  claimRequest(worker: string, given: Partial<ClaimRequest> = {}): ClaimRequest {
    return { worker, limit: 1_000, queues: null, now: this.time.now(), outputLimitBytes: 1_024, ...given };
  }

  /** The next job, which must be there. */
  async claimOne(worker: string): Promise<Claim> {
    const [claim] = await this.claim(worker, { limit: 1 });
    if (!claim) throw new Error(`Nothing to claim for ${worker}`);
    return claim;
  }

  /** Ends executions of one worker alike: well, unless the test says otherwise. */
  async finish(
    worker: string,
    claims: Claim | Claim[],
    how: Parameters<typeof buildResult>[2] = {},
  ): Promise<FinishReceipt> {
    const results = [claims].flat().map((claim) => buildResult(claim, this.time.now(), how));
    return await this.store.finish(worker, results);
  }

  /** Listens at one of the stores until the test is over, or until the function returned is called. */
  listen(listener: () => void, store: Store = this.store): () => void {
    const stop = store.onWakeup(listener);
    cleanups.push(async () => stop());
    return stop;
  }

  /** A worker is taken for dead, as it was last seen. */
  async declareDead(worker: string): Promise<void> {
    const seen = (await this.store.listWorkers()).find(({ id }) => id === worker);
    if (!seen || !(await this.store.declareDead(worker, seen.heartbeats)))
      throw new Error(`${worker} is not there`);
  }

  /** A job and its history: all that a writer could have changed about it. */
  async look(id: string): Promise<object> {
    const job = await this.store.getJob(id);
    if (!job) throw new Error(`There is no job ${id}`);
    return { job, executions: await this.store.listExecutions(job.seq) };
  }

  /** Where jobs are, by id. */
  async states(...ids: string[]): Promise<(JobState | undefined)[]> {
    return await Promise.all(ids.map(async (id) => (await this.store.getJob(id))?.state));
  }

  /** Ids in order of arrival. */
  async ids(filter?: Parameters<Store["listJobs"]>[0]): Promise<string[]> {
    const jobs = await Array.fromAsync(this.store.listJobs(filter));
    return jobs.map(({ id }) => id);
  }
}

/** Where test stores live, and what has to be undone after a test. */
const cleanups: (() => Promise<void>)[] = [];

/** Runs one suite on every implementation of the contract. Scenes are closed and their files removed after each test. */
export function describeStores(verb: string, define: (open: () => Promise<Scene>) => void): void {
  describe.each([
    ["memory", openMemoryScene],
    ["sqlite", openSqliteScene],
  ] as const)(`${verb} (%s)`, (_, open) => {
    afterEach(closeScenes);
    define(open);
  });
}

/** Ends everything that the scenes of a test have opened. */
export async function closeScenes(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

export async function openMemoryScene(): Promise<Scene> {
  const time = new TestTime();
  const truth = new MemoryTruth();
  const open = async () => memoryStore(truth, time);
  return new Scene(await open(), time, open);
}

export async function openSqliteScene(): Promise<Scene> {
  const time = new TestTime();
  const path = join(await makeDirectory(), "queue.db");
  const open = async () => {
    const store = await openStore(path, { clock: time });
    cleanups.push(() => store.close());
    return store;
  };
  return new Scene(await open(), time, open);
}

/** A fresh directory that `closeScenes` removes. */
export async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "queuectl-test-"));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
