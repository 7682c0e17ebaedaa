import { expect, test, vi } from "vitest";
import { toDead, toPendingAgain } from "../../src/domain/transition.ts";
import type { Claim } from "../../src/store/store.ts";
import { buildResult } from "../support/build-job.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

/** Everything by which one program gives the others something to do. */
const RINGERS: readonly [string, (scene: Scene) => Promise<unknown>][] = [
  ["jobs are enqueued", (scene) => scene.enqueue({ id: "new" })],
  [
    "a dead job is retried",
    (scene) => scene.store.retryJobs(["dead"], { change: "retryDead", now: scene.time.now() }),
  ],
  ["workers are asked to stop", (scene) => scene.store.requestStop(null, { graceMs: null })],
  [
    "the jobs of a dead worker are recovered",
    (scene) => scene.store.recoverJobs("gone", { now: scene.time.now(), crashLimit: 3 }),
  ],
  [
    "a worker gives a job back",
    async (scene) => {
      const held = (await scene.store.listWorkers()).find(({ id }) => id === "w")?.held[0];
      const job = await scene.store.getJob(held?.jobId ?? "");
      if (!held || !job) throw new Error("w holds nothing");
      await scene.store.finish("w", [
        buildResult({ token: held.token, number: 1, job }, scene.time.now(), {
          outcome: { kind: "interrupted" },
          transition: toPendingAgain(),
        }),
      ]);
    },
  ],
];

/** Everything that may let a job go on that waits, besides time: the job that runs, and that which waits for it. */
const RELEASES: readonly [string, (scene: Scene) => Promise<unknown>][] = [
  ["room is made at a key", (scene) => scene.enqueue({ id: "runs", key: "k" }, { id: "waits", key: "k" })],
  [
    "room is made in a group",
    (scene) => scene.enqueueGroup({ maxRunning: 1 }, { id: "runs" }, { id: "waits" }),
  ],
  [
    "room is made in a queue",
    async (scene) => {
      await scene.store.changeQueue("default", { maxRunning: 1 });
      await scene.enqueue({ id: "runs" }, { id: "waits" });
    },
  ],
  [
    "a job has what it waited for",
    (scene) =>
      scene.enqueue({ id: "runs" }, { id: "waits", dependsOn: [{ on: "runs", condition: "completed" }] }),
  ],
];

describeStores("wakeup", (open) => {
  test.each(RELEASES)("others are woken when %s", async (_, put) => {
    const scene = await open();
    await put(scene);
    await scene.startWorker("w");
    await scene.startWorker("v");
    const claims = await scene.claim("w");
    expect(claims.map(({ job }) => job.id)).toEqual(["runs"]);
    const woken = await listenAnew(scene);
    await scene.finish("w", claims);
    await vi.waitFor(() => expect(woken).toHaveBeenCalled(), WAIT);
    expect(await scene.claimIds("v")).toEqual(["waits"]);
  });

  test("others are woken when room is made for a suspect, which the one that made it cannot take", async () => {
    const scene = await open();
    await scene.enqueue({ id: "suspect", key: "k" });
    await scene.startWorker("gone");
    await scene.claim("gone");
    await scene.declareDead("gone");
    await scene.store.recoverJobs("gone", { now: scene.time.now(), crashLimit: 3 });
    await scene.enqueue({ id: "runs", key: "k", priority: 1 }, { id: "long", priority: 1 });
    await scene.startWorker("w");
    await scene.startWorker("v");
    const claims = await scene.claim("w", { limit: 2 });
    expect(claims.map(({ job }) => job.id)).toEqual(["runs", "long"]);
    expect(await scene.claimIds("v")).toEqual([]);
    const woken = await listenAnew(scene);
    await scene.finish("w", claims[0] as Claim);
    await vi.waitFor(() => expect(woken).toHaveBeenCalled(), WAIT);
    expect(await scene.claimIds("v")).toEqual(["suspect"]);
  });

  test.each([
    ["a paused queue is resumed", { state: "open" }],
    ["a cap is raised", { maxRunning: 2 }],
    ["a rate is taken away", { rate: null }],
  ] as const)("others are woken when %s", async (_, change) => {
    const scene = await open();
    const rate = { starts: 1, periodMs: 60_000 };
    await scene.store.changeQueue("default", { state: "paused", maxRunning: 1, rate });
    const woken = await listenAnew(scene);
    await scene.store.changeQueue("default", change);
    await vi.waitFor(() => expect(woken).toHaveBeenCalled(), WAIT);
  });

  test.each(RINGERS)("others are woken when %s", async (_, act) => {
    const scene = await openEventful(open);
    const woken = vi.fn<() => void>();
    scene.listen(woken, await scene.openAnother());
    await act(scene);
    await vi.waitFor(() => expect(woken).toHaveBeenCalled(), WAIT);
  });

  test("every listener is called, until it has had enough", async () => {
    const scene = await open();
    const [first, second] = [vi.fn<() => void>(), vi.fn<() => void>()];
    const stopFirst = scene.listen(first);
    scene.listen(second);
    await scene.enqueue({});
    await vi.waitFor(() => expect(first).toHaveBeenCalled(), WAIT);
    await vi.waitFor(() => expect(second).toHaveBeenCalled(), WAIT);

    stopFirst();
    stopFirst();
    const [calls, before] = [first.mock.calls.length, second.mock.calls.length];
    await scene.enqueue({});
    await vi.waitFor(() => expect(second.mock.calls.length).toBeGreaterThan(before), WAIT);
    expect(first).toHaveBeenCalledTimes(calls);
  });
});

const WAIT = { timeout: 20_000, interval: 5 };

/** Hears what is rung from now on, and nothing of before. */
async function listenAnew(scene: Scene) {
  const woken = vi.fn<() => void>();
  const stop = scene.listen(woken, await scene.openAnother());
  // Whatever was rung before may still be on its way; what comes in answer to this is the last of it.
  await scene.enqueue({ id: "unrelated", queue: "unserved", runAt: 9e12 });
  await vi.waitFor(() => expect(woken).toHaveBeenCalled(), WAIT);
  stop();
  const anew = vi.fn<() => void>();
  scene.listen(anew, await scene.openAnother());
  return anew;
}

/** One job is dead, one is held by a worker that was declared dead, and one by a living worker. */
async function openEventful(open: () => Promise<Scene>): Promise<Scene> {
  const scene = await open();
  await scene.enqueue({ id: "dead" }, { id: "lost" }, { id: "held" });
  await scene.startWorker("w");
  await scene.finish("w", await scene.claimOne("w"), {
    outcome: { kind: "failed", exitCode: 1 },
    transition: toDead({ attempts: 4, reason: "retries_spent" }),
  });
  await scene.startWorker("gone");
  await scene.claimOne("gone");
  await scene.declareDead("gone");
  await scene.claimOne("w");
  return scene;
}
