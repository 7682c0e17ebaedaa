import { expect, test } from "vitest";
import { heldClaim } from "../support/build-job.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

describeStores("stop", (open) => {
  test.each([null, 0, 30_000])("all workers are asked to stop, with a grace of %s", async (graceMs) => {
    const scene = await openWithWorkers(open, "w1", "w2");
    expect(await scene.store.listWorkers()).toMatchObject([{ stopRequest: null }, { stopRequest: null }]);
    await scene.store.requestStop(null, { graceMs });
    const asked = { state: "running", stopRequest: { graceMs } };
    expect(await scene.store.listWorkers()).toMatchObject([asked, asked]);
  });

  test("only those named are asked, and a name that nobody has is no trouble", async () => {
    const scene = await openWithWorkers(open, "w1", "w2", "w3");
    await scene.store.requestStop(["w2", "stranger"], { graceMs: null });
    await scene.store.requestStop([], { graceMs: 0 });
    const asked = (await scene.store.listWorkers()).map(({ stopRequest }) => stopRequest);
    expect(asked).toEqual([null, { graceMs: null }, null]);
  });

  test("a later request replaces the one before", async () => {
    const scene = await openWithWorkers(open, "w");
    await scene.store.requestStop(null, { graceMs: null });
    await scene.store.requestStop(["w"], { graceMs: 0 });
    expect(await scene.store.listWorkers()).toMatchObject([{ stopRequest: { graceMs: 0 } }]);
  });

  test("a worker that starts afterwards was not asked", async () => {
    const scene = await openWithWorkers(open, "w1");
    await scene.store.requestStop(null, { graceMs: null });
    await scene.startWorker("w2");
    expect(await scene.store.listWorkers()).toMatchObject([
      { stopRequest: { graceMs: null } },
      { stopRequest: null },
    ]);
  });

  test.each([null, 30_000])(
    "one taken for dead is asked too, under its next id (grace %s)",
    async (graceMs) => {
      const scene = await openWithWorkers(open, "w", "other");
      await scene.declareDead("w");
      await scene.store.requestStop(["w"], { graceMs });
      await scene.startWorker("w2", { formerId: "w" });
      await scene.startWorker("other2", { formerId: "other" });
      await scene.startWorker("w3", { formerId: "forgotten" });
      const asked = Object.fromEntries(
        (await scene.store.listWorkers()).map(({ id, stopRequest }) => [id, stopRequest]),
      );
      expect(asked).toEqual({ w: { graceMs }, w2: { graceMs }, other: null, other2: null, w3: null });
    },
  );

  test("a request to stop ends no claim by itself: the worker says when it obeys", async () => {
    const scene = await openWithWorkers(open, "w");
    await scene.enqueue({ id: "a" }, { id: "b" });
    await scene.store.requestStop(null, { graceMs: null });
    const a = await scene.claimOne("w");
    await scene.store.markStopping("w");
    expect(await scene.store.listWorkers()).toMatchObject([{ state: "stopping", held: [{ jobId: "a" }] }]);
    expect(await scene.claim("w")).toEqual([]);
    expect(await scene.store.heartbeat("w", { leaseMs: 15_000, now: scene.time.now() })).toEqual({
      known: true,
      held: [heldClaim(a)],
    });
    expect(await scene.store.listWorkers()).toMatchObject([{ state: "stopping" }]);
  });

  test("a worker that ended well is gone", async () => {
    const scene = await openWithWorkers(open, "w1", "w2");
    await scene.store.removeWorker("w1");
    await scene.store.removeWorker("stranger");
    expect(await scene.store.listWorkers()).toMatchObject([{ id: "w2" }]);
  });

  test("a worker that signs off while it holds jobs stays, for its successors to find", async () => {
    const scene = await openWithWorkers(open, "w");
    await scene.enqueue({ id: "a" });
    const claim = await scene.claimOne("w");
    await scene.store.removeWorker("w");
    expect(await scene.store.listWorkers()).toMatchObject([{ id: "w", held: [{ token: claim.token }] }]);

    await scene.declareDead("w");
    await scene.store.removeWorker("w");
    expect(await scene.store.recoverJobs("w", { now: scene.time.now(), crashLimit: 3 })).toMatchObject([
      { jobId: "a" },
    ]);
    await scene.store.removeWorker("w");
    expect(await scene.store.listWorkers()).toEqual([]);
  });
});

async function openWithWorkers(open: () => Promise<Scene>, ...ids: string[]): Promise<Scene> {
  const scene = await open();
  for (const id of ids) await scene.startWorker(id);
  return scene;
}
