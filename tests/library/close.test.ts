import { describe, expect, test } from "vitest";
import { openQueue, type Queue, type QueueWorker } from "../../src/index.ts";
import { expectRefused, gate, jobsFor, LIBRARY, LibraryScene, untyped } from "../support/library-queue.ts";
import { until } from "../support/queuectl.ts";

describe("close", () => {
  test("stops the workers first: what runs is finished and recorded", async () => {
    const { queue, store } = await LibraryScene.open();
    await queue.enqueue(jobsFor("h", 5));
    const { opened, open } = gate();
    const worker = await queue.work("h", () => opened, { concurrency: 2 });
    await until(async () => (await queue.counts()).processing === 2, "two handlers to run");
    const closed = queue.close();
    open();
    await closed;
    await worker.finished;
    expect(await store.counts(null)).toMatchObject({ completed: 2, pending: 3, processing: 0 });
    expect(await store.listWorkers()).toEqual([]);
  });

  test("with a grace does not wait for a handler that never ends", async () => {
    const scene = await LibraryScene.open({ "kill-grace": "20ms" });
    await scene.queue.enqueue({ id: "a", command: "x", queue: "h" });
    await scene.queue.work("h", () => new Promise(() => {}));
    await until(async () => (await scene.queue.counts()).processing === 1, "the handler to run");
    await scene.queue.close({ graceMs: 10 });
    expect(await scene.store.getJob("a")).toMatchObject({ state: "pending" });
    expect(await scene.outcomes("a")).toEqual(["interrupted"]);
  });

  test("may be called again, and to hurry", async () => {
    const { queue, store } = await LibraryScene.open({ "kill-grace": "0" });
    await queue.enqueue(jobsFor("h", 1));
    await queue.work("h", () => new Promise(() => {}));
    await until(async () => (await queue.counts()).processing === 1, "the handler to run");
    const patient = queue.close();
    await queue.close({ graceMs: 0 });
    await patient;
    await queue.close();
    expect(await store.counts(null)).toMatchObject({ pending: 1 });
  });

  test("also stops a worker that is only just signing on", async () => {
    const { queue, store } = await LibraryScene.open();
    const starting = queue.work("h", () => {});
    await queue.close();
    await (await starting).finished;
    expect(await store.listWorkers()).toEqual([]);
  });

  test("ends the waits, and every later call is refused", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue({ id: "a", command: "true" });
    const waiting = queue.wait("a");
    const list = queue.list()[Symbol.asyncIterator]();
    await list.next();
    const refused = { code: "queue_closed", says: /was closed/, remedy: /openQueue/ } as const;
    const endOfWait = expectRefused(() => waiting, refused);
    await queue.close();
    await endOfWait;
    await expectRefused(() => list.next(), refused);
    await expectRefused(() => queue.enqueue({ command: "true" }), refused);
    await expectRefused(() => queue.get("a"), refused);
    await expectRefused(() => queue.counts(), refused);
    await expectRefused(() => queue.wait("a"), refused);
    await expectRefused(() => queue.retryDead("a"), refused);
    await expectRefused(() => queue.work(), refused);
    await expectRefused(() => queue.work("h", () => {}), refused);
    await expectRefused(() => Array.fromAsync(queue.list()), refused);
  });

  test("lets an enqueue that is under way be durable", async () => {
    const { queue, store } = await LibraryScene.open();
    const enqueuing = queue.enqueue(jobsFor("a", 100));
    await queue.close();
    expect(await enqueuing).toHaveLength(100);
    expect(await store.counts(null)).toMatchObject({ pending: 100 });
  });

  test("refuses a wrong grace, and does nothing then", async () => {
    const { queue } = await LibraryScene.open();
    await expectRefused(() => queue.close(untyped({ graceMs: -1 })), {
      code: "invalid_usage",
      says: /"graceMs" of queue.close/,
    });
    expect(await queue.counts()).toMatchObject({ pending: 0 });
  });

  test("is what the end of a block does, for queues and workers", async () => {
    const { db, store } = await LibraryScene.open();
    let outside: Queue;
    let worker: QueueWorker;
    {
      await using queue = await openQueue({ db });
      outside = queue;
      {
        await using inner = await queue.work("h", () => {});
        worker = inner;
        expect(await store.listWorkers()).toHaveLength(1);
      }
      await worker.finished;
      expect(await queue.counts()).toMatchObject({ pending: 0 });
    }
    await expectRefused(() => outside.counts(), { code: "queue_closed" });
  });
});

describe("several queues", () => {
  test("on one file in one process do not disturb each other, nor do other programs", async () => {
    const scene = await LibraryScene.open();
    const { queue, home, db } = scene;
    const other = await scene.openAnother();
    await other.enqueue({ id: "a", command: "true" });
    await other.close();
    // Another program that took the file for unused would fold up, and delete, the log that this one writes to.
    await home.ok("--db", db, "enqueue", "--id", "b", "true");
    await queue.enqueue({ id: "c", command: "true" });
    expect(await home.ok("--db", db, "list", "--json").then((text) => JSON.parse(text).length)).toBe(3);
    expect(await queue.counts()).toMatchObject({ pending: 3 });
  });

  test("have workers of their own in one process", async () => {
    const scene = await LibraryScene.open();
    const other = await scene.openAnother();
    await scene.queue.enqueue([...jobsFor("x", 20), ...jobsFor("y", 20)]);
    const seen = new Map<string, number>();
    const count = ({ id }: { id: string }) => void seen.set(id, (seen.get(id) ?? 0) + 1);
    const first = await scene.queue.work("x", count, { concurrency: 4, drain: true });
    const second = await other.work("x", count, { concurrency: 4, drain: true });
    const third = await other.work("y", count, { drain: true });
    await Promise.all([first.finished, second.finished, third.finished]);
    expect([...seen.values()]).toEqual(Array(40).fill(1));
  });
});

/** A program of its own over the built library: a worker with a handler that prints the ids it is given. */
const WORKER = `
  import { openQueue } from ${JSON.stringify(LIBRARY)};
  await using queue = await openQueue({ db: process.argv[2] });
  const worker = await queue.work("h", async ({ id, command }) => {
    console.log(id);
    if (command === "hang") await new Promise(() => {});
  }, { concurrency: 5, drain: true });
  console.log("up");
  await worker.finished;`;

describe("another process", () => {
  test("shares the work: each job once", async () => {
    const { queue, home, db } = await LibraryScene.open();
    await queue.enqueue(jobsFor("h", 400));
    home.write("worker.mjs", WORKER);
    const programs = [1, 2].map(() => home.startNode(["worker.mjs", db]));
    const ends = await Promise.all(programs.map((program) => program.ended()));
    expect(ends.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    const ids = ends.flatMap(({ stdout }) => stdout.trim().split("\n")).filter((line) => line !== "up");
    expect(ids.toSorted()).toEqual(
      jobsFor("h", 400)
        .map(({ id }) => id)
        .toSorted(),
    );
  });

  test("that is killed leaves its jobs to the others, with nothing spent", async () => {
    const scene = await LibraryScene.open();
    const { queue, home, db } = scene;
    await queue.enqueue({ id: "a", command: "hang", queue: "h", maxRetries: 0 });
    home.write("worker.mjs", WORKER);
    const program = home.startNode(["worker.mjs", db]);
    await until(async () => (await queue.counts()).processing === 1, "the other program to run the job");
    program.kill("SIGKILL");
    await program.ended();
    await queue.work("h", () => {});
    expect(await queue.wait("a")).toMatchObject({ state: "completed", attempts: 0 });
    expect(await scene.outcomes("a")).toEqual(["lost", "succeeded"]);
  });

  test("has nothing printed, no signal taken, and its own faults left to it", async () => {
    const { home, db } = await LibraryScene.open();
    home.write(
      "guest.mjs",
      `import { openQueue } from ${JSON.stringify(LIBRARY)};
      const signals = ["SIGINT", "SIGTERM", "SIGHUP", "exit"];
      const faults = [];
      process.on("uncaughtException", (error) => faults.push(error.message));
      const queue = await openQueue({ db: process.argv[2] });
      const job = await queue.enqueue({ command: "echo hello; echo oops >&2", maxRetries: 0 });
      const worker = await queue.work({ onEvent: ({ kind }) => { if (kind === "claimed") throw new Error("mine"); } });
      const { state } = await queue.wait(job.id);
      const taken = signals.map((name) => process.listenerCount(name));
      await queue.close();
      console.log(JSON.stringify({ state, taken, faults }));`,
    );
    const { exitCode, stdout, stderr } = await home.startNode(["guest.mjs", db]).ended();
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({ state: "completed", taken: [0, 0, 0, 0], faults: ["mine"] });
    expect(exitCode).toBe(0);
  });

  test("may be CommonJS, and ends by itself when its queue is open and nothing else is", async () => {
    const { home, db } = await LibraryScene.open();
    home.write(
      "old.cjs",
      `const { openQueue } = require(${JSON.stringify(new URL(LIBRARY).pathname)});
      openQueue({ db: process.argv[2] }).then(async (queue) => console.log((await queue.enqueue({ command: "true" })).state));`,
    );
    const { exitCode, stdout, stderr } = await home.startNode(["old.cjs", db]).ended();
    expect([exitCode, stdout, stderr]).toEqual([0, "pending\n", ""]);
  });
});
