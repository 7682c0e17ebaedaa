import { expect, test } from "vitest";
import { toPendingAgain, toRetry } from "../../src/domain/transition.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

const LIFE_MS = 60_000;

describeStores("expires", (open) => {
  test("a job that was not started by its instant is dead, from that instant on", async () => {
    const { scene, expiresAt } = await openExpiring(open);
    expect((await scene.store.claim(scene.claimRequest("idle", IDLE))).nextDueAt).toBe(expiresAt);
    await scene.store.claim(scene.claimRequest("idle", { ...IDLE, now: expiresAt - 1 }));
    expect(await scene.states("a")).toEqual(["pending"]);
    await scene.store.claim(scene.claimRequest("idle", { ...IDLE, now: expiresAt }));
    expect(await scene.store.getJob("a")).toMatchObject({
      state: "dead",
      reason: "expired",
      attempts: 0,
      executions: 0,
      error: `not started before ${new Date(expiresAt).toISOString()}`,
      updatedAt: expiresAt,
    });
    expect(await scene.store.listExecutions(1)).toEqual([]);
  });

  test("until then it is claimed like any other", async () => {
    const { scene, expiresAt } = await openExpiring(open);
    expect(await scene.claimIds("w", { now: expiresAt - 1 })).toEqual(["a"]);
  });

  test("at its instant nobody gets it any more", async () => {
    const { scene, expiresAt } = await openExpiring(open);
    expect(await scene.claimIds("w", { now: expiresAt })).toEqual([]);
    expect(await scene.states("a")).toEqual(["dead"]);
  });

  test("it dies whatever it waits for: a closed gate, its time, another job", async () => {
    const { scene, expiresAt } = await openExpiring(open, { runAt: 9e12 });
    const given = { expiresAt };
    await scene.store.changeQueue("paused", { state: "paused" });
    await scene.enqueue({ id: "holds", key: "k" });
    expect(await scene.claimIds("w")).toEqual(["holds"]);
    await scene.enqueue(
      { id: "paused", queue: "paused", ...given },
      { id: "of key", key: "k", ...given },
      { id: "blocked", dependsOn: [{ on: "holds", condition: "completed" }], ...given },
    );
    expect(await scene.claimIds("w")).toEqual([]);
    expect(await scene.claimIds("w", { now: expiresAt })).toEqual([]);
    expect(await scene.states("a", "paused", "of key", "blocked")).toEqual(["dead", "dead", "dead", "dead"]);
  });

  test("one that was started does not expire, whatever became of it", async () => {
    for (const how of [
      { outcome: { kind: "interrupted" }, transition: toPendingAgain() } as const,
      { outcome: { kind: "failed", exitCode: 1 }, transition: toRetry({ attempts: 1, dueAt: 0 }) } as const,
    ]) {
      const { scene, expiresAt } = await openExpiring(open);
      await scene.finish("w", await scene.claimOne("w"), how);
      expect(await scene.claimIds("w", { now: expiresAt + 1 })).toEqual(["a"]);
    }
  });

  test("one that runs is not touched", async () => {
    const { scene, expiresAt } = await openExpiring(open);
    const claim = await scene.claimOne("w");
    await scene.claim("w", { now: expiresAt });
    expect(await scene.states("a")).toEqual(["processing"]);
    expect((await scene.finish("w", claim)).stale).toEqual([]);
  });

  test.each(["retry", "retryDead"] as const)("%s brings it back without the limit", async (change) => {
    const { scene, expiresAt } = await openExpiring(open);
    await scene.claim("w", { now: expiresAt });
    scene.time.pass(2 * LIFE_MS);
    await scene.store.retryJobs(["a"], { change, now: scene.time.now() });
    expect(await scene.store.getJob("a")).toMatchObject({ state: "pending", reason: null, expiresAt: null });
    expect(await scene.claimIds("w")).toEqual(["a"]);
  });

  test("those that depend on it die with it, in the same claim", async () => {
    const { scene, expiresAt } = await openExpiring(open);
    await scene.enqueue({ id: "b", dependsOn: [{ on: "a", condition: "completed" }] });
    await scene.enqueue({ id: "c", dependsOn: [{ on: "a", condition: "failed" }] });
    expect(await scene.claimIds("w", { now: expiresAt })).toEqual(["c"]);
    expect(await scene.store.getJob("b")).toMatchObject({ state: "dead", reason: "dependency" });
  });

  test("thousands that expire at once are all dead when the claims have looked", async () => {
    const scene = await open();
    const expiresAt = scene.time.now() + LIFE_MS;
    await scene.enqueue(...Array.from({ length: 1_200 }, () => ({ expiresAt })));
    await scene.startWorker("w");
    for (;;) {
      const { claims, nextDueAt } = await scene.store.claim(scene.claimRequest("w", { now: expiresAt }));
      expect(claims).toEqual([]);
      if (nextDueAt !== expiresAt) break;
    }
    expect(await scene.store.counts(null)).toMatchObject({ pending: 0, dead: 1_200 });
  });
});

/** A claim that is about no queue of the jobs: any claim of any worker lets jobs expire. */
const IDLE = { queues: ["idle"] };

/** A worker, one that serves another queue, and a job that expires a minute from now. */
async function openExpiring(
  open: () => Promise<Scene>,
  given: { runAt?: number } = {},
): Promise<{ scene: Scene; expiresAt: number }> {
  const scene = await open();
  await scene.startWorker("w");
  await scene.startWorker("idle", IDLE);
  const expiresAt = scene.time.now() + LIFE_MS;
  await scene.enqueue({ id: "a", expiresAt, ...given });
  return { scene, expiresAt };
}
