import fc from "fast-check";
import { expect, test } from "vitest";
import { toPendingAgain, toRetry } from "../../src/domain/transition.ts";
import { buildJob, buildResult } from "../support/build-job.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

describeStores("claim", (open) => {
  test("a claim hands out the job as it is from now on", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    const claim = await scene.claimOne("w");
    expect(claim).toMatchObject({ token: 1, number: 1 });
    expect(claim.job).toMatchObject({
      id: "a",
      state: "processing",
      worker: "w",
      executions: 1,
      attempts: 0,
    });
    expect(await scene.store.getJob("a")).toEqual(claim.job);
  });

  test("an execution that runs is in the history, without an end", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    const now = scene.time.now();
    const [claim] = await scene.claim("w", { now });
    expect(await scene.store.listExecutions(1)).toEqual([
      {
        token: claim?.token,
        number: 1,
        worker: "w",
        startedAt: now,
        finishedAt: null,
        durationMs: null,
        outcome: null,
        exitCode: null,
        signal: null,
        error: null,
        late: null,
        usage: null,
        outputLimitBytes: 1_024,
        output: null,
      },
    ]);
  });

  test("the order is priority, then due time, then arrival", async () => {
    const scene = await open();
    await scene.enqueue(
      { id: "late", runAt: 20 },
      { id: "early", runAt: 10 },
      { id: "early-too", runAt: 10 },
      { id: "low", priority: -1, runAt: 1 },
      { id: "high", priority: 5, runAt: 99 },
    );
    await scene.startWorker("w");
    expect(idsOf(await scene.claim("w"))).toEqual(["high", "early", "early-too", "late", "low"]);
  });

  test("claims follow the order that dealing from sorted queues gives, whatever the jobs, queues and batches", async () => {
    const job = fc.record({
      queue: fc.constantFrom("default", "mail", "media"),
      priority: fc.integer({ min: -2, max: 2 }),
      runAt: fc.option(fc.integer({ min: 0, max: 6 }), { nil: null }),
      createdAt: fc.integer({ min: 0, max: 3 }),
    });
    const queues = fc.option(fc.subarray(["default", "mail", "media", "absent"]), { nil: null });
    await fc.assert(
      fc.asyncProperty(
        fc.array(job, { maxLength: 25 }),
        queues,
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 6 }),
        async (given, served, limit, now) => {
          const scene = await open();
          const jobs = given.map((fields, index) => buildJob({ id: `j${index}`, ...fields }));
          await scene.store.enqueue(jobs);
          await scene.startWorker("w");
          const dueAt = (job: (typeof jobs)[number]) => job.runAt ?? job.createdAt;
          const waiting = jobs.filter(({ queue }) => served === null || served.includes(queue));
          const due = waiting
            .filter((job) => dueAt(job) <= now)
            .sort((a, b) => dueAt(a) - dueAt(b) || jobs.indexOf(a) - jobs.indexOf(b));
          // Nobody has been served before, so the first job of each queue comes in the first round, and so on.
          const roundOf = ({ queue, priority, id }: (typeof due)[number]) =>
            due
              .filter((job) => job.queue === queue && job.priority === priority)
              .findIndex((job) => job.id === id);
          const expected = due.toSorted(
            (a, b) => b.priority - a.priority || roundOf(a) - roundOf(b) || (a.queue < b.queue ? -1 : 1),
          );
          const later = waiting.map(dueAt).filter((at) => at > now);

          const claimed: string[] = [];
          for (;;) {
            const batch = await scene.store.claim({
              worker: "w",
              limit,
              queues: served,
              now,
              outputLimitBytes: 1_024,
            });
            claimed.push(...idsOf(batch.claims));
            if (batch.claims.length === limit) {
              expect(batch.nextDueAt).toBeNull();
              continue;
            }
            expect(batch.nextDueAt).toBe(later.length > 0 ? Math.min(...later) : null);
            break;
          }
          expect(claimed).toEqual(expected.map(({ id }) => id));
        },
      ),
      { numRuns: 20 },
    );
  });

  test("a job is not claimed before it is due, and from that instant on it is", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a", runAt: 1_000 });
    await scene.startWorker("w");
    const request = { worker: "w", limit: 1, queues: null, outputLimitBytes: 1_024 };
    expect(await scene.store.claim({ ...request, now: 999 })).toEqual({ claims: [], nextDueAt: 1_000 });
    expect(idsOf((await scene.store.claim({ ...request, now: 1_000 })).claims)).toEqual(["a"]);
  });

  test("a job of high priority that is not due yet holds nobody up", async () => {
    const scene = await open();
    await scene.enqueue({ id: "tomorrow", priority: 9, runAt: 9e12 }, { id: "now" });
    await scene.startWorker("w");
    const batch = await scene.store.claim(scene.claimRequest("w"));
    expect(idsOf(batch.claims)).toEqual(["now"]);
    expect(batch.nextDueAt).toBe(9e12);
  });

  test("the next due time is that of jobs which this claim may take", async () => {
    const scene = await open();
    await scene.enqueue({ queue: "mail", runAt: 8e12 }, { queue: "media", runAt: 9e12 });
    await scene.startWorker("w");
    const next = async (queues: string[] | null) =>
      (await scene.store.claim(scene.claimRequest("w", { queues }))).nextDueAt;
    expect(await next(["media"])).toBe(9e12);
    expect(await next(["media", "mail"])).toBe(8e12);
    expect(await next(null)).toBe(8e12);
    expect(await next(["absent"])).toBeNull();
  });

  test("a failed job waits for its retry and is then claimed again under the next number", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    const first = await scene.claimOne("w");
    const dueAt = scene.time.now() + 60_000;
    await scene.finish("w", first, {
      outcome: { kind: "failed", exitCode: 3 },
      transition: toRetry({ attempts: 1, dueAt }),
    });
    expect(await scene.store.claim(scene.claimRequest("w"))).toEqual({ claims: [], nextDueAt: dueAt });
    const [second] = await scene.claim("w", { now: dueAt });
    expect(second).toMatchObject({ number: 2, job: { id: "a", attempts: 1, exitCode: 3 } });
    expect(second?.token).toBeGreaterThan(first.token);
  });

  test("a job that goes back to the queue keeps its place in the order", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" }, { id: "b" });
    await scene.startWorker("w");
    const outcome = { kind: "interrupted" } as const;
    await scene.finish("w", await scene.claimOne("w"), { outcome, transition: toPendingAgain() });
    expect(idsOf(await scene.claim("w"))).toEqual(["a", "b"]);
  });

  test("only the queues asked for are served, in one order over all of them", async () => {
    const scene = await open();
    await scene.enqueue({ id: "m1", queue: "mail" }, { id: "d1" }, { id: "m2", queue: "mail", priority: 1 });
    await scene.enqueue({ id: "v1", queue: "media", priority: 1 });
    await scene.startWorker("w");
    const queues = ["media", "mail", "mail"];
    expect(idsOf(await scene.claim("w", { queues }))).toEqual(["m2", "v1", "m1"]);
    expect(await scene.claim("w", { queues })).toEqual([]);
    expect(await scene.claim("w", { queues: [] })).toEqual([]);
    expect(idsOf(await scene.claim("w"))).toEqual(["d1"]);
  });

  test("no more is claimed than was asked for, and nothing for a limit of 0", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" }, { id: "b" }, { id: "c", queue: "mail" });
    await scene.startWorker("w");
    expect(await scene.store.claim(scene.claimRequest("w", { limit: 0 }))).toEqual({
      claims: [],
      nextDueAt: null,
    });
    expect(idsOf(await scene.claim("w", { limit: 2, queues: ["mail", "default"] }))).toEqual(["a", "c"]);
  });

  test("a worker that is not registered or is stopping claims nothing", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    expect(await scene.claim("stranger")).toEqual([]);
    await scene.startWorker("w");
    await scene.store.markStopping("w");
    expect(await scene.claim("w")).toEqual([]);
    expect(await scene.store.finish("w", [], scene.claimRequest("w"))).toMatchObject({
      claimed: { claims: [] },
    });
    expect(await scene.store.getJob("a")).toMatchObject({ state: "pending", executions: 0 });
  });

  test("a finish claims anew in the same step, and sees what it has just given back", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" }, { id: "b" });
    await scene.startWorker("w");
    const a = await scene.claimOne("w");
    const result = buildResult(a, scene.time.now(), {
      outcome: { kind: "failed", exitCode: 1 },
      transition: toRetry({ attempts: 1, dueAt: 0 }),
    });
    const { stale, claimed } = await scene.store.finish("w", [result], scene.claimRequest("w"));
    expect(stale).toEqual([]);
    expect(idsOf(claimed.claims)).toEqual(["a", "b"]);
  });

  test("two workers never hold the same job, however many claim at once", async () => {
    const scene = await open();
    const workers = ["w1", "w2", "w3", "w4"];
    const stores = await Promise.all(workers.map(() => scene.openAnother()));
    await scene.enqueue(...Array.from({ length: 120 }, (_, index) => ({ id: `j${index}` })));
    for (const worker of workers) await scene.startWorker(worker);

    const taken = await Promise.all(
      workers.map(async (worker, index) => {
        const mine: string[] = [];
        for (;;) {
          const batch = await stores[index]?.claim(scene.claimRequest(worker, { limit: 3 }));
          if (!batch || batch.claims.length === 0) return mine;
          mine.push(...idsOf(batch.claims));
        }
      }),
    );
    const all = taken.flat();
    expect(new Set(all).size).toBe(120);
    expect(all).toHaveLength(120);
    await expectOneHolderEach(scene);
  });
});

/** What the jobs say of their workers and what the workers say of their jobs is the same. */
async function expectOneHolderEach(scene: Scene): Promise<void> {
  const jobs = await Array.fromAsync(scene.store.listJobs({ state: "processing" }));
  const held = (await scene.store.listWorkers()).flatMap(({ id, held }) =>
    held.map(({ jobId }) => `${jobId} ${id}`),
  );
  expect(held.sort()).toEqual(jobs.map(({ id, worker }) => `${id} ${worker}`).sort());
}

function idsOf(claims: readonly { job: { id: string } }[]): string[] {
  return claims.map(({ job }) => job.id);
}
