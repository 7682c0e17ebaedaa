import { expect, test } from "vitest";
import type { NewJob } from "../../src/domain/job.ts";
import { buildGroup, buildJob } from "../support/build-job.ts";
import { describeStores } from "../support/conformance.ts";

/** The two ways in which jobs arrive: as a list, and as something that is read bit by bit. */
const SOURCES: readonly [string, (jobs: NewJob[]) => Iterable<NewJob> | AsyncIterable<NewJob>][] = [
  ["a list", (jobs) => jobs],
  ["a generator", (jobs) => jobs.values()],
  ["a stream", (jobs) => streamOf(jobs)],
];

async function* streamOf(jobs: Iterable<NewJob>): AsyncGenerator<NewJob> {
  for (const job of jobs) {
    await Promise.resolve();
    yield job;
  }
}

describeStores("enqueue", (open) => {
  test("a job is stored as it was given", async () => {
    const { store } = await open();
    const job = buildJob({
      id: "full",
      command: "printf 'ü\n'",
      argv: ["printf", "ü\n"],
      queue: "media",
      priority: -7,
      tags: ["nightly", "a b"],
      cwd: "/srv/ü",
      env: { A: "1", __proto__x: "2", EMPTY: "" },
      stdin: "line\n",
      maxRetries: 0,
      backoffBase: 1.5,
      timeoutMs: 0,
      runAt: 5_000,
      expiresAt: 6_000,
      unique: "one",
      key: "host=db1",
      group: { kind: "array", id: "g", member: "7" },
      createdAt: 4_000,
    });
    await store.enqueue([job], buildGroup({ id: "g" }));
    const { keyLimit: _, uniqueReturn: __, ...spec } = job;
    expect(await store.getJob("full")).toEqual({
      ...spec,
      seq: 1,
      state: "pending",
      reason: null,
      attempts: 0,
      executions: 0,
      dueAt: 5_000,
      worker: null,
      suspicion: null,
      exitCode: null,
      error: null,
      updatedAt: 4_000,
    });
  });

  test("a job without a time of its own is due at once", async () => {
    const { store } = await open();
    await store.enqueue([buildJob({ id: "a", runAt: null, createdAt: 4_000 })]);
    expect(await store.getJob("a")).toMatchObject({ runAt: null, dueAt: 4_000 });
  });

  test.each(SOURCES)("jobs of %s arrive in its order under consecutive numbers", async (_, source) => {
    const { store, ids } = await openWithIds(open);
    await store.enqueue([buildJob({ id: "first" })]);
    const jobs = Array.from({ length: 1_203 }, (_, index) => buildJob({ id: `j${index}` }));

    const receipt = await store.enqueue(source(jobs));
    expect(receipt).toEqual({ count: 1_203, firstSeq: 2, lastSeq: 1_204, existing: [] });
    expect(await ids({ seqs: { first: 2, last: 1_204 } })).toEqual(jobs.map(({ id }) => id));
    expect((await store.getJob("j1202"))?.seq).toBe(1_204);
  });

  test.each(SOURCES)("an id twice in %s: nothing is enqueued, and the second is named", async (_, source) => {
    const { store, ids } = await openWithIds(open);
    const jobs = ["a", "b", "c", "b", "a"].map((id) => buildJob({ id }));
    await expect(store.enqueue(source(jobs))).rejects.toMatchObject({ code: "duplicate_id", position: 4 });
    await expect(store.enqueue(source(jobs))).rejects.toThrow(/"b"/);
    expect(await ids()).toEqual([]);
    expect(await store.counts(null)).toMatchObject({ pending: 0 });
  });

  test.each(SOURCES)("an id in %s that is in the store already: nothing is enqueued", async (_, source) => {
    const { store, ids } = await openWithIds(open);
    await store.enqueue([buildJob({ id: "taken" })]);
    const jobs = ["a", "b", "taken", "c", "c"].map((id) => buildJob({ id }));
    await expect(store.enqueue(source(jobs))).rejects.toMatchObject({ code: "duplicate_id", position: 3 });
    expect(await ids()).toEqual(["taken"]);

    expect(await store.enqueue(source([buildJob({ id: "a" })]))).toMatchObject({ count: 1 });
    expect(await ids()).toEqual(["taken", "a"]);
  });

  test("a generator that throws midway enqueues nothing and leaves the store usable", async () => {
    const { store, ids } = await openWithIds(open);
    function* broken() {
      yield buildJob({ id: "a" });
      throw new Error("line 2 is no JSON");
    }
    await expect(store.enqueue(broken())).rejects.toThrow("line 2 is no JSON");
    expect(await ids()).toEqual([]);
    expect(await store.enqueue([buildJob({ id: "a" })])).toMatchObject({ count: 1, firstSeq: 1, lastSeq: 1 });
  });

  test("a stream that breaks midway enqueues nothing and leaves the store usable", async () => {
    const { store, ids } = await openWithIds(open);
    async function* broken() {
      for (let index = 0; index < 700; index += 1) yield buildJob({ id: `j${index}` });
      throw new Error("the pipe broke");
    }
    for (let again = 0; again < 2; again += 1) {
      await expect(store.enqueue(broken())).rejects.toThrow("the pipe broke");
      expect(await ids()).toEqual([]);
    }
    expect(await store.enqueue(streamOf([buildJob({ id: "j0" })]))).toMatchObject({ count: 1 });
    expect(await ids()).toEqual(["j0"]);
  });

  test("while a slow stream is being read, nobody waits and nobody sees its jobs", async () => {
    const scene = await open();
    const other = await scene.openAnother();
    const half = Promise.withResolvers<void>();
    const rest = Promise.withResolvers<void>();
    async function* slow() {
      for (let index = 0; index < 600; index += 1) yield buildJob({ id: `slow-${index}` });
      half.resolve();
      await rest.promise;
      yield buildJob({ id: "slow-last" });
    }
    const enqueued = scene.store.enqueue(slow());
    await half.promise;
    await other.enqueue([buildJob({ id: "quick" })]);
    await scene.startWorker("w");
    expect((await scene.claim("w")).map(({ job }) => job.id)).toEqual(["quick"]);
    expect(await scene.ids()).toEqual(["quick"]);
    rest.resolve();
    expect(await enqueued).toMatchObject({ count: 601, firstSeq: 2, lastSeq: 602 });
  });

  test("several streams can be enqueued through one store at once", async () => {
    const { store, ids } = await openWithIds(open);
    const named = (prefix: string) =>
      Array.from({ length: 600 }, (_, i) => buildJob({ id: `${prefix}${i}` }));
    const [a, b, bad] = await Promise.allSettled([
      store.enqueue(streamOf(named("a"))),
      store.enqueue(streamOf(named("b"))),
      store.enqueue(streamOf([...named("c"), buildJob({ id: "c0" })])),
    ]);
    expect(a).toMatchObject({ status: "fulfilled", value: { count: 600 } });
    expect(b).toMatchObject({ status: "fulfilled", value: { count: 600 } });
    expect(bad).toMatchObject({ status: "rejected", reason: { code: "duplicate_id", position: 601 } });
    const stored = await ids();
    expect(stored).toHaveLength(1_200);
    expect(stored.filter((id) => id.startsWith("a"))).toEqual(named("a").map(({ id }) => id));
  });

  test("two that enqueue the same id at once: one of them is refused", async () => {
    const { store, openAnother } = await open();
    const other = await openAnother();
    const results = await Promise.allSettled([
      store.enqueue([buildJob({ id: "same" })]),
      other.enqueue([buildJob({ id: "same" })]),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test("an enqueue of nothing adds nothing", async () => {
    const { store, ids } = await openWithIds(open);
    await store.enqueue([buildJob({ id: "a" })]);
    expect(await store.enqueue([])).toMatchObject({ count: 0 });
    const { count, firstSeq, lastSeq } = await store.enqueue(streamOf([]));
    expect(count).toBe(0);
    expect(await ids({ seqs: { first: firstSeq, last: lastSeq } })).toEqual([]);
    expect(await ids()).toEqual(["a"]);
  });

  test("an arrival number is never used twice, not even after its job was removed", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await scene.startWorker("w");
    const claim = await scene.claimOne("w");
    const transition = { to: "dead", attempts: 1, reason: "policy" } as const;
    await scene.finish("w", claim, { outcome: { kind: "failed", exitCode: 1 }, transition });
    await scene.store.removeDead(["a"], scene.time.now());
    await scene.enqueue({ id: "a" });
    expect(await scene.store.getJob("a")).toMatchObject({ seq: 2, executions: 0, state: "pending" });
    expect(await scene.store.listExecutions(2)).toEqual([]);
  });
});

async function openWithIds(open: Parameters<Parameters<typeof describeStores>[1]>[0]) {
  const scene = await open();
  return { store: scene.store, ids: scene.ids.bind(scene) };
}
