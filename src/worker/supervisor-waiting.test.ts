import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { until } from "../../tests/support/queuectl.ts";
import { LONG_MS, untilFile, WorkerScene } from "../../tests/support/worker-scene.ts";
import type { Store } from "../store/store.ts";

/** The same store, and how often a worker has turned to it for jobs. */
function countTurns(store: Store): { store: Store; turns: () => number } {
  let turns = 0;
  const finish: Store["finish"] = async (worker, results, next) => {
    turns += 1;
    return await store.finish(worker, results, next);
  };
  return { store: { ...store, finish }, turns: () => turns };
}

describe("a worker that drains", () => {
  test("waits for a due job of its own whose key is held in another queue", async () => {
    const scene = await WorkerScene.open();
    const go = scene.file("go");
    await scene.enqueue(
      { id: "a", queue: "others", key: "db1", command: untilFile(go) },
      { id: "b", queue: "mine", key: "db1" },
    );
    await (await scene.startWorker({ queues: ["others"] })).says("claimed");
    let looks = 0;
    const watched: Store = {
      ...scene.store,
      isHeldBack: async (queues) => {
        looks += 1;
        return await scene.store.isHeldBack(queues);
      },
    };
    const draining = await scene.startWorker({ store: watched, queues: ["mine"], drain: true });
    await until(() => looks >= 3, "the draining worker to look a few times");
    expect(draining.heard("drained")).toEqual([]);
    writeFileSync(go, "");
    await draining.ended;
    expect(await scene.job("b")).toMatchObject({ state: "completed" });
  });

  test("waits for what a rate holds back, and starts it when the rate allows, without a poll", async () => {
    const scene = await WorkerScene.open();
    const rate = { starts: 1, periodMs: 300 };
    await scene.store.changeQueue("default", { rate });
    await scene.enqueue({ id: "a" }, { id: "b" }, { id: "c" });
    await (await scene.startWorker({ drain: true })).ended;
    const starts = await Promise.all(
      ["a", "b", "c"].map(async (id) => (await scene.history(id))[0]?.startedAt ?? Number.NaN),
    );
    expect((starts[1] ?? 0) - (starts[0] ?? 0)).toBeGreaterThanOrEqual(rate.periodMs);
    expect((starts[2] ?? 0) - (starts[1] ?? 0)).toBeGreaterThanOrEqual(rate.periodMs);
  });

  test("does not wait for the retry of a job in a paused queue, and tells of it", async () => {
    const scene = await WorkerScene.open();
    await scene.enqueue({ id: "a", queue: "media", command: "false", backoffBase: LONG_MS });
    await (await scene.startWorker()).says("finished");
    await scene.store.changeQueue("media", { state: "paused" });
    const draining = await scene.startWorker({ drain: true });
    await draining.ended;
    expect(draining.heard("drained")).toMatchObject([{ waiting: 1 }]);
    expect(await scene.job("a")).toMatchObject({ state: "failed" });
  });

  test("says once until when a rate holds jobs back", async () => {
    const scene = await WorkerScene.open();
    await scene.store.changeQueue("media", { rate: { starts: 1, periodMs: LONG_MS } });
    await scene.enqueue({ id: "a", queue: "media" }, { id: "b", queue: "media" });
    let looks = 0;
    const isHeldBack: Store["isHeldBack"] = async (queues) => {
      looks += 1;
      return await scene.store.isHeldBack(queues);
    };
    const draining = await scene.startWorker({ store: { ...scene.store, isHeldBack }, drain: true });
    const { queue, until: opensAt } = await draining.says("held_back");
    const [execution] = await scene.history("a");
    expect([queue, opensAt]).toEqual(["media", (execution?.startedAt ?? 0) + LONG_MS]);
    const before = looks;
    await until(() => looks >= before + 2, "it to look again");
    expect(draining.heard("held_back")).toHaveLength(1);
  });

  test("does not wait for a paused queue, which only a person opens, and says how many are left", async () => {
    const scene = await WorkerScene.open();
    await scene.store.changeQueue("media", { state: "paused" });
    await scene.enqueue({ id: "a", queue: "media" }, { id: "b" });
    const draining = await scene.startWorker({ drain: true });
    await draining.ended;
    expect(draining.heard("drained")).toEqual([{ kind: "drained", waiting: 1 }]);
    expect(await scene.job("a")).toMatchObject({ state: "pending" });
    expect(await scene.job("b")).toMatchObject({ state: "completed" });
  });
});

describe("an idle worker", () => {
  test("starts a job when it is due, and does not look for it before", async () => {
    const scene = await WorkerScene.open();
    const { store, turns } = countTurns(scene.store);
    const worker = await scene.startWorker({ store, settings: { pollIntervalMs: LONG_MS } });
    await worker.says("polling");
    const runAt = Date.now() + 1_000;
    await scene.enqueue({ id: "a", runAt });
    await scene.jobWhen("a", "completed");
    const [execution] = await scene.history("a");
    expect(execution?.startedAt).toBeGreaterThanOrEqual(runAt);
    // One at its start, one or two at the ring, one or two at the time, which a timer may miss by a millisecond; one at the end.
    expect(turns()).toBeLessThanOrEqual(8);
  });

  test("is woken when a queue is opened, and when a cap is raised", async () => {
    const scene = await WorkerScene.open();
    await scene.store.changeQueue("media", { state: "paused" });
    await scene.store.changeQueue("mail", { maxRunning: 1 });
    const go = scene.file("go");
    await scene.enqueue(
      { id: "a", queue: "media" },
      { id: "b", queue: "mail", command: untilFile(go) },
      { id: "c", queue: "mail" },
    );
    const worker = await scene.startWorker({ concurrency: 4, settings: { pollIntervalMs: LONG_MS } });
    await worker.says("claimed", ({ job }) => job.id === "b");
    await scene.store.changeQueue("media", { state: "open" });
    await scene.jobWhen("a", "completed");
    expect(await scene.job("c")).toMatchObject({ state: "pending" });
    await scene.store.changeQueue("mail", { maxRunning: 2 });
    await scene.jobWhen("c", "completed");
    writeFileSync(go, "");
    await scene.jobWhen("b", "completed");
  });

  test("is woken when a worker of other queues makes room at a gate", async () => {
    const scene = await WorkerScene.open();
    const go = scene.file("go");
    const settings = { pollIntervalMs: LONG_MS };
    await scene.enqueue({ id: "a", key: "db1", queue: "one", command: untilFile(go) });
    const one = await scene.startWorker({ queues: ["one"], settings });
    await one.says("claimed");
    await scene.enqueue({ id: "b", key: "db1", queue: "two" });
    const two = await scene.startWorker({ queues: ["two"], settings });
    await two.says("polling");
    writeFileSync(go, "");
    await scene.jobWhen("b", "completed");
  });

  test("sleeps for as long as it is told, however long that is", async () => {
    const scene = await WorkerScene.open();
    // Both beyond what a timer of Node's can hold, which fires at once.
    const farAwayMs = 2 ** 31 + LONG_MS;
    const { store, turns } = countTurns(scene.store);
    await scene.enqueue({ id: "later", runAt: Date.now() + farAwayMs });
    // A slot stays free meanwhile: only then it waits for the next job.
    const worker = await scene.startWorker({
      store,
      concurrency: 2,
      settings: { pollIntervalMs: farAwayMs },
    });
    await worker.says("polling");
    await scene.enqueue({ id: "now", command: "sleep 0.3" });
    await scene.jobWhen("now", "completed");
    expect(turns()).toBeLessThanOrEqual(6);
    expect(await scene.job("later")).toMatchObject({ state: "pending" });
  });
});
