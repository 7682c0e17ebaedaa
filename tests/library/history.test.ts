import { describe, expect, test, vi } from "vitest";
import { expectRefused, gate, LibraryScene, untyped } from "../support/library-queue.ts";
import { until } from "../support/queuectl.ts";

describe("executions", () => {
  test("tells how each ended, and the end of what it printed", async () => {
    const { queue } = await LibraryScene.open();
    const command = 'echo "try $QUEUECTL_ATTEMPT"; echo oops >&2; test "$QUEUECTL_ATTEMPT" -gt 1';
    await queue.enqueue({ id: "a", command });
    expect(await queue.executions("a")).toEqual([]);
    const worker = await queue.work({ drain: true });
    const { id } = worker;
    await worker.finished;
    const ended = {
      worker: id,
      startedAt: expect.any(Date),
      finishedAt: expect.any(Date),
      durationMs: expect.any(Number),
      signal: null,
      stderrTail: "oops\n",
      isOutputPruned: false,
    };
    expect(await queue.executions("a")).toEqual([
      { ...ended, number: 1, outcome: "failed", exitCode: 1, error: "exit code 1", stdoutTail: "try 1\n" },
      { ...ended, number: 2, outcome: "succeeded", exitCode: 0, error: null, stdoutTail: "try 2\n" },
    ]);
  });

  test("shows one that runs, with what it has printed so far", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue({ id: "a", command: "x", queue: "h" });
    const { opened, open } = gate();
    await queue.work("h", async (_, { log }) => {
      log("half way");
      await opened;
    });
    await until(async () => (await queue.executions("a"))[0]?.stdoutTail === "half way\n", "its output");
    expect(await queue.executions("a")).toMatchObject([
      { outcome: null, finishedAt: null, durationMs: null },
    ]);
    open();
    await queue.wait("a");
  });

  test("of a job that is not there are refused", async () => {
    const { queue } = await LibraryScene.open();
    await expectRefused(() => queue.executions("a"), {
      code: "job_not_found",
      says: '"a"',
      remedy: "queue.list()",
    });
    await expectRefused(() => queue.executions(untyped(null)), { code: "invalid_usage" });
  });
});

describe("removeDead", () => {
  test("removes dead jobs, all or none", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue(["a", "b"].map((id) => ({ id, command: "exit 1", maxRetries: 0 })));
    await (await queue.work({ drain: true, concurrency: 2 })).finished;
    await queue.enqueue({ id: "c", command: "true" });
    await expectRefused(() => queue.removeDead(["a", "c"]), {
      code: "not_dead",
      says: '"c"',
      remedy: "queue.list",
    });
    expect(await queue.get("a")).toMatchObject({ state: "dead" });
    await queue.removeDead(["a", "b", "a"]);
    expect(await queue.counts()).toMatchObject({ dead: 0, pending: 1 });
    await expectRefused(() => queue.removeDead("a"), { code: "job_not_found" });
  });
});

describe("cancel", () => {
  test("ends what waits at once, and what runs soon; all or none", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue([
      { id: "runs", command: "sleep 60", queue: "a" },
      { id: "waits", command: "true", queue: "b" },
    ]);
    await queue.work({ queues: ["a"] });
    await until(async () => (await queue.get("runs"))?.state === "processing", "it to run");
    await expectRefused(() => queue.cancel(["waits", "nobody"]), { code: "job_not_found", says: "nobody" });
    expect(await queue.get("waits")).toMatchObject({ state: "pending" });
    await queue.cancel(["runs", "waits"]);
    expect(await queue.get("waits")).toMatchObject({ state: "cancelled" });
    expect(await queue.wait("runs", { timeoutMs: 60_000 })).toMatchObject({ state: "cancelled" });
    expect(await queue.executions("runs")).toMatchObject([{ outcome: "cancelled" }]);
    await expectRefused(() => queue.cancel("runs"), { code: "already_finished", says: '"runs"' });
  });

  test("asks a handler to end, and says why", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue({ id: "a", command: "x", queue: "h" });
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const started = gate();
    await queue.work("h", async (_, { signal }) => {
      started.open();
      await new Promise((settle) => signal.addEventListener("abort", settle));
      resolve(signal.reason);
    });
    await started.opened;
    await queue.cancel("a");
    expect(await promise).toMatchObject({ code: "job_cancelled" });
    expect(await queue.wait("a")).toMatchObject({ state: "cancelled" });
  });
});

test("a worker of the library removes what is kept no longer", async () => {
  const { queue } = await LibraryScene.open({ "retain-completed": "0" });
  await queue.enqueue({ id: "a", command: "true" });
  // It asks for its turn at random within ten minutes; so this is soon, but not before the job has ended.
  const random = vi.spyOn(Math, "random").mockReturnValue(0.003);
  await queue.work();
  await until(async () => (await queue.get("a")) === undefined, "the job to be removed");
  random.mockRestore();
});
