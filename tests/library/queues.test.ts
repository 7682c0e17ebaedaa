import { describe, expect, test } from "vitest";
import { expectRefused, gate, jobsFor, LibraryScene, untyped } from "../support/library-queue.ts";

const NONE = { pending: 0, blocked: 0, processing: 0, completed: 0, failed: 0, dead: 0, cancelled: 0 };

describe("queue.queues", () => {
  test("lists what is set of each queue and how many jobs it has", async () => {
    const { queue } = await LibraryScene.open();
    expect(await queue.queues.list()).toEqual([]);
    await queue.enqueue(jobsFor("mail", 3));
    await queue.queues.set("media", { concurrency: 4, rate: "100/min" });
    await queue.queues.pause(["mail", "mail"]);
    const shown = { closed: null, running: 0, concurrency: null, rate: null, opensAt: null };
    expect(await queue.queues.list()).toEqual([
      { ...shown, name: "mail", state: "paused", closed: "paused", counts: { ...NONE, pending: 3 } },
      { ...shown, name: "media", state: "open", concurrency: 4, rate: "100/min", counts: NONE },
    ]);
    await queue.queues.set("media", { rate: null });
    await queue.queues.resume("mail");
    expect(await queue.queues.list()).toMatchObject([
      { name: "mail", state: "open", closed: null },
      { name: "media", concurrency: 4, rate: null },
    ]);
  });

  test("holds handlers to a cap and a rate, however many slots there are", async () => {
    const { queue } = await LibraryScene.open();
    await queue.queues.set("a", { concurrency: 2 });
    await queue.enqueue(jobsFor("a", 3));
    const { opened, open } = gate();
    const started: string[] = [];
    const worker = await queue.work(
      "a",
      async ({ id }) => {
        started.push(id);
        if (started.length === 2) open();
        await opened;
      },
      { concurrency: 10, drain: true },
    );
    await worker.finished;
    expect(started).toEqual(["a-0", "a-1", "a-2"]);
    await queue.queues.set("a", { concurrency: null, rate: "1/h" });
    await queue.enqueue(Array.from({ length: 3 }, () => ({ command: "true", queue: "a" })));
    const paced = await queue.work("a", () => {}, { concurrency: 10 });
    await expect.poll(async () => (await queue.queues.list())[0]?.closed).toBe("pace");
    const [state] = await queue.queues.list();
    expect(state?.opensAt?.getTime()).toBeGreaterThan(Date.now());
    expect(state?.counts).toMatchObject({ pending: 2 });
    await paced.stop();
  });

  test("drains: no new jobs, and an end when nothing waits or runs", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue(jobsFor("a", 2));
    await expectRefused(() => queue.queues.drain("a", { timeoutMs: 0 }), {
      code: "wait_timed_out",
      says: /the queue "a": 2 of its jobs/,
    });
    await expectRefused(() => queue.enqueue({ command: "true", queue: "a" }), {
      code: "queue_draining",
      remedy: /queue\.queues\.resume/,
    });
    await expectRefused(() => queue.queues.pause("a"), {
      code: "queue_draining",
      remedy: /queue\.queues\.resume\("a"\)/,
    });
    const drained = queue.queues.drain("a");
    await queue.work("a", () => {});
    await drained;
    expect(await queue.queues.list()).toMatchObject([
      { state: "draining", counts: { pending: 0, completed: 2 } },
    ]);
    await queue.queues.resume("a");
    await queue.enqueue({ command: "true", queue: "a" });
  });

  test("ends the wait of a drain by its signal, and when the queue is closed", async () => {
    const scene = await LibraryScene.open();
    const { queue } = scene;
    await queue.enqueue(jobsFor("a", 1));
    const reason = new Error("enough");
    await expect(queue.queues.drain("a", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const other = await scene.openAnother();
    const drained = other.queues.drain("a");
    const refused = expectRefused(() => drained, { code: "queue_closed" });
    await other.close();
    await refused;
  });

  test.each<
    [
      call: (queue: LibraryScene["queue"]) => unknown,
      code: "invalid_usage" | "invalid_queue" | "queue_not_found",
      says: RegExp,
    ]
  >([
    [(queue) => queue.queues.set("a", { concurrency: 0 }), "invalid_queue", /a concurrency of 0/],
    [(queue) => queue.queues.set("a", { concurrency: 1.5 }), "invalid_queue", /a concurrency of 1.5/],
    [(queue) => queue.queues.set("a", { rate: "5" }), "invalid_queue", /the period is missing/],
    [
      (queue) => queue.queues.set("a", untyped({ rate: 5 })),
      "invalid_usage",
      /"rate" of queue.queues.set must be a text/,
    ],
    [(queue) => queue.queues.set("a", untyped({ cap: 5 })), "invalid_usage", /has no option "cap"/],
    [(queue) => queue.queues.set(untyped(7), {}), "invalid_usage", /"name" of queue.queues.set/],
    [(queue) => queue.queues.pause("a b"), "invalid_usage", /"names" of queue.queues.pause/],
    [(queue) => queue.queues.resume("nobody"), "queue_not_found", /no queue "nobody"/],
    [(queue) => queue.queues.drain("nobody"), "queue_not_found", /no queue "nobody"/],
    [(queue) => queue.queues.drain("a", untyped({ wait: 1 })), "invalid_usage", /has no option "wait"/],
  ])("refuses %s with %s", async (call, code, says) => {
    const { queue } = await LibraryScene.open();
    await expectRefused(() => call(queue), { code, says });
    expect(await queue.queues.list()).toEqual([]);
  });
});

describe("queue.explain", () => {
  test("tells every gate before a job, with dates", async () => {
    const { queue } = await LibraryScene.open();
    await queue.queues.pause("media");
    const runAt = new Date(Date.now() + 3_600_000);
    const job = await queue.enqueue({ id: "a", command: "true", queue: "media", runAt });
    const { job: explained, gates } = await queue.explain("a");
    expect(explained).toEqual(job);
    expect(gates).toMatchObject([
      { kind: "run_at", isClosed: true, opensAt: runAt },
      { kind: "queue", isClosed: true, name: "media", cause: "paused" },
      { kind: "worker", isClosed: true, cause: "no_worker" },
    ]);
    await expectRefused(() => queue.explain("b"), { code: "job_not_found" });
    await expectRefused(() => queue.explain(untyped(7)), { code: "invalid_usage" });
  });
});
