import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { buildWorker } from "../../tests/support/build-job.ts";
import { until } from "../../tests/support/queuectl.ts";
import { endAfterTest, processesWith } from "../../tests/support/worker-processes.ts";
import { LONG_MS, type TestWorker, untilFile, WorkerScene } from "../../tests/support/worker-scene.ts";
import { type ErrorCode, QueuectlError } from "../domain/errors.ts";
import { outputFile } from "../store/data-files.ts";
import type { Store } from "../store/store.ts";
import { identifySelf } from "./process-identity.ts";
import { pause } from "./timer.ts";

/** A worker is taken for dead, and its jobs are given back, while it lives. */
async function takeForDead(store: Store, id: string): Promise<void> {
  const seen = (await store.listWorkers()).find((worker) => worker.id === id);
  if (!seen || !(await store.declareDead(id, seen.heartbeats))) throw new Error(`${id} is not there`);
  await store.recoverJobs(id, { now: Date.now(), crashLimit: 3 });
}

describe("a worker", () => {
  test("runs what is due, in order, and says so", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue(
      { id: "low" },
      { id: "high", priority: 5 },
      { id: "later", runAt: Date.now() + LONG_MS },
    );
    const worker = await scene.startWorker();
    await scene.jobWhen("low", "completed");
    expect(worker.heard("claimed").map(({ job }) => job.id)).toEqual(["high", "low"]);
    expect(worker.events.slice(0, 3).map(({ kind }) => kind)).toEqual(["started", "polling", "claimed"]);
    expect(await scene.job("later")).toMatchObject({ state: "pending", executions: 0 });
  });

  test("is woken by an enqueue, without a poll", async () => {
    const scene = await WorkerScene.open();
    const worker = await scene.startWorker({ settings: { pollIntervalMs: LONG_MS } });
    await worker.says("polling");
    await scene.enqueue({ id: "a" });
    await scene.jobWhen("a", "completed");
  });

  test("polls, where nobody rings", async () => {
    const scene = await WorkerScene.open();
    const deaf = { ...scene.store, onWakeup: () => () => {} };
    const worker = await scene.startWorker({ store: deaf, settings: { pollIntervalMs: 50 } });
    await worker.says("polling");
    await scene.enqueue({ id: "a" });
    await scene.jobWhen("a", "completed");
  });

  test("retries a failed job when it is due, without a poll or a ring", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue({ id: "a", command: "[ $QUEUECTL_ATTEMPT = 3 ]", backoffBase: 0.1 });
    const worker = await scene.startWorker({ settings: { pollIntervalMs: LONG_MS } });
    expect(await scene.jobWhen("a", "completed")).toMatchObject({ attempts: 2, executions: 3 });
    expect(worker.heard("finished").map(({ transition }) => transition.to)).toEqual([
      "failed",
      "failed",
      "completed",
    ]);
  });

  test("runs what was due before the wall clock was set back", async () => {
    const scene = await WorkerScene.open();
    const createdAt = Date.now() + 86_400_000;
    await scene.enqueue({ id: "a", createdAt }, { id: "later", createdAt, runAt: createdAt });
    await scene.startWorker();
    await scene.jobWhen("a", "completed");
    expect(await scene.job("later")).toMatchObject({ state: "pending", dueAt: createdAt });
  });

  test("goes on after a command that cannot be started", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue(
      { id: "nowhere", cwd: "/no/such/directory", maxRetries: 0 },
      { id: "endless", env: { LONG: "x".repeat(200_000) }, maxRetries: 0 },
      { id: "fine" },
    );
    await scene.startWorker();
    await scene.jobWhen("fine", "completed");
    const dead = { state: "dead", reason: "retries_spent", attempts: 1 };
    expect(await scene.job("nowhere")).toMatchObject({
      ...dead,
      error: expect.stringContaining("/no/such/directory"),
    });
    expect(await scene.job("endless")).toMatchObject(dead);
    expect(await scene.outcomes("endless")).toEqual(["spawn_failed"]);
  });

  test("serves its own queues only", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue({ id: "a", queue: "mail" }, { id: "b", queue: "media" }, { id: "c", queue: "web" });
    await (await scene.startWorker({ queues: ["web", "mail"], drain: true })).ended;
    expect(await scene.job("a")).toMatchObject({ state: "completed" });
    expect(await scene.job("b")).toMatchObject({ state: "pending" });
    expect(await scene.job("c")).toMatchObject({ state: "completed" });
  });

  test("runs as many at once as it may, and never more", async () => {
    const scene = await WorkerScene.open();
    const log = scene.file("log");
    writeFileSync(log, "");
    // Each waits until three have started: fewer at once would wait for ever.
    const command = `echo start >> ${log}; while [ $(grep -c start ${log}) -lt 3 ]; do sleep 0.02; done; sleep 0.05; echo end >> ${log}`;
    await scene.enqueue(...Array.from({ length: 10 }, (_, index) => ({ id: `j${index}`, command })));
    await (await scene.startWorker({ concurrency: 3, drain: true })).ended;
    let running = 0;
    const counts = readFileSync(log, "utf8")
      .trim()
      .split("\n")
      .map((line) => {
        running += line === "start" ? 1 : -1;
        return running;
      });
    expect(counts).toHaveLength(20);
    expect(Math.max(...counts)).toBe(3);
  });
});

describe("the store", () => {
  test("hears of a result and of the next claim in one commit", async () => {
    const scene = await WorkerScene.open();
    const commits: { recorded: number; claimed: string[] }[] = [];
    const watched: Store = {
      ...scene.store,
      claim: async () => {
        throw new Error("A claim of its own is a commit of its own");
      },
      finish: async (worker, results, next) => {
        const receipt = await scene.store.finish(worker, results, next);
        commits.push({ recorded: results.length, claimed: receipt.claimed.claims.map(({ job }) => job.id) });
        return receipt;
      },
    };
    await scene.enqueue({ id: "a" }, { id: "b" }, { id: "c" });
    await (await scene.startWorker({ store: watched, drain: true })).ended;
    expect(commits.filter(({ recorded, claimed }) => recorded + claimed.length > 0)).toEqual([
      { recorded: 0, claimed: ["a"] },
      { recorded: 1, claimed: ["b"] },
      { recorded: 1, claimed: ["c"] },
      { recorded: 1, claimed: [] },
    ]);
  });

  test.each<ErrorCode>(["store_locked", "store_full", "store_failed"])(
    "may fail (%s): no result is lost, and nothing is claimed meanwhile",
    async (code) => {
      const scene = await WorkerScene.open();
      let failures = 0;
      const failing: Store = {
        ...scene.store,
        finish: async (worker, results, next) => {
          if (results.length > 0 && failures < 3) {
            failures += 1;
            if (failures === 1) await scene.enqueue({ id: "b" });
            throw new QueuectlError(code, "not now");
          }
          return await scene.store.finish(worker, results, next);
        },
      };
      await scene.enqueue({ id: "a", command: "exit 7", maxRetries: 0 });
      const worker = await scene.startWorker({ store: failing, concurrency: 2 });
      await scene.jobWhen("b", "completed");
      expect(worker.heard("trouble")).toHaveLength(3);
      expect(await scene.job("a")).toMatchObject({ state: "dead", exitCode: 7, executions: 1 });
      expect(await scene.job("b")).toMatchObject({ executions: 1 });
      const story = worker.events.flatMap((event) =>
        event.kind === "claimed" || event.kind === "finished" ? [`${event.kind} ${event.job.id}`] : [],
      );
      expect(story).toEqual(["claimed a", "finished a", "claimed b", "finished b"]);
    },
  );

  test("may fail for a while when it is asked for jobs", async () => {
    const scene = await WorkerScene.open();
    let failures = 0;
    const failing: Store = {
      ...scene.store,
      finish: async (...call) => {
        failures += 1;
        if (failures <= 3) throw new QueuectlError("store_locked", "not now");
        return await scene.store.finish(...call);
      },
    };
    await scene.enqueue({ id: "a" });
    const worker = await scene.startWorker({ store: failing, settings: { pollIntervalMs: LONG_MS } });
    await scene.jobWhen("a", "completed");
    expect(failures).toBeGreaterThan(3);
    expect(worker.heard("trouble")).not.toEqual([]);
  });

  test("that fails when settings are read costs no job: those known last hold", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue({ id: "a", command: "exit 1", maxRetries: 1, backoffBase: 0.01 });
    const worker = await scene.startWorker();
    Object.defineProperty(worker.settings, "jobTimeoutMs", {
      enumerable: true,
      get: () => {
        throw new QueuectlError("store_locked", "not now");
      },
    });
    expect(await scene.jobWhen("a", "dead")).toMatchObject({ executions: 2 });
    expect(worker.heard("trouble").length).toBeGreaterThan(0);
  });

  test("that was taken away ends the worker and its jobs", async () => {
    const scene = await WorkerScene.open();
    let isRemoved = false;
    const removable: Store = {
      ...scene.store,
      heartbeat: async (...call) => {
        if (isRemoved) throw new QueuectlError("store_removed", "the database is gone");
        return await scene.store.heartbeat(...call);
      },
      finish: async (...call) => {
        if (isRemoved) throw new Error("Nothing may be written to a store that is gone");
        return await scene.store.finish(...call);
      },
    };
    await scene.enqueue({ id: "a", command: "sleep 300" });
    const entry = `QUEUECTL_TREE=${scene.store.id}:1`;
    endAfterTest(entry);
    const worker = await scene.startWorker({ store: removable, settings: { leaseMs: 300 } });
    await worker.says("claimed");
    isRemoved = true;
    await expect(worker.ended).rejects.toMatchObject({ code: "store_removed" });
    expect(processesWith(entry)).toEqual([]);
    expect(worker.heard("stopped")).toEqual([]);
  });
});

describe("a worker that was taken for dead", () => {
  test("ends its jobs, and goes on under a new id", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue({ id: "a", command: "[ $QUEUECTL_ATTEMPT = 2 ] || sleep 300" });
    const worker = await scene.startWorker({ settings: { leaseMs: 300 } });
    const entry = `QUEUECTL_TREE=${scene.store.id}:1`;
    endAfterTest(entry);
    await worker.says("claimed");
    const first = worker.id;
    await takeForDead(scene.store, first);
    const { newId } = await worker.says("taken_for_dead");
    expect(newId).not.toBe(first);
    expect(worker.id).toBe(newId);
    await worker.says("stale_result", ({ outcome }) => outcome.kind === "lost");
    expect(processesWith(entry)).toEqual([]);
    await scene.jobWhen("a", "completed");
    expect(await scene.history("a")).toMatchObject([
      { number: 1, worker: first, outcome: "lost" },
      { number: 2, worker: newId, outcome: "succeeded" },
    ]);
    expect(await scene.job("a")).toMatchObject({ attempts: 0 });
  });

  test.each([
    ["success", "exit 0", { kind: "succeeded" }],
    ["failure", "exit 9", { kind: "failed", exitCode: 9 }],
  ])("cannot overwrite its successor's result with a late %s", async (_, exit, outcome) => {
    const scene = await WorkerScene.open();
    const go = scene.file("go");
    await scene.enqueue({
      id: "a",
      command: `[ $QUEUECTL_ATTEMPT = 2 ] && exit 5; ${untilFile(go)}; ${exit}`,
      maxRetries: 0,
    });
    // It does not beat within this test, as if it had been paused.
    const late = await scene.startWorker({ settings: { leaseMs: LONG_MS } });
    await late.says("claimed");
    await takeForDead(scene.store, late.id);
    const successor = await scene.startWorker();
    await successor.says("finished");
    writeFileSync(go, "");
    const stale = await late.says("stale_result");
    expect(stale).toMatchObject({ job: { id: "a" }, outcome });
    expect(late.heard("finished")).toEqual([]);
    expect(await scene.job("a")).toMatchObject({ state: "dead", exitCode: 5, executions: 2 });
    expect(await scene.history("a")).toMatchObject([
      { outcome: "lost", late: { outcome: outcome.kind } },
      { outcome: "failed", late: null },
    ]);
  });
});

describe("a cancel", () => {
  test("is heard of by the doorbell: the whole tree is ended, and the worker goes on", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue({ id: "a", command: "setsid sleep 300 & sleep 300" }, { id: "b" });
    const worker = await scene.startWorker();
    const entry = `QUEUECTL_TREE=${scene.store.id}:1`;
    endAfterTest(entry);
    await worker.says("claimed");
    await scene.store.cancelJobs(["a"], Date.now());
    expect(await scene.jobWhen("a", "cancelled")).toMatchObject({ attempts: 0, executions: 1 });
    expect(await scene.outcomes("a")).toEqual(["cancelled"]);
    expect(processesWith(entry)).toEqual([]);
    expect(await worker.says("finished")).toMatchObject({
      job: { id: "a" },
      transition: { to: "cancelled" },
    });
    await scene.jobWhen("b", "completed");
  });

  test("is heard of by the heartbeat, where the looks fail", async () => {
    const scene = await WorkerScene.open();
    const blind: Store = {
      ...scene.store,
      listWorkers: async () => {
        throw new QueuectlError("store_locked", "not now");
      },
    };
    await scene.enqueue({ id: "a", command: "sleep 300" });
    const worker = await scene.startWorker({ store: blind, settings: { leaseMs: 300 } });
    endAfterTest(`QUEUECTL_TREE=${scene.store.id}:1`);
    await worker.says("claimed");
    await scene.store.cancelJobs(["a"], Date.now());
    await scene.jobWhen("a", "cancelled");
  });

  test("that a failure overtakes is obeyed none the less: the job is not retried", async () => {
    const scene = await WorkerScene.open();
    const go = scene.file("go");
    await scene.enqueue({ id: "a", command: `${untilFile(go)}; exit 3` });
    // It hears of nothing: the request is met at the finish alone.
    const deaf: Store = {
      ...scene.store,
      listWorkers: async () => [],
      finish: async (worker, results, next) => {
        if (results.length > 0) await scene.store.cancelJobs(["a"], Date.now());
        return await scene.store.finish(worker, results, next);
      },
    };
    const worker = await scene.startWorker({ store: deaf });
    await worker.says("claimed");
    writeFileSync(go, "");
    expect(await worker.says("finished")).toMatchObject({
      outcome: { kind: "failed", exitCode: 3 },
      transition: { to: "cancelled" },
    });
    expect(await scene.job("a")).toMatchObject({ state: "cancelled", exitCode: 3 });
  });
});

describe("a suspect", () => {
  test("has a worker of several slots to itself, which then fills them again", async () => {
    const scene = await WorkerScene.open();
    const go = scene.file("go");
    await scene.enqueue({ id: "s", command: untilFile(go) }, { id: "t" });
    await scene.store.registerWorker(buildWorker("lost", { identity: identifySelf() }), Date.now());
    const request = { worker: "lost", limit: 2, queues: null, now: Date.now(), outputLimitBytes: 1_024 };
    await scene.store.claim(request);
    await takeForDead(scene.store, "lost");
    await scene.enqueue({ id: "a" }, { id: "b" });
    const worker = await scene.startWorker({ concurrency: 4 });
    await worker.says("claimed");
    // Rung for, it looks and claims anew; what it may not have it does not get.
    await scene.enqueue({ id: "c" });
    expect(worker.heard("claimed").map(({ job }) => job.id)).toEqual(["s"]);
    writeFileSync(go, "");
    for (const id of ["s", "t", "a", "b", "c"]) await scene.jobWhen(id, "completed");
    expect(worker.heard("claimed").map(({ job }) => job.id)).toEqual(["s", "t", "a", "b", "c"]);
  });
});

describe("a dead sibling", () => {
  /** A process that has ended, under the identity of this boot. */
  const ended = { ...identifySelf(), pid: spawnSync("true").pid };

  test("is found by its process: its job runs again, with nothing spent", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue({ id: "a" });
    await scene.store.registerWorker(
      buildWorker("sibling", { identity: ended, leaseMs: LONG_MS }),
      Date.now(),
    );
    await scene.store.claim({
      worker: "sibling",
      limit: 1,
      queues: null,
      now: Date.now(),
      outputLimitBytes: 1_024,
    });
    const worker = await scene.startWorker();
    expect(await worker.says("recovered")).toMatchObject({ deadWorker: "sibling", jobs: [{ jobId: "a" }] });
    expect(await scene.jobWhen("a", "completed")).toMatchObject({ attempts: 0, executions: 2 });
    expect(await scene.outcomes("a")).toEqual(["lost", "succeeded"]);
  });

  test("of before a reboot is found too", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue({ id: "a" });
    const identity = { ...identifySelf(), bootId: "another boot" };
    const before = buildWorker("before", { identity });
    await scene.store.registerWorker(before, Date.now());
    await scene.store.claim({
      worker: "before",
      limit: 1,
      queues: null,
      now: Date.now(),
      outputLimitBytes: 1_024,
    });
    const worker = await scene.startWorker();
    await worker.says("recovered");
    expect(await scene.jobWhen("a", "completed")).toMatchObject({ attempts: 0, executions: 2 });
  });

  test("holds a worker that drains until its jobs are done", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue({ id: "a" });
    await scene.store.registerWorker(buildWorker("sibling", { identity: ended }), Date.now());
    await scene.store.claim({
      worker: "sibling",
      limit: 1,
      queues: null,
      now: Date.now(),
      outputLimitBytes: 1_024,
    });
    await (await scene.startWorker({ drain: true })).ended;
    expect(await scene.job("a")).toMatchObject({ state: "completed" });
  });

  test("that only looks like one is left alone", async () => {
    const scene = await WorkerScene.open();
    const go = scene.file("go");
    await scene.enqueue({ id: "a", command: untilFile(go) }, { id: "b" });
    const first = await scene.startWorker();
    await first.says("claimed");
    const second = await scene.startWorker();
    await second.says("finished");
    writeFileSync(go, "");
    await scene.jobWhen("a", "completed");
    expect(second.heard("recovered")).toEqual([]);
    expect(await scene.outcomes("a")).toEqual(["succeeded"]);
  });
});

describe("a worker that drains", () => {
  test("ends when there is nothing to do, and signs off", async () => {
    const scene = await WorkerScene.open();
    const worker = await scene.startWorker({ drain: true });
    await worker.ended;
    expect(worker.events.map(({ kind }) => kind)).toEqual(["started", "polling", "drained", "stopped"]);
    expect(await scene.store.listWorkers()).toEqual([]);
  });

  test("waits for a job that waits for its retry", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue({ id: "a", command: "[ $QUEUECTL_ATTEMPT = 2 ]", backoffBase: 0.3 });
    await (await scene.startWorker({ drain: true })).ended;
    expect(await scene.job("a")).toMatchObject({ state: "completed", attempts: 1 });
  });

  test("does not wait for one that was delayed to a later time", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue({ id: "later", runAt: Date.now() + LONG_MS }, { id: "now" });
    await (await scene.startWorker({ drain: true })).ended;
    expect(await scene.job("now")).toMatchObject({ state: "completed" });
    expect(await scene.job("later")).toMatchObject({ state: "pending" });
  });

  test("does not wait for queues that are not its own", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue({ id: "other", queue: "other" });
    await (await scene.startWorker({ drain: true, queues: ["mine"] })).ended;
    expect(await scene.job("other")).toMatchObject({ state: "pending" });
  });

  test("waits for a job that another worker runs", async () => {
    const scene = await WorkerScene.open();
    const go = scene.file("go");
    await scene.enqueue({ id: "a", command: untilFile(go) });
    const busy = await scene.startWorker();
    await busy.says("claimed");
    let looks = 0;
    const watched: Store = {
      ...scene.store,
      counts: async (queues) => {
        looks += 1;
        return await scene.store.counts(queues);
      },
    };
    const draining = await scene.startWorker({ store: watched, drain: true });
    await until(() => looks >= 3, "the draining worker to look a few times");
    expect(draining.heard("drained")).toEqual([]);
    writeFileSync(go, "");
    await draining.ended;
    expect(await scene.job("a")).toMatchObject({ state: "completed" });
  });
});

describe("a stop", () => {
  /** A job runs until the test lets it go, and another one waits. */
  async function openBusy(): Promise<{ scene: WorkerScene; worker: TestWorker; letGo: () => void }> {
    const scene = await WorkerScene.open();
    const go = scene.file("go");
    await scene.enqueue({ id: "a", command: untilFile(go) }, { id: "b" });
    const worker = await scene.startWorker();
    await worker.says("claimed");
    return { scene, worker, letGo: () => writeFileSync(go, "") };
  }

  const interrupted = {
    state: "pending",
    attempts: 0,
    executions: 1,
    error: expect.stringContaining("interrupted"),
  };

  test("of an idle worker ends it at once, and it signs off", async () => {
    const scene = await WorkerScene.open();
    const worker = await scene.startWorker();
    await worker.says("polling");
    worker.worker.stop(null);
    await worker.ended;
    expect(worker.heard("stopping")).toEqual([{ kind: "stopping", running: 0, graceMs: null }]);
    expect(await scene.store.listWorkers()).toEqual([]);
  });

  test("without a limit lets the job end, and claims nothing more", async () => {
    const { scene, worker, letGo } = await openBusy();
    worker.worker.stop(null);
    expect(worker.heard("stopping")).toMatchObject([{ running: 1, graceMs: null }]);
    await until(
      async () => (await scene.store.listWorkers())[0]?.state === "stopping",
      "the worker's row to say so",
    );
    letGo();
    await worker.ended;
    expect(await scene.job("a")).toMatchObject({ state: "completed" });
    expect(await scene.job("b")).toMatchObject({ state: "pending", executions: 0 });
    expect(await scene.store.listWorkers()).toEqual([]);
  });

  test("with a grace that is long enough lets the job end", async () => {
    const { scene, worker, letGo } = await openBusy();
    worker.worker.stop(LONG_MS);
    letGo();
    await worker.ended;
    expect(await scene.job("a")).toMatchObject({ state: "completed" });
  });

  test("with a grace that is over interrupts the job, which goes back with nothing spent", async () => {
    const { scene, worker } = await openBusy();
    worker.worker.stop(100);
    await worker.ended;
    expect(await scene.job("a")).toMatchObject(interrupted);
    expect(await scene.outcomes("a")).toEqual(["interrupted"]);
    expect(await scene.job("b")).toMatchObject({ state: "pending", executions: 0 });
  });

  test("without any patience interrupts at once", async () => {
    const { scene, worker } = await openBusy();
    worker.worker.stop(0);
    await worker.ended;
    expect(await scene.job("a")).toMatchObject(interrupted);
  });

  test("may become less patient", async () => {
    const { scene, worker } = await openBusy();
    worker.worker.stop(null);
    worker.worker.stop(LONG_MS);
    worker.worker.stop(0);
    await worker.ended;
    expect(await scene.job("a")).toMatchObject(interrupted);
    expect(worker.heard("stopping")).toHaveLength(1);
  });

  test("without any patience reaches a job whose claim was under way", async () => {
    const scene = await WorkerScene.open();
    const gate = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const slow: Store = {
      ...scene.store,
      finish: async (worker, results, next) => {
        asked.resolve();
        await gate.promise;
        return await scene.store.finish(worker, results, next && { ...next, limit: 1 });
      },
      // The row would refuse the claim, had the store been quicker.
      markStopping: async () => {},
    };
    await scene.enqueue({ id: "a", command: "sleep 300" });
    const worker = await scene.startWorker({ store: slow });
    await asked.promise;
    worker.worker.stop(0);
    // The interruption's timer was set just now, for as long: when this one is over, it has found no job to interrupt.
    await pause(0);
    gate.resolve();
    await worker.ended;
    expect(await scene.job("a")).toMatchObject(interrupted);
  });

  test.each([
    [null, "completed"],
    [0, "pending"],
  ] as const)("that was asked for in the store (grace %s) is obeyed", async (graceMs, state) => {
    const { scene, worker, letGo } = await openBusy();
    await scene.store.requestStop([worker.id], { graceMs });
    await worker.says("stopping", (event) => event.graceMs === graceMs);
    if (graceMs === null) letGo();
    await worker.ended;
    expect(await scene.job("a")).toMatchObject({ state, attempts: 0 });
  });

  test("that was asked for patiently may be asked for again with a limit", async () => {
    const { scene, worker } = await openBusy();
    await scene.store.requestStop(null, { graceMs: null });
    await worker.says("stopping");
    await scene.store.requestStop(null, { graceMs: 0 });
    await worker.ended;
    expect(await scene.job("a")).toMatchObject(interrupted);
  });

  test("of one worker gives its interrupted job to another at once", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue({ id: "a", command: "[ $QUEUECTL_ATTEMPT = 2 ] || sleep 300" });
    const first = await scene.startWorker();
    await first.says("claimed");
    const second = await scene.startWorker();
    first.worker.stop(0);
    await scene.jobWhen("a", "completed");
    expect(await scene.history("a")).toMatchObject([
      { worker: first.worker.id, outcome: "interrupted" },
      { worker: second.id, outcome: "succeeded" },
    ]);
  });
});

describe("a setting", () => {
  test("is looked up when an execution starts: a timeout that was taken away mends the job", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue({
      id: "a",
      command: "[ $QUEUECTL_ATTEMPT = 1 ] && sleep 300; sleep 0.2",
      maxRetries: 1,
    });
    const worker = await scene.startWorker({ settings: { jobTimeoutMs: 100 } });
    await worker.says("claimed");
    worker.settings.jobTimeoutMs = 0;
    expect(await scene.jobWhen("a", "completed")).toMatchObject({ attempts: 1 });
    const [first] = await scene.history("a");
    expect(first).toMatchObject({ outcome: "timed_out", error: expect.stringContaining("job-timeout") });
  });

  test("is not asked where the job has its own", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue(
      { id: "short", command: "sleep 300", timeoutMs: 100, maxRetries: 0 },
      { id: "none", command: "sleep 0.4", timeoutMs: 0, maxRetries: 0 },
    );
    const worker = await scene.startWorker({ settings: { jobTimeoutMs: LONG_MS } });
    await worker.says("claimed");
    worker.settings.jobTimeoutMs = 100;
    await scene.jobWhen("none", "completed");
    expect(await scene.job("short")).toMatchObject({
      state: "dead",
      error: expect.stringContaining("the job's own timeout"),
    });
  });

  test("is looked up when an execution fails: the wait is that of now", async () => {
    const scene = await WorkerScene.open();
    const go = scene.file("go");
    await scene.enqueue({ id: "a", command: `${untilFile(go)}; exit 1` });
    const worker = await scene.startWorker({
      settings: { backoff: { base: 0.01, maxMs: LONG_MS, jitter: 0 } },
    });
    await worker.says("claimed");
    worker.settings.backoff = { base: 1_000, maxMs: LONG_MS, jitter: 0 };
    writeFileSync(go, "");
    const { dueAt, updatedAt } = await scene.jobWhen("a", "failed");
    expect(dueAt - updatedAt).toBe(1_000_000);
  });

  test("is not asked where the job has its own backoff", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue({ id: "a", command: "exit 1", backoffBase: 100 });
    await scene.startWorker();
    const { dueAt, updatedAt } = await scene.jobWhen("a", "failed");
    // Capped by the setting max-backoff, which holds for all.
    expect(dueAt - updatedAt).toBe(60_000);
  });
});

test("the output of an execution is stored with its result, a large one beside the store", async () => {
  const scene = await WorkerScene.open();
  await scene.enqueue({ id: "small", command: "echo out; echo err >&2" });
  await scene.enqueue({
    id: "large",
    command: "head -c 100000 /dev/zero | tr '\\0' x; exit 1",
    maxRetries: 0,
  });
  await (await scene.startWorker({ drain: true })).ended;
  const [small] = await scene.history("small");
  expect(Buffer.from(small?.output?.stdout.tail ?? []).toString()).toBe("out\n");
  expect(Buffer.from(small?.output?.stderr.tail ?? []).toString()).toBe("err\n");
  const [large] = await scene.history("large");
  expect(large?.output?.stdout.totalBytes).toBe(100_000);
  const file = outputFile({ store: scene.store, token: large?.token ?? 0, stream: "stdout" });
  expect(readFileSync(file, "utf8")).toBe("x".repeat(100_000));
  expect(existsSync(outputFile({ store: scene.store, token: small?.token ?? 0, stream: "stdout" }))).toBe(
    false,
  );
});
