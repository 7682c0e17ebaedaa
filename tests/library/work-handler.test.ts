import { describe, expect, test } from "vitest";
import { type HandlerTools, QueuectlError, type WorkerEvent } from "../../src/index.ts";
import { expectRefused, gate, jobsFor, LibraryScene, untyped } from "../support/library-queue.ts";
import { until } from "../support/queuectl.ts";

/** Settles when the signal is aborted, as a handler that obeys it would. */
async function untilAborted({ signal }: HandlerTools): Promise<never> {
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  throw signal.reason;
}

describe("a handler", () => {
  test("gets each job of its queue, and no other", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue([...jobsFor("h", 20), { id: "other", command: "true" }]);
    const seen: string[] = [];
    const worker = await queue.work(
      "h",
      async (job, { attempt, signal }) => {
        expect(job).toMatchObject({ state: "processing", queue: "h", worker: worker.id });
        expect([attempt, signal.aborted]).toEqual([1, false]);
        seen.push(job.command);
      },
      { concurrency: 3, drain: true },
    );
    await worker.finished;
    expect(seen).toEqual(jobsFor("h", 20).map(({ command }) => command));
    expect(await queue.counts()).toMatchObject({ completed: 20, pending: 1 });
    expect(await queue.get("h-3")).toMatchObject({ exitCode: 0, error: null, worker: null, attempts: 0 });
  });

  test("runs as many at once as it may", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue(jobsFor("h", 10));
    const { opened, open } = gate();
    let running = 0;
    let most = 0;
    await queue.work(
      "h",
      async () => {
        running += 1;
        most = Math.max(most, running);
        if (running === 4) open();
        await opened;
        running -= 1;
      },
      { concurrency: 4 },
    );
    await queue.wait(jobsFor("h", 10).map(({ id = "" }) => id));
    expect(most).toBe(4);
  });

  test("writes lines into the execution's output, which the command shows", async () => {
    const { queue, home, db, output } = await open();
    await queue.enqueue({ id: "a", command: "x", queue: "h" });
    let late: (text: string) => void = () => {};
    await queue.work("h", (_, { log }) => {
      log("one");
      log("zwei 🎉");
      late = log;
    });
    await queue.wait("a");
    late("nobody hears this");
    expect(await output("a")).toEqual({ stdout: "one\nzwei 🎉\n", stderr: "" });
    expect(await home.ok("--db", db, "logs", "a")).toBe("one\nzwei 🎉\n");
  });

  test("may print more than a row takes", async () => {
    const { queue, home, db } = await LibraryScene.open();
    await queue.enqueue({ id: "a", command: "x", queue: "h" });
    await queue.work("h", (_, { log }) => {
      for (let line = 0; line < 10_000; line++) log(`line ${line}`);
    });
    await queue.wait("a");
    const lines = (await home.ok("--db", db, "logs", "a")).trimEnd().split("\n");
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([10_000, "line 0", "line 9999"]);
  });
});

describe("a handler that throws", () => {
  test.each<[string, () => unknown, { error: string; stderr: RegExp }]>([
    [
      "an error, at once",
      () => {
        throw new Error("no such picture");
      },
      { error: "no such picture", stderr: /^Error: no such picture\n {4}at .*work-handler.test/ },
    ],
    [
      "an error of several lines, later, with its cause",
      async () => {
        await null;
        throw new TypeError("bad size\nof 3 bytes", { cause: new Error("short read") });
      },
      { error: "bad size", stderr: /TypeError: bad size\nof 3 bytes[\s\S]*\[cause\]: Error: short read/ },
    ],
    ["a text", () => Promise.reject("just words"), { error: "just words", stderr: /^just words\n$/ }],
    ["nothing", () => Promise.reject(undefined), { error: "undefined", stderr: /^undefined\n$/ }],
    [
      "what cannot be looked at",
      () => Promise.reject(Object.assign(new Error("x"), { message: Object.create(null), name: "" })),
      { error: "an error that cannot be shown", stderr: /cannot be shown/ },
    ],
    [
      "an error without a message",
      () => Promise.reject(new RangeError()),
      { error: "RangeError", stderr: /^RangeError/ },
    ],
  ])("%s, has failed like a program", async (_, handler, { error, stderr }) => {
    const { queue, outcomes, output } = await open();
    await queue.enqueue({ id: "a", command: "x", queue: "h", maxRetries: 1 });
    await queue.work("h", handler);
    expect(await queue.wait("a")).toMatchObject({
      state: "dead",
      reason: "retries_spent",
      exitCode: 1,
      attempts: 2,
      error,
    });
    expect(await outcomes("a")).toEqual(["failed", "failed"]);
    expect((await output("a")).stderr).toMatch(stderr);
  });

  test("is called again after the backoff, with the number of the attempt", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue({ id: "a", command: "x", queue: "h", backoffBase: 0.05 });
    const attempts: number[] = [];
    const events: WorkerEvent[] = [];
    await queue.work(
      "h",
      (_, { attempt }) => {
        attempts.push(attempt);
        if (attempt < 3) throw new Error("not yet");
      },
      { onEvent: (event) => events.push(event) },
    );
    await queue.wait("a");
    expect(attempts).toEqual([1, 2, 3]);
    const ends = events.filter((event) => event.kind === "finished");
    expect(ends).toMatchObject([
      { outcome: "failed", state: "failed", nextRunAt: expect.any(Date), error: "not yet", job: { id: "a" } },
      { outcome: "failed", state: "failed", nextRunAt: expect.any(Date), error: "not yet" },
      { outcome: "succeeded", state: "completed", nextRunAt: null, error: null },
    ]);
  });
});

describe("a handler whose time is up", () => {
  test("is told why, and the outcome is the timeout however it takes it", async () => {
    const { queue, outcomes } = await open();
    await queue.enqueue([
      { id: "obeys", command: "x", queue: "h", timeoutMs: 30, maxRetries: 0 },
      { id: "returns", command: "x", queue: "h", timeoutMs: 30, maxRetries: 0 },
    ]);
    const reasons: unknown[] = [];
    await queue.work("h", async (job, tools) => {
      const aborted = untilAborted(tools);
      if (job.id === "returns") await aborted.catch((reason: unknown) => reasons.push(reason));
      else await aborted;
    });
    const timedOut = {
      state: "dead",
      exitCode: null,
      error: "timed out after 30 ms (the job's own timeout)",
    };
    expect(await queue.wait(["obeys", "returns"])).toMatchObject([timedOut, timedOut]);
    expect(await outcomes("obeys")).toEqual(["timed_out"]);
    expect(reasons).toEqual([expect.any(QueuectlError)]);
    expect(reasons).toMatchObject([{ code: "job_timed_out" }]);
  });

  test("and that does not listen is given up after the grace: its slot is free, its result is not recorded", async () => {
    const { queue, outcomes } = await open({ "kill-grace": "50ms" });
    await queue.enqueue([
      { id: "deaf", command: "x", queue: "h", timeoutMs: 20, maxRetries: 0 },
      { id: "next", command: "x", queue: "h" },
    ]);
    const { opened, open: letGo } = gate();
    let isReturned = false;
    await queue.work("h", async (job) => {
      if (job.id !== "deaf") return;
      await opened;
      isReturned = true;
    });
    expect(await queue.wait(["deaf", "next"])).toMatchObject([{ state: "dead" }, { state: "completed" }]);
    letGo();
    await until(() => isReturned, "the handler to return");
    expect(await queue.get("deaf")).toMatchObject({ state: "dead", attempts: 1 });
    expect(await outcomes("deaf")).toEqual(["timed_out"]);
  });
});

describe("a worker that is stopped", () => {
  test("lets its handlers end, claims nothing more, and is gone", async () => {
    const { queue, store } = await LibraryScene.open();
    await queue.enqueue(jobsFor("h", 3));
    const { opened, open: letGo } = gate();
    let isAborted = false;
    const worker = await queue.work("h", async (_, { signal }) => {
      await opened;
      isAborted = signal.aborted;
    });
    await until(async () => (await queue.counts()).processing === 1, "a handler to run");
    const stopped = worker.stop();
    await until(
      async () => (await store.listWorkers())[0]?.state === "stopping",
      "the worker to be stopping",
    );
    letGo();
    await stopped;
    await worker.finished;
    expect(isAborted).toBe(false);
    expect(await queue.counts()).toMatchObject({ completed: 1, pending: 2 });
    expect(await store.listWorkers()).toEqual([]);
    await worker.stop();
  });

  test("with a grace interrupts what is longer: it goes back and spends no retry", async () => {
    const { queue, outcomes } = await open();
    await queue.enqueue({ id: "a", command: "x", queue: "h", maxRetries: 0 });
    const reasons: unknown[] = [];
    const worker = await queue.work("h", async (_, tools) => {
      await untilAborted(tools).catch((reason: unknown) => reasons.push(reason));
    });
    await until(async () => (await queue.counts()).processing === 1, "the handler to run");
    await worker.stop({ graceMs: 20 });
    expect(reasons).toMatchObject([{ code: "job_interrupted" }]);
    expect(await queue.get("a")).toMatchObject({ state: "pending", attempts: 0 });
    expect(await outcomes("a")).toEqual(["interrupted"]);
  });

  test("may be asked again, to hurry", async () => {
    const { queue } = await LibraryScene.open({ "kill-grace": "0" });
    await queue.enqueue({ id: "a", command: "x", queue: "h" });
    const worker = await queue.work("h", () => new Promise(() => {}));
    await until(async () => (await queue.counts()).processing === 1, "the handler to run");
    const patient = worker.stop({ graceMs: null });
    await worker.stop({ graceMs: 0 });
    await patient;
    expect(await queue.get("a")).toMatchObject({ state: "pending" });
  });

  test.each([
    ["its signal", async ({ abort }: { abort: AbortController }) => abort.abort()],
    [
      "the command",
      async ({ scene: { home, db } }: { scene: LibraryScene }) => {
        await home.ok("--db", db, "worker", "stop");
      },
    ],
  ])("by %s ends as well", async (_, stop) => {
    const scene = await LibraryScene.open();
    const abort = new AbortController();
    const events: string[] = [];
    const options = { signal: abort.signal, onEvent: ({ kind }: WorkerEvent) => events.push(kind) };
    const worker = await scene.queue.work("h", () => {}, options);
    await stop({ abort, scene });
    await worker.finished;
    expect(events).toEqual(["started", "polling", "stopping", "stopped"]);
  });

  test("before it began is not started", async () => {
    const { queue, store } = await LibraryScene.open();
    const reason = new Error("never mind");
    const signal = AbortSignal.abort(reason);
    await expect(queue.work("h", () => {}, { signal })).rejects.toBe(reason);
    expect(await store.listWorkers()).toEqual([]);
  });
});

describe("a worker that is taken for dead", () => {
  async function takeForDead({ store }: LibraryScene, id: string): Promise<void> {
    const seen = (await store.listWorkers()).find((worker) => worker.id === id);
    expect(await store.declareDead(id, seen?.heartbeats ?? -1)).toHaveLength(1);
    await store.recoverJobs(id, { now: Date.now(), crashLimit: 3 });
  }

  test("aborts its handlers, and goes on under a new id", async () => {
    const scene = await LibraryScene.open({ "lease-timeout": "1" });
    const { queue } = scene;
    await queue.enqueue({ id: "a", command: "x", queue: "h" });
    const reasons: unknown[] = [];
    const worker = await queue.work("h", async (_, tools) => {
      if (tools.attempt === 1) await untilAborted(tools).catch((reason: unknown) => reasons.push(reason));
    });
    const firstId = worker.id;
    await until(async () => (await queue.counts()).processing === 1, "the handler to run");
    await takeForDead(scene, firstId);
    expect(await queue.wait("a")).toMatchObject({ state: "completed", attempts: 0 });
    expect(reasons).toMatchObject([{ code: "job_lost" }]);
    expect(worker.id).not.toBe(firstId);
    expect(await scene.outcomes("a")).toEqual(["lost", "succeeded"]);
  });

  test("cannot record what its handler returns: the newer attempt stands", async () => {
    const scene = await LibraryScene.open();
    const { queue } = scene;
    await queue.enqueue({ id: "a", command: "x", queue: "h", maxRetries: 0 });
    const { opened, open: letGo } = gate();
    const events: WorkerEvent[] = [];
    const worker = await queue.work("h", () => opened, { onEvent: (event) => events.push(event) });
    await until(async () => (await queue.counts()).processing === 1, "the handler to run");
    await takeForDead(scene, worker.id);
    const other = await scene.openAnother();
    await other.work("h", () => Promise.reject(new Error("the newer one")));
    await other.wait("a");
    letGo();
    await until(() => events.some(({ kind }) => kind === "stale_result"), "the late result to be refused");
    expect(await queue.get("a")).toMatchObject({ state: "dead", error: "the newer one" });
  });
});

describe("work refuses", () => {
  test.each<[string, unknown[], RegExp]>([
    ["a queue that is no name", ["a b", () => {}], /"queue" of queue.work must be a name of/],
    ["a missing handler", ["h"], /no handler for the queue "h"/],
    [
      "a handler that is none",
      ["h", { concurrency: 2 }],
      /"handler" of queue.work must be a function, not an object/,
    ],
    ["no slots", ["h", () => {}, { concurrency: 0 }], /"concurrency" .* whole number from 1 to 1000, not 0/],
    ["queues beside a handler", ["h", () => {}, { queues: ["x"] }], /no option "queues"/],
    ["an empty list of queues", [{ queues: [] }], /"queues" of queue.work must be one or more names/],
    ["a signal that is none", [{ signal: true }], /"signal" of queue.work must be an AbortSignal, not true/],
    ["an option that is not known", [{ queue: "h" }], /no option "queue"/],
  ])("%s", async (_, args, says) => {
    const { queue, store } = await LibraryScene.open();
    const call = () => (queue.work as (...args: unknown[]) => Promise<unknown>)(...args);
    await expectRefused(call, { code: "invalid_usage", says });
    expect(await store.listWorkers()).toEqual([]);
  });

  test("a stop with a wrong grace", async () => {
    const { queue } = await LibraryScene.open();
    const worker = await queue.work("h", () => {});
    await expectRefused(() => worker.stop(untyped({ graceMs: "1s" })), {
      code: "invalid_usage",
      says: /"graceMs"/,
    });
  });
});

/** A scene whose looks can be taken apart from it. */
async function open(settings: Readonly<Record<string, string>> = {}) {
  const scene = await LibraryScene.open(settings);
  const { queue, home, db } = scene;
  return {
    queue,
    home,
    db,
    outcomes: (id: string) => scene.outcomes(id),
    output: (id: string) => scene.output(id),
  };
}
