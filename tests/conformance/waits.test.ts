import { expect, test } from "vitest";
import { openGate } from "../../src/domain/gate.ts";
import { describeStores } from "../support/conformance.ts";

describeStores("waits", (open) => {
  test("a job without anything waits at the gate of its queue alone, which is open", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    expect(await scene.store.readWaits(1)).toEqual({
      gates: [{ ...openGate("queue", "default"), holders: [] }],
      dependencies: [],
      suspects: [],
    });
    expect(await scene.store.readWaits(99)).toEqual({ gates: [], dependencies: [], suspects: [] });
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
      { on: "g0", condition: "finished", state: "pending" },
      { on: "g1", condition: "finished", state: "pending" },
    ]);
  });
});
