import { afterEach, expect, test } from "vitest";
import { closeScenes, openSqliteScene } from "../../../tests/support/conformance.ts";

afterEach(closeScenes);

test("the mark stays while programs come, look and go, and while a worker finds nothing to claim", async () => {
  const scene = await openSqliteScene();
  await scene.startWorker("w");
  await scene.enqueue({ id: "a", runAt: scene.time.now() + 1_000 });
  // The first claim puts the lane to sleep.
  expect(await scene.claim("w")).toEqual([]);
  const before = await scene.store.changeMark();
  const other = await scene.openAnother();
  await other.listWorkers();
  await other.readSettings();
  await other.close();
  expect(await scene.claim("w")).toEqual([]);
  await scene.store.schedules.due(scene.time.now());
  expect(await scene.store.changeMark()).toBe(before);
});
