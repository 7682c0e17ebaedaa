import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import {
  countJobs,
  enqueueHeld,
  jobWhen,
  readExecutions,
  readJob,
  startBackground,
} from "../support/worker-home.ts";

/** What jobs have written into a file of the working directory, line by line. */
function lines(home: Home, name: string): string[] {
  return readFileSync(join(home.cwd, name), "utf8").trimEnd().split("\n");
}

describe("worker start --drain", () => {
  test("does all that is due, retries too, and exits", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "good", "true");
    await home.ok("enqueue", "--id", "flaky", "--backoff-base", "0.2", "test $QUEUECTL_ATTEMPT = 3");
    await home.ok("enqueue", "--id", "later", "--delay", "1h", "true");
    const { exitCode, stdout } = await home.run(["worker", "start", "--drain"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      "No job is left to do. 1 waits for a time, for other jobs, or in a paused queue: queuectl status\n",
    );
    expect(readJob(home, "good").state).toBe("completed");
    expect(readJob(home, "flaky")).toMatchObject({ state: "completed", attempts: 2 });
    expect(readJob(home, "later").state).toBe("pending");
  });

  test("waits for a job that another worker runs", async () => {
    const home = homeForTest();
    const job = await enqueueHeld(home, "a");
    await startBackground(home, 1);
    await job.started();
    const draining = await home.startWorker(["--drain"]);
    await home.ok("enqueue", "--id", "b", "true");
    await draining.printed("Job b completed successfully.");
    expect(draining.stdout).not.toContain("No job is left to do.");
    job.letGo();
    expect(await draining.ended()).toMatchObject({ exitCode: 0 });
    expect(readJob(home, "a").state).toBe("completed");
  });

  test("goes on in the background, too", async () => {
    const home = homeForTest();
    await home.ok("enqueue", JSON.stringify(Array.from({ length: 20 }, () => ({ command: "true" }))));
    await startBackground(home, 2, "--drain");
    await until(() => home.processes().length === 0, "the workers to be done");
    expect(countJobs(home, "completed")).toBe(20);
  });
});

test("worker start --queue serves these queues only", async () => {
  const home = homeForTest();
  for (const queue of ["mail", "web", "media"])
    await home.ok("enqueue", "--id", queue, "--queue", queue, "true");
  await home.drain("--queue", "mail", "--queue", "web");
  expect(["mail", "web", "media"].map((id) => readJob(home, id).state)).toEqual([
    "completed",
    "completed",
    "pending",
  ]);
});

test("worker start --concurrency 4 runs four jobs at once, and not five", async () => {
  const home = homeForTest();
  const held = [];
  for (const id of ["a", "b", "c", "d", "e"]) held.push(await enqueueHeld(home, id));
  const [a, b, c, d, e] = held;
  await home.startWorker(["--concurrency", "4"]);
  for (const job of [a, b, c, d]) await job?.started();
  expect(readJob(home, "e")).toMatchObject({ state: "pending", executions: 0 });
  a?.letGo();
  await e?.started();
  expect(countJobs(home, "processing")).toBe(4);
  for (const job of held) job.letGo();
  for (const id of ["a", "b", "c", "d", "e"]) await jobWhen(home, id, "completed");
});

test("jobs start by priority, then by when they are due, then by arrival", async () => {
  const home = homeForTest();
  const job = (id: string, more: object = {}) => ({ id, command: `echo ${id} >> order`, ...more });
  await home.ok(
    "enqueue",
    JSON.stringify([
      job("plain-1"),
      job("low", { priority: -5 }),
      job("high", { priority: 10 }),
      job("overdue", { run_at: "2001-01-01T00:00:00Z" }),
      job("plain-2"),
    ]),
  );
  await home.drain();
  expect(lines(home, "order")).toEqual(["high", "overdue", "plain-1", "plain-2", "low"]);
});

test("a delay, and an instant to run at, are kept", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--id", "delayed", "--delay", "0.5", "true");
  const runAt = new Date(Date.now() + 700).toISOString();
  await home.ok("enqueue", "--id", "timed", "--run-at", runAt, "true");
  await home.startWorker();
  for (const id of ["delayed", "timed"]) {
    const { due_at } = await jobWhen(home, id, "completed");
    const [execution] = readExecutions(home, id);
    expect(execution?.started_at).toBeGreaterThanOrEqual(due_at);
  }
  expect(readJob(home, "timed").due_at).toBe(Date.parse(runAt));
});

test("a failing job is retried at its backoff, and is dead when its retries are spent", async () => {
  const home = homeForTest();
  await home.ok("config", "set", "backoff-base", "0.2");
  await home.ok("enqueue", "--id", "a", "exit 9");
  await home.startWorker();
  expect(await jobWhen(home, "a", "dead")).toMatchObject({ attempts: 4, executions: 4 });
  const executions = readExecutions(home, "a");
  expect(executions.map(({ outcome }) => outcome)).toEqual(["failed", "failed", "failed", "failed"]);
  for (const [index, waitMs] of [200, 40, 8].entries()) {
    const [failed, next] = executions.slice(index);
    expect(next?.started_at ?? 0).toBeGreaterThanOrEqual((failed?.finished_at ?? 0) + waitMs);
  }
  expect(await home.json("info", "a")).toMatchObject({ reason: "retries_spent", exit_code: 9 });
});

describe("a job", () => {
  test("sees who it is, in every execution anew", async () => {
    const home = homeForTest();
    const command =
      'echo "$QUEUECTL_JOB_ID $QUEUECTL_ATTEMPT $QUEUECTL_JOB_QUEUE $QUEUECTL_DB" >> seen; exit 1';
    await home.ok(
      "enqueue",
      "--id",
      "a",
      "--queue",
      "mail",
      "--max-retries",
      "1",
      "--backoff-base",
      "0.05",
      command,
    );
    await home.drain();
    expect(lines(home, "seen")).toEqual([`a 1 mail ${home.db}`, `a 2 mail ${home.db}`]);
  });

  test("sees an absolute path of its store, however the worker was given it", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--db", "own.db", 'echo "$QUEUECTL_DB" > seen');
    await home.drain("--db", "own.db");
    expect(lines(home, "seen")).toEqual([join(home.cwd, "own.db")]);
  });

  test("sees the worker's variables, its own over them, and none of queuectl's secrets", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--env", "GIVEN=by the job", 'echo "$GIVEN|$FROM|$QUEUECTL_TOKEN" > seen');
    await home.run(["worker", "start", "--drain"], {
      env: { GIVEN: "by the worker", FROM: "the worker", QUEUECTL_TOKEN: "secret" },
    });
    expect(lines(home, "seen")).toEqual(["by the job|the worker|"]);
  });

  test("may enqueue further jobs, which run in the same store", async () => {
    const home = homeForTest();
    const queuectl = `'${process.execPath}' '${join(import.meta.dirname, "../../queuectl.js")}'`;
    await home.ok(
      "enqueue",
      "--db",
      "own.db",
      "--id",
      "parent",
      `${queuectl} enqueue --id child "echo child >> seen"`,
    );
    await home.drain("--db", "own.db");
    expect(lines(home, "seen")).toEqual(["child"]);
    expect(await home.json("list", "--db", "own.db")).toMatchObject([
      { id: "parent", state: "completed" },
      { id: "child", state: "completed" },
    ]);
  });

  test("that starts workers does not take them along when it ends", async () => {
    const home = homeForTest();
    const queuectl = `'${process.execPath}' '${join(import.meta.dirname, "../../queuectl.js")}'`;
    await home.ok(
      "enqueue",
      "--id",
      "starter",
      "--queue",
      "first",
      `${queuectl} worker start --count 1 --queue second`,
    );
    await home.drain("--queue", "first");
    await home.ok("enqueue", "--id", "a", "--queue", "second", "true");
    await jobWhen(home, "a", "completed");
  });

  test("that leaves a process behind ends when its shell does, and the process with it", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "a", "sleep 300 & echo done");
    await home.drain();
    expect(readJob(home, "a").state).toBe("completed");
    expect(await home.ok("logs", "a")).toBe("done\n");
    await until(() => home.processes().length === 0, "the sleeper to be gone");
  });

  test("whose timeout strikes says which setting did it, and leaves nothing behind", async () => {
    const home = homeForTest();
    await home.ok("config", "set", "job-timeout", "0.3");
    await home.ok(
      "enqueue",
      "--id",
      "a",
      "--max-retries",
      "0",
      "setsid sleep 300 & nohup sleep 300 & sleep 300",
    );
    await home.drain();
    expect(await home.json("info", "a")).toMatchObject({
      state: "dead",
      error: expect.stringContaining("queuectl config set job-timeout"),
      executions: [{ outcome: "timed_out" }],
    });
    expect(home.processes()).toEqual([]);
  });

  test("that was inherited a timeout is mended by a change of the setting and dlq retry", async () => {
    const home = homeForTest();
    await home.ok("config", "set", "job-timeout", "0.1");
    await home.ok("enqueue", "--id", "a", "--max-retries", "0", "sleep 0.5");
    await home.drain();
    expect(readJob(home, "a").state).toBe("dead");
    await home.ok("config", "set", "job-timeout", "0");
    await home.ok("dlq", "retry", "a");
    await home.drain();
    expect(readJob(home, "a").state).toBe("completed");
  });

  test("whose command does not exist fails like any other", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "shell", "--max-retries", "0", "no-such-command-anywhere");
    await home.ok("enqueue", "--id", "argv", "--max-retries", "0", "--", "no-such-command-anywhere");
    await home.ok("enqueue", "--id", "good", "true");
    await home.drain();
    for (const id of ["shell", "argv"])
      expect(await home.json("info", id)).toMatchObject({
        state: "dead",
        exit_code: 127,
        executions: [{ outcome: "failed" }],
      });
    expect(readJob(home, "good").state).toBe("completed");
  });
});
