import { expect, test } from "vitest";
import { buildWorker, heldClaim } from "../support/build-job.ts";
import { describeStores } from "../support/conformance.ts";

const DAY_MS = 86_400_000;

describeStores("heartbeat", (open) => {
  test("a worker is listed as it announced itself", async () => {
    const { store, time } = await open();
    const { leaseMs: _, ...worker } = buildWorker("w", { queues: ["mail", "media"], concurrency: 4 });
    const now = time.now();
    await store.registerWorker({ ...worker, leaseMs: 15_000 }, now);
    expect(await store.listWorkers()).toEqual([
      {
        ...worker,
        state: "running",
        startedAt: now,
        heartbeatAt: now,
        heartbeats: 0,
        lease: "held",
        jobsDone: 0,
        stopRequest: null,
        held: [],
      },
    ]);
  });

  test("what the platform does not tell stays unknown", async () => {
    const { store, time } = await open();
    const identity = { pid: 1, startTime: null, bootId: "boot-1", pidNamespace: null };
    await store.registerWorker(buildWorker("w", { identity }), time.now());
    expect(await store.listWorkers()).toMatchObject([{ identity, queues: null }]);
  });

  test("a lease ends when its time is over and is renewed by a heartbeat", async () => {
    const scene = await open();
    await scene.startWorker("w", { leaseMs: 15_000 });
    const lease = async () => (await scene.store.listWorkers()).map((worker) => worker.lease);
    scene.time.pass(14_999);
    expect(await lease()).toEqual(["held"]);
    scene.time.pass(1);
    expect(await lease()).toEqual(["expired"]);

    const now = scene.time.now();
    expect(await scene.store.heartbeat("w", { leaseMs: 5_000, now })).toEqual({ known: true, held: [] });
    expect(await scene.store.listWorkers()).toMatchObject([{ heartbeats: 1, heartbeatAt: now }]);
    scene.time.pass(4_999);
    expect(await lease()).toEqual(["held"]);
    scene.time.pass(1);
    expect(await lease()).toEqual(["expired"]);
  });

  test("a step of the wall clock ends no lease", async () => {
    const scene = await open();
    await scene.startWorker("w");
    for (const stepMs of [DAY_MS, -2 * DAY_MS]) {
      scene.time.stepWallClock(stepMs);
      expect(await scene.store.listWorkers()).toMatchObject([{ lease: "held" }]);
    }
  });

  test("a lease from before a reboot is known as such, whatever its deadline", async () => {
    const scene = await open();
    await scene.startWorker("w");
    scene.time.reboot("boot-2");
    expect(await scene.store.listWorkers()).toMatchObject([{ lease: "before_reboot" }]);
  });

  test("a heartbeat tells which claims are current", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" }, { id: "b" });
    await scene.startWorker("w");
    await scene.startWorker("other");
    const a = await scene.claimOne("w");
    const b = await scene.claimOne("other");
    const beat = () => scene.store.heartbeat("w", { leaseMs: 15_000, now: scene.time.now() });
    expect(await beat()).toEqual({ known: true, held: [heldClaim(a)] });
    await scene.finish("w", a);
    await scene.finish("other", b);
    expect(await beat()).toEqual({ known: true, held: [] });
  });

  test("a worker that was removed or never registered is not known", async () => {
    const scene = await open();
    await scene.startWorker("w");
    await scene.store.removeWorker("w");
    for (const worker of ["w", "stranger"]) {
      expect(await scene.store.heartbeat(worker, { leaseMs: 15_000, now: scene.time.now() })).toEqual({
        known: false,
        held: [],
      });
    }
    expect(await scene.store.listWorkers()).toEqual([]);
  });

  test("workers are listed by their start, with the jobs they hold", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" }, { id: "b" }, { id: "c" });
    await scene.startWorker("z-first");
    await scene.startWorker("a-second");
    const b = await scene.claim("a-second", { limit: 1 });
    const others = await scene.claim("z-first", { limit: 2 });
    const held = (claims: typeof b) => claims.map((claim) => heldClaim(claim));
    expect(await scene.store.listWorkers()).toMatchObject([
      { id: "z-first", held: held(others) },
      { id: "a-second", held: held(b) },
    ]);
  });

  test("the dead are shown for a day, and longer while they hold jobs", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("empty-handed");
    await scene.startWorker("holder");
    await scene.claimOne("holder");
    await scene.declareDead("empty-handed");
    await scene.declareDead("holder");

    const known = async () => (await scene.store.listWorkers()).map(({ id }) => id);
    scene.time.pass(DAY_MS - 60_000);
    await scene.startWorker("within-the-day");
    expect(await known()).toEqual(["empty-handed", "holder", "within-the-day"]);
    scene.time.pass(120_000);
    await scene.startWorker("after-the-day");
    expect(await known()).toEqual(["holder", "within-the-day", "after-the-day"]);
  });

  test("a living worker is never forgotten, however long it is silent", async () => {
    const scene = await open();
    await scene.startWorker("silent");
    scene.time.pass(30 * DAY_MS);
    await scene.startWorker("new");
    expect(await scene.store.listWorkers()).toMatchObject([
      { id: "silent", lease: "expired" },
      { id: "new" },
    ]);
  });
});
