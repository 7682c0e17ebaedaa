import { expect, test } from "vitest";
import { openGate } from "../../src/domain/gate.ts";
import { describeStores } from "../support/conformance.ts";

describeStores("keys", (open) => {
  test("each key that jobs have is listed by name, with its limit, what runs and what waits", async () => {
    const scene = await open();
    await scene.enqueue(
      { id: "a", key: "k", keyLimit: 2 },
      { key: "k", queue: "other" },
      { key: "k" },
      { key: "k", dependsOn: [{ on: "a", condition: "completed" }] },
      { key: "j" },
      { id: "done", key: "j" },
      {},
    );
    await scene.store.cancelJobs(["done"], scene.time.now());
    await scene.startWorker("w");
    await scene.claim("w");
    const gate = (name: string, maxRunning: number, running: number) => ({
      ...openGate("key", name),
      maxRunning,
      running,
    });
    expect(await scene.store.listKeys()).toEqual([
      { gate: gate("j", 1, 1), waiting: 0 },
      { gate: gate("k", 2, 2), waiting: 2 },
    ]);
    expect(await scene.store.listKeys(["k", "absent"])).toMatchObject([{ gate: { name: "k" } }]);
    expect(await scene.store.countBehindKeys(9), "the blocked one waits for another job").toBe(1);
    expect(await scene.store.countBehindKeys(0)).toBe(0);
  });

  test("another limit holds for what waits already, and wakes the workers", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a", key: "k" }, { id: "b", key: "k" }, { id: "c", key: "k" });
    await scene.startWorker("w");
    expect(await scene.claimIds("w")).toEqual(["a"]);
    let rings = 0;
    scene.listen(() => {
      rings += 1;
    });
    expect(await scene.store.changeKey("k", 2)).toBe(true);
    await expect.poll(() => rings).toBeGreaterThan(0);
    expect(await scene.claimIds("w")).toEqual(["b"]);
    expect(await scene.store.countBehindKeys(9)).toBe(1);
    expect(await scene.store.changeKey("k", null)).toBe(true);
    expect(await scene.store.countBehindKeys(9)).toBe(0);
    expect(await scene.claimIds("w")).toEqual(["c"]);
  });

  test("a lower limit ends nothing, and lets the next one wait until there is room", async () => {
    const scene = await open();
    await scene.enqueue(...["a", "b", "c"].map((id) => ({ id, key: "k", keyLimit: 2 })));
    await scene.startWorker("w");
    const [a, b] = await scene.claim("w");
    if (!a || !b) throw new Error("There were two to claim");
    await scene.store.changeKey("k", 1);
    await scene.finish("w", a);
    expect(await scene.claimIds("w")).toEqual([]);
    await scene.finish("w", b);
    expect(await scene.claimIds("w")).toEqual(["c"]);
  });

  test("none is kept for the jobs that come, until one gives another", async () => {
    const scene = await open();
    await scene.enqueue({ key: "k", keyLimit: 3 });
    await scene.store.changeKey("k", null);
    await scene.enqueue({ key: "k" });
    expect(await scene.store.listKeys()).toMatchObject([{ gate: { maxRunning: null } }]);
    await scene.enqueue({ key: "k", keyLimit: 2 });
    expect(await scene.store.listKeys()).toMatchObject([{ gate: { maxRunning: 2 } }]);
  });

  test("a key that no job has cannot be changed, and one is there until retention removed its last job", async () => {
    const scene = await open();
    expect(await scene.store.changeKey("k", 2)).toBe(false);
    expect(await scene.store.listKeys()).toEqual([]);
    await scene.enqueue({ id: "a", key: "k" });
    await scene.store.cancelJobs(["a"], scene.time.now());
    expect(await scene.store.listKeys()).toMatchObject([{ waiting: 0 }]);
    await scene.store.removeExpired({ state: "cancelled", before: scene.time.now() + 1 }, 9);
    await scene.store.takeRetentionTurn(scene.time.now(), 60_000);
    expect(await scene.store.listKeys()).toEqual([]);
  });
});
