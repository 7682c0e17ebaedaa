import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { QueuectlError } from "../../src/domain/errors.ts";
import { JOB_STATES } from "../../src/domain/job.ts";
import {
  type Transition,
  toCompleted,
  toDead,
  toPendingAgain,
  toRetry,
} from "../../src/domain/transition.ts";
import type { Claim, ExpiringState } from "../../src/store/store.ts";
import { buildJob, buildResult } from "../support/build-job.ts";
import { closeScenes, openMemoryScene, openSqliteScene, type Scene } from "../support/conformance.ts";

/**
 * Any course of events, told to both stores: they must answer alike at every step, and what a store keeps must stay
 * true of itself. Late and repeated steps are part of it: claims are remembered for ever and used again.
 */
const WORKERS = ["w0", "w1", "w2"] as const;
const QUEUES = ["default", "mail"] as const;

const worker = fc.constantFrom(...WORKERS);
const jobId = fc.integer({ min: 0, max: 12 }).map((n) => `j${n}`);
const transition: fc.Arbitrary<Transition> = fc.oneof(
  fc.constant(toCompleted()),
  fc.constant(toPendingAgain()),
  fc.constant<Transition>({ to: "cancelled" }),
  fc.record({ attempts: fc.integer({ min: 1, max: 4 }), dueInMs: fc.integer({ min: 0, max: 40 }) }).map(
    // Due times are made absolute by the step, on the time of its scene.
    ({ attempts, dueInMs }) => toRetry({ attempts, dueAt: dueInMs }),
  ),
  fc.integer({ min: 1, max: 4 }).map((attempts) => toDead({ attempts, reason: "retries_spent" })),
);

type Step =
  | { do: "enqueue"; ids: string[]; queue: string; priority: number; stream: boolean }
  | { do: "register" | "heartbeat" | "markStopping" | "recover" | "remove" | "stop"; worker: string }
  | { do: "declareDead"; worker: string; staleBy: number }
  | { do: "claim"; worker: string; limit: number; queues: string[] | null }
  | { do: "finish"; worker: string; claims: number[]; transition: Transition; claimNext: number }
  | { do: "cancel" | "retry" | "retryDead" | "removeDead"; ids: string[] }
  | { do: "expire"; state: ExpiringState; olderMs: number; limit: number }
  | { do: "reboot" }
  | { do: "pass"; ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant("enqueue" as const),
    ids: fc.array(jobId, { minLength: 1, maxLength: 3 }),
    queue: fc.constantFrom(...QUEUES),
    priority: fc.integer({ min: -1, max: 1 }),
    stream: fc.boolean(),
  }),
  fc.record({
    do: fc.constantFrom("register", "heartbeat", "markStopping", "recover", "remove", "stop" as const),
    worker,
  }),
  fc.record({ do: fc.constant("register" as const), worker }),
  fc.record({ do: fc.constant("declareDead" as const), worker, staleBy: fc.constantFrom(0, 0, 1) }),
  fc.record({
    do: fc.constant("claim" as const),
    worker,
    limit: fc.integer({ min: 0, max: 3 }),
    queues: fc.option(fc.subarray([...QUEUES]), { nil: null }),
  }),
  fc.record({
    do: fc.constant("finish" as const),
    worker,
    claims: fc.array(fc.nat({ max: 7 }), { minLength: 1, maxLength: 3 }),
    transition,
    claimNext: fc.integer({ min: 0, max: 2 }),
  }),
  fc.record({
    do: fc.constantFrom("cancel", "retry", "retryDead", "removeDead" as const),
    ids: fc.array(jobId, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({
    do: fc.constant("expire" as const),
    state: fc.constantFrom<ExpiringState>("completed", "cancelled", "dead"),
    olderMs: fc.constantFrom(0, 20_000),
    limit: fc.integer({ min: 1, max: 2 }),
  }),
  fc.record({ do: fc.constant("reboot" as const) }),
  fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
);

/** One store, and what its workers remember. */
class Player {
  readonly #scene: Scene;
  readonly #claims: Claim[] = [];
  #boots = 1;
  readonly #incarnations = new Map<string, number>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** What the store answered; a refusal is an answer too. */
  async play(step: Step): Promise<unknown> {
    try {
      return await this.#play(step);
    } catch (error) {
      if (!(error instanceof QueuectlError)) throw error;
      return { refused: error.code, position: error.position };
    }
  }

  async #play(step: Step): Promise<unknown> {
    const { store, time } = this.#scene;
    switch (step.do) {
      case "enqueue": {
        const now = time.now();
        const { queue, priority } = step;
        const jobs = step.ids.map((id) => buildJob({ id, queue, priority, createdAt: now }));
        return await store.enqueue(step.stream ? streamOf(jobs) : jobs);
      }
      case "register": {
        const next = (this.#incarnations.get(step.worker) ?? 0) + 1;
        this.#incarnations.set(step.worker, next);
        return await this.#scene.startWorker(this.#idOf(step.worker));
      }
      case "heartbeat":
        return await store.heartbeat(this.#idOf(step.worker), { leaseMs: 15_000, now: time.now() });
      case "markStopping":
        return await store.markStopping(this.#idOf(step.worker));
      case "recover":
        return await store.recoverJobs(this.#idOf(step.worker), { now: time.now(), crashLimit: 2 });
      case "remove":
        return await store.removeWorker(this.#idOf(step.worker));
      case "stop":
        return await store.requestStop([this.#idOf(step.worker)], { graceMs: 1 });
      case "declareDead": {
        const seen = (await store.listWorkers()).find(({ id }) => id === this.#idOf(step.worker));
        return await store.declareDead(this.#idOf(step.worker), (seen?.heartbeats ?? 0) - step.staleBy);
      }
      case "claim": {
        const { limit, queues } = step;
        const batch = await store.claim(this.#scene.claimRequest(this.#idOf(step.worker), { limit, queues }));
        this.#claims.push(...batch.claims);
        return batch;
      }
      case "finish": {
        const now = time.now();
        const remembered = step.claims.flatMap((back) => this.#claims.at(-1 - back) ?? []);
        const moved = step.transition;
        const how = { transition: moved.to === "failed" ? { ...moved, dueAt: now + moved.dueAt } : moved };
        const receipt = await store.finish(
          this.#idOf(step.worker),
          remembered.map((claim) => buildResult(claim, now, how)),
          step.claimNext > 0
            ? this.#scene.claimRequest(this.#idOf(step.worker), { limit: step.claimNext })
            : undefined,
        );
        this.#claims.push(...receipt.claimed.claims);
        return receipt;
      }
      case "cancel":
        return await store.cancelJobs(step.ids, time.now());
      case "retry":
      case "retryDead":
        return await store.retryJobs(step.ids, { change: step.do, now: time.now() });
      case "removeDead":
        return (await store.removeDead(step.ids)).sort((a, b) => a - b);
      case "expire": {
        const { state, limit } = step;
        const expired = { state, before: time.now() - step.olderMs };
        return [await store.countExpired(expired), await store.removeExpired(expired, limit)];
      }
      case "pass":
        return time.pass(step.ms);
      case "reboot":
        this.#boots += 1;
        return time.reboot(`boot-${this.#boots}`);
    }
  }

  /** A worker that registers again does so under a fresh id, as processes do. */
  #idOf(worker: string): string {
    return `${worker}.${this.#incarnations.get(worker) ?? 0}`;
  }

  /** Everything that can be seen of the store. */
  async look() {
    const { store } = this.#scene;
    const jobs = await Array.fromAsync(store.listJobs());
    return {
      jobs,
      executions: await Promise.all(jobs.map(({ seq }) => store.listExecutions(seq))),
      workers: await store.listWorkers(),
      counts: await store.counts(null),
      countsByQueue: await Promise.all(QUEUES.map((queue) => store.counts([queue]))),
    };
  }
}

async function* streamOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** What must hold in any store after any course of events. */
function expectConsistent({
  jobs,
  executions,
  workers,
  counts,
  countsByQueue,
}: Awaited<ReturnType<Player["look"]>>): void {
  const countOf = (of: typeof jobs) =>
    Object.fromEntries(JOB_STATES.map((state) => [state, of.filter((job) => job.state === state).length]));
  expect(counts).toEqual(countOf(jobs));
  for (const [index, queue] of QUEUES.entries()) {
    expect(countsByQueue[index]).toEqual(countOf(jobs.filter((job) => job.queue === queue)));
  }
  for (const [index, job] of jobs.entries()) {
    const history = executions[index] ?? [];
    expect(history.map(({ number }) => number)).toEqual(history.map((_, at) => at + 1));
    expect(history).toHaveLength(job.executions);
    expect(history.filter(({ outcome }) => outcome === null)).toHaveLength(
      job.state === "processing" ? 1 : 0,
    );
    expect(job.worker === null).toBe(job.state !== "processing");
  }
  for (const worker of workers) {
    const suspects = jobs.filter((job) => job.worker === worker.id && job.suspicion !== null);
    if (suspects.length > 0) expect(worker.held).toHaveLength(1);
  }
  const held = workers.flatMap(({ held }) => held.map(({ jobId }) => jobId));
  const processing = jobs.filter(({ state }) => state === "processing").map(({ id }) => id);
  expect(held.sort()).toEqual(processing.sort());
}

describe("agreement", () => {
  afterEach(closeScenes);

  test("both stores answer alike, and stay true, through any course of events", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: "max" }), async (course) => {
        const memory = new Player(await openMemoryScene());
        const sqlite = new Player(await openSqliteScene());
        for (const [index, event] of course.entries()) {
          expect([index, event, await sqlite.play(event)]).toEqual([index, event, await memory.play(event)]);
        }
        const seen = await sqlite.look();
        expect(seen).toEqual(await memory.look());
        expectConsistent(seen);
      }),
      { numRuns: 60 },
    );
  });
});
