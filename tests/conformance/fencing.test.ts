import { expect, test } from "vitest";
import type { Outcome } from "../../src/domain/outcome.ts";
import {
  type Transition,
  toCompleted,
  toDead,
  toPendingAgain,
  toRetry,
} from "../../src/domain/transition.ts";
import type { Claim } from "../../src/store/store.ts";
import { buildResult, heldClaim } from "../support/build-job.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

/** Everything that a writer may report at the end of an execution. None of it counts once the claim is gone. */
const LATE_RESULTS: readonly [string, Outcome, Transition][] = [
  ["success", { kind: "succeeded" }, toCompleted()],
  ["failure to be retried", { kind: "failed", exitCode: 9 }, toRetry({ attempts: 1, dueAt: 5 })],
  [
    "failure that was the last",
    { kind: "failed", exitCode: 9 },
    toDead({ attempts: 4, reason: "retries_spent" }),
  ],
  ["timeout", { kind: "timed_out", afterMs: 50 }, toRetry({ attempts: 1, dueAt: 5 })],
  ["signal", { kind: "signalled", signal: "SIGKILL" }, toRetry({ attempts: 1, dueAt: 5 })],
  ["interruption", { kind: "interrupted" }, toPendingAgain()],
  ["cancellation", { kind: "cancelled" }, { to: "cancelled" }],
];

describeStores("the fence", (open) => {
  test.each(LATE_RESULTS)(
    "a claim that is no longer current cannot finish the job: a late %s",
    async (...late) => {
      const scene = await open();
      const old = await claimedByTheDead(scene);
      await scene.store.recoverJobs("old", { now: scene.time.now(), crashLimit: 3 });
      await expectRefused(scene, "old", old, late);

      await scene.startWorker("new");
      await scene.claimOne("new");
      await expectRefused(scene, "old", old, late);
    },
  );

  test.each(LATE_RESULTS)(
    "a worker that was declared dead cannot finish its job: a late %s",
    async (...late) => {
      const scene = await open();
      const old = await claimedByTheDead(scene);
      await expectRefused(scene, "old", old, late);
    },
  );

  test.each(LATE_RESULTS)("an execution that has ended cannot end again: a late %s", async (...late) => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    const claim = await scene.claimOne("w");
    await scene.finish("w", claim);
    await expectRefused(scene, "w", claim, late);
  });

  test("the same worker cannot end its next execution with the claim of the one before", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    const first = await scene.claimOne("w");
    await scene.finish("w", first, {
      outcome: { kind: "failed", exitCode: 1 },
      transition: toRetry({ attempts: 1, dueAt: 0 }),
    });
    const second = await scene.claimOne("w");
    expect(second.token).toBeGreaterThan(first.token);

    await expectRefused(scene, "w", first, LATE_RESULTS[0]);
    expect((await scene.finish("w", second)).stale).toEqual([]);
  });

  test("a worker cannot finish the job that another one holds", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("holder");
    await scene.startWorker("other");
    const claim = await scene.claimOne("holder");
    await expectRefused(scene, "other", claim, LATE_RESULTS[0]);
  });

  test("a worker that is not registered finishes nothing", async () => {
    const scene = await open();
    const old = await claimedByTheDead(scene);
    await scene.store.recoverJobs("old", { now: scene.time.now(), crashLimit: 3 });
    await scene.store.removeWorker("old");
    await expectRefused(scene, "old", old, LATE_RESULTS[0]);
  });

  test("a job that was completed by its second worker keeps that result", async () => {
    const scene = await open();
    const old = await claimedByTheDead(scene);
    await scene.store.recoverJobs("old", { now: scene.time.now(), crashLimit: 3 });
    await scene.startWorker("new");
    await scene.finish("new", await scene.claimOne("new"));
    await expectRefused(scene, "old", old, LATE_RESULTS[1]);
  });

  test("one that was declared dead stays so: its heartbeat is refused and renews nothing", async () => {
    const scene = await open();
    await claimedByTheDead(scene);
    scene.time.pass(60_000);

    const beat = await scene.store.heartbeat("old", { leaseMs: 15_000, now: scene.time.now() });
    expect(beat).toEqual({ known: false, held: [] });
    expect(await scene.store.listWorkers()).toMatchObject([{ id: "old", state: "dead", lease: "expired" }]);
  });

  test("one that was declared dead claims nothing, neither alone nor beside a finish", async () => {
    const scene = await open();
    const old = await claimedByTheDead(scene);
    await scene.enqueue({ id: "b" });

    expect(await scene.claim("old")).toEqual([]);
    const result = buildResult(old, scene.time.now());
    const { claimed } = await scene.store.finish("old", [result], scene.claimRequest("old"));
    expect(claimed.claims).toEqual([]);
    expect(await scene.store.getJob("b")).toMatchObject({ state: "pending" });
  });

  test("a worker that has beaten since it was looked at is not declared dead", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    const claim = await scene.claimOne("w");
    const [seen] = await scene.store.listWorkers();
    await scene.store.heartbeat("w", { leaseMs: 15_000, now: scene.time.now() });

    expect(await scene.store.declareDead("w", seen?.heartbeats ?? -1)).toBeNull();
    expect(await scene.store.recoverJobs("w", { now: scene.time.now(), crashLimit: 3 })).toEqual([]);
    expect((await scene.finish("w", claim)).stale).toEqual([]);
  });

  test("of two that judge a worker at once, one declares it dead", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    const claim = await scene.claimOne("w");
    const other = await scene.openAnother();
    const verdicts = await Promise.all([scene.store.declareDead("w", 0), other.declareDead("w", 0)]);
    expect(verdicts.filter((held) => held !== null)).toEqual([[heldClaim(claim)]]);
  });

  test("the jobs of a living worker cannot be taken back", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    const claim = await scene.claimOne("w");
    scene.time.pass(3_600_000);
    expect(await scene.store.recoverJobs("w", { now: scene.time.now(), crashLimit: 3 })).toEqual([]);
    expect((await scene.finish("w", claim)).stale).toEqual([]);
  });

  test("in a batch the current results count and the stale ones are named", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" }, { id: "b" }, { id: "c" });
    await scene.startWorker("w");
    const [a, b, c] = (await scene.claim("w")) as [Claim, Claim, Claim];
    await scene.finish("w", b);

    expect((await scene.finish("w", [a, b, c])).stale).toEqual([b.token]);
    expect(await scene.ids({ state: "completed" })).toEqual(["a", "b", "c"]);
    expect(await scene.store.listWorkers()).toMatchObject([{ jobsDone: 3 }]);
  });
});

/** A job whose worker went silent and was declared dead; its jobs are not yet taken back. */
async function claimedByTheDead(scene: Scene): Promise<Claim> {
  await scene.enqueue({ id: "a" });
  await scene.startWorker("old");
  const claim = await scene.claimOne("old");
  await scene.declareDead("old");
  return claim;
}

/**
 * The result is called stale, and nothing that anyone can see has changed; but of an execution that was lost it stands in
 * the history what came of it.
 */
async function expectRefused(
  scene: Scene,
  worker: string,
  claim: Claim,
  late: readonly [string, Outcome, Transition] | undefined,
): Promise<void> {
  if (!late) throw new Error("There is no such late result");
  const [, outcome, transition] = late;
  const everything = async () => ({
    job: await scene.look("a"),
    counts: await scene.store.counts(null),
    workers: await scene.store.listWorkers(),
    activity: await scene.store.activity(scene.time.now()),
  });
  const before = await everything();
  const history = await scene.store.listExecutions(claim.job.seq);
  const error = "too late";
  expect((await scene.finish(worker, claim, { outcome, transition, error })).stale).toEqual([claim.token]);
  const own = history.find(({ token }) => token === claim.token);
  const isHolderAlive = before.workers.some(({ id, state }) => id === own?.worker && state !== "dead");
  const isLate = own?.late === null && (own.outcome === "lost" || (own.outcome === null && !isHolderAlive));
  const noted = isLate ? { outcome: outcome.kind, at: expect.any(Number) } : own?.late;
  const executions = history.map((execution) => (execution === own ? { ...own, late: noted } : execution));
  expect(await everything()).toEqual({ ...before, job: { ...before.job, executions } });
}
