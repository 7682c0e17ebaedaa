import { describe, expect, test } from "vitest";
import { waitForJobs } from "../../src/queue/wait.ts";
import type { Store } from "../../src/store/store.ts";
import { expectRefused, gate, jobsFor, LibraryScene, untyped } from "../support/library-queue.ts";
import { until } from "../support/queuectl.ts";

describe("wait", () => {
  test("gives the job as it ended; one that died is an answer", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue([
      { id: "good", command: "true" },
      { id: "bad", command: "exit 9", maxRetries: 1 },
    ]);
    await queue.work();
    expect(await queue.wait("good")).toMatchObject({ id: "good", state: "completed", exitCode: 0 });
    expect(await queue.wait("bad")).toMatchObject({ id: "bad", state: "dead", exitCode: 9, attempts: 2 });
  });

  test("of several gives all of them in the order asked for, whatever the order of their ends", async () => {
    const { queue } = await LibraryScene.open();
    const ids = jobsFor("a", 300).map(({ id = "" }) => id);
    await queue.enqueue(jobsFor("a", 300));
    const asked = [...ids.toReversed(), "a-7"];
    const waiting = queue.wait(asked);
    await queue.work("a", () => {}, { concurrency: 50 });
    const jobs = await waiting;
    expect(jobs.map(({ id }) => id)).toEqual(asked);
    expect(jobs.every(({ state }) => state === "completed")).toBe(true);
    expect(await queue.wait([])).toEqual([]);
  });

  test("does not end with a failure that is retried", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue({ id: "a", command: "x", queue: "h", maxRetries: 5 });
    await queue.work("h", (_, { attempt }) => {
      if (attempt < 3) throw new Error("not yet");
    });
    expect(await queue.wait("a")).toMatchObject({ state: "completed", attempts: 2 });
  });

  test("sees what another program does", async () => {
    const { queue, home, db } = await LibraryScene.open();
    await queue.enqueue({ id: "a", command: "true" });
    const waiting = queue.wait("a");
    await home.ok("--db", db, "worker", "start", "--drain");
    expect(await waiting).toMatchObject({ state: "completed" });
  });

  test("is timed out with the state of the job, which goes on", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue([{ id: "a", command: "true" }, ...jobsFor("b", 2)]);
    const wanted = { code: "wait_timed_out", remedy: /wait again/ } as const;
    await expectRefused(() => queue.wait("a", { timeoutMs: 30 }), {
      ...wanted,
      says: /Waited 30 ms .* "a": it is pending/,
    });
    await expectRefused(() => queue.wait(["a", "b-0", "b-1"], { timeoutMs: 0 }), {
      ...wanted,
      says: /"a" and 2 behind it/,
    });
    expect(await queue.get("a")).toMatchObject({ state: "pending" });
  });

  test("with no time looks once, and may find what it wants", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue({ id: "a", command: "x", queue: "h" });
    await (await queue.work("h", () => {}, { drain: true })).finished;
    expect(await queue.wait("a", { timeoutMs: 0 })).toMatchObject({ state: "completed" });
  });

  test("ends with the reason of its signal, before and during", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue({ id: "a", command: "true" });
    const reason = new Error("enough");
    await expect(queue.wait("a", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const abort = new AbortController();
    const waiting = queue.wait("a", { signal: abort.signal });
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  test("refuses at once an id that is not there, were it the last of many", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue({ id: "nightly", command: "true" });
    await expectRefused(() => queue.wait(["nightly", "nightlx"]), {
      code: "job_not_found",
      says: '"nightlx"',
    });
    await expectRefused(() => queue.wait("night"), { code: "job_not_found", remedy: /nightly/ });
  });

  test("ends when the job is removed meanwhile", async () => {
    const { queue, store } = await LibraryScene.open();
    const { opened, open } = gate();
    await queue.enqueue({ id: "a", command: "x", queue: "h", maxRetries: 0 });
    await queue.enqueue({ id: "b", command: "x" });
    const waiting = queue.wait(["b", "a"]);
    waiting.catch(() => {});
    await queue.work("h", async () => {
      await opened;
      throw new Error("dead");
    });
    open();
    await until(async () => (await queue.get("a"))?.state === "dead", "a to be dead");
    await store.removeDead(["a"], Date.now());
    await queue.work({ queues: ["default"] });
    await expectRefused(() => waiting, { code: "job_not_found", says: '"a"' });
  });

  test.each<[unknown, unknown, RegExp]>([
    [7, {}, /takes a job's id, not 7/],
    [["a", null], {}, /takes a job's id, not null/],
    ["a", { timeout: 5 }, /queue.wait has no option "timeout"/],
    ["a", { timeoutMs: -1 }, /"timeoutMs" of queue.wait must be milliseconds/],
    ["a", { timeoutMs: "5s" }, /"timeoutMs"/],
    ["a", { signal: {} }, /"signal" of queue.wait must be an AbortSignal, not an object/],
  ])("refuses %j with %j", async (ids, options, says) => {
    const { queue } = await LibraryScene.open();
    await expectRefused(() => queue.wait(untyped(ids), untyped(options)), { code: "invalid_usage", says });
  });
});

test("while it waits for ten thousand jobs, it reads one row at a time", async () => {
  const { store } = await LibraryScene.open();
  const job = { state: "pending" };
  let reads = 0;
  const counting = {
    ...store,
    getJob: async (id: string) => {
      reads += 1;
      return { id, ...job };
    },
  } as unknown as Store;
  const ids = Array.from({ length: 10_000 }, (_, index) => `job-${index}`);
  const waiting = waitForJobs(counting, ids);
  await until(() => reads > 10_010, "the wait to look for the tenth time");
  // Ten looks in, and by now each comes a tenth of the waited time after the one before.
  const before = reads;
  const sinceMs = performance.now();
  await until(() => performance.now() - sinceMs > 300, "some looks to be over");
  expect(reads - before).toBeLessThan(100);
  job.state = "completed";
  expect(await waiting).toHaveLength(10_000);
  expect(reads).toBeLessThan(20_200);
});
