import { describe, expect, test } from "vitest";
import { expectRefused, jobsFor, LibraryScene, untyped } from "../support/library-queue.ts";

describe("get", () => {
  test("finds the job of exactly this id", async () => {
    const { queue } = await LibraryScene.open();
    const job = await queue.enqueue({ id: "nightly", command: "true" });
    expect(await queue.get("nightly")).toEqual(job);
    expect(await queue.get("nigh")).toBeUndefined();
    await expectRefused(() => queue.get(untyped(7)), { code: "invalid_usage", says: "not 7" });
  });
});

describe("list", () => {
  test("gives all jobs in order of arrival, over many pages", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue(jobsFor("a", 1_234));
    const jobs = await Array.fromAsync(queue.list());
    expect(jobs.map(({ command }) => Number(command))).toEqual(Array.from({ length: 1_234 }, (_, i) => i));
  });

  test("gives one state, or the newest, still oldest first", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue(jobsFor("a", 5));
    const worker = await queue.work("a", () => {}, { drain: true });
    await worker.finished;
    await queue.enqueue(jobsFor("b", 5));
    const idsOf = async (options: Parameters<typeof queue.list>[0]) =>
      (await Array.fromAsync(queue.list(options))).map(({ id }) => id);
    expect(await idsOf({ state: "completed", newest: 2 })).toEqual(["a-3", "a-4"]);
    expect(await idsOf({ newest: 2 })).toEqual(["b-3", "b-4"]);
    expect(await idsOf({ state: "dead" })).toEqual([]);
    expect(await idsOf({ queues: ["b"], newest: 1 })).toEqual(["b-4"]);
    expect(await idsOf({ queues: ["a", "b"], state: "pending" })).toHaveLength(5);
  });

  test("may be left early, and read by a consumer that changes what it reads", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue(jobsFor("a", 600));
    for await (const { id } of queue.list()) {
      await queue.enqueue({ id: `after-${id}`, command: "true" });
      break;
    }
    expect(await queue.counts()).toMatchObject({ pending: 601 });
  });

  test.each<[unknown, RegExp]>([
    [{ state: "done" }, /"state" of queue.list must be one of pending, blocked, .*, not "done"/],
    [{ newest: 0 }, /"newest" of queue.list must be a whole number from 1/],
    [{ queues: [] }, /"queues" of queue.list must be one or more names/],
    [{ limit: 5 }, /queue.list has no option "limit"/],
  ])("refuses %j at the call", async (options, says) => {
    const { queue } = await LibraryScene.open();
    await expectRefused(() => queue.list(untyped(options)), { code: "invalid_usage", says });
  });
});

describe("retryDead", () => {
  test("brings dead jobs back, all or none", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue([
      { id: "a", command: "exit 3", maxRetries: 0 },
      { id: "b", command: "exit 4", maxRetries: 0 },
    ]);
    await (await queue.work({ drain: true, concurrency: 2 })).finished;
    expect(await queue.get("a")).toMatchObject({
      state: "dead",
      reason: "retries_spent",
      exitCode: 3,
      attempts: 1,
    });
    await queue.enqueue({ id: "c", command: "true" });
    await expectRefused(() => queue.retryDead(["a", "c"]), { code: "not_dead", says: '"c"' });
    await expectRefused(() => queue.retryDead(["a", "d"]), { code: "job_not_found", says: '"d"' });
    expect(await queue.get("a")).toMatchObject({ state: "dead" });
    await queue.retryDead(["a", "b", "a"]);
    expect(await queue.get("a")).toMatchObject({ state: "pending", attempts: 0, reason: null });
    await expectRefused(() => queue.retryDead("a"), { code: "not_dead" });
    await expectRefused(() => queue.retryDead(untyped([1])), { code: "invalid_usage" });
  });
});

describe("retry", () => {
  test("brings back whatever is finished, all or none", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue([
      { id: "done", command: "true" },
      { id: "gone", command: "true", delayMs: 60_000 },
    ]);
    await queue.cancel("gone");
    await (await queue.work({ drain: true })).finished;
    await queue.enqueue({ id: "waits", command: "true" });
    await expectRefused(() => queue.retry(["done", "waits"]), { code: "not_finished", says: '"waits"' });
    await expectRefused(() => queue.retry(untyped([1])), { code: "invalid_usage", says: "queue.retry" });
    expect(await queue.get("done")).toMatchObject({ state: "completed" });
    await queue.retry(["done", "gone"]);
    expect(await queue.get("done")).toMatchObject({ state: "pending" });
    expect(await queue.get("gone")).toMatchObject({ state: "pending" });
  });

  test("of a group it takes the dead and cancelled jobs", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueueArray({ id: "a", command: "exit {}", maxRetries: 0 }, { from: 0, to: 1 });
    await (await queue.work({ drain: true })).finished;
    await queue.retry("a");
    expect(await queue.get("a.0")).toMatchObject({ state: "completed" });
    expect(await queue.get("a.1")).toMatchObject({ state: "pending" });
  });
});

test("counts has every state", async () => {
  const { queue } = await LibraryScene.open();
  await queue.enqueue({ command: "true" });
  expect(await queue.counts()).toEqual({
    pending: 1,
    blocked: 0,
    processing: 0,
    completed: 0,
    failed: 0,
    dead: 0,
    cancelled: 0,
  });
});
