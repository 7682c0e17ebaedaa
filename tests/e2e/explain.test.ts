import { expect, test } from "vitest";
import { expectRefusal } from "../support/expect-refusal.ts";
import { put } from "../support/home-store.ts";
import { findMismatches } from "../support/match-shape.ts";
import { type Home, homeForTest } from "../support/queuectl.ts";
import { enqueueHeld, jobWhen } from "../support/worker-home.ts";

interface Explained {
  id: string;
  state: string;
  gates: Record<string, unknown>[];
}

/** What explain says, held to its documented shape, without the gates that are open. */
async function explain(home: Home, id: string): Promise<Explained> {
  const explained = await home.json<Explained>("explain", id);
  expect(findMismatches(explained, "explanation")).toEqual([]);
  return { ...explained, gates: explained.gates.filter(({ closed }) => closed) };
}

test("explain names a paused queue and that no worker runs, each with its remedy; and the remedies help", async () => {
  const home = homeForTest();
  await home.ok("queue", "pause", "media");
  await home.ok("enqueue", "--queue", "media", "--id", "a", "true");
  expect(await home.ok("explain", "a")).toBe(`Job a is pending. 2 gates are closed before it.

closed  queue media: it is paused
        queuectl queue resume media
closed  worker: none is running
        queuectl worker start --count 1
`);
  const { gates } = await explain(home, "a");
  expect(gates).toMatchObject([
    { kind: "queue", name: "media", cause: "paused", remedy: "queuectl queue resume media" },
    { kind: "worker", cause: "no_worker", remedy: "queuectl worker start --count 1" },
  ]);
  for (const { remedy } of gates) expect((await home.shell(String(remedy))).exitCode).toBe(0);
  await jobWhen(home, "a", "completed");
  expect(await explain(home, "a")).toMatchObject({
    state: "completed",
    gates: [{ kind: "finished", remedy: "queuectl retry a" }],
  });
  expect(await home.ok("explain", "a")).toContain("Job a is completed. Nothing will start it.\n");
});

test("explain names the jobs that fill a queue and hold a key, and the workers that are busy", async () => {
  const home = homeForTest();
  await home.ok("queue", "set", "media", "--concurrency", "1");
  const first = await enqueueHeld(home, "first", "--queue", "media");
  await put(home, [
    { id: "holder", queue: "other", key: "host=db1", command: "sleep 300", priority: 1 },
    { id: "next", queue: "media", key: "host=db1" },
  ]);
  await home.startWorker(["--concurrency", "2"]);
  await first.started();
  await jobWhen(home, "holder", "processing");
  const { gates } = await explain(home, "next");
  expect(gates).toMatchObject([
    {
      kind: "queue",
      cause: "full",
      running: 1,
      concurrency: 1,
      holders: ["first"],
      remedy: "queuectl info first",
    },
    { kind: "key", name: "host=db1", cause: "full", holders: ["holder"], remedy: "queuectl info holder" },
    { kind: "worker", cause: "no_free_slot", slots: 2, busy: 2 },
  ]);
  expect(await home.ok("explain", "next")).toContain("closed  key host=db1: 1 of 1 run: holder\n");
  expect(await explain(home, "first")).toEqual({ id: "first", state: "processing", gates: [], ahead: null });
  expect(await home.ok("explain", "first")).toMatch(/^Job first runs: worker w-\w+ holds it\./);
});

test("explain says when a rate, a run_at and a retry let a job start, and when it is too late", async () => {
  const home = homeForTest();
  await home.ok("config", "set", "backoff-base", "1000");
  await home.ok("queue", "set", "mail", "--rate", "1/h");
  await home.ok("enqueue", "--queue", "mail", "--id", "done", "true");
  await home.ok("enqueue", "--id", "again", "--max-retries", "3", "false");
  const worker = await home.startWorker();
  await worker.printed("Job again failed");
  await jobWhen(home, "done", "completed");
  await home.ok("enqueue", "--queue", "mail", "--id", "next", "true");
  await home.ok("enqueue", "--id", "later", "--run-at", "2100-01-01T00:00:00Z", "true");
  await put(home, [
    { id: "short", runAt: Date.parse("2100-01-01T00:00:00Z"), expiresAt: Date.now() + 3_600_000 },
  ]);

  const [pace] = (await explain(home, "next")).gates;
  expect(pace).toMatchObject({
    kind: "queue",
    cause: "pace",
    rate: "1/h",
    remedy: null,
  });
  expect(Date.parse(String(pace?.["opens_at"]))).toBeGreaterThan(Date.now());
  expect(await home.ok("explain", "next")).toMatch(
    /closed {2}queue mail: its rate is 1\/h; it opens at \S+ \(in 5\d min/,
  );
  expect((await explain(home, "again")).gates).toMatchObject([
    { kind: "backoff", attempts: 1, allowed: 4, remedy: "queuectl retry again" },
  ]);
  expect((await explain(home, "later")).gates).toEqual([
    { kind: "run_at", closed: true, remedy: null, opens_at: "2100-01-01T00:00:00.000Z" },
  ]);
  expect(await home.ok("explain", "later")).toContain(
    "closed  run_at: not before 2100-01-01T00:00:00.000Z (in ",
  );
  expect(await home.ok("explain", "short")).toMatch(/open {4}expires: at \S+ \(in (59 min|1 h)/);
  await home.ok("retry", "again");
  await jobWhen(home, "again", "failed");
});

test("explain follows a chain of dependencies to where it begins, and the remedy there revives all of it", async () => {
  const home = homeForTest();
  await home.ok("config", "set", "max-retries", "0");
  await home.ok("enqueue", "--id", "fetch", "--command", "[ -e ready ]");
  await put(home, [
    { id: "build", dependsOn: [{ on: "fetch", condition: "completed" }] },
    { id: "deploy", dependsOn: [{ on: "build", condition: "completed" }] },
  ]);
  expect((await explain(home, "deploy")).gates).toMatchObject([
    {
      kind: "dependency",
      on: "build",
      state: "blocked",
      judgement: "waiting",
      root: { id: "fetch", state: "pending" },
    },
    { kind: "worker" },
  ]);
  await home.drain();
  const { state, gates } = await explain(home, "deploy");
  expect(state).toBe("dead");
  expect(gates).toMatchObject([
    { kind: "finished", reason: "dependency", remedy: null },
    {
      kind: "dependency",
      on: "build",
      state: "dead",
      root: { id: "fetch" },
      remedy: "queuectl dlq retry fetch",
    },
  ]);
  const text = await home.ok("explain", "deploy");
  expect(text).toContain("Job deploy is dead. Nothing will start it.\n");
  expect(text).toContain("        queuectl dlq retry fetch\n");
  home.write("ready", "");
  await home.ok("dlq", "retry", "fetch");
  await home.drain();
  await jobWhen(home, "deploy", "completed");
});

test("explain says that no worker serves the job's queue, and that nothing stands in the way of one that is due", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--queue", "mail", "--id", "a", "true");
  await home.startWorker(["--queue", "media"]);
  expect((await explain(home, "a")).gates).toMatchObject([
    { kind: "worker", cause: "none_serves_its_queue", remedy: "queuectl worker start --queue mail" },
  ]);
  // A worker that is stopped is alive, and has a free slot.
  const worker = await home.startWorker(["--queue", "mail"]);
  await jobWhen(home, "a", "completed");
  worker.kill("SIGSTOP");
  await home.ok("enqueue", "--queue", "mail", "--id", "b", "true");
  expect(await home.ok("explain", "b")).toMatch(
    /^Job b is pending\. Nothing stands in its way: it is due, and a worker with a free slot serves its queue\.\n/,
  );
  worker.kill("SIGCONT");
});

test("explain takes a prefix and @last, refuses what is not there, and keeps within a terminal's width", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--id", "nightly-report", "true");
  expect((await explain(home, "nigh")).id).toBe("nightly-report");
  expect((await explain(home, "@last")).id).toBe("nightly-report");
  expectRefusal(await home.run(["explain", "nobody"]), { exitCode: 4, says: 'There is no job "nobody"' });
  const many = Array.from({ length: 40 }, (_, index) => ({ id: `part-${index}` }));
  const dependsOn = many.map(({ id: on }) => ({ on, condition: "completed" as const }));
  await put(home, [...many, { id: "whole", dependsOn }]);
  const { stdout } = await home.terminal(["explain", "whole", "--no-color"], { columns: 50 });
  expect(stdout.match(/^closed {2}job part-/gm)).toHaveLength(10);
  expect(stdout).toContain("and 30 more dependencies: queuectl explain\n        whole --json\n");
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(50);
  // A command that is too long goes on in the next line, as a shell reads it.
  await home.ok("queue", "pause", "quite-a-long-name-of-a-queue");
  await home.ok("enqueue", "--queue", "quite-a-long-name-of-a-queue", "--id", "one", "true");
  const narrow = await home.terminal(["explain", "one", "--no-color"], { columns: 40 });
  expect(narrow.stdout).toContain("        queuectl queue resume \\\n        quite-a-long-name-of-a-queue\n");
});

test("what explain advises about a job that is finished is not refused", async () => {
  const home = homeForTest();
  await home.ok("config", "set", "max-retries", "0");
  await home.ok("enqueue", "--id", "build", "true");
  await home.ok("enqueue", "--id", "alarm", "--after-fail", "build", "true");
  await home.ok("enqueue", "--id", "bad", "false");
  await home.ok("enqueue", "--id", "then", "--after", "bad", "true");
  await home.drain();
  // Not needed: it cannot be brought back.
  expect((await explain(home, "alarm")).gates).toMatchObject([
    { kind: "finished", state: "cancelled", remedy: null },
    { kind: "dependency", on: "build", judgement: "impossible", remedy: null },
  ]);
  const text = await home.ok("explain", "alarm");
  expect(text).not.toContain("queuectl retry");
  expect(text).toContain("this one is not needed; to run it nevertheless, enqueue it anew\n");
  // What it died of is gone, and nothing holds it any more.
  await home.ok("dlq", "remove", "bad");
  const { gates } = await explain(home, "then");
  expect(gates).toMatchObject([
    { kind: "finished", reason: "dependency", remedy: "queuectl dlq retry then" },
  ]);
  expect((await home.shell(String(gates[0]?.["remedy"]))).exitCode).toBe(0);
});

test("explain tells of an array that a job waits for as of one, however many jobs it has", async () => {
  const home = homeForTest();
  await home.ok("config", "set", "max-retries", "0");
  await home.ok("enqueue", "--id", "sim", "--array", "1-1000", "echo {}");
  await home.ok("enqueue", "--id", "sum", "--after", "sim", "true");
  const { gates } = await explain(home, "sum");
  expect(gates).toMatchObject([
    { kind: "group_dependency", on: "sim", met: 0, waiting: 1_000, remedy: "queuectl explain sim.1" },
    { kind: "worker" },
  ]);
  expect(await home.ok("explain", "sum")).toContain(
    "closed  1000 of the 1000 jobs of sim must complete first: sim.1 is pending, sim.2 is pending, sim.3 is pending, sim.4 is pending, sim.5 is pending, …\n        queuectl explain sim.1\n",
  );
  expect(await home.ok("info", "sum")).toMatch(/Waits for\s+: sim \(1000 jobs: 1000 pending\)/);
  await home.ok("cancel", "sim.9");
  expect((await explain(home, "sum")).gates).toMatchObject([
    { kind: "finished", reason: "dependency", remedy: null },
    { kind: "group_dependency", waiting: 999, impossible: 1, remedy: "queuectl retry sim" },
  ]);
  await home.ok("retry", "sim");
  expect(await explain(home, "sum")).toMatchObject({ state: "blocked" });
});

test("explain says how many jobs of its queue stand before one that is due", async () => {
  const home = homeForTest();
  await home.ok("config", "set", "max-retries", "0");
  await put(home, [
    { id: "first" },
    { id: "late", runAt: Date.parse("2100-01-01T00:00:00Z") },
    { id: "a", queue: "other" },
    { id: "second" },
    { id: "urgent", priority: 1 },
  ]);
  const ahead = async (id: string) => (await home.json<{ ahead: number | null }>("explain", id)).ahead;
  expect([await ahead("urgent"), await ahead("first"), await ahead("second"), await ahead("late")]).toEqual([
    0,
    1,
    2,
    null,
  ]);
  expect(await home.ok("explain", "second")).toMatch(
    /^Job second is pending\. One gate is closed before it\. In its queue 2 jobs stand before it\.\n/,
  );
  await put(
    home,
    Array.from({ length: 1_100 }, () => ({ priority: 2 })),
  );
  expect(await home.ok("explain", "second")).toContain("In its queue more than 1000 jobs stand before it.");
  expect(await ahead("second")).toBe(1_001);
});

test("explain says that workers are stopping, where one that runs is not to be started in vain", async () => {
  const home = homeForTest();
  const held = await enqueueHeld(home, "held");
  const worker = await home.startWorker();
  await held.started();
  await home.ok("enqueue", "--id", "next", "true");
  await home.ok("worker", "stop", "--no-wait");
  await worker.printed("Shutting down gracefully...");
  await expect
    .poll(async () => (await explain(home, "next")).gates, { timeout: 10_000 })
    .toMatchObject([{ kind: "worker", cause: "all_stopping", remedy: "queuectl worker start --count 1" }]);
  expect(await home.ok("explain", "next")).toContain(
    "closed  worker: those that run are stopping, and claim nothing more\n",
  );
  held.letGo();
});

test("explain of an array says how its jobs stand, its own limit, and what is before the first that wait", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--id", "sim", "--array", "1-6%1", "--queue", "media", "sleep 300");
  await home.startWorker(["--concurrency", "4"]);
  await jobWhen(home, "sim.1", "processing");
  const explained = await home.json("explain", "sim");
  expect(findMismatches(explained, "group explanation")).toEqual([]);
  expect(explained).toMatchObject({
    kind: "array",
    counts: { pending: 5, processing: 1 },
    gate: { kind: "group", closed: true, cause: "full", running: 1, concurrency: 1, holders: ["sim.1"] },
    jobs: [{ id: "sim.2" }, { id: "sim.3" }, { id: "sim.4" }],
  });
  // Whether a claim has turned the others away by then is its own affair.
  const text = (await home.ok("explain", "sim")).replaceAll(/ In its queue .+ before it\./g, "");
  expect(text).toBe(`Array sim has 6 jobs: 5 pending, 1 processing.

closed  group sim: 1 of 1 run: sim.1
        queuectl info sim.1

Job sim.2 is pending. One gate is closed before it.
closed  group sim: 1 of 1 run: sim.1
        queuectl info sim.1

Job sim.3 is pending. One gate is closed before it.
closed  group sim: 1 of 1 run: sim.1
        queuectl info sim.1

Job sim.4 is pending. One gate is closed before it.
closed  group sim: 1 of 1 run: sim.1
        queuectl info sim.1

2 more wait: queuectl list --of sim
`);
});

test("explain of a flow names the steps that hold up the others; logs of it, those to ask for", async () => {
  const home = homeForTest();
  const steps = {
    fetch: { run: "false", max_retries: 0 },
    lint: { run: "true" },
    build: { run: "true", needs: ["fetch"] },
    pack: { run: "true", needs: ["build"] },
  };
  home.write("b.yaml", JSON.stringify({ name: "b", steps }));
  await home.ok("flow", "run", "b.yaml", "--id", "b1");
  const text = await home.ok("explain", "b1");
  expect(text).toMatch(
    /^Flow b1 has 4 jobs: 2 pending, 2 blocked\.\n\nJob b1\.fetch is pending\. .* 2 steps wait behind it\.\n/,
  );
  expect(text).toContain("\n2 more wait: queuectl list --of b1\n");
  expectRefusal(await home.run(["logs", "b1"]), {
    exitCode: 4,
    says: "(flow)",
    remedy: "queuectl explain b1",
  });
  await home.drain();
  const { jobs } = await home.json<{ jobs: Explained[] }>("explain", "b1");
  expect(jobs).toMatchObject([
    { id: "b1.fetch", state: "dead", gates: [{ kind: "finished", remedy: "queuectl dlq retry b1.fetch" }] },
  ]);
  expectRefusal(await home.run(["logs", "b1"]), {
    exitCode: 4,
    says: "(flow)",
    remedy: "queuectl logs b1.fetch (dead), queuectl logs b1.lint (completed)",
  });
});
