import { describe, expect, test } from "vitest";
import { CONDITIONS, type Condition } from "../../src/domain/dependency.ts";
import type { JobState, NewJob } from "../../src/domain/job.ts";
import { toCancelled, toCompleted, toDead, toRetry } from "../../src/domain/transition.ts";
import type { FinishedExecution } from "../../src/store/store.ts";
import { buildJob, buildResult } from "../support/build-job.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

/** Every end of a job, and what it makes of those that wait for it. */
const ENDS: readonly [
  end: JobState,
  how: Pick<FinishedExecution, "outcome" | "transition">,
  becomes: Readonly<Record<Condition, JobState>>,
][] = [
  [
    "completed",
    { outcome: { kind: "succeeded" }, transition: toCompleted() },
    { completed: "pending", finished: "pending", failed: "cancelled" },
  ],
  [
    "dead",
    {
      outcome: { kind: "failed", exitCode: 1 },
      transition: toDead({ attempts: 1, reason: "retries_spent" }),
    },
    { completed: "dead", finished: "pending", failed: "pending" },
  ],
  [
    "cancelled",
    { outcome: { kind: "cancelled" }, transition: toCancelled() },
    { completed: "dead", finished: "pending", failed: "pending" },
  ],
];

const CASES = ENDS.flatMap(([end, how, becomes]) =>
  CONDITIONS.map((condition) => ({ end, how, condition, becomes: becomes[condition] })),
);

const ERRORS: Readonly<Record<string, RegExp | null>> = {
  "completed/failed": /^not needed: job "a" completed$/,
  "dead/completed": /^job "a", which it waited for, is dead$/,
  "cancelled/completed": /^job "a", which it waited for, is cancelled$/,
};

describeStores("dependencies", (open) => {
  /** Claims as a worker does that is told to come again at once. @returns how many jobs it got */
  async function claimUntilQuiet(scene: Scene): Promise<number> {
    let claimed = 0;
    for (;;) {
      const now = scene.time.now();
      const { claims, nextDueAt } = await scene.store.claim(scene.claimRequest("w", { now }));
      claimed += claims.length;
      if (claims.length === 0 && (nextDueAt === null || nextDueAt > now)) return claimed;
    }
  }

  describe.each(CASES)("one that waits until another has $condition", ({ end, how, condition, becomes }) => {
    test(`is ${becomes} when that one is ${end}`, async () => {
      const scene = await open();
      await scene.enqueue({ id: "a" }, { id: "b", dependsOn: [{ on: "a", condition }] });
      await scene.startWorker("w");
      const [a, ...others] = await scene.claim("w");
      if (!a) throw new Error("There was one to claim");
      expect(others).toEqual([]);
      expect(await scene.states("a", "b")).toEqual(["processing", "blocked"]);
      await scene.finish("w", a, how);
      const b = await scene.store.getJob("b");
      expect(b).toMatchObject({
        state: becomes,
        reason: becomes === "dead" ? "dependency" : null,
        error: ERRORS[`${end}/${condition}`]
          ? expect.stringMatching(ERRORS[`${end}/${condition}`] as RegExp)
          : null,
        executions: 0,
      });
      expect(b?.updatedAt).toBe((await scene.store.getJob("a"))?.updatedAt);
      expect(await scene.claimIds("w")).toEqual(becomes === "pending" ? ["b"] : []);
    });

    test(`is ${becomes} from the beginning when that one is ${end} already`, async () => {
      const scene = await open();
      await scene.enqueue({ id: "a" });
      await scene.startWorker("w");
      await scene.finish("w", await scene.claimOne("w"), how);
      await scene.enqueue({ id: "b", dependsOn: [{ on: "a", condition }] });
      expect(await scene.store.getJob("b")).toMatchObject({
        state: becomes,
        reason: becomes === "dead" ? "dependency" : null,
      });
    });
  });

  test("a failure that is retried decides nothing", async () => {
    const scene = await open();
    await scene.enqueue(
      { id: "a" },
      ...CONDITIONS.map((c) => ({ id: c, dependsOn: [{ on: "a", condition: c }] })),
    );
    await scene.startWorker("w");
    await scene.finish("w", await scene.claimOne("w"), { transition: toRetry({ attempts: 1, dueAt: 0 }) });
    expect(await scene.states(...CONDITIONS)).toEqual(["blocked", "blocked", "blocked"]);
  });

  test("one that is cancelled while it waits takes its dependants along", async () => {
    const scene = await openChain(open);
    await scene.store.cancelJobs(["b"], scene.time.now());
    expect(await scene.states("a", "b", "c", "d")).toEqual(["pending", "cancelled", "dead", "dead"]);
  });

  test("one that is lost to a crash loop takes its dependants along", async () => {
    const scene = await openChain(open);
    await scene.startWorker("w");
    await scene.claimOne("w");
    await scene.declareDead("w");
    await scene.store.recoverJobs("w", { now: scene.time.now(), crashLimit: 1 });
    expect(await scene.states("a", "b", "c", "d")).toEqual(["dead", "dead", "dead", "dead"]);
  });

  test("one that died of a dependency is dead, whatever becomes of the others", async () => {
    const scene = await open();
    const dependsOn = [{ on: "x", condition: "failed" as const }, after("a")];
    await scene.enqueue({ id: "x" }, { id: "a", priority: 1 }, { id: "b", dependsOn });
    await letDie(scene, "a");
    const dead = await scene.look("b");
    await scene.finish("v", await scene.claimOne("v"));
    expect(await scene.states("x", "a", "b")).toEqual(["completed", "dead", "dead"]);
    expect(await scene.look("b")).toEqual(dead);
  });

  test("a chain runs one after the other, each let go in the transaction that ends the one before", async () => {
    const scene = await openChain(open);
    await scene.startWorker("w");
    const order: string[] = [];
    for (let [claim] = await scene.claim("w"); claim; ) {
      order.push(claim.job.id);
      const ended = [buildResult(claim, scene.time.now())];
      const { claimed } = await scene.store.finish("w", ended, scene.claimRequest("w"));
      [claim] = claimed.claims;
    }
    expect(order).toEqual(["a", "b", "c", "d"]);
  });

  test("the death of the first goes down a long chain, in as many claims as it takes", async () => {
    const scene = await open();
    const chain = Array.from({ length: 1_500 }, (_, n) => ({
      id: `j${n}`,
      dependsOn: n === 0 ? [] : [after(`j${n - 1}`)],
    }));
    await scene.enqueue(...chain);
    await scene.store.cancelJobs(["j0"], scene.time.now());
    await scene.startWorker("w");
    await claimUntilQuiet(scene);
    expect(await scene.store.counts(null)).toMatchObject({ cancelled: 1, dead: 1_499, blocked: 0 });
  });

  test("one that waits for many starts after the last of them, whatever their order", async () => {
    const scene = await open();
    const ids = ["a", "b", "c", "d"];
    await scene.enqueue(...ids.map((id) => ({ id })), { id: "z", priority: 9, dependsOn: ids.map(after) });
    await scene.startWorker("w");
    const claims = await scene.claim("w");
    for (const claim of claims.toReversed()) {
      expect(await scene.states("z")).toEqual(["blocked"]);
      await scene.finish("w", claim);
    }
    expect(await scene.claimIds("w")).toEqual(["z"]);
  });

  test("many that wait for one start when it ends, in their order", async () => {
    const scene = await open();
    const ids = Array.from({ length: 30 }, (_, n) => `j${n}`);
    await scene.enqueue({ id: "a" }, ...ids.map((id) => ({ id, dependsOn: [after("a")] })));
    await scene.startWorker("w");
    await scene.finish("w", await scene.claimOne("w"));
    expect(await scene.claimIds("w")).toEqual(ids);
  });

  test("different conditions on one job stand side by side", async () => {
    const scene = await open();
    await scene.enqueue(
      { id: "a" },
      { id: "next", dependsOn: [after("a")] },
      { id: "cleanup", dependsOn: [{ on: "a", condition: "finished" }] },
      { id: "alarm", dependsOn: [{ on: "a", condition: "failed" }] },
    );
    await scene.startWorker("w");
    await scene.finish("w", await scene.claimOne("w"));
    expect(await scene.states("next", "cleanup", "alarm")).toEqual(["pending", "pending", "cancelled"]);
  });

  test("one that is released keeps its own time and place", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a", priority: 1 }, { id: "early", dependsOn: [after("a")] }, { id: "late" });
    await scene.enqueue({ id: "tomorrow", runAt: 9e12, dependsOn: [after("a")] });
    await scene.startWorker("w");
    await scene.finish("w", await scene.claimOne("w"));
    const { claims, nextDueAt } = await scene.store.claim(scene.claimRequest("w"));
    expect(claims.map(({ job }) => job.id)).toEqual(["early", "late"]);
    expect(nextDueAt).toBe(9e12);
  });

  test("after the wall clock was set back, one that was blocked meanwhile starts when it is released", async () => {
    const scene = await open();
    const createdAt = scene.time.now();
    await scene.enqueue({ id: "a", createdAt }, { id: "b", dependsOn: [after("a")], createdAt });
    await scene.startWorker("w");
    const a = await scene.claimOne("w");
    scene.time.stepWallClock(-86_400_000);
    await scene.store.rebaseWaits(scene.time.now());
    await scene.finish("w", a);
    expect(await scene.claimIds("w")).toEqual(["b"]);
  });

  describe("at enqueue", () => {
    test("a job may wait for one that comes later in the list, and for one in the store", async () => {
      const scene = await open();
      await scene.enqueue({ id: "old" });
      await scene.enqueue({ id: "b", dependsOn: [after("a"), after("old")] }, { id: "a" });
      await scene.startWorker("w");
      const claims = await scene.claim("w");
      expect(claims.map(({ job }) => job.id)).toEqual(["old", "a"]);
      await scene.finish("w", claims);
      expect(await scene.claimIds("w")).toEqual(["b"]);
    });

    test("who depends on one that is born dead is born dead", async () => {
      const scene = await open();
      await scene.enqueue({ id: "x" });
      await scene.store.cancelJobs(["x"], scene.time.now());
      await scene.enqueue(
        { id: "c", dependsOn: [after("b")] },
        { id: "b", dependsOn: [after("x")] },
        { id: "free" },
      );
      expect(await scene.states("b", "c", "free")).toEqual(["dead", "dead", "pending"]);
      expect(await scene.store.getJob("c")).toMatchObject({ error: 'job "b", which it waited for, is dead' });
    });

    test.each(["a list", "a stream"])(
      "an unknown one is refused, named with its place in %s",
      async (source) => {
        const scene = await open();
        const jobs = [{ id: "a" }, { id: "b", dependsOn: [after("a"), after("nobody")] }].map((job) =>
          buildJob(job),
        );
        const given = source === "a list" ? jobs : streamOf(jobs);
        await expect(scene.store.enqueue(given)).rejects.toMatchObject({
          code: "unknown_dependency",
          position: 2,
          message: expect.stringContaining('"nobody"'),
        });
        expect(await scene.ids()).toEqual([]);
      },
    );

    test.each([
      ["itself", { a: ["a"] }, "a → a"],
      ["each other", { a: ["b"], b: ["a"] }, "a → b → a"],
      ["a circle behind others", { start: ["x"], x: ["y"], y: ["z"], z: ["x"] }, "x → y → z → x"],
    ])("jobs that wait for %s are refused, with the path", async (_, needs, path) => {
      const scene = await open();
      const jobs = Object.entries(needs).map(([id, on]) => ({ id, dependsOn: on.map(after) }));
      await expect(scene.enqueue(...jobs)).rejects.toMatchObject({
        code: "dependency_cycle",
        message: expect.stringContaining(path),
      });
      expect(await scene.ids()).toEqual([]);
    });

    test("the same dependency twice is one", async () => {
      const scene = await open();
      await scene.enqueue({ id: "a" }, { id: "b", dependsOn: [after("a"), after("a")] });
      expect((await scene.store.readWaits(2)).dependencies).toHaveLength(1);
      await scene.startWorker("w");
      await scene.finish("w", await scene.claimOne("w"));
      expect(await scene.claimIds("w")).toEqual(["b"]);
    });
  });

  describe("when a dead one is retried", () => {
    test("those that died of it come back with it, and theirs, and wait", async () => {
      const scene = await openChain(open);
      await scene.enqueue({ id: "other" }, { id: "both", dependsOn: [after("a"), after("other")] });
      await letDie(scene, "a");
      expect(await scene.states("b", "c", "d", "both")).toEqual(["dead", "dead", "dead", "dead"]);
      const now = scene.time.now();
      await scene.store.retryJobs(["a"], { change: "retryDead", now });
      expect(await scene.states("a", "b", "c", "d", "both")).toEqual([
        "pending",
        "blocked",
        "blocked",
        "blocked",
        "blocked",
      ]);
      expect(await scene.store.getJob("d")).toMatchObject({
        reason: null,
        error: null,
        attempts: 0,
        updatedAt: now,
      });
      expect(await scene.claimIds("v")).toEqual(["other", "a"]);
    });

    test("those that come back with it do not die of when they were to expire, as it does not itself", async () => {
      const scene = await open();
      const expiresAt = scene.time.now() + 60_000;
      await scene.enqueue({ id: "a", expiresAt }, { id: "b", expiresAt, dependsOn: [after("a")] });
      await letDie(scene, "a");
      scene.time.pass(120_000);
      await scene.store.retryJobs(["a"], { change: "retryDead", now: scene.time.now() });
      await scene.finish("v", await scene.claimOne("v"));
      expect(await scene.claimIds("v")).toEqual(["b"]);
      expect(await scene.store.getJob("b")).toMatchObject({ expiresAt: null });
    });

    test("one that died of another besides stays dead", async () => {
      const scene = await open();
      await scene.enqueue({ id: "a" }, { id: "x" }, { id: "b", dependsOn: [after("a"), after("x")] });
      await scene.store.cancelJobs(["a", "x"], scene.time.now());
      await scene.store.retryJobs(["a"], { change: "retry", now: scene.time.now() });
      expect(await scene.states("b")).toEqual(["dead"]);
      await scene.store.retryJobs(["x"], { change: "retry", now: scene.time.now() });
      expect(await scene.states("b")).toEqual(["blocked"]);
    });

    test("one that died of something else stays dead", async () => {
      const scene = await open();
      await scene.enqueue({ id: "a" }, { id: "b", dependsOn: [{ on: "a", condition: "finished" }] });
      await letDie(scene, "a");
      await letDie(scene, "b");
      await scene.store.retryJobs(["a"], { change: "retryDead", now: scene.time.now() });
      expect(await scene.states("b")).toEqual(["dead"]);
    });

    test("one that was not needed is not needed still", async () => {
      const scene = await open();
      await scene.enqueue({ id: "a" }, { id: "b", dependsOn: [{ on: "a", condition: "failed" }] });
      await scene.startWorker("w");
      await scene.finish("w", await scene.claimOne("w"));
      await scene.store.retryJobs(["a"], { change: "retry", now: scene.time.now() });
      expect(await scene.states("a", "b")).toEqual(["pending", "cancelled"]);
    });

    test("a dependant alone is refused while its dependency is dead, naming that one", async () => {
      const scene = await openChain(open);
      await letDie(scene, "a");
      for (const id of ["b", "c"])
        await expect(
          scene.store.retryJobs([id], { change: "retry", now: scene.time.now() }),
        ).rejects.toMatchObject({
          code: "dependency_failed",
          message: expect.stringContaining(`"${id === "b" ? "a" : "b"}"`),
        });
      expect(await scene.states("a", "b", "c")).toEqual(["dead", "dead", "dead"]);
    });

    test.each([[["a", "b"]], [["b", "a"]], [["c", "a"]], [["a", "b", "c", "d"]]])(
      "a dependant comes back in the same command as its dependency: %j",
      async (ids) => {
        const scene = await openChain(open);
        await letDie(scene, "a");
        await scene.store.retryJobs(ids, { change: "retry", now: scene.time.now() });
        expect(await scene.states("a", "b", "c", "d")).toEqual(["pending", "blocked", "blocked", "blocked"]);
      },
    );

    test("a finished job that comes back waits for those that came back before it, or with it", async () => {
      for (const together of [false, true]) {
        const scene = await open();
        await scene.enqueue({ id: "a" }, { id: "b", dependsOn: [after("a")] });
        await scene.startWorker("w");
        for (let n = 0; n < 2; n += 1) await scene.finish("w", await scene.claimOne("w"));
        expect(await scene.states("a", "b")).toEqual(["completed", "completed"]);
        for (const ids of together ? [["a", "b"]] : [["a"], ["b"]])
          await scene.store.retryJobs(ids, { change: "retry", now: scene.time.now() });
        expect(await scene.states("a", "b")).toEqual(["pending", "blocked"]);
        await scene.finish("w", await scene.claimOne("w"));
        expect(await scene.claimIds("w")).toEqual(["b"]);
      }
    });
  });

  describe("when a dependency is removed", () => {
    test("one that died of it stays dead, and can be retried by itself", async () => {
      const scene = await openChain(open);
      await letDie(scene, "a");
      await scene.store.removeDead(["a"], scene.time.now());
      expect(await scene.states("b", "c", "d")).toEqual(["dead", "dead", "dead"]);
      await scene.store.retryJobs(["b"], { change: "retryDead", now: scene.time.now() });
      expect(await scene.states("b", "c", "d")).toEqual(["pending", "blocked", "blocked"]);
    });

    test("one that waits for others besides goes on waiting for those", async () => {
      const scene = await open();
      await scene.enqueue({ id: "a" }, { id: "x" }, { id: "b", dependsOn: [after("a"), after("x")] });
      await scene.startWorker("w");
      await scene.finish("w", await scene.claimOne("w"));
      await scene.store.removeExpired({ state: "completed", before: scene.time.now() }, 10);
      expect(await scene.states("a", "b")).toEqual([undefined, "blocked"]);
      expect((await scene.store.readWaits(3)).dependencies).toEqual([
        { on: "x", condition: "completed", state: "pending" },
      ]);
      await scene.finish("w", await scene.claimOne("w"));
      expect(await scene.claimIds("w")).toEqual(["b"]);
      expect((await scene.store.getJob("b"))?.dependsOn).toEqual([after("a"), after("x")]);
    });
  });
});

function after(on: string) {
  return { on, condition: "completed" as const };
}

async function* streamOf(jobs: readonly NewJob[]): AsyncGenerator<NewJob> {
  yield* jobs;
}

/** Four jobs, each of which waits for the one before. */
async function openChain(open: () => Promise<Scene>): Promise<Scene> {
  const scene = await open();
  await scene.enqueue(
    { id: "a" },
    ...["b", "c", "d"].map((id, index) => ({ id, dependsOn: [after("abc".charAt(index))] })),
  );
  return scene;
}

/** The next job, which must be this one, fails for the last time. */
async function letDie(scene: Scene, id: string): Promise<void> {
  if ((await scene.store.listWorkers()).length === 0) await scene.startWorker("v");
  const claim = await scene.claimOne("v");
  expect(claim.job.id).toBe(id);
  await scene.finish("v", claim, {
    outcome: { kind: "failed", exitCode: 1 },
    transition: toDead({ attempts: 1, reason: "retries_spent" }),
  });
}
