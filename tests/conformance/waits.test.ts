import { expect, test } from "vitest";
import { openGate } from "../../src/domain/gate.ts";
import { describeStores } from "../support/conformance.ts";

describeStores("waits", (open) => {
  test("a job without anything waits at the gate of its queue alone, which is open", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    expect(await scene.store.readWaits(1)).toEqual({
      gates: [{ ...openGate("queue", "default"), holders: [] }],
      job: await scene.store.getJob("a"),
      dependencies: [],
      groups: [],
      suspects: [],
    });
    expect(await scene.store.readWaits(99)).toEqual({
      gates: [],
      dependencies: [],
      groups: [],
      suspects: [],
    });
  });

  test("its queue's gate, its key's and its group's are told in this order, each with who runs behind it", async () => {
    const scene = await open();
    await scene.enqueueGroup({ maxRunning: 2 }, { id: "a", key: "k", keyLimit: 3 }, { id: "b" });
    await scene.enqueue({ id: "c", key: "k" }, { id: "d" });
    await scene.store.changeQueue("default", { maxRunning: 4 });
    await scene.startWorker("w");
    await scene.claim("w");
    expect((await scene.store.readWaits(1)).gates).toEqual([
      { ...openGate("queue", "default"), maxRunning: 4, running: 4, holders: ["a", "b", "c", "d"] },
      { ...openGate("key", "k"), maxRunning: 3, running: 2, holders: ["a", "c"] },
      { ...openGate("group", "g"), maxRunning: 2, running: 2, holders: ["a", "b"] },
    ]);
  });

  test("what runs is told also of gates that nobody has set, and five holders at most", async () => {
    const scene = await open();
    await scene.enqueueGroup({}, ...Array.from({ length: 7 }, (_, index) => ({ id: `j${index}` })));
    await scene.startWorker("w");
    await scene.claim("w");
    const holders = ["j0", "j1", "j2", "j3", "j4"];
    expect((await scene.store.readWaits(1)).gates).toEqual([
      { ...openGate("queue", "default"), running: 7, holders },
      { ...openGate("group", "g"), running: 7, holders },
    ]);
  });

  test("a rate is told with the start that decides when it opens", async () => {
    const scene = await open();
    const rate = { starts: 2, periodMs: 60_000 };
    await scene.store.changeQueue("default", { rate });
    await scene.enqueue({ id: "a" }, { id: "b" }, { id: "c" });
    await scene.startWorker("w");
    const first = scene.time.now();
    await scene.claim("w", { now: first, limit: 1 });
    expect((await scene.store.readWaits(3)).gates).toMatchObject([{ rate, paceStartAt: null }]);
    await scene.claim("w", { now: first + 10, limit: 1 });
    expect((await scene.store.readWaits(3)).gates).toMatchObject([{ rate, paceStartAt: first }]);
  });

  test("the jobs that it waits for are told with their conditions and states, in order of arrival", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" }, { id: "b" });
    await scene.enqueueGroup({}, { id: "g0" }, { id: "g1" });
    await scene.enqueue({
      id: "z",
      dependsOn: [
        { on: "g", condition: "finished" },
        { on: "b", condition: "completed" },
        { on: "a", condition: "failed" },
        { on: "a", condition: "finished" },
      ],
    });
    await scene.startWorker("w");
    await scene.finish("w", await scene.claimOne("w"), {
      transition: { to: "dead", attempts: 1, reason: "retries_spent" },
    });
    await scene.claimOne("w");
    expect((await scene.store.readWaits(5)).dependencies).toEqual([
      { on: "a", condition: "failed", state: "dead" },
      { on: "a", condition: "finished", state: "dead" },
      { on: "b", condition: "completed", state: "processing" },
    ]);
  });

  test("a group that it waits for is told as one: how its jobs stand, and which are first not as they must be", async () => {
    const scene = await open();
    await scene.enqueueGroup({}, ...Array.from({ length: 8 }, (_, index) => ({ id: `g${index}` })));
    await scene.enqueue(
      { id: "z", priority: -1, dependsOn: [{ on: "g", condition: "failed" }] },
      { id: "member", dependsOn: [{ on: "g1", condition: "finished" }] },
    );
    await scene.startWorker("w");
    const [first, second, third] = await scene.claim("w", { limit: 3 });
    if (!first || !second || !third) throw new Error("three were claimed");
    await scene.finish("w", first, { transition: { to: "dead", attempts: 1, reason: "retries_spent" } });
    await scene.finish("w", third, {
      transition: { to: "failed", attempts: 1, dueAt: scene.time.now() + 1_000 },
    });
    expect(await scene.store.readWaits(9)).toMatchObject({
      job: { id: "z", state: "blocked" },
      dependencies: [],
      groups: [
        {
          on: "g",
          condition: "failed",
          counts: { pending: 5, processing: 1, failed: 1, dead: 1, completed: 0 },
          unmet: [
            { id: "g1", state: "processing" },
            { id: "g2", state: "failed" },
            { id: "g3", state: "pending" },
            { id: "g4", state: "pending" },
            { id: "g5", state: "pending" },
          ],
        },
      ],
    });
    expect(await scene.store.readWaits(10)).toMatchObject({
      dependencies: [{ on: "g1", state: "processing" }],
      groups: [],
    });
    await scene.finish("w", second);
    const [group] = (await scene.store.readWaits(9)).groups;
    expect(group?.unmet).toMatchObject([{ id: "g1", state: "completed" }, { id: "g2" }, {}, {}, {}]);
  });

  test("before a job stand the due ones of its queue that a claim would look at first, up to a thousand and one", async () => {
    const scene = await open();
    const now = scene.time.now();
    await scene.enqueue(
      { id: "first", runAt: 20 },
      { id: "second", runAt: 20 },
      { id: "later", runAt: now + 1_000, priority: 1 },
      { id: "urgent", priority: 1 },
      { id: "elsewhere", queue: "other", priority: 2 },
      { id: "early", runAt: 10 },
    );
    const ahead = async (id: string, at = now) => {
      const job = await scene.store.getJob(id);
      return job && (await scene.store.countAhead(job, at));
    };
    expect([
      await ahead("urgent"),
      await ahead("early"),
      await ahead("first"),
      await ahead("second"),
    ]).toEqual([0, 1, 2, 3]);
    expect(await ahead("second", now + 1_000)).toBe(4);
    await scene.startWorker("w");
    await scene.claimOne("w");
    await scene.claimOne("w");
    await scene.store.cancelJobs(["early"], now);
    expect(await ahead("second")).toBe(1);
    await scene.enqueue(...Array.from({ length: 1_100 }, () => ({ priority: 1 })));
    expect(await ahead("second")).toBe(1_001);
  });
});
