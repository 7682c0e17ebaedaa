import { expect, test } from "vitest";
import { toPendingAgain, toRetry } from "../../src/domain/transition.ts";
import { describeStores } from "../support/conformance.ts";

const DAY_MS = 86_400_000;
const RETRY_MS = 8_000;

describeStores("rebase waits", (open) => {
  test("after the wall clock was set back, a retry waits from now as long as it was to wait", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    const dueAt = scene.time.now() + RETRY_MS;
    const claim = await scene.claimOne("w");
    await scene.finish("w", claim, { transition: toRetry({ attempts: 1, dueAt }) });
    const failedAt = (await scene.store.getJob("a"))?.updatedAt ?? 0;
    scene.time.stepWallClock(-DAY_MS);
    const now = scene.time.now();
    expect(await scene.store.rebaseWaits(now)).toBe(1);
    const job = { state: "failed", attempts: 1, dueAt: now + dueAt - failedAt, updatedAt: now };
    expect(await scene.store.getJob("a")).toMatchObject(job);
    expect(await scene.store.rebaseWaits(scene.time.now())).toBe(0);
    expect(await scene.store.getJob("a")).toMatchObject(job);
  });

  test("jobs that were due before the clock was set back are due", async () => {
    const scene = await open();
    const createdAt = scene.time.now();
    await scene.enqueue({ id: "waiting", createdAt }, { id: "interrupted", createdAt, priority: 1 });
    await scene.startWorker("w");
    const claim = await scene.claimOne("w");
    await scene.finish("w", claim, { outcome: { kind: "interrupted" }, transition: toPendingAgain() });
    scene.time.stepWallClock(-DAY_MS);
    expect(await scene.claim("w")).toEqual([]);
    expect(await scene.store.rebaseWaits(scene.time.now())).toBe(2);
    expect((await scene.claim("w")).map(({ job }) => job.id)).toEqual(["interrupted", "waiting"]);
  });

  test("an instant that a person gave stays what it is, and so does what runs or has ended", async () => {
    const scene = await open();
    const createdAt = scene.time.now();
    await scene.enqueue({ id: "later", createdAt, runAt: createdAt + RETRY_MS });
    await scene.enqueue({ id: "runs", createdAt, priority: 2 }, { id: "done", createdAt, priority: 1 });
    await scene.startWorker("w");
    const [, done] = await scene.claim("w", { limit: 2 });
    if (done) await scene.finish("w", done);
    const before = await Promise.all(["later", "runs", "done"].map((id) => scene.look(id)));
    scene.time.stepWallClock(-DAY_MS);
    expect(await scene.store.rebaseWaits(scene.time.now())).toBe(0);
    expect(await Promise.all(["later", "runs", "done"].map((id) => scene.look(id)))).toEqual(before);
  });

  test("a retry of a job that once had a given instant is a retry like any other", async () => {
    const scene = await open();
    const createdAt = scene.time.now();
    await scene.enqueue({ id: "a", createdAt, runAt: createdAt });
    await scene.startWorker("w");
    const claim = await scene.claimOne("w");
    await scene.finish("w", claim, { transition: toRetry({ attempts: 1, dueAt: scene.time.now() }) });
    scene.time.stepWallClock(-DAY_MS);
    expect(await scene.store.rebaseWaits(scene.time.now())).toBe(1);
    expect(await scene.claim("w")).toHaveLength(1);
  });

  test("a clock that was put forward changes nothing", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a", createdAt: scene.time.now() });
    scene.time.stepWallClock(DAY_MS);
    expect(await scene.store.rebaseWaits(scene.time.now())).toBe(0);
  });
});
