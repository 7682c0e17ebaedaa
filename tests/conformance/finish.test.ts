import { expect, test } from "vitest";
import type { Outcome } from "../../src/domain/outcome.ts";
import {
  type Transition,
  toCompleted,
  toDead,
  toPendingAgain,
  toRetry,
} from "../../src/domain/transition.ts";
import { buildResult } from "../support/build-job.ts";
import { describeStores } from "../support/conformance.ts";

/** An outcome, what was decided about it, and how job and history look afterwards. */
const ENDS: readonly [string, Outcome, Transition, job: object, execution: object][] = [
  [
    "a success",
    { kind: "succeeded" },
    toCompleted(),
    { state: "completed", attempts: 0, reason: null, exitCode: 0 },
    { outcome: "succeeded", exitCode: 0, signal: null },
  ],
  [
    "a failure",
    { kind: "failed", exitCode: 7 },
    toRetry({ attempts: 1, dueAt: 123_456 }),
    { state: "failed", attempts: 1, reason: null, exitCode: 7, dueAt: 123_456 },
    { outcome: "failed", exitCode: 7, signal: null },
  ],
  [
    "the last failure",
    { kind: "failed", exitCode: 127 },
    toDead({ attempts: 4, reason: "retries_spent" }),
    { state: "dead", attempts: 4, reason: "retries_spent", exitCode: 127 },
    { outcome: "failed", exitCode: 127, signal: null },
  ],
  [
    "a signal",
    { kind: "signalled", signal: "SIGSEGV" },
    toRetry({ attempts: 2, dueAt: 5 }),
    { state: "failed", attempts: 2, exitCode: null },
    { outcome: "signalled", exitCode: null, signal: "SIGSEGV" },
  ],
  [
    "a timeout",
    { kind: "timed_out", afterMs: 300_000 },
    toRetry({ attempts: 1, dueAt: 5 }),
    { state: "failed", attempts: 1, exitCode: null },
    { outcome: "timed_out", exitCode: null, signal: null },
  ],
  [
    "a command that could not be started",
    { kind: "spawn_failed", cause: "EAGAIN" },
    toRetry({ attempts: 1, dueAt: 5 }),
    { state: "failed", attempts: 1, exitCode: null },
    { outcome: "spawn_failed", exitCode: null, signal: null },
  ],
  [
    "an interruption",
    { kind: "interrupted" },
    toPendingAgain(),
    { state: "pending", attempts: 0, reason: null, exitCode: null },
    { outcome: "interrupted", exitCode: null, signal: null },
  ],
  [
    "a cancellation",
    { kind: "cancelled" },
    { to: "cancelled" },
    { state: "cancelled", attempts: 0, exitCode: null },
    { outcome: "cancelled", exitCode: null, signal: null },
  ],
];

describeStores("finish", (open) => {
  test.each(ENDS)(
    "%s is recorded in the job and in its history",
    async (_, outcome, transition, job, execution) => {
      const scene = await open();
      await scene.enqueue({ id: "a" });
      await scene.startWorker("w");
      const claim = await scene.claimOne("w");
      const result = buildResult(claim, scene.time.now(), { outcome, transition, error: "said so" });

      expect(await scene.store.finish("w", [{ ...result, durationMs: 12.4 }])).toEqual({
        stale: [],
        cancelled: [],
        claimed: { claims: [], nextDueAt: null },
      });
      expect(await scene.store.getJob("a")).toMatchObject({
        ...job,
        worker: null,
        executions: 1,
        error: "said so",
        updatedAt: result.finishedAt,
      });
      expect(await scene.store.listExecutions(claim.job.seq)).toMatchObject([
        {
          ...execution,
          token: claim.token,
          number: 1,
          error: "said so",
          finishedAt: result.finishedAt,
          durationMs: 12,
        },
      ]);
    },
  );

  test("what an execution cost is kept with it, where it is known", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    const usage = { cpuMs: 0.75, maxRssKb: 1_536 };
    const failed = {
      outcome: { kind: "failed", exitCode: 1 },
      transition: toRetry({ attempts: 1, dueAt: 0 }),
    } as const;
    await scene.finish("w", await scene.claimOne("w"), { ...failed, usage });
    await scene.finish("w", await scene.claimOne("w"));
    expect(await scene.store.listExecutions(1)).toMatchObject([{ usage }, { usage: null }]);
  });

  test("a success wipes out what earlier failures said", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    await scene.finish("w", await scene.claimOne("w"), {
      outcome: { kind: "failed", exitCode: 7 },
      transition: toRetry({ attempts: 1, dueAt: 0 }),
      error: "exit code 7",
    });
    await scene.finish("w", await scene.claimOne("w"));
    expect(await scene.store.getJob("a")).toMatchObject({
      state: "completed",
      exitCode: 0,
      error: null,
      attempts: 1,
      executions: 2,
    });
  });

  test("the output is kept byte by byte, with its true length and its arrivals", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    const output = {
      stdout: { tail: Uint8Array.from([0, 255, 195, 40, 10]), totalBytes: 5_000_000 },
      stderr: { tail: new Uint8Array(), totalBytes: 0 },
      marks: [
        { stream: "stdout", offset: 0, at: 1_000 },
        { stream: "stderr", offset: 0, at: 1_250 },
      ] as const,
    };
    await scene.finish("w", await scene.claimOne("w"), { output });
    const [execution] = await scene.store.listExecutions(1);
    const kept = execution?.output;
    expect([...(kept?.stdout.tail ?? [])]).toEqual([0, 255, 195, 40, 10]);
    expect(kept?.stdout.totalBytes).toBe(5_000_000);
    expect(kept?.stderr).toMatchObject({ totalBytes: 0 });
    expect(kept?.stderr.tail).toHaveLength(0);
    expect(kept?.marks).toEqual(output.marks);
    expect(execution?.outputLimitBytes).toBe(1_024);
  });

  test("one finish ends many executions, each in its own way", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" }, { id: "b" }, { id: "c" });
    await scene.startWorker("w");
    const claims = await scene.claim("w");
    const transitions = [toCompleted(), toRetry({ attempts: 1, dueAt: 9e12 }), toPendingAgain()];
    const results = claims.map((claim, index) =>
      buildResult(claim, scene.time.now(), { transition: transitions[index] ?? toCompleted() }),
    );
    const { stale, claimed } = await scene.store.finish("w", results, scene.claimRequest("w"));
    expect(stale).toEqual([]);
    expect(claimed.claims.map(({ job }) => job.id)).toEqual(["c"]);
    expect(claimed.nextDueAt).toBe(9e12);
    expect(await scene.store.counts(null)).toMatchObject({ completed: 1, failed: 1, processing: 1 });
  });

  test("a result in a stranger's name and a finish without results change nothing", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    const claim = await scene.claimOne("w");
    const before = await scene.look("a");
    await scene.store.finish("nobody", [buildResult(claim, scene.time.now())]);
    await scene.store.finish("w", []);
    expect(await scene.look("a")).toEqual(before);
  });

  test("one result given twice in a batch counts once", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    const claim = await scene.claimOne("w");
    expect((await scene.finish("w", [claim, claim])).stale).toEqual([claim.token]);
    expect(await scene.store.getJob("a")).toMatchObject({ state: "completed" });
    expect(await scene.store.listWorkers()).toMatchObject([{ jobsDone: 1 }]);
  });

  test("a stopping worker still records how its jobs end", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    const claim = await scene.claimOne("w");
    await scene.store.markStopping("w");
    expect((await scene.finish("w", claim)).stale).toEqual([]);
    expect(await scene.store.getJob("a")).toMatchObject({ state: "completed" });
  });

  test("a worker whose lease ran out but whom nobody declared dead still finishes", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    const claim = await scene.claimOne("w");
    scene.time.pass(3_600_000);
    expect((await scene.finish("w", claim)).stale).toEqual([]);
  });
});
