import { expect, test } from "vitest";
import { openMemoryScene, type Scene } from "../../tests/support/conformance.ts";
import { retainInTurn } from "./prune.ts";

const DAY_MS = 86_400_000;

/** A scene of long ago: retention goes by the real clock. */
async function openPastScene(): Promise<Scene> {
  const scene = await openMemoryScene();
  scene.time.stepWallClock(-3_000_000_000_000);
  return scene;
}

test("of many who ask in one hour one applies retention, in several batches, and each loads it only then", async () => {
  const scene = await openPastScene();
  await scene.startWorker("w");
  const ids = Array.from({ length: 450 }, (_, index) => `job${index}`);
  await scene.enqueue(...ids.map((id) => ({ id })));
  await scene.finish("w", await scene.claim("w"));
  await scene.enqueue({ id: "waits" });
  let loaded = 0;
  const load = async () => {
    loaded += 1;
    return { completedMs: DAY_MS, cancelledMs: DAY_MS, logsMs: null };
  };
  const { signal } = new AbortController();
  await Promise.all([1, 2, 3].map(() => retainInTurn(scene.store, load, signal)));
  expect(loaded).toBe(1);
  expect(await scene.ids()).toEqual(["waits"]);
});

test("a worker that stops ends it between two batches", async () => {
  const scene = await openPastScene();
  await scene.startWorker("w");
  await scene.enqueue(...Array.from({ length: 450 }, (_, index) => ({ id: `job${index}` })));
  await scene.finish("w", await scene.claim("w"));
  const load = async () => ({ completedMs: 0, cancelledMs: 0, logsMs: null });
  await retainInTurn(scene.store, load, AbortSignal.abort());
  expect(await scene.ids()).toHaveLength(250);
});
