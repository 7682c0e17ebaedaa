import { expect, test } from "vitest";
import type { JobState } from "../../src/domain/job.ts";
import type { Outcome } from "../../src/domain/outcome.ts";
import {
  type Transition,
  toCancelled,
  toCompleted,
  toDead,
  toPendingAgain,
  toRetry,
} from "../../src/domain/transition.ts";
import { heldClaim } from "../support/build-job.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

/** How an execution may end after its job was to be cancelled, and what the job is then. */
const ENDS: readonly [string, Outcome, Transition, JobState][] = [
  ["was ended for it", { kind: "cancelled" }, toCancelled(), "cancelled"],
  ["was quicker and succeeded", { kind: "succeeded" }, toCompleted(), "completed"],
  ["failed, to be retried", { kind: "failed", exitCode: 9 }, toRetry({ attempts: 1, dueAt: 0 }), "cancelled"],
  [
    "failed for the last time",
    { kind: "failed", exitCode: 9 },
    toDead({ attempts: 4, reason: "retries_spent" }),
    "cancelled",
  ],
  ["was interrupted", { kind: "interrupted" }, toPendingAgain(), "cancelled"],
];

describeStores("cancel", (open) => {
  test("a job that waits is cancelled at once, and claimed by nobody", async () => {
    const scene = await open();
    await scene.enqueue({ id: "waits" }, { id: "later", runAt: 9e12 }, { id: "failed" });
    await scene.startWorker("w");
    const [, failed] = await scene.claim("w", { limit: 2 });
    if (!failed) throw new Error("There were two to claim");
    await scene.finish("w", failed, {
      outcome: { kind: "failed", exitCode: 3 },
      transition: toRetry({ attempts: 1, dueAt: 0 }),
    });
    const now = scene.time.now();
    expect(await scene.store.cancelJobs(["later", "failed"], now)).toEqual([]);
    for (const id of ["later", "failed"])
      expect(await scene.store.getJob(id)).toMatchObject({
        state: "cancelled",
        worker: null,
        updatedAt: now,
      });
    expect(await scene.store.counts(null)).toMatchObject({ cancelled: 2, failed: 0, pending: 0 });
    expect(await scene.claim("w", { now: 9e12 })).toEqual([]);
  });

  test.each(ENDS)(
    "the request stands with the execution until it ends: one that %s",
    async (...[, outcome, transition, state]) => {
      const scene = await open();
      const claim = await runningJob(scene);
      const asked = heldClaim(claim, true);
      expect(await scene.store.cancelJobs(["a"], scene.time.now())).toEqual([asked]);
      // Asked again, by someone who did not know.
      expect(await scene.store.cancelJobs(["a"], scene.time.now())).toEqual([asked]);
      expect(await scene.store.getJob("a")).toMatchObject({ state: "processing", worker: "w" });
      expect(await scene.store.listWorkers()).toMatchObject([{ held: [asked] }]);
      const beat = await scene.store.heartbeat("w", { leaseMs: 15_000, now: scene.time.now() });
      expect(beat).toEqual({ known: true, held: [asked] });

      const receipt = await scene.finish("w", claim, { outcome, transition });
      expect(receipt.stale).toEqual([]);
      expect(receipt.cancelled).toEqual(state === "cancelled" ? [claim.token] : []);
      expect(await scene.store.getJob("a")).toMatchObject({ state, reason: null, worker: null });
      expect(await scene.store.listExecutions(1)).toMatchObject([{ outcome: outcome.kind }]);
      expect(await scene.claim("w", { now: 9e12 })).toEqual([]);
    },
  );

  test("a job whose worker dies before it could end it is cancelled, and never pending again", async () => {
    const scene = await open();
    const claim = await runningJob(scene);
    await scene.store.cancelJobs(["a"], scene.time.now());
    await scene.declareDead("w");
    const taken = await scene.store.recoverJobs("w", { now: scene.time.now(), crashLimit: 3 });
    expect(taken).toEqual([{ jobId: "a", to: "cancelled" }]);
    expect(await scene.store.getJob("a")).toMatchObject({ state: "cancelled", worker: null });
    expect((await scene.finish("w", claim)).stale).toEqual([claim.token]);
    expect(await scene.store.getJob("a")).toMatchObject({ state: "cancelled" });
  });

  test("it can be asked for between the two halves of a recovery", async () => {
    const scene = await open();
    await runningJob(scene);
    await scene.declareDead("w");
    await scene.store.cancelJobs(["a"], scene.time.now());
    await scene.store.recoverJobs("w", { now: scene.time.now(), crashLimit: 3 });
    expect(await scene.store.getJob("a")).toMatchObject({ state: "cancelled" });
  });

  test("a request is for that execution alone: a job that is brought back runs", async () => {
    const scene = await open();
    const claim = await runningJob(scene);
    await scene.store.cancelJobs(["a"], scene.time.now());
    await scene.finish("w", claim, { outcome: { kind: "cancelled" }, transition: toCancelled() });
    await scene.store.retryJobs(["a"], { change: "retry", now: scene.time.now() });
    const again = await scene.claimOne("w");
    expect(await scene.store.listWorkers()).toMatchObject([{ held: [heldClaim(again)] }]);
    await scene.finish("w", again, {
      outcome: { kind: "failed", exitCode: 1 },
      transition: toRetry({ attempts: 1, dueAt: 0 }),
    });
    expect(await scene.store.getJob("a")).toMatchObject({ state: "failed" });
  });

  test("what has ended cannot be cancelled, and then nothing is", async () => {
    const scene = await open();
    const claim = await runningJob(scene);
    await scene.finish("w", claim);
    await scene.enqueue({ id: "gone" }, { id: "waits" });
    await scene.store.cancelJobs(["gone"], scene.time.now());
    for (const ended of ["a", "gone"])
      await expect(scene.store.cancelJobs(["waits", ended], scene.time.now())).rejects.toMatchObject({
        code: "already_finished",
        message: expect.stringContaining(`"${ended}"`),
      });
    await expect(scene.store.cancelJobs(["waits", "missing"], scene.time.now())).rejects.toMatchObject({
      code: "job_not_found",
    });
    expect(await scene.store.getJob("waits")).toMatchObject({ state: "pending" });
  });

  test("of a cancel and an end at the same time, one wins and the other is told", async () => {
    const scene = await open();
    const claim = await runningJob(scene);
    const other = await scene.openAnother();
    const [cancelled, finished] = await Promise.allSettled([
      other.cancelJobs(["a"], scene.time.now()),
      scene.finish("w", claim),
    ]);
    expect(finished).toMatchObject({ status: "fulfilled", value: { stale: [], cancelled: [] } });
    // Asked in time or refused: completed is what it is.
    expect(["fulfilled", "rejected"]).toContain(cancelled.status);
    expect(await scene.store.getJob("a")).toMatchObject({ state: "completed" });
  });
});

async function runningJob(scene: Scene) {
  await scene.enqueue({ id: "a" });
  await scene.startWorker("w");
  return await scene.claimOne("w");
}
