import { describe, expect, test } from "vitest";
import type { NewJob } from "../../src/domain/job.ts";
import { toCompleted, toDead, toRetry } from "../../src/domain/transition.ts";
import { buildJob } from "../support/build-job.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

const FIRST = { id: "first", unique: "report" };
const SECOND = { id: "second", unique: "report" };

/** The ways in which jobs arrive; they take different paths into a store. */
const SOURCES: readonly [string, (jobs: NewJob[]) => Iterable<NewJob> | AsyncIterable<NewJob>][] = [
  ["a list", (jobs) => jobs],
  ["a stream", streamOf],
];

async function* streamOf(jobs: readonly NewJob[]): AsyncGenerator<NewJob> {
  yield* jobs;
}

/** Every state of a first job in which a second of its unique name is refused, and how it comes there. */
const UNFINISHED: readonly [string, (scene: Scene) => Promise<unknown>][] = [
  ["pending", (scene) => scene.enqueue(FIRST)],
  [
    "blocked",
    (scene) =>
      scene.enqueue({ id: "other" }, { ...FIRST, dependsOn: [{ on: "other", condition: "completed" }] }),
  ],
  ["processing", (scene) => startFirst(scene)],
  [
    "failed",
    async (scene) =>
      scene.finish("w", await startFirst(scene), { transition: toRetry({ attempts: 1, dueAt: 9e12 }) }),
  ],
];

const FINISHED: readonly [string, (scene: Scene) => Promise<unknown>][] = [
  ["completed", async (scene) => scene.finish("w", await startFirst(scene), { transition: toCompleted() })],
  [
    "dead",
    async (scene) =>
      scene.finish("w", await startFirst(scene), {
        transition: toDead({ attempts: 4, reason: "retries_spent" }),
      }),
  ],
  [
    "cancelled",
    async (scene) => {
      await scene.enqueue(FIRST);
      await scene.store.cancelJobs(["first"], scene.time.now());
    },
  ],
];

describeStores("unique", (open) => {
  describe.each(SOURCES)("from %s", (_, source) => {
    const enqueue = (scene: Scene, ...jobs: Partial<NewJob>[]) =>
      scene.store.enqueue(source(jobs.map((job) => buildJob(job))));

    test.each(UNFINISHED)(
      "a second is refused while the first is %s, and both are named",
      async (_, bring) => {
        const scene = await open();
        await bring(scene);
        await expect(enqueue(scene, { id: "fine" }, SECOND)).rejects.toMatchObject({
          code: "not_unique",
          position: 2,
          message: expect.stringMatching(/"second".*"first"/),
        });
        expect(await scene.states("fine", "second")).toEqual([undefined, undefined]);
      },
    );

    test.each(UNFINISHED)("or the first, %s, is returned in its place", async (state, bring) => {
      const scene = await open();
      await bring(scene);
      const receipt = await enqueue(scene, { id: "a" }, { ...SECOND, uniqueReturn: true }, { id: "b" });
      expect(receipt).toMatchObject({ count: 2, existing: [{ position: 2, id: "first" }] });
      expect(receipt.lastSeq).toBe(receipt.firstSeq + 1);
      const { firstSeq: first, lastSeq: last } = receipt;
      expect(await scene.ids({ seqs: { first, last } })).toEqual(["a", "b"]);
      expect(await scene.states("first", "second")).toEqual([state, undefined]);
    });

    test.each(FINISHED)("a second is welcome once the first is %s", async (_, bring) => {
      const scene = await open();
      await bring(scene);
      await enqueue(scene, SECOND);
      expect(await scene.states("second")).toEqual(["pending"]);
    });

    test("two in one enqueue: the second is refused, or stood for by the first", async () => {
      const scene = await open();
      await expect(enqueue(scene, FIRST, { id: "x" }, SECOND)).rejects.toMatchObject({
        code: "not_unique",
        position: 3,
      });
      expect(await scene.ids()).toEqual([]);
      const receipt = await enqueue(scene, FIRST, { ...SECOND, uniqueReturn: true });
      expect(receipt).toEqual({
        count: 1,
        firstSeq: 1,
        lastSeq: 1,
        existing: [{ position: 2, id: "first" }],
      });
    });

    test("the very same job again is a second one, before it is a duplicate", async () => {
      const scene = await open();
      await enqueue(scene, FIRST);
      await expect(enqueue(scene, FIRST)).rejects.toMatchObject({ code: "not_unique" });
      expect(await enqueue(scene, { ...FIRST, uniqueReturn: true })).toMatchObject({
        count: 0,
        existing: [{ position: 1, id: "first" }],
      });
      await scene.store.cancelJobs(["first"], scene.time.now());
      await expect(enqueue(scene, FIRST)).rejects.toMatchObject({ code: "duplicate_id" });
    });

    test("a refusal after one that was stood for names the right place", async () => {
      const scene = await open();
      await enqueue(scene, FIRST);
      const stoodFor = { ...FIRST, uniqueReturn: true };
      await expect(enqueue(scene, stoodFor, { id: "a" }, { id: "a" })).rejects.toMatchObject({
        code: "duplicate_id",
        position: 3,
      });
      await expect(
        enqueue(scene, stoodFor, { id: "a", dependsOn: [{ on: "nobody", condition: "completed" }] }),
      ).rejects.toMatchObject({ code: "unknown_dependency", position: 2 });
    });

    test("a job that is stood for changes nothing: not the limit of its key either", async () => {
      const scene = await open();
      await enqueue(scene, { ...FIRST, key: "k", keyLimit: 1 }, { id: "too", key: "k" });
      await enqueue(
        scene,
        { id: "free", runAt: 9e12 },
        { ...SECOND, uniqueReturn: true, key: "k", keyLimit: 9 },
      );
      await scene.startWorker("w");
      expect(await scene.claimIds("w")).toEqual(["first"]);
    });
  });

  test("of two programs that enqueue it at once, one does", async () => {
    const scene = await open();
    const other = await scene.openAnother();
    const results = await Promise.allSettled([
      scene.store.enqueue([buildJob(FIRST)]),
      other.enqueue([buildJob(SECOND)]),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await scene.store.counts(null)).toMatchObject({ pending: 1 });
  });

  test("a finished one cannot come back while another is unfinished, and then nothing does", async () => {
    const scene = await open();
    await scene.enqueue(FIRST, { id: "a" });
    await scene.store.cancelJobs(["first", "a"], scene.time.now());
    await scene.enqueue(SECOND);
    await expect(
      scene.store.retryJobs(["a", "first"], { change: "retry", now: scene.time.now() }),
    ).rejects.toMatchObject({ code: "not_unique", message: expect.stringMatching(/"first".*"second"/) });
    expect(await scene.states("a", "first")).toEqual(["cancelled", "cancelled"]);
    await scene.store.cancelJobs(["second"], scene.time.now());
    await scene.store.retryJobs(["first"], { change: "retry", now: scene.time.now() });
    expect(await scene.states("first")).toEqual(["pending"]);
  });

  test("two finished ones cannot come back together", async () => {
    const scene = await open();
    for (const job of [FIRST, SECOND]) {
      await scene.enqueue(job);
      await scene.store.cancelJobs([job.id], scene.time.now());
    }
    await expect(
      scene.store.retryJobs(["first", "second"], { change: "retry", now: scene.time.now() }),
    ).rejects.toMatchObject({ code: "not_unique" });
    expect(await scene.states("first", "second")).toEqual(["cancelled", "cancelled"]);
  });

  test("one that failed is retried as the unfinished job that it is", async () => {
    const scene = await open();
    await scene.finish("w", await startFirst(scene), { transition: toRetry({ attempts: 1, dueAt: 9e12 }) });
    await scene.store.retryJobs(["first"], { change: "retry", now: scene.time.now() });
    expect(await scene.states("first")).toEqual(["pending"]);
  });

  test("a dependant that would come back by the way stays dead while another has its name", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" }, { ...FIRST, dependsOn: [{ on: "a", condition: "completed" }] });
    await scene.store.cancelJobs(["a"], scene.time.now());
    await scene.enqueue(SECOND);
    await scene.store.retryJobs(["a"], { change: "retry", now: scene.time.now() });
    expect(await scene.states("a", "first")).toEqual(["pending", "dead"]);
  });
});

async function startFirst(scene: Scene) {
  await scene.enqueue(FIRST);
  await scene.startWorker("w");
  return await scene.claimOne("w");
}
