import { existsSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { expectRefusal } from "../support/expect-refusal.ts";
import { homeForTest, until } from "../support/queuectl.ts";
import { jobWhen, showWorkers, startBackground } from "../support/worker-home.ts";
import { isRunning, kill, statOf } from "../support/worker-processes.ts";
import { QUEUECTL, Terminal } from "../support/worker-terminal.ts";

describe("worker start", () => {
  test("runs one worker here, and says what it does, in this order", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "good", "echo hello");
    await home.ok("enqueue", "--id", "bad", "--max-retries", "1", "--backoff-base", "0.2", "exit 3");
    const worker = await home.startWorker();
    await worker.printed("dead letter queue");
    worker.kill("SIGTERM");
    const { exitCode, stdout, stderr } = await worker.ended();
    const [first = "", ...lines] = stdout.trimEnd().split("\n");
    const name = /^\[Worker (w-[0-9a-z]{6})\] /.exec(first)?.[0] ?? "no name";
    expect([first, ...lines]).toEqual(
      [
        `Starting up (PID: ${worker.pid})...`,
        "Polling for jobs...",
        "Claimed job good: echo hello",
        "Job good completed successfully.",
        "Claimed job bad: exit 3",
        expect.stringMatching(
          /Job bad failed \(exit code 3\)\. Retrying in [\d.]+ m?s: 1\/2 executions failed\.$/,
        ),
        "Claimed job bad: exit 3",
        "Job bad failed (exit code 3). 2/2 executions failed: moved to the dead letter queue.",
        "Shutting down gracefully...",
        "Stopped.",
      ].map((line) => (typeof line === "string" ? name + line : line)),
    );
    expect(lines.every((line) => line.startsWith(name))).toBe(true);
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(await showWorkers(home)).toEqual([]);
  });

  test("creates its store", async () => {
    const home = homeForTest();
    await home.startWorker();
    expect(statSync(home.db).mode & 0o777).toBe(0o600);
  });

  test("makes control characters of a command visible", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "a", "true # \x1b[31mred\x07");
    const { stdout } = await home.run(["worker", "start", "--drain"]);
    expect(stdout).toContain("Claimed job a: true # ");
    expect(stdout).not.toContain("\x1b");
    expect(stdout).not.toContain("\x07");
  });

  test("stays in the foreground under an init system, whatever the count", async () => {
    const home = homeForTest();
    const { stdout } = await home.shell(
      `SYSTEMD_EXEC_PID=$$; export SYSTEMD_EXEC_PID; exec ${QUEUECTL} worker start --count 1 --drain`,
    );
    expect(stdout).toContain("Starting up (PID: ");
    expect(stdout).toContain("Stopped.");
  });

  test("refuses to be in the foreground and in the background", async () => {
    const result = await homeForTest().run(["worker", "start", "--foreground", "--background"]);
    expectRefusal(result, { exitCode: 1, says: "exclude each other" });
  });

  test.each([
    [["--count", "0"]],
    [["--count", "many"]],
    [["--concurrency", "-1"]],
    [["--queue", "a b"]],
    [["--count", "2", "--concurrency", "0"]],
    [["--count", "2", "--queue", "a b"]],
    [["--poll-interval", "soon"]],
    [["--count", "2", "--poll-interval", "soon"]],
  ])("refuses %j, and starts nothing", async (flags) => {
    const home = homeForTest();
    const result = await home.run(["worker", "start", ...flags]);
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(home.processes()).toEqual([]);
  });
});

describe("worker start --count N", () => {
  test("starts N workers in the background, and returns when they are up", async () => {
    const home = homeForTest();
    const { exitCode, stdout, stderr } = await home.run(["worker", "start", "--count", "2"]);
    const said =
      /^Started 2 workers in the background\.\nWorker PIDs: (\d+), (\d+)\nLog: (.+)\nFollow it: (.+)\n$/;
    expect(stdout).toMatch(said);
    const [, first, second, log = "", follow] = said.exec(stdout) ?? [];
    expect(follow).toBe("queuectl worker logs --follow");
    expect(log).toBe(`${home.db}.d/workers.log`);
    expect(statSync(log).mode & 0o777).toBe(0o600);
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    const shown = (await showWorkers(home)).map(({ pid, state }) => ({ pid, state }));
    expect(shown).toHaveLength(2);
    for (const pid of [Number(first), Number(second)]) {
      expect(shown).toContainEqual({ pid, state: "running" });
      expect(statOf(pid)).toMatchObject({ session: pid, group: pid });
    }
  });

  test("says how to follow the workers of the store that was named", async () => {
    const home = homeForTest();
    const said = await home.ok("--db", "a b.db", "worker", "start", "--count", "1");
    expect(said).toContain("\nFollow it: queuectl --db 'a b.db' worker logs --follow\n");
    await home.ok("--db", "a b.db", "worker", "stop");
  });

  test("with N = 1 starts one in the background too, and so does --background alone", async () => {
    const home = homeForTest();
    expect(await home.ok("worker", "start", "--count", "1")).toContain("Started 1 worker in the background.");
    expect(await home.ok("worker", "start", "--background")).toContain("Started 1 worker in the background.");
    expect(await showWorkers(home)).toHaveLength(2);
  });

  test("answers programs, and those who want few words", async () => {
    const home = homeForTest();
    const { workers, log } = await home.json<{ workers: { id: string; pid: number }[]; log: string }>(
      "worker",
      "start",
      "--count",
      "1",
    );
    const [quiet] = await startBackground(home, 1);
    const shown = (await showWorkers(home)).map(({ id, pid }) => ({ id, pid }));
    expect(shown).toHaveLength(2);
    expect(shown).toContainEqual(workers[0]);
    expect(shown.map(({ pid }) => pid)).toContain(quiet);
    expect(existsSync(log)).toBe(true);
  });

  test("hands all its flags on", async () => {
    const home = homeForTest();
    await startBackground(home, 1, "--concurrency", "3", "--queue", "mail", "--queue", "web");
    expect(await showWorkers(home)).toMatchObject([{ concurrency: 3, queues: ["mail", "web"] }]);
  });

  test("with --foreground runs them here, and ends when they have", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "a", "true");
    const pool = await home.startWorker(["--foreground", "--count", "2"]);
    await until(() => pool.stdout.match(/Polling for jobs/g)?.length === 2, "both workers to poll");
    await jobWhen(home, "a", "completed");
    const pids = [...pool.stdout.matchAll(/Starting up \(PID: (\d+)\)/g)].map(([, pid]) => Number(pid));
    expect(new Set(pids).size).toBe(2);
    expect(pids).not.toContain(pool.pid);
    pool.kill("SIGTERM");
    const { exitCode, stdout } = await pool.ended();
    expect(exitCode).toBe(0);
    expect(stdout.match(/Stopped\./g)).toHaveLength(2);
    expect(pids.filter(isRunning)).toEqual([]);
  });

  test("says once what is wrong with the store, and starts nothing", async () => {
    const home = homeForTest();
    const result = await home.run(["worker", "start", "--count", "3", "--db", "/no/such/place/queue.db"]);
    expectRefusal(result, { exitCode: 6, says: "/no/such/place", remedy: "mkdir" });
    expect(home.processes()).toEqual([]);
  });

  test("leaves workers that survive the end of their terminal's session", async () => {
    const home = homeForTest();
    const terminal = await Terminal.open(home, `exec ${QUEUECTL} worker start --count 2`);
    expect(await terminal.ended).toMatchObject({ exitCode: 0 });
    expect(terminal.screen).toContain("Started 2 workers in the background.");
    const workers = await showWorkers(home);
    expect(workers).toHaveLength(2);
    await home.ok("enqueue", "--id", "a", "true");
    await jobWhen(home, "a", "completed");
    expect(workers.map(({ pid }) => pid).filter(isRunning)).toHaveLength(2);
  });

  test("leaves workers that survive the closing of their terminal", async () => {
    const home = homeForTest();
    const terminal = await Terminal.open(home, `${QUEUECTL} worker start --count 1; echo $$; sleep 300`);
    await terminal.shows("Follow it");
    const [worker] = await showWorkers(home);
    const shell = await until(() => Number(/^(\d+)$/m.exec(terminal.screen)?.[1]) || undefined, "the shell");
    terminal.close();
    await terminal.ended;
    await until(() => !isRunning(shell), "the shell to get its HUP");
    await home.ok("enqueue", "--id", "a", "echo still here");
    await jobWhen(home, "a", "completed");
    expect(await showWorkers(home)).toMatchObject([{ id: worker?.id, pid: worker?.pid, state: "running" }]);
  });

  test("leaves workers that survive the death of the process that started them", async () => {
    const home = homeForTest();
    const pool = await home.startWorker(["--foreground", "--count", "2"]);
    await until(() => pool.stdout.match(/Polling for jobs/g)?.length === 2, "both workers to poll");
    kill(pool.pid);
    await home.ok("enqueue", "--id", "a", "true");
    await jobWhen(home, "a", "completed");
    expect(await showWorkers(home)).toMatchObject([{ state: "running" }, { state: "running" }]);
  });
});
