import { describe, expect, test } from "vitest";
import { openGate } from "../../src/domain/gate.ts";
import { countsOf } from "../../src/domain/job.ts";
import { toPendingAgain, toRetry } from "../../src/domain/transition.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

const NOTHING = countsOf(() => 0);
const RATE = { starts: 2, periodMs: 60_000 };

describeStores("queues", (open) => {
  test("queues that have jobs or were set are listed by name, with their gates and counts", async () => {
    const scene = await open();
    await scene.store.changeQueue("set", { maxRunning: 4 });
    await scene.enqueue({ queue: "jobs" }, { queue: "jobs" }, { queue: "another" });
    await scene.startWorker("w");
    await scene.claimOne("w");
    await scene.claimOne("w");
    expect(await scene.store.listQueues()).toEqual([
      { gate: { ...openGate("queue", "another"), running: 1 }, counts: { ...NOTHING, processing: 1 } },
      {
        gate: { ...openGate("queue", "jobs"), running: 1 },
        counts: { ...NOTHING, pending: 1, processing: 1 },
      },
      { gate: { ...openGate("queue", "set"), maxRunning: 4 }, counts: NOTHING },
    ]);
  });

  test("of some names, only those that are queues are listed", async () => {
    const scene = await open();
    await scene.store.changeQueue("set", { maxRunning: 4 });
    await scene.enqueue({ queue: "jobs" }, { queue: "other" });
    const names = async (wanted: string[]) =>
      (await scene.store.listQueues(wanted)).map(({ gate }) => gate.name);
    expect(await names(["set", "nope", "jobs"])).toEqual(["jobs", "set"]);
    expect(await names([])).toEqual([]);
    expect(await scene.store.listQueues(["set"])).toMatchObject([{ gate: { maxRunning: 4 } }]);
  });

  test("a full one gives its room to the highest priority, whatever has come or gone since it was full", async () => {
    const scene = await open();
    await scene.store.changeQueue("default", { maxRunning: 1 });
    const gone = ["gone-1", "gone-2", "gone-3", "gone-4"];
    const priorities = {
      first: 20,
      ...Object.fromEntries(gone.map((id, n) => [id, 15 - n])),
      next: 9,
      last: 1,
    };
    await scene.enqueue(...Object.entries(priorities).map(([id, priority]) => ({ id, priority })));
    await scene.startWorker("w");
    const [first] = await scene.claim("w");
    await scene.enqueue({ id: "late", priority: 5 });
    await scene.store.cancelJobs(gone, scene.time.now());
    const order: string[] = [];
    for (let held = first; held !== undefined; [held] = await scene.claim("w", { limit: 1 })) {
      order.push(held.job.id);
      await scene.finish("w", held);
    }
    expect(order).toEqual(["first", "next", "late", "last"]);
  });

  test("one whose jobs are all gone is not listed any more, unless it was set", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a", queue: "gone" }, { id: "b", queue: "set" });
    await scene.store.changeQueue("set", { state: "paused" });
    await scene.store.cancelJobs(["a", "b"], scene.time.now());
    await scene.store.removeExpired({ state: "cancelled", before: scene.time.now() }, 10);
    expect((await scene.store.listQueues()).map(({ gate }) => gate.name)).toEqual(["set"]);
  });

  test("what is given is changed, and the rest stays", async () => {
    const scene = await open();
    const gate = async () => (await scene.store.listQueues())[0]?.gate;
    await scene.store.changeQueue("q", { maxRunning: 4, rate: RATE });
    await scene.store.changeQueue("q", { state: "paused" });
    expect(await gate()).toEqual({ ...openGate("queue", "q"), state: "paused", maxRunning: 4, rate: RATE });
    await scene.store.changeQueue("q", { maxRunning: null });
    expect(await gate()).toMatchObject({ state: "paused", maxRunning: null, rate: RATE });
    await scene.store.changeQueue("q", {});
    expect(await gate()).toMatchObject({ state: "paused", maxRunning: null, rate: RATE });
  });

  test("one of which nothing is set any more is a queue only while it has jobs", async () => {
    const scene = await open();
    await scene.enqueue({ queue: "jobs" });
    for (const name of ["jobs", "typo"]) {
      await scene.store.changeQueue(name, { state: "paused", maxRunning: 4, rate: RATE });
      await scene.store.changeQueue(name, { state: "open", maxRunning: null, rate: null });
    }
    expect(await scene.store.listQueues()).toEqual([
      { gate: openGate("queue", "jobs"), counts: { ...NOTHING, pending: 1 } },
    ]);
    expect(await scene.store.listQueues(["typo"])).toEqual([]);
  });

  test("a paused queue starts nothing; what runs goes on, and resuming lets it start again", async () => {
    const scene = await openFull(open);
    await scene.store.changeQueue("default", { state: "paused" });
    const [claim] = await scene.claim("w");
    expect(claim?.job.queue).toBe("mail");
    expect(await scene.claim("w")).toEqual([]);
    const held = (await scene.store.listWorkers())[0]?.held;
    expect(held).toHaveLength(2);
    await scene.enqueue({ id: "new" });
    await scene.store.changeQueue("default", { state: "open" });
    expect(await scene.claimIds("w")).toEqual(["b", "new"]);
  });

  test("a job of a paused queue that fails or is given back waits in it", async () => {
    for (const transition of [toRetry({ attempts: 1, dueAt: 0 }), toPendingAgain()]) {
      const scene = await open();
      await scene.enqueue({ id: "a" });
      await scene.startWorker("w");
      const claim = await scene.claimOne("w");
      await scene.store.changeQueue("default", { state: "paused" });
      await scene.finish("w", claim, { outcome: { kind: "interrupted" }, transition });
      expect(await scene.claim("w")).toEqual([]);
    }
  });

  test("a paused queue asks nobody to come again", async () => {
    const scene = await openFull(open);
    await scene.enqueue({ id: "later", runAt: 9e12 });
    await scene.store.changeQueue("default", { state: "paused" });
    await scene.claim("w");
    expect((await scene.store.claim(scene.claimRequest("w"))).nextDueAt).toBeNull();
  });

  test("a draining queue runs what waits and refuses what is new, by its place", async () => {
    const scene = await openFull(open);
    await scene.store.changeQueue("default", { state: "draining" });
    await expect(scene.enqueue({ id: "new", queue: "other" }, { id: "late" })).rejects.toMatchObject({
      code: "queue_draining",
      position: 2,
      message: expect.stringMatching(/"late".*"default"/),
    });
    expect(await scene.states("new", "late")).toEqual([undefined, undefined]);
    expect(await scene.claimIds("w")).toEqual(["m", "b"]);
    await scene.store.changeQueue("default", { state: "open" });
    await scene.enqueue({ id: "late" });
  });

  test("of several draining queues the first job that is refused is named", async () => {
    const scene = await open();
    for (const name of ["a", "b"]) await scene.store.changeQueue(name, { state: "draining" });
    await expect(scene.enqueue({ queue: "c" }, { queue: "b" }, { queue: "a" })).rejects.toMatchObject({
      position: 2,
    });
  });

  test("a draining queue takes back what is retried", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.store.cancelJobs(["a"], scene.time.now());
    await scene.store.changeQueue("default", { state: "draining" });
    await scene.store.retryJobs(["a"], { change: "retry", now: scene.time.now() });
    await scene.startWorker("w");
    expect(await scene.claimIds("w")).toEqual(["a"]);
  });

  test("a cap counts what runs already when it is set", async () => {
    const scene = await open();
    await scene.enqueue(...["a", "b", "c", "d", "e"].map((id) => ({ id })));
    await scene.startWorker("w");
    const claims = await scene.claim("w", { limit: 3 });
    await scene.store.changeQueue("default", { maxRunning: 3 });
    expect(await scene.claim("w")).toEqual([]);
    await scene.store.changeQueue("default", { maxRunning: 4 });
    expect(await scene.claimIds("w")).toEqual(["d"]);
    await scene.store.changeQueue("default", { maxRunning: 1 });
    await scene.finish("w", claims);
    expect(await scene.claim("w"), "d runs").toEqual([]);
    await scene.store.changeQueue("default", { maxRunning: null });
    expect(await scene.claimIds("w")).toEqual(["e"]);
  });

  describe("jobs are held back", () => {
    test.each([
      ["a full queue", (scene: Scene) => scene.store.changeQueue("default", { maxRunning: 1 }), true],
      [
        "a queue whose rate is spent",
        (scene: Scene) => scene.store.changeQueue("default", { rate: { starts: 1, periodMs: 60_000 } }),
        true,
      ],
      ["a paused queue", (scene: Scene) => scene.store.changeQueue("default", { state: "paused" }), false],
      ["nothing", async () => {}, false],
    ])("by %s, as far as it opens by itself", async (_, close, isHeldBack) => {
      const scene = await open();
      await close(scene);
      await scene.enqueue({ id: "a" }, { id: "b" });
      await scene.startWorker("w");
      await scene.claim("w");
      expect(await scene.store.isHeldBack(null)).toBe(isHeldBack);
      expect(await scene.store.isHeldBack(["default", "mail"])).toBe(isHeldBack);
      expect(await scene.store.isHeldBack(["mail"])).toBe(false);
    });

    test("by a key or a group, unless their queue is paused", async () => {
      const scene = await open();
      await scene.enqueue({ id: "a", key: "k" }, { id: "b", queue: "q", key: "k" });
      await scene.startWorker("w");
      await scene.claim("w");
      expect(await scene.store.isHeldBack(null)).toBe(true);
      expect(await scene.store.isHeldBack(["q"])).toBe(true);
      await scene.store.changeQueue("q", { state: "paused" });
      await scene.claim("w");
      expect(await scene.store.isHeldBack(null)).toBe(false);
      await scene.enqueueGroup({ maxRunning: 1 }, {}, {});
      await scene.claim("w");
      expect(await scene.store.isHeldBack(null)).toBe(true);
    });

    test("also if they are suspects, which stand in no lane", async () => {
      const scene = await open();
      await scene.store.changeQueue("default", { rate: { starts: 1, periodMs: 60_000 } });
      await scene.enqueue({ id: "a" });
      await scene.startWorker("dies");
      await scene.claim("dies");
      await scene.declareDead("dies");
      await scene.store.recoverJobs("dies", { now: scene.time.now(), crashLimit: 3 });
      await scene.startWorker("w");
      expect(await scene.claim("w")).toEqual([]);
      expect(await scene.store.isHeldBack(null)).toBe(true);
      expect(await scene.store.isHeldBack(["mail"])).toBe(false);
      await scene.store.changeQueue("default", { state: "paused" });
      await scene.claim("w");
      expect(await scene.store.isHeldBack(null)).toBe(false);
    });

    test("no longer, once they have been let through", async () => {
      const scene = await open();
      await scene.store.changeQueue("default", { maxRunning: 1 });
      await scene.enqueue({ id: "a" }, { id: "b" });
      await scene.startWorker("w");
      for (const isHeldBack of [true, false]) {
        const claim = await scene.claimOne("w");
        expect(await scene.claim("w")).toEqual([]);
        expect(await scene.store.isHeldBack(null)).toBe(isHeldBack);
        await scene.finish("w", claim);
      }
    });

    test("only if they are due: one of tomorrow waits for its time", async () => {
      const scene = await open();
      await scene.store.changeQueue("default", { maxRunning: 1 });
      await scene.enqueue({ id: "a" });
      const runAt = scene.time.now() + 60_000;
      await scene.enqueue({ id: "later", runAt });
      await scene.startWorker("w");
      await scene.claim("w");
      expect(await scene.claim("w")).toEqual([]);
      expect(await scene.store.isHeldBack(null)).toBe(false);
      scene.time.pass(60_000);
      expect(await scene.claim("w")).toEqual([]);
      expect(await scene.store.isHeldBack(null)).toBe(true);
    });
  });
});

/** A worker that holds the first of two jobs of one queue, and a job of another queue. */
async function openFull(open: () => Promise<Scene>): Promise<Scene> {
  const scene = await open();
  await scene.enqueue({ id: "a" }, { id: "b" }, { id: "m", queue: "mail" });
  await scene.startWorker("w");
  await scene.claim("w", { limit: 1 });
  return scene;
}
