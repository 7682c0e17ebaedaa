import { expect, test } from "vitest";
import { toDead, toRetry } from "../../src/domain/transition.ts";
import type { Claim } from "../../src/store/store.ts";
import { buildJob } from "../support/build-job.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

describeStores("query", (open) => {
  test("what is not there is not found", async () => {
    const { store } = await open();
    expect(await store.getJob("a")).toBeUndefined();
    expect(await store.listExecutions(1)).toEqual([]);
    expect(await store.findIds("abcd", 10)).toEqual([]);
    expect(await Array.fromAsync(store.listJobs())).toEqual([]);
    expect(await store.listWorkers()).toEqual([]);
    expect(await store.activity(1_000)).toEqual({
      oldestPendingAt: null,
      finishedLastMinute: 0,
      finishedLastHour: 0,
    });
  });

  test("a job is found by its exact id only", async () => {
    const scene = await open();
    await scene.enqueue({ id: "Abc" }, { id: "abc" });
    expect(await scene.store.getJob("abc")).toMatchObject({ id: "abc", seq: 2 });
    expect(await scene.store.getJob("ab")).toBeUndefined();
    expect(await scene.store.getJob("ABC")).toBeUndefined();
  });

  test("ids are found by their beginning, in order of arrival, and no more than wanted", async () => {
    const scene = await open();
    await scene.enqueue(
      { id: "build.2" },
      { id: "build" },
      { id: "Build" },
      { id: "buile" },
      { id: "build.1" },
    );
    expect(await scene.store.findIds("build", 10)).toEqual(["build.2", "build", "build.1"]);
    expect(await scene.store.findIds("build.", 10)).toEqual(["build.2", "build.1"]);
    expect(await scene.store.findIds("build", 2)).toHaveLength(2);
    expect(await scene.store.findIds("uild", 10)).toEqual([]);
  });

  test.each(["%", "_", "a_c%", "a*", "[a]", "'", "\\"])(
    "%s is nothing special in a prefix",
    async (prefix) => {
      const scene = await open();
      await scene.enqueue({ id: "abcd" }, { id: "axc:d" });
      expect(await scene.store.findIds(prefix, 10)).toEqual([]);
    },
  );

  test("jobs are listed in order of arrival, all of them or by state", async () => {
    const scene = await open();
    await scene.enqueue({ id: "c", priority: 9 }, { id: "b" }, { id: "a" });
    await scene.startWorker("w");
    await scene.finish("w", await scene.claimOne("w"));
    expect(await scene.ids()).toEqual(["c", "b", "a"]);
    expect(await scene.ids({ state: "pending" })).toEqual(["b", "a"]);
    expect(await scene.ids({ state: "completed" })).toEqual(["c"]);
    expect(await scene.ids({ state: "dead" })).toEqual([]);
  });

  test("the newest so many are listed oldest first, of all or of those that match", async () => {
    const scene = await open();
    await scene.enqueue(...["a", "b", "c", "d", "e"].map((id) => ({ id })));
    await scene.startWorker("w");
    await scene.finish("w", await scene.claim("w", { limit: 3 }));
    expect(await scene.ids({ newest: 2 })).toEqual(["d", "e"]);
    expect(await scene.ids({ newest: 2, state: "completed" })).toEqual(["b", "c"]);
    expect(await scene.ids({ newest: 2, seqs: { first: 1, last: 4 } })).toEqual(["c", "d"]);
    expect(await scene.ids({ newest: 2, seqs: { first: 2, last: 4 }, state: "completed" })).toEqual([
      "b",
      "c",
    ]);
    expect(await scene.ids({ newest: 99 })).toHaveLength(5);
    expect(await scene.ids({ newest: 0 })).toEqual([]);
  });

  test("those of some queues are listed, alone and with what else is asked for", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a", queue: "mail" }, { id: "b" }, { id: "c", queue: "media" });
    await scene.enqueueGroup({}, { id: "d", queue: "mail" }, { id: "e", queue: "media" });
    await scene.startWorker("w");
    await scene.finish("w", (await scene.claim("w", { queues: ["mail"], limit: 1 }))[0] as Claim);
    expect(await scene.ids({ queues: ["mail"] })).toEqual(["a", "d"]);
    expect(await scene.ids({ queues: ["mail", "media"] })).toEqual(["a", "c", "d", "e"]);
    expect(await scene.ids({ queues: ["mail", "media"], newest: 2 })).toEqual(["d", "e"]);
    expect(await scene.ids({ queues: ["mail", "media"], newest: 3 })).toEqual(["c", "d", "e"]);
    expect(await scene.ids({ queues: ["mail"], newest: 0 })).toEqual([]);
    expect(await scene.ids({ queues: ["mail"], state: "pending" })).toEqual(["d"]);
    expect(await scene.ids({ queues: ["mail"], group: "g" })).toEqual(["d"]);
    expect(await scene.ids({ queues: ["media"], group: "g", state: "completed" })).toEqual([]);
    expect(await scene.ids({ queues: ["mail"], seqs: { first: 2, last: 5 } })).toEqual(["d"]);
    expect(await scene.ids({ queues: ["absent"], newest: 3 })).toEqual([]);
    expect(await scene.ids({ queues: [] })).toEqual([]);
  });

  test("the jobs of one enqueue are listed by their arrival numbers", async () => {
    const { store, ...scene } = await openWithIds(open);
    await store.enqueue([buildJob({ id: "before" })]);
    const { firstSeq, lastSeq } = await store.enqueue([buildJob({ id: "a" }), buildJob({ id: "b" })]);
    await store.enqueue([buildJob({ id: "after" })]);
    expect(await scene.ids({ seqs: { first: firstSeq, last: lastSeq } })).toEqual(["a", "b"]);
  });

  test.each([undefined, "pending"] as const)(
    "a long list (state: %s) has each of its jobs once while others arrive and move",
    async (state) => {
      const scene = await open();
      const names = Array.from({ length: 1_100 }, (_, index) => `j${index}`);
      await scene.enqueue(...names.map((id) => ({ id })));
      await scene.startWorker("w");
      const seen: string[] = [];
      for await (const { id } of scene.store.listJobs({ state })) {
        seen.push(id);
        // The first job ends, and more arrive, while the list is being read.
        if (seen.length === 10) await scene.finish("w", await scene.claimOne("w"));
        if (seen.length % 400 === 0) await scene.enqueue({ id: `late-${seen.length}` });
      }
      expect(seen.filter((id) => !id.startsWith("late"))).toEqual(names);
      expect(new Set(seen).size).toBe(seen.length);
    },
  );

  test("the newest so many stay so many while more arrive", async () => {
    const scene = await open();
    await scene.enqueue(...Array.from({ length: 1_100 }, (_, index) => ({ id: `j${index}` })));
    const seen: string[] = [];
    for await (const { id } of scene.store.listJobs({ newest: 600 })) {
      if (seen.length === 0) await scene.enqueue({ id: "late" });
      seen.push(id);
    }
    expect(seen).toHaveLength(600);
    expect(seen.at(0)).toBe("j500");
    expect(seen.at(-1)).toBe("j1099");
  });

  test("a list that is given up early holds nobody up", async () => {
    const scene = await open();
    await scene.enqueue(...Array.from({ length: 600 }, (_, index) => ({ id: `j${index}` })));
    for await (const job of scene.store.listJobs()) if (job.seq === 3) break;
    await scene.enqueue({ id: "after" });
    expect(await scene.store.getJob("after")).toBeDefined();
  });

  test("what was read is the reader's own: changing it changes nothing", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a", tags: ["x"], env: { A: "1" } });
    const job = await scene.store.getJob("a");
    if (job) Object.assign(job, { state: "dead", tags: [] });
    expect(await scene.store.getJob("a")).toMatchObject({ state: "pending", tags: ["x"] });
  });

  test("jobs are counted by state, of all queues or of some", async () => {
    const scene = await open();
    await scene.enqueue(
      { queue: "mail", priority: 3 },
      { queue: "mail", priority: 2 },
      { queue: "media", priority: 1 },
    );
    await scene.enqueue({}, {});
    await scene.startWorker("w");
    const [completed, failed, dead] = await scene.claim("w", { limit: 4 });
    if (!completed || !failed || !dead) throw new Error("nothing was claimed");
    await scene.finish("w", completed);
    const outcome = { kind: "failed", exitCode: 1 } as const;
    await scene.finish("w", failed, { outcome, transition: toRetry({ attempts: 1, dueAt: 9e12 }) });
    await scene.finish("w", dead, { outcome, transition: toDead({ attempts: 4, reason: "retries_spent" }) });

    const none = { pending: 0, blocked: 0, processing: 0, completed: 0, failed: 0, dead: 0, cancelled: 0 };
    expect(await scene.store.counts(null)).toEqual({
      ...none,
      pending: 1,
      processing: 1,
      completed: 1,
      failed: 1,
      dead: 1,
    });
    expect(await scene.store.counts(["mail", "mail"])).toEqual({ ...none, completed: 1, failed: 1 });
    expect(await scene.store.counts(["media", "default"])).toEqual({
      ...none,
      dead: 1,
      processing: 1,
      pending: 1,
    });
    expect(await scene.store.counts(["absent"])).toEqual(none);
    expect(await scene.store.counts([])).toEqual(none);
  });

  test("the longest waiting job is the pending one that has been due for longest", async () => {
    const scene = await open();
    await scene.enqueue(
      { id: "later", createdAt: 1_000, runAt: 20_000 },
      { id: "a", createdAt: 1_000 },
      { id: "b", createdAt: 1_000, runAt: 2_000, priority: 1 },
    );
    const oldest = async () => (await scene.store.activity(9_000)).oldestPendingAt;
    expect(await oldest()).toBe(1_000);
    await scene.startWorker("w");
    await scene.claimOne("w");
    expect(await oldest()).toBe(1_000);
    await scene.claimOne("w");
    expect(await oldest()).toBeNull();
    expect((await scene.store.activity(20_000)).oldestPendingAt).toBe(20_000);
  });

  test("executions that ended are counted for a minute and an hour", async () => {
    const scene = await open();
    await scene.enqueue({}, {}, {}, {});
    await scene.startWorker("w");
    const ended = async () => {
      const { finishedLastMinute, finishedLastHour } = await scene.store.activity(scene.time.now());
      return { finishedLastMinute, finishedLastHour };
    };
    await scene.finish("w", await scene.claim("w", { limit: 3 }));
    scene.time.pass(30_000);
    expect(await ended()).toEqual({ finishedLastMinute: 3, finishedLastHour: 3 });
    scene.time.pass(60_000);
    await scene.finish("w", await scene.claimOne("w"));
    expect(await ended()).toEqual({ finishedLastMinute: 1, finishedLastHour: 4 });
    scene.time.pass(3_540_000);
    expect(await ended()).toEqual({ finishedLastMinute: 0, finishedLastHour: 1 });
  });

  test("settings are kept as texts, and the last one written counts", async () => {
    const { store, openAnother } = await open();
    expect(await store.readSettings()).toEqual({});
    await store.writeSetting("max-retries", "5");
    await store.writeSetting("job-timeout", "0");
    await store.writeSetting("max-retries", "7");
    expect(await (await openAnother()).readSettings()).toEqual({ "max-retries": "7", "job-timeout": "0" });
  });

  test("a store has one name of its own for all who open it", async () => {
    const { store, openAnother } = await open();
    expect(store.id).not.toBe("");
    expect((await openAnother()).id).toBe(store.id);
  });
});

async function openWithIds(open: () => Promise<Scene>) {
  const scene = await open();
  return { store: scene.store, ids: scene.ids.bind(scene) };
}
