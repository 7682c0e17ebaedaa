import { expect, test } from "vitest";
import { toDead, toRetry } from "../../src/domain/transition.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

describeStores("requeue", (open) => {
  test("a dead job comes back with a full new series of retries, due now", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a", runAt: 1_000, maxRetries: 2 });
    await letDie(scene, "a");
    const now = scene.time.now();
    await scene.store.retryJobs(["a"], { change: "retryDead", now: now });
    expect(await scene.store.getJob("a")).toMatchObject({
      state: "pending",
      reason: null,
      attempts: 0,
      executions: 1,
      maxRetries: 2,
      dueAt: now,
      exitCode: null,
      error: null,
      updatedAt: now,
    });
    await scene.startWorker("w");
    expect((await scene.store.claim(scene.claimRequest("w", { now: now - 1 }))).nextDueAt).toBe(now);
    expect(await scene.claimOne("w")).toMatchObject({ number: 2, job: { id: "a" } });
  });

  test("the numbers of its executions go on, and the history stays", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    for (let life = 0; life < 3; life += 1) {
      await letDie(scene, "a");
      await scene.store.retryJobs(["a"], { change: "retryDead", now: scene.time.now() });
    }
    const history = await scene.store.listExecutions(1);
    expect(history.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(history.map(({ token }) => token)).toEqual(
      history.map(({ token }) => token).toSorted((a, b) => a - b),
    );
  });

  test("several dead jobs come back, or none when one of them is not dead", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" }, { id: "b" }, { id: "alive" });
    await letDie(scene, "a", "b");
    const retry = (...ids: string[]) =>
      scene.store.retryJobs(ids, { change: "retryDead", now: scene.time.now() });

    await expect(retry("a", "alive", "b")).rejects.toMatchObject({
      code: "not_dead",
      message: expect.stringContaining('"alive"'),
    });
    await expect(retry("a", "missing", "alive")).rejects.toMatchObject({
      code: "job_not_found",
      message: expect.stringContaining('"missing"'),
    });
    expect(await scene.ids({ state: "dead" })).toEqual(["a", "b"]);

    await retry("b", "a", "b");
    expect(await scene.ids({ state: "pending" })).toEqual(["a", "b", "alive"]);
    await expect(retry("a")).rejects.toMatchObject({ code: "not_dead" });
  });

  test("a finished job of any kind comes back as new, and a failed one keeps its count", async () => {
    const scene = await open();
    await scene.enqueue({ id: "dead" }, { id: "completed" }, { id: "failed" }, { id: "cancelled" });
    await scene.startWorker("w");
    const [dead, completed, failed] = await scene.claim("w", { limit: 3 });
    if (!dead || !completed || !failed) throw new Error("There were three to claim");
    const outcome = { kind: "failed", exitCode: 1 } as const;
    await scene.finish("w", dead, { outcome, transition: toDead({ attempts: 4, reason: "retries_spent" }) });
    await scene.finish("w", completed);
    await scene.finish("w", failed, { outcome, transition: toRetry({ attempts: 2, dueAt: 9e12 }) });
    await scene.store.cancelJobs(["cancelled"], scene.time.now());

    const now = scene.time.now();
    await scene.store.retryJobs(["dead", "completed", "failed", "cancelled"], { change: "retry", now });
    for (const id of ["dead", "completed", "failed", "cancelled"])
      expect(await scene.store.getJob(id)).toMatchObject({
        state: "pending",
        reason: null,
        attempts: id === "failed" ? 2 : 0,
        dueAt: now,
        exitCode: null,
      });
    expect(await scene.claim("w")).toHaveLength(4);
  });

  test("what waits or runs cannot be retried, and then nothing is", async () => {
    const scene = await open();
    await scene.enqueue({ id: "running" }, { id: "waiting" }, { id: "gone" });
    await scene.startWorker("w");
    await scene.claimOne("w");
    await scene.store.cancelJobs(["gone"], scene.time.now());
    for (const id of ["running", "waiting"])
      await expect(
        scene.store.retryJobs(["gone", id], { change: "retry", now: scene.time.now() }),
      ).rejects.toMatchObject({ code: "not_finished", message: expect.stringContaining(`"${id}"`) });
    expect(await scene.store.getJob("gone")).toMatchObject({ state: "cancelled" });
  });

  test("a dead job is removed with its history, whose tokens are returned", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" }, { id: "kept" });
    await letDie(scene, "a");
    await scene.store.retryJobs(["a"], { change: "retryDead", now: scene.time.now() });
    await letDie(scene, "a", "kept");
    const history = await scene.store.listExecutions(1);
    expect(history).toHaveLength(2);

    const tokens = await scene.store.removeDead(["a"], scene.time.now());
    expect(tokens.sort()).toEqual(history.map(({ token }) => token).sort());
    expect(await scene.store.getJob("a")).toBeUndefined();
    expect(await scene.store.listExecutions(1)).toEqual([]);
    expect(await scene.store.listExecutions(2)).toMatchObject([
      { outcome: "interrupted" },
      { outcome: "failed" },
    ]);
    expect(await scene.store.counts(null)).toMatchObject({ dead: 1 });
  });

  test("several dead jobs are removed, or none when one of them is not dead", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" }, { id: "b" }, { id: "alive" });
    await letDie(scene, "a", "b");
    await expect(scene.store.removeDead(["a", "alive"], scene.time.now())).rejects.toMatchObject({
      code: "not_dead",
    });
    await expect(scene.store.removeDead(["a", "missing"], scene.time.now())).rejects.toMatchObject({
      code: "job_not_found",
    });
    expect(await scene.ids()).toEqual(["a", "b", "alive"]);
    expect(await scene.store.listExecutions(1)).toHaveLength(1);

    expect(await scene.store.removeDead(["b", "a", "b"], scene.time.now())).toHaveLength(2);
    expect(await scene.ids()).toEqual(["alive"]);
    await expect(scene.store.removeDead(["a"], scene.time.now())).rejects.toMatchObject({
      code: "job_not_found",
    });
  });

  test("of a retry and a removal at once, one wins and the other is told", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await letDie(scene, "a");
    const other = await scene.openAnother();
    const results = await Promise.allSettled([
      scene.store.retryJobs(["a"], { change: "retryDead", now: scene.time.now() }),
      other.removeDead(["a"], scene.time.now()),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });
});

/** Lets jobs fail for the last time. */
async function letDie(scene: Scene, ...ids: string[]): Promise<void> {
  const worker = `undertaker-${scene.time.now()}`;
  await scene.startWorker(worker);
  const claims = await scene.claim(worker);
  await scene.finish(
    worker,
    claims.filter(({ job }) => ids.includes(job.id)),
    {
      outcome: { kind: "failed", exitCode: 1 },
      transition: toDead({ attempts: 4, reason: "retries_spent" }),
      error: "exit code 1",
    },
  );
  await scene.finish(
    worker,
    claims.filter(({ job }) => !ids.includes(job.id)),
    { outcome: { kind: "interrupted" }, transition: { to: "pending" } },
  );
}
