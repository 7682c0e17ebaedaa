import { expect, test } from "vitest";
import { put } from "../support/home-store.ts";
import { INSTANT } from "../support/job-json.ts";
import { homeForTest, until } from "../support/queuectl.ts";
import { enqueueHeld } from "../support/worker-home.ts";

interface ShownStatus {
  counts: Record<string, number>;
  workers: Record<string, unknown>[];
  queues: Record<string, unknown>[];
  oldest_pending_at: string | null;
  throughput: Record<string, number>;
}

const NONE = { pending: 0, blocked: 0, processing: 0, completed: 0, failed: 0, dead: 0, cancelled: 0 };

/** A queue of which nothing is set. */
const OPEN = { state: "open", closed: null, running: 0, concurrency: null, rate: null, opens_at: null };

test("status counts every state, and names the active workers and the longest waiting job", async () => {
  const home = homeForTest();
  const jobs = ["true", "true", "false", "exit 1"].map((command) => ({ command, max_retries: 0 }));
  await home.ok("enqueue", JSON.stringify(jobs));
  await home.ok("enqueue", "--backoff-base", "1000", "--id", "again", "false");
  const worker = await home.startWorker(["--concurrency", "2", "--queue", "default"]);
  await worker.printed("Job again failed");
  await home.ok("enqueue", "--id", "runs", "sleep 300");
  await worker.printed("Claimed job runs");
  await home.ok("enqueue", "--queue", "q", "--delay", "60d", "true");
  const oldest = await home.json<{ created_at: string }>("enqueue", "--queue", "q", "true");

  const status = await home.json<ShownStatus>("status");
  expect(status).toEqual({
    behind_keys: 0,
    counts: { ...NONE, pending: 2, processing: 1, completed: 2, failed: 1, dead: 2 },
    workers: [
      {
        id: expect.stringMatching(/^w-\w+$/),
        pid: worker.pid,
        host: expect.any(String),
        state: "running",
        pool: null,
        queues: ["default"],
        concurrency: 2,
        current_jobs: ["runs"],
        started_at: expect.stringMatching(INSTANT),
        heartbeat_at: expect.stringMatching(INSTANT),
        jobs_done: 5,
      },
    ],
    queues: [
      {
        ...OPEN,
        name: "default",
        running: 1,
        counts: { ...NONE, processing: 1, completed: 2, failed: 1, dead: 2 },
      },
      { ...OPEN, name: "q", counts: { ...NONE, pending: 2 } },
    ],
    oldest_pending_at: oldest.created_at,
    throughput: { last_minute: expect.any(Number), last_hour: 5 },
  });
  expect(Object.keys(status.counts)).toEqual(Object.keys(NONE));

  const text = await home.ok("status");
  expect(text).toMatch(/^Queue Status Summary:\n/);
  for (const [state, count] of Object.entries(status.counts))
    expect(text).toMatch(new RegExp(`^ *${state} : ${count}$`, "m"));
  expect(text).toContain(`\nActive Workers: 1\nWorker PIDs: ${worker.pid}\n`);
  expect(text).toContain(`\nOldest pending: ${oldest.created_at}\n`);

  const { stdout } = await home.terminal(["status", "--no-color"]);
  expect(stdout).toMatch(/\n {2}completed : 2\n|\n *completed : 2\n/);
  expect(stdout).toMatch(/\nOldest pending: (now|\d+s ago)\n/);
});

test("an empty queue has no worker and nothing that waits", async () => {
  const home = homeForTest();
  await home.ok("config", "set", "max-retries", "1");
  expect(await home.json("status")).toEqual({
    counts: NONE,
    workers: [],
    queues: [],
    behind_keys: 0,
    oldest_pending_at: null,
    throughput: { last_minute: 0, last_hour: 0 },
  });
  const text = await home.ok("status");
  expect(text).toContain("Active Workers: 0\n");
  expect(text).not.toMatch(/Worker PIDs|Oldest/);
});

test("status shows the queues that have to do with a wait, and what holds jobs back", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "true");
  // One queue of which nothing is set has nothing to show.
  expect(await home.ok("status")).not.toContain("QUEUE ");
  await home.ok("queue", "set", "media", "--concurrency", "1");
  await home.ok("queue", "pause", "mail");
  for (const queue of ["media", "media", "mail", "mail", "mail"])
    await home.ok("enqueue", "--queue", queue, "true");
  const job = await enqueueHeld(home, "runs", "--queue", "media", "--priority", "1");
  await put(home, [
    { id: "first", queue: "keyed", key: "k", priority: 2, command: "sleep 300" },
    { queue: "keyed", key: "k" },
    { dependsOn: [{ on: "first", condition: "completed" }] },
  ]);
  await home.startWorker(["--concurrency", "3"]);
  await job.started();
  await until(
    async () => (await home.json<ShownStatus>("status")).counts["completed"] === 1,
    "the rest to be done",
  );
  const text = await home.ok("status");
  expect(text).toContain(
    "\nHeld back: 1 wait for other jobs, 3 in paused queues, 2 in full queues, 1 behind a key\n",
  );
  const rows = text.slice(text.indexOf("QUEUE ")).trimEnd().split("\n").slice(1);
  expect(rows.map((row) => row.split(/ {2,}/).slice(0, 5))).toEqual([
    ["mail", "paused", "0", "-", "3"],
    ["media", "full", "1/1", "-", "2"],
    ["default", "open", "0", "-", "0"],
    ["keyed", "open", "1", "-", "1"],
  ]);
  await home.ok("queue", "set", "media", "--concurrency", "2");
  await until(
    async () => (await home.json<ShownStatus>("status")).counts["completed"] === 3,
    "the rest to be done",
  );
  expect(await home.ok("status")).toContain("3 in paused queues, 1 behind a key\n");
});

test("status names a few of many queues, those of which something is set first", async () => {
  const home = homeForTest();
  const jobs = Array.from({ length: 20 }, (_, index) => ({ queue: `q${index}`, command: "true" }));
  await home.ok("enqueue", JSON.stringify(jobs));
  await home.ok("queue", "pause", "q17");
  const text = await home.ok("status");
  expect(text).toMatch(/\nQUEUE .*\nq17 +paused .*\n(q\d+ +open .*\n){7}and 12 more: queuectl queue list\n$/);
  expect(await home.json<ShownStatus>("status")).toMatchObject({ queues: { length: 20 } });
});

test("status and list say how to start a worker, when jobs wait and nobody works", async () => {
  const home = homeForTest();
  const HINT = "No worker is running. Start one: queuectl worker start\n";
  const said = async (...args: string[]) => (await home.run(args)).stderr;
  await home.ok("config", "set", "backoff-base", "1000");
  expect([await said("status"), await said("list")]).toEqual(["", ""]);
  await home.ok("enqueue", "--id", "a", "true");
  expect([await said("status"), await said("list")]).toEqual([HINT, HINT]);
  for (const flag of ["--quiet", "--json"])
    expect([await said("status", flag), await said("list", flag)]).toEqual(["", ""]);

  await home.ok("enqueue", "--id", "b", "false");
  const worker = await home.startWorker();
  await worker.printed("Job b failed");
  expect([await said("status"), await said("list")]).toEqual(["", ""]);
  worker.kill("SIGTERM");
  await worker.ended();
  // A job that waits for its retry waits in vain too.
  expect([await said("status"), await said("list", "--state", "failed")]).toEqual([HINT, HINT]);
});

test("status --watch shows it anew until it is interrupted, or nobody reads it any more", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "true");
  const watch = home.start(["status", "--watch"]);
  await watch.printed(/pending : 1\n/);
  await home.ok("enqueue", "true");
  await watch.printed(/pending : 2\n/);
  watch.kill("SIGINT");
  expect(await watch.ended()).toMatchObject({ signal: "SIGINT", stderr: "" });

  const unread = home.start(["status", "--watch", "--json"]);
  await until(() => unread.stdout !== "", "the first answer");
  unread.closeStdout();
  expect(await unread.ended()).toMatchObject({ exitCode: 0, stderr: "" });
});

test("on a narrow terminal no line is wider than it, and the names of queues are whole", async () => {
  const home = homeForTest();
  const name = "thumbnails-of-videos";
  await home.ok("queue", "set", name, "--concurrency", "2", "--rate", "100/min");
  await home.ok(
    "enqueue",
    "--queue",
    name,
    "--id",
    "first",
    "exit 3; echo a-word-that-is-much-wider-than-forty-columns-are",
    "--max-retries",
    "0",
  );
  await home.drain();
  await home.ok("queue", "pause", name);
  await home.ok("enqueue", "--queue", name, "--id", "next", "--after", "first", "--expires", "1h", "true");
  for (const args of [
    ["status"],
    ["queue", "list"],
    ["list"],
    ["info", "first"],
    ["info", "next"],
    ["explain", "next"],
    ["explain", "first"],
    ["worker", "status"],
  ]) {
    const { stdout } = await home.terminal([...args, "--no-color"], { columns: 40 });
    expect(stdout.split("\n").filter((line) => line.length > 40)).toEqual([]);
    const hasQueues = ["status", "queue list"].includes(args.join(" "));
    expect(/^QUEUE +STATE.*\nthumbnails-of-videos +paused/m.test(stdout)).toBe(hasQueues);
  }
});

test("who enqueues, and who looks, is told of queues that no running worker serves", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--queue", "media", "--timeout", "0", "true");
  const worker = await home.startWorker(["--queue", "mail", "--queue", "medai", "--queue", "default"]);
  expect(worker.stderr).toBe(
    "The queue mail has no jobs yet.\nThe queue medai has no jobs yet. Did you mean media?\n",
  );
  const hint = "No running worker serves the queue media. Start one: queuectl worker start --queue media\n";
  expect((await home.run(["enqueue", "--queue", "media", "--timeout", "0", "true"])).stderr).toBe(hint);
  expect((await home.run(["enqueue", "--queue", "mail", "--timeout", "0", "true"])).stderr).toBe("");
  const { stdout, stderr } = await home.run(["status"]);
  expect(stderr).toBe(hint);
  expect(stdout).toContain("Held back: 2 in queues that no running worker serves\n");
  for (const quiet of ["--json", "--quiet"])
    expect((await home.run(["enqueue", "--queue", "media", "true", quiet])).stderr).toBe("");
});
