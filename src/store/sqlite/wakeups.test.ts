import { rmSync, statSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { closeScenes, openSqliteScene, type Scene } from "../../../tests/support/conformance.ts";
import { dataFile } from "../data-files.ts";

afterEach(closeScenes);

const WAIT = { timeout: 20_000, interval: 5 };

test("the bell is heard again after its file was deleted", async () => {
  const { scene, woken } = await openListening();
  for (let deleted = 0; deleted < 3; deleted += 1) {
    rmSync(bellOf(scene));
    await vi.waitFor(() => expect(statSync(bellOf(scene), { throwIfNoEntry: false })).toBeDefined(), WAIT);
    await expectHeard(scene, woken);
  }
});

test("a deaf or missing bell fails no enqueue", async () => {
  const scene = await openSqliteScene();
  rmSync(`${scene.store.name}.d`, { recursive: true, force: true });
  await scene.enqueue({ id: "a" });
  expect(await scene.store.getJob("a")).toBeDefined();
});

test("heartbeats and reads do not ring", async () => {
  const { scene, woken } = await openListening();
  await expectHeard(scene, woken);
  const rungAt = () => statSync(bellOf(scene)).mtimeMs;
  const before = rungAt();
  await scene.startWorker("w");
  await scene.store.heartbeat("w", { leaseMs: 15_000, now: scene.time.now() });
  await scene.claim("w");
  await scene.store.counts(null);
  expect(rungAt()).toBe(before);
});

async function openListening(): Promise<{ scene: Scene; woken: () => number }> {
  const scene = await openSqliteScene();
  const listener = vi.fn<() => void>();
  scene.listen(listener, await scene.openAnother());
  return { scene, woken: () => listener.mock.calls.length };
}

/** An enqueue by another store is heard. Rung until it is: the bell is a hint, and one stroke may fall into a gap. */
async function expectHeard(scene: Scene, woken: () => number): Promise<void> {
  const before = woken();
  await vi.waitFor(async () => {
    await scene.enqueue({});
    expect(woken()).toBeGreaterThan(before);
  }, WAIT);
}

function bellOf(scene: Scene): string {
  return dataFile(scene.store.name, "bell");
}
