import { expect, test } from "vitest";
import { toPendingAgain } from "../../src/domain/transition.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

describeStores("fairness", (open) => {
  test("queues of equal priority take turns, by name where none was served before", async () => {
    const scene = await openQueues(open, { beta: 3, alpha: 3, gamma: 1 });
    expect(await scene.claimIds("w", { limit: 5 })).toEqual(["alpha0", "beta0", "gamma0", "alpha1", "beta1"]);
  });

  test("turns go on from claim to claim, whichever worker claims", async () => {
    const scene = await openQueues(open, { a: 5, b: 5, c: 5 });
    await scene.startWorker("v");
    expect(await scene.claimIds("w", { limit: 2 })).toEqual(["a0", "b0"]);
    expect(await scene.claimIds("v", { limit: 2 })).toEqual(["c0", "a1"]);
    expect(await scene.claimIds("w", { limit: 2 })).toEqual(["b1", "c1"]);
  });

  test("a queue that was just filled is not starved by a long one", async () => {
    const scene = await openQueues(open, { bulk: 500 });
    expect(await scene.claimIds("w", { limit: 3 })).toEqual(["bulk0", "bulk1", "bulk2"]);
    await scene.enqueue({ id: "quick", queue: "mail", createdAt: scene.time.now() });
    expect(await scene.claimIds("w", { limit: 1 })).toEqual(["quick"]);
  });

  test("a queue does not save up turns while it is empty", async () => {
    const scene = await openQueues(open, { a: 6, b: 1 });
    expect(await scene.claimIds("w", { limit: 4 })).toEqual(["a0", "b0", "a1", "a2"]);
    await scene.enqueue(...["b1", "b2", "b3"].map((id) => ({ id, queue: "b" })));
    expect(await scene.claimIds("w", { limit: 4 })).toEqual(["b1", "a3", "b2", "a4"]);
  });

  test("a higher priority goes first, whoever's turn it is, and turns are taken within each", async () => {
    const scene = await openQueues(open, { a: 2, b: 2 });
    await scene.enqueue(
      { id: "high b0", queue: "b", priority: 1 },
      { id: "high b1", queue: "b", priority: 1 },
      { id: "high c0", queue: "c", priority: 1 },
    );
    expect(await scene.claimIds("w")).toEqual(["high b0", "high c0", "high b1", "a0", "b0", "a1", "b1"]);
  });

  test("only queues that the worker serves have turns", async () => {
    const scene = await openQueues(open, { a: 3, b: 3, c: 3 });
    const queues = ["b", "c"];
    expect(await scene.claimIds("w", { queues, limit: 3 })).toEqual(["b0", "c0", "b1"]);
    expect(await scene.claimIds("w", { limit: 3 })).toEqual(["a0", "c1", "b2"]);
  });

  test("a queue that is full or paused is passed over, and has its turn when it opens", async () => {
    const scene = await openQueues(open, { a: 3, b: 3, c: 3 });
    await scene.store.changeQueue("a", { maxRunning: 1 });
    await scene.store.changeQueue("b", { state: "paused" });
    const [first] = await scene.claim("w", { limit: 1 });
    expect(first?.job.id).toBe("a0");
    expect(await scene.claimIds("w", { limit: 2 })).toEqual(["c0", "c1"]);
    if (first) await scene.finish("w", first);
    await scene.store.changeQueue("b", { state: "open" });
    expect(await scene.claimIds("w", { limit: 3 })).toEqual(["b0", "a1", "c2"]);
  });

  test("within a queue an earlier due time goes first, then arrival", async () => {
    const scene = await open();
    await scene.enqueue(
      { id: "late", runAt: 20 },
      { id: "early", runAt: 10 },
      { id: "early too", runAt: 10 },
      { id: "other", queue: "mail", runAt: 15 },
    );
    await scene.startWorker("w");
    expect(await scene.claimIds("w")).toEqual(["early", "other", "early too", "late"]);
  });

  test("a job given back keeps its place in its queue", async () => {
    const scene = await openQueues(open, { a: 3 });
    const claim = await scene.claimOne("w");
    await scene.finish("w", claim, { outcome: { kind: "interrupted" }, transition: toPendingAgain() });
    expect(await scene.claimIds("w")).toEqual(["a0", "a1", "a2"]);
  });

  test("tokens grow in the order in which jobs were picked", async () => {
    const scene = await openQueues(open, { b: 2, a: 2 });
    const claims = await scene.claim("w");
    expect(claims.map(({ job }) => job.id)).toEqual(["a0", "b0", "a1", "b1"]);
    expect(claims.map(({ token }) => token)).toEqual([1, 2, 3, 4]);
  });
});

/** A worker, and queues with so many jobs each. */
async function openQueues(open: () => Promise<Scene>, queues: Record<string, number>): Promise<Scene> {
  const scene = await open();
  for (const [queue, count] of Object.entries(queues))
    await scene.enqueue(...Array.from({ length: count }, (_, index) => ({ id: `${queue}${index}`, queue })));
  await scene.startWorker("w");
  return scene;
}
