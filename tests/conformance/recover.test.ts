import { expect, test } from "vitest";
import { toRetry } from "../../src/domain/transition.ts";
import { heldClaim } from "../support/build-job.ts";
import { describeStores } from "../support/conformance.ts";

describeStores("recover", (open) => {
  test("the jobs of a dead worker are lost once and pending again, with nothing spent", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" }, { id: "b" }, { id: "not-held" });
    await scene.startWorker("w");
    const claims = await scene.claim("w", { limit: 2 });
    await scene.declareDead("w");
    const held = claims.map((claim) => heldClaim(claim));
    expect(await scene.store.listWorkers()).toMatchObject([{ id: "w", state: "dead", held }]);

    const now = scene.time.now();
    expect(await scene.store.recoverJobs("w", { now, crashLimit: 3 })).toEqual([
      { jobId: "a", to: "pending" },
      { jobId: "b", to: "pending" },
    ]);
    for (const { token, job } of claims) {
      expect(await scene.store.getJob(job.id)).toMatchObject({
        state: "pending",
        attempts: 0,
        executions: 1,
        worker: null,
        updatedAt: now,
      });
      expect(await scene.store.listExecutions(job.seq)).toMatchObject([
        { token, number: 1, outcome: "lost", finishedAt: now, exitCode: null, output: null },
      ]);
    }
    expect(await scene.store.recoverJobs("w", { now: scene.time.now(), crashLimit: 3 })).toEqual([]);
    expect(await scene.store.listWorkers()).toMatchObject([
      { id: "w", state: "dead", held: [], jobsDone: 0 },
    ]);
  });

  test("between the two halves a dead worker's jobs are nobody's to claim", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    await scene.startWorker("other");
    await scene.claimOne("w");
    await scene.declareDead("w");
    expect(await scene.claim("other")).toEqual([]);
    await scene.store.recoverJobs("w", { now: scene.time.now(), crashLimit: 3 });
    expect(await scene.claimOne("other")).toMatchObject({ number: 2, job: { id: "a", worker: "other" } });
  });

  test("a loss keeps the failures counted so far, and the history grows", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    await scene.finish("w", await scene.claimOne("w"), {
      outcome: { kind: "failed", exitCode: 7 },
      transition: toRetry({ attempts: 1, dueAt: 0 }),
    });
    await scene.claimOne("w");
    await scene.declareDead("w");
    await scene.store.recoverJobs("w", { now: scene.time.now(), crashLimit: 3 });
    // What it shows is how its last execution ended, and a lost one has no exit code.
    expect(await scene.store.getJob("a")).toMatchObject({
      state: "pending",
      attempts: 1,
      executions: 2,
      exitCode: null,
    });

    await scene.startWorker("next");
    await scene.finish("next", await scene.claimOne("next"));
    expect(await scene.store.listExecutions(1)).toMatchObject([
      { number: 1, outcome: "failed", worker: "w" },
      { number: 2, outcome: "lost", worker: "w" },
      { number: 3, outcome: "succeeded", worker: "next" },
    ]);
  });

  test("the jobs of others are left alone", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" }, { id: "b" });
    await scene.startWorker("dying");
    await scene.startWorker("living");
    await scene.claimOne("dying");
    const b = await scene.claimOne("living");
    await scene.declareDead("dying");
    await scene.store.recoverJobs("dying", { now: scene.time.now(), crashLimit: 3 });
    expect((await scene.finish("living", b)).stale).toEqual([]);
  });

  test("of two that recover at once, each job is taken back by one", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" }, { id: "b" });
    await scene.startWorker("w");
    await scene.claim("w");
    await scene.declareDead("w");
    const other = await scene.openAnother();
    const taken = await Promise.all([
      scene.store.recoverJobs("w", { now: scene.time.now(), crashLimit: 3 }),
      other.recoverJobs("w", { now: scene.time.now(), crashLimit: 3 }),
    ]);
    expect(
      taken
        .flat()
        .map(({ jobId }) => jobId)
        .sort(),
    ).toEqual(["a", "b"]);
    expect(await scene.store.listExecutions(1)).toMatchObject([{ outcome: "lost" }]);
  });

  test("a dead worker's row comes to no harm when it is judged again, or is nobody's", async () => {
    const scene = await open();
    await scene.startWorker("w");
    await scene.declareDead("w");
    expect(await scene.store.declareDead("w", 0)).toBeNull();
    expect(await scene.store.declareDead("stranger", 0)).toBeNull();
    expect(await scene.store.recoverJobs("stranger", { now: scene.time.now(), crashLimit: 3 })).toEqual([]);
    expect(await scene.store.listWorkers()).toMatchObject([{ id: "w", state: "dead" }]);
  });

  test("a worker that is stopping can be declared dead too", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    await scene.claimOne("w");
    await scene.store.markStopping("w");
    await scene.declareDead("w");
    expect(await scene.store.recoverJobs("w", { now: scene.time.now(), crashLimit: 3 })).toMatchObject([
      { jobId: "a" },
    ]);
    await scene.store.markStopping("w");
    expect(await scene.store.listWorkers()).toMatchObject([{ state: "dead" }]);
  });
});
