import { expect, test } from "vitest";
import { describeStores, type Scene } from "../support/conformance.ts";

describeStores("pool", (open) => {
  /** Members of one pool; those named after it are dead. */
  async function openWithPool(members: string[], ...dead: string[]): Promise<Scene> {
    const scene = await open();
    for (const id of members) await scene.startWorker(id, { pool: { id: "p", inPlaceOf: null } });
    for (const id of dead) await scene.declareDead(id);
    scene.time.pass(LONG_ENOUGH_MS);
    return scene;
  }

  const LONG_ENOUGH_MS = 5_000;
  const START_MS = 10_000;

  const replace = (scene: Scene, id: string, dead: string) =>
    scene.startWorker(id, { pool: { id: "p", inPlaceOf: dead } });

  async function placesOf(scene: Scene): Promise<Record<string, boolean | undefined>> {
    const workers = await scene.store.listWorkers();
    return Object.fromEntries(workers.map(({ id, pool }) => [id, pool?.holdsPlace]));
  }

  test("of two siblings that see a death, one may replace the dead", async () => {
    const scene = await openWithPool(["a", "b", "c"], "c");
    const other = await scene.openAnother();
    const claims = await Promise.all([
      scene.store.claimReplacement({ dead: "c", by: "a" }),
      other.claimReplacement({ dead: "c", by: "b" }),
    ]);
    expect(claims.sort()).toEqual([false, true]);
  });

  test("a replacement holds the place of the dead, who gives it up", async () => {
    const scene = await openWithPool(["a", "b"], "b");
    expect(await scene.store.claimReplacement({ dead: "b", by: "a" })).toBe(true);
    await replace(scene, "b2", "b");
    expect(await placesOf(scene)).toEqual({ a: true, b: false, b2: true });
    scene.time.pass(START_MS);
    expect(await scene.store.claimReplacement({ dead: "b", by: "a" })).toBe(false);
  });

  test("a place is taken once: a second replacement is refused, and registers nothing", async () => {
    const scene = await openWithPool(["a", "b"], "b");
    await replace(scene, "b2", "b");
    await expect(replace(scene, "b3", "b")).rejects.toMatchObject({ code: "place_taken" });
    expect(await placesOf(scene)).toEqual({ a: true, b: false, b2: true });
  });

  test("a replacement that does not come is followed by another", async () => {
    const scene = await openWithPool(["a", "b"], "b");
    expect(await scene.store.claimReplacement({ dead: "b", by: "a" })).toBe(true);
    scene.time.pass(START_MS - 1);
    expect(await scene.store.claimReplacement({ dead: "b", by: "a" })).toBe(false);
    scene.time.pass(1);
    expect(await scene.store.claimReplacement({ dead: "b", by: "a" })).toBe(true);
  });

  test("a step of the wall clock neither opens nor closes a place", async () => {
    const scene = await openWithPool(["a", "b"], "b");
    expect(await scene.store.claimReplacement({ dead: "b", by: "a" })).toBe(true);
    scene.time.stepWallClock(86_400_000);
    expect(await scene.store.claimReplacement({ dead: "b", by: "a" })).toBe(false);
    scene.time.stepWallClock(-2 * 86_400_000);
    scene.time.pass(START_MS);
    expect(await scene.store.claimReplacement({ dead: "b", by: "a" })).toBe(true);
  });

  test.each([
    ["all workers", null],
    ["the dead one", ["b"]],
  ])("after a stop of %s nobody is replaced, and a replacement under way is refused", async (_, ids) => {
    const scene = await openWithPool(["a", "b"], "b");
    expect(await scene.store.claimReplacement({ dead: "b", by: "a" })).toBe(true);
    await scene.store.requestStop(ids, { graceMs: null });
    await expect(replace(scene, "b2", "b")).rejects.toMatchObject({ code: "place_taken" });
    scene.time.pass(START_MS);
    expect(await scene.store.claimReplacement({ dead: "b", by: "a" })).toBe(false);
  });

  test("whoever is asked to stop, or stops by itself, is not replaced when it is killed then", async () => {
    const scene = await openWithPool(["a", "b", "c"]);
    await scene.store.requestStop(["b"], { graceMs: null });
    await scene.store.markStopping("c");
    await scene.declareDead("b");
    await scene.declareDead("c");
    for (const dead of ["b", "c"]) expect(await scene.store.claimReplacement({ dead, by: "a" })).toBe(false);
  });

  test("whoever is asked to stop, or stops, replaces nobody", async () => {
    const scene = await openWithPool(["a", "b", "c"], "c");
    await scene.store.requestStop(["a"], { graceMs: null });
    await scene.store.markStopping("b");
    for (const by of ["a", "b"]) expect(await scene.store.claimReplacement({ dead: "c", by })).toBe(false);
  });

  test("only the dead are replaced, and only by members of their pool", async () => {
    const scene = await openWithPool(["a", "b", "c"], "c");
    await scene.startWorker("alone");
    await scene.startWorker("stranger", { pool: { id: "other", inPlaceOf: null } });
    expect(await scene.store.claimReplacement({ dead: "b", by: "a" })).toBe(false);
    for (const by of ["alone", "stranger", "nobody", "c"])
      expect(await scene.store.claimReplacement({ dead: "c", by })).toBe(false);
    await expect(replace(scene, "b2", "b")).rejects.toMatchObject({ code: "place_taken" });
  });

  test("a worker that signed off has no place to fill", async () => {
    const scene = await openWithPool(["a", "b"]);
    await scene.store.removeWorker("b");
    expect(await scene.store.claimReplacement({ dead: "b", by: "a" })).toBe(false);
  });

  test("a member that was taken for dead takes its own place again, unless somebody has", async () => {
    const scene = await openWithPool(["a", "b"], "a", "b");
    await replace(scene, "b-again", "b");
    await replace(scene, "a2", "a");
    await expect(replace(scene, "a-again", "a")).rejects.toMatchObject({ code: "place_taken" });
    expect(await placesOf(scene)).toEqual({ a: false, a2: true, b: false, "b-again": true });
  });
});
