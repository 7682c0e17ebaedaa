import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import { INSTANT } from "../support/job-json.ts";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { enqueueHeld, jobWhen, readExecutions, readJob, startBackground } from "../support/worker-home.ts";
import { isRunning, kill } from "../support/worker-processes.ts";

test("a job ends with its shell, though a process that escaped prints on; that one is ended", async () => {
  const home = homeForTest();
  const count = "i=0; while [ $i -lt 600 ]; do i=$((i+1)); echo $i; echo $i > counter; sleep 0.1; done";
  // The shell stays until the other is out of its group, with which it would be killed.
  const command = `setsid sh -c '${count}' & until [ -e counter ]; do sleep 0.01; done; echo done`;
  await home.ok("enqueue", "--id", "a", "--command", command);
  await home.startWorker();
  await jobWhen(home, "a", "completed");
  expect(readExecutions(home, "a")).toMatchObject([{ outcome: "succeeded" }]);
  expect(await home.ok("logs", "a")).toMatch(/^done$/m);
  await until(() => home.processes().length === 1, "all but the worker to be gone");
  expect(Number(readFileSync(join(home.cwd, "counter"), "utf8"))).toBeLessThan(300);
});

test("a worker that lives is shown and can be stopped, though its lease ran out", async () => {
  const home = homeForTest();
  // It beats once a minute: time enough to look at what a long lock of the store would leave.
  const worker = await home.startWorker(["--lease-timeout", "1d"]);
  const hand = new DatabaseSync(home.db, { timeout: 5_000 });
  hand.exec("UPDATE workers SET lease_deadline = 0");
  hand.close();
  const active = `Active Workers: 1\nWorker PIDs: ${worker.pid}\n`;
  expect(await home.ok("worker", "status")).toContain(active);
  expect(await home.ok("status")).toContain(active);
  expect((await home.run(["enqueue", "true"])).stderr).not.toContain("No worker is running");
  expect(await home.ok("worker", "stop")).toContain("All of them have stopped.");
  expect(await worker.ended()).toMatchObject({ exitCode: 0 });
});

test("a stop-grace that was set after the last claim is obeyed when a signal comes", async () => {
  const home = homeForTest();
  const job = await enqueueHeld(home, "a");
  const worker = await home.startWorker();
  await job.started();
  await home.ok("config", "set", "stop-grace", "0.1");
  worker.kill("SIGTERM");
  expect(await worker.ended()).toMatchObject({ exitCode: 0 });
  expect(readExecutions(home, "a")).toMatchObject([{ outcome: "interrupted" }]);
  expect(readJob(home, "a")).toMatchObject({ state: "pending", attempts: 0 });
});

describe.each([
  { ofWorker: "1MiB", ofStore: "16KiB" },
  { ofWorker: "16KiB", ofStore: "1MiB" },
])(
  "under a worker's own output-limit of $ofWorker, where the store says $ofStore, the log is right",
  (limits) => {
    const WHOLE = Array.from({ length: 50_000 }, (_, index) => `${index + 1}\n`).join("");

    /** What a cap leaves of it. */
    function kept(limit: string): string {
      if (limit === "1MiB") return WHOLE;
      return WHOLE.slice(0, 8_192) + WHOLE.slice(-8_192);
    }

    /** A job that has printed, and runs on until it is let go, on a worker of that limit. */
    async function startPrinting(home: Home): Promise<{ pid: number; letGo: () => void }> {
      const go = join(home.cwd, "go");
      await home.ok("config", "set", "output-limit", limits.ofStore);
      const command = `seq 1 50000; while [ ! -e '${go}' ]; do sleep 0.02; done`;
      await home.ok("enqueue", "--id", "a", "--command", command);
      const [pid = 0] = await startBackground(home, 1, "--output-limit", limits.ofWorker);
      await until(async () => (await home.ok("logs", "a")) === kept(limits.ofWorker), "the log so far");
      return { pid, letGo: () => writeFileSync(go, "") };
    }

    test("while the job runs, and when it has ended", async () => {
      const home = homeForTest();
      const { letGo } = await startPrinting(home);
      expect((await home.run(["logs", "a"])).stderr).toEqual(droppedFrom(kept(limits.ofWorker)));
      letGo();
      await jobWhen(home, "a", "completed");
      expect(await home.run(["logs", "a"])).toMatchObject({
        stdout: kept(limits.ofWorker),
        stderr: droppedFrom(kept(limits.ofWorker)),
      });
    });

    test("when the execution was lost, and for the next one under another cap", async () => {
      const home = homeForTest();
      const { pid, letGo } = await startPrinting(home);
      kill(pid);
      await until(() => !isRunning(pid), "the worker to die");
      letGo();
      await home.drain();
      expect(readExecutions(home, "a")).toMatchObject([{ outcome: "lost" }, { outcome: "succeeded" }]);
      for (const [attempt, limit] of [limits.ofWorker, limits.ofStore].entries())
        expect(await home.run(["logs", "a", "--attempt", String(attempt + 1)])).toMatchObject({
          stdout: kept(limit),
          stderr: droppedFrom(kept(limit)),
        });
      const { executions } = await home.json<{ executions: object[] }>("info", "a");
      const last = expect.stringMatching(/\n49999\n50000\n$/);
      expect(executions).toMatchObject([{ stdout_tail: last }, { stdout_tail: last }]);
    });

    function droppedFrom({ length }: string): unknown {
      const dropped = WHOLE.length - length;
      return dropped === 0 ? "" : expect.stringContaining(`(${dropped} bytes) were dropped`);
    }
  },
);

describe("worker start", () => {
  interface ShownEvent {
    at: string;
    worker: string;
    event: string;
  }

  test("with --json says what happens in one object a line", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "good", "true");
    await home.ok("enqueue", "--id", "bad", "--max-retries", "0", "exit 3");
    const { exitCode, stdout, stderr } = await home.run(["worker", "start", "--drain", "--json"]);
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as ShownEvent);
    const worker = events[0]?.worker;
    expect(worker).toMatch(/^w-\w{6}$/);
    const common = { at: expect.stringMatching(INSTANT), worker };
    expect(events).toEqual(
      [
        { event: "started", pid: expect.any(Number) },
        { event: "polling" },
        { event: "claimed", job: "good", execution: 1 },
        { event: "finished", job: "good", outcome: "succeeded", state: "completed", error: null },
        { event: "claimed", job: "bad", execution: 1 },
        { event: "finished", job: "bad", outcome: "failed", state: "dead", error: "exit code 3" },
        { event: "drained", waiting: 0 },
        { event: "stopped" },
      ].map((event) => ({ ...common, ...event })),
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  test("with --quiet says nothing", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "a", "true");
    const { exitCode, stdout, stderr } = await home.run(["worker", "start", "--drain", "--quiet"]);
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    expect(readJob(home, "a").state).toBe("completed");
  });
});

describe("worker logs", () => {
  test("PID shows the lines of the worker that has it", async () => {
    const home = homeForTest();
    const [first, second] = await startBackground(home, 2);
    const log = (await home.ok("worker", "logs")).trimEnd().split("\n");
    const nameOf = (pid: number | undefined) =>
      /\[Worker w-\w+\] /.exec(log.find((line) => line.includes(`(PID: ${pid})`)) ?? "")?.[0] ?? "no name";
    expect(nameOf(first)).not.toBe(nameOf(second));
    const shown = async (pid: number | undefined) =>
      (await home.ok("worker", "logs", String(pid))).trimEnd().split("\n");
    for (const pid of [first, second]) {
      await until(async () => (await shown(pid)).length === 2, "both of its lines");
      for (const line of await shown(pid)) expect(line).toContain(nameOf(pid));
    }
  });

  test("of a worker that nobody knows is refused, with a log and without", async () => {
    const home = homeForTest();
    expect(await home.run(["worker", "logs", "NOSUCH"])).toMatchObject({ exitCode: 4, stdout: "" });
    await startBackground(home, 1);
    expectRefusal(await home.run(["worker", "logs", "NOSUCH"]), {
      exitCode: 4,
      says: 'There is no worker "NOSUCH"',
      remedy: "queuectl worker status",
    });
    expectJsonRefusal(await home.run(["worker", "logs", "99999999", "--json"]), {
      exitCode: 4,
      code: "worker_not_found",
    });
  });
});

test("a working directory that cannot even be asked about is that job's failure, and nobody else's", async () => {
  const home = homeForTest();
  symlinkSync("loop", join(home.cwd, "loop"));
  const tooLong = join(home.cwd, "a".repeat(300));
  await home.ok("enqueue", "--id", "long", "--max-retries", "0", "--cwd", tooLong, "echo hi");
  await home.ok("enqueue", "--id", "loop", "--max-retries", "0", "--cwd", "loop", "echo hi");
  await home.ok("enqueue", "--id", "neighbour", "echo hi");
  await home.drain();
  expect(await home.json("info", "long")).toMatchObject({
    state: "dead",
    error: expect.stringContaining("ENAMETOOLONG"),
  });
  expect(await home.json("info", "loop")).toMatchObject({
    state: "dead",
    error: expect.stringContaining("ELOOP"),
  });
  expect(await home.json("info", "neighbour")).toMatchObject({ state: "completed" });
});

test("a store that is reached through a link has its files in one place", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--db", "real.db", "--id", "big", "seq 1 20000");
  symlinkSync("real.db", join(home.cwd, "link.db"));
  await home.ok("worker", "start", "--drain", "--db", "link.db");
  const { stdout, stderr } = await home.run(["logs", "big", "--db", "real.db"]);
  expect({ lines: stdout.split("\n").length - 1, stderr }).toEqual({ lines: 20_000, stderr: "" });
  expect(home.files().filter((path) => path.includes("link.db.d"))).toEqual([]);
});
