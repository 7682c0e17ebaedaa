import { spawn, spawnSync } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { buildJob, buildWorker } from "../../tests/support/build-job.ts";
import { MemoryTruth, memoryStore } from "../../tests/support/memory-store.ts";
import { until } from "../../tests/support/queuectl.ts";
import { TestTime } from "../../tests/support/test-time.ts";
import { isRunning, kill } from "../../tests/support/worker-processes.ts";
import type { WorkerIdentity } from "../domain/lease.ts";
import type { RecoveredJob, Store, WorkerRecord } from "../store/store.ts";
import { lookAfterSiblings } from "./maintenance.ts";
import { identifySelf } from "./process-identity.ts";

const identity = identifySelf();
const ENDED: WorkerIdentity = { ...identity, pid: spawnSync("true").pid };
const ELSEWHERE: WorkerIdentity = { ...identity, pidNamespace: "pid:[1]" };
const LEASE_MS = 15_000;

/** A store with this process's worker, and a sibling that holds the job `a`. */
class Scene {
  readonly time: TestTime = new TestTime();
  readonly truth: MemoryTruth = new MemoryTruth();
  readonly store: Store;
  readonly recovered: [deadWorker: string | null, jobs: RecoveredJob[]][] = [];
  readonly vacant: string[] = [];

  constructor() {
    this.time.bootId = identity.bootId;
    this.store = memoryStore(this.truth, this.time);
  }

  static async with(sibling: WorkerIdentity): Promise<Scene> {
    const scene = new Scene();
    const { store, time } = scene;
    await store.registerWorker(buildWorker("self", { identity, leaseMs: 1_000_000 }), time.now());
    await store.registerWorker(buildWorker("sibling", { identity: sibling, leaseMs: LEASE_MS }), time.now());
    await store.enqueue([buildJob({ id: "a" })]);
    await store.claim({
      worker: "sibling",
      limit: 1,
      queues: null,
      now: time.now(),
      outputLimitBytes: 1_024,
    });
    return scene;
  }

  async look({ store = this.store, trustLeases = true } = {}): Promise<boolean> {
    return await lookAfterSiblings(
      store,
      { id: "self", identity, trustLeases, crashLimit: 3 },
      {
        self: () => {},
        recovered: (...event) => this.recovered.push(event),
        vacant: async (deadWorker) => void this.vacant.push(deadWorker),
      },
    );
  }

  async stateOfA(): Promise<string | undefined> {
    return (await this.store.getJob("a"))?.state;
  }
}

test("the job of a sibling whose process is gone is given back, whatever its lease says", async () => {
  const scene = await Scene.with(ENDED);
  await scene.look({ trustLeases: false });
  expect(scene.recovered).toEqual([["sibling", [{ jobId: "a", to: "pending" }]]]);
  expect(await scene.store.getJob("a")).toMatchObject({ state: "pending", attempts: 0 });
  await scene.look();
  expect(scene.recovered).toHaveLength(1);
});

test("a sibling whose process lives and whose lease holds is left alone", async () => {
  const scene = await Scene.with(identity);
  scene.time.pass(LEASE_MS - 1);
  await scene.look();
  expect(scene.recovered).toEqual([]);
  expect(await scene.stateOfA()).toBe("processing");
});

test("a sibling that lives and is silent for its whole lease has lost its jobs", async () => {
  const scene = await Scene.with(identity);
  scene.time.pass(LEASE_MS);
  await scene.look({ trustLeases: false });
  expect(scene.recovered).toEqual([]);
  await scene.look();
  expect(scene.recovered).toEqual([["sibling", [{ jobId: "a", to: "pending" }]]]);
});

test("a sibling that cannot be seen is dead when its lease is over, and not before", async () => {
  const scene = await Scene.with(ELSEWHERE);
  await scene.look();
  expect(scene.recovered).toEqual([]);
  scene.time.pass(LEASE_MS);
  await scene.look({ trustLeases: false });
  expect(scene.recovered).toEqual([]);
  await scene.look();
  expect(scene.recovered).toEqual([["sibling", [{ jobId: "a", to: "pending" }]]]);
});

test("a sibling that has beaten since it was looked at lives", async () => {
  const scene = await Scene.with(ELSEWHERE);
  scene.time.pass(LEASE_MS);
  const beatenMeanwhile: Store = {
    ...scene.store,
    declareDead: async (...call) => {
      await scene.store.heartbeat("sibling", { leaseMs: LEASE_MS, now: scene.time.now() });
      return await scene.store.declareDead(...call);
    },
  };
  await scene.look({ store: beatenMeanwhile });
  expect(scene.recovered).toEqual([]);
  expect(await scene.stateOfA()).toBe("processing");
});

test("its processes are ended after it was declared dead, and before its jobs are given back", async () => {
  const scene = await Scene.with(ENDED);
  const left = spawn("sleep", ["300"], { env: { ...process.env, QUEUECTL_TREE: `${scene.store.id}:1` } });
  const pid = left.pid ?? 0;
  onTestFinished(() => kill(pid));
  const steps: string[] = [];
  const watched: Store = {
    ...scene.store,
    declareDead: async (...call) => {
      steps.push(`declared dead while its process ${isRunning(pid) ? "runs" : "is gone"}`);
      return await scene.store.declareDead(...call);
    },
    recoverJobs: async (...call) => {
      await until(() => !isRunning(pid), "the process to be gone");
      steps.push("given back");
      return await scene.store.recoverJobs(...call);
    },
  };
  await scene.look({ store: watched });
  expect(steps).toEqual(["declared dead while its process runs", "given back"]);
});

test("what a looker left half done, the next one ends", async () => {
  const scene = await Scene.with(ENDED);
  const crashing: Store = {
    ...scene.store,
    recoverJobs: async () => {
      throw new Error("the looker dies here");
    },
  };
  await expect(scene.look({ store: crashing })).rejects.toThrow("the looker dies here");
  expect(await scene.stateOfA()).toBe("processing");
  await scene.look();
  expect(scene.recovered).toEqual([["sibling", [{ jobId: "a", to: "pending" }]]]);
  expect(await scene.stateOfA()).toBe("pending");
});

test("a worker sees its own row, and does not judge itself", async () => {
  const scene = await Scene.with(identity);
  await scene.store.requestStop(["self"], { graceMs: 5 });
  const self = { id: "self", identity: ENDED, trustLeases: true, crashLimit: 3 };
  const seen: WorkerRecord[] = [];
  await lookAfterSiblings(scene.store, self, {
    self: (own) => seen.push(own),
    recovered: () => {},
    vacant: async () => {},
  });
  expect(seen).toMatchObject([{ id: "self", stopRequest: { graceMs: 5 } }]);
  expect((await scene.store.listWorkers()).find(({ id }) => id === "self")?.state).toBe("running");
});

test("the job of a sibling whose row is gone is given back, after its processes are ended", async () => {
  const scene = await Scene.with(identity);
  const left = spawn("sleep", ["300"], { env: { ...process.env, QUEUECTL_TREE: `${scene.store.id}:1` } });
  const pid = left.pid ?? 0;
  onTestFinished(() => kill(pid));
  scene.truth.workers = scene.truth.workers.filter(({ id }) => id === "self");
  await scene.look({ trustLeases: false });
  expect(scene.recovered).toEqual([[null, [{ jobId: "a", to: "pending" }]]]);
  await until(() => !isRunning(pid), "the process to be gone");
});

test("who is alone and holds nothing need not look again; who holds a job, or has a sibling that lives, must", async () => {
  const scene = await Scene.with(ENDED);
  // As it was seen: its death is known to the next look.
  expect(await scene.look()).toBe(true);
  expect(await scene.look()).toBe(false);
  const { store, time } = scene;
  await store.claim({ worker: "self", limit: 1, queues: null, now: time.now(), outputLimitBytes: 1_024 });
  expect(await scene.look()).toBe(true);
  const lone = await Scene.with(identity);
  expect(await lone.look()).toBe(true);
});
