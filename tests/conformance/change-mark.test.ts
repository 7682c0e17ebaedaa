import { expect, test } from "vitest";
import type { Store } from "../../src/store/store.ts";
import { buildJob } from "../support/build-job.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

/** What somebody who has looked would have to look at again. */
const CHANGES: readonly [string, (store: Store, scene: Scene) => Promise<unknown>][] = [
  ["a job is enqueued", (store) => store.enqueue([buildJob({ id: "new" })])],
  ["a job is claimed", (store, scene) => store.claim(scene.claimRequest("w"))],
  ["a worker beats", (store, scene) => store.heartbeat("w", { leaseMs: 1_000, now: scene.time.now() })],
  ["a worker is asked to stop", (store) => store.requestStop(["w"], { graceMs: null })],
  ["a worker signs off", (store) => store.removeWorker("w")],
  ["a setting is set", (store) => store.writeSetting("poll-interval", "5")],
  ["a queue is paused", (store) => store.changeQueue("default", { state: "paused" })],
];

describeStores("change mark", (open) => {
  test.each(CHANGES)("is another one after %s, by another program or the same", async (_, change) => {
    for (const isOther of [true, false]) {
      const scene = await open();
      await scene.startWorker("w");
      await scene.enqueue({ id: "a" });
      const store = isOther ? await scene.openAnother() : scene.store;
      const before = await scene.store.changeMark();
      await change(store, scene);
      expect(await scene.store.changeMark()).not.toBe(before);
    }
  });
});
