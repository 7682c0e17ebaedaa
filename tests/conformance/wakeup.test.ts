import { expect, test, vi } from "vitest";
import { toDead, toPendingAgain } from "../../src/domain/transition.ts";
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

describeStores("wakeup", (open) => {
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
