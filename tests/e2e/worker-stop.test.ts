import { describe, expect, test } from "vitest";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import { homeForTest, until } from "../support/queuectl.ts";
import {
  countJobs,
  enqueueHeld,
  jobWhen,
  readExecutions,
  readJob,
  showWorkers,
  startBackground,
} from "../support/worker-home.ts";
import { isRunning } from "../support/worker-processes.ts";

const interrupted = { state: "pending", attempts: 0, executions: 1, worker: null };

describe("worker stop", () => {
  test("lets the current job finish, says meanwhile what it waits for, and returns when all are gone", async () => {
    const home = homeForTest();
    const job = await enqueueHeld(home, "a");
    const pids = await startBackground(home, 2);
    await job.started();
    await home.ok("enqueue", "--id", "next", "--delay", "1h", "true");
    const stop = home.start(["worker", "stop"]);
    await stop.printed("Signal sent to all workers to stop gracefully.\n");
    await stop.printed(/Waiting for w-\w+ \(PID \d+\) for a\n/);
    expect(readJob(home, "a").state).toBe("processing");
    job.letGo();
    const { exitCode, stdout } = await stop.ended();
    expect(pids.filter(isRunning)).toEqual([]);
    expect(exitCode).toBe(0);
    expect(stdout).toBe("Signal sent to all workers to stop gracefully.\nAll of them have stopped.\n");
    expect(readJob(home, "a")).toMatchObject({ state: "completed", executions: 1 });
    expect(await showWorkers(home)).toEqual([]);
  });

  test("ends claims: what waits goes on waiting", async () => {
    const home = homeForTest();
    const jobs = Array.from({ length: 300 }, () => ({ command: "sleep 0.05" }));
    await home.ok("enqueue", JSON.stringify(jobs));
    await startBackground(home, 1);
    await until(() => countJobs(home, "completed") > 0, "the first job to be done");
    await home.ok("worker", "stop");
    expect(countJobs(home, "processing")).toBe(0);
    expect(countJobs(home, "pending")).toBeGreaterThan(0);
    expect(countJobs(home, "pending") + countJobs(home, "completed")).toBe(300);
  });

  test.each(["id", "pid"] as const)("stops one worker by its %s, and leaves the others", async (name) => {
    const home = homeForTest();
    await startBackground(home, 2);
    const [first, second] = await showWorkers(home);
    const { exitCode, stdout } = await home.run(["worker", "stop", String(first?.[name])]);
    expect(stdout).toContain(`Signal sent to worker ${first?.id} to stop gracefully.\n`);
    expect(exitCode).toBe(0);
    expect(isRunning(first?.pid ?? 0)).toBe(false);
    expect(await showWorkers(home)).toMatchObject([{ id: second?.id, state: "running" }]);
  });

  test("knows no worker of that name", async () => {
    const home = homeForTest();
    await startBackground(home, 1);
    for (const name of ["w-nobody", "1", "99999999"]) {
      const result = await home.run(["worker", "stop", name]);
      expectRefusal(result, { exitCode: 4, says: `"${name}"`, remedy: "queuectl worker status" });
    }
    const [worker] = await showWorkers(home);
    const mistyped = await home.run(["worker", "stop", `${worker?.id}x`]);
    expectRefusal(mistyped, {
      exitCode: 4,
      says: "There is no worker",
      remedy: `Did you mean ${worker?.id}?`,
    });
    expectJsonRefusal(await home.run(["worker", "stop", "w-nobody", "--json"]), {
      exitCode: 4,
      code: "worker_not_found",
    });
    expect(await showWorkers(home)).toMatchObject([{ state: "running" }]);
  });

  test("says so when there is no worker, with a store and without", async () => {
    const home = homeForTest();
    expect(await home.run(["worker", "stop"])).toMatchObject({
      exitCode: 0,
      stdout: "No workers are running.\n",
    });
    await home.ok("enqueue", "true");
    expect(await home.ok("worker", "stop")).toBe("No workers are running.\n");
    expect(await home.json("worker", "stop")).toEqual({ stopped: [] });
  });

  test("answers programs", async () => {
    const home = homeForTest();
    await startBackground(home, 2);
    const workers = (await showWorkers(home)).map(({ id, pid }) => ({ id, pid }));
    const { stopped } = await home.json<{ stopped: unknown[] }>("worker", "stop");
    expect(stopped).toHaveLength(2);
    expect(stopped).toEqual(expect.arrayContaining(workers));
  });

  test.each([
    ["a grace that is over", ["--grace", "0.2s"]],
    ["force", ["--force"]],
  ])("with %s interrupts the job, which goes back with nothing spent", async (_, flags) => {
    const home = homeForTest();
    const job = await enqueueHeld(home, "a");
    const [pid] = await startBackground(home, 1);
    await job.started();
    expect(await home.run(["worker", "stop", ...flags])).toMatchObject({ exitCode: 0 });
    expect(isRunning(pid ?? 0)).toBe(false);
    expect(readJob(home, "a")).toMatchObject(interrupted);
    expect(readExecutions(home, "a")).toMatchObject([{ outcome: "interrupted" }]);
    // Its processes are gone, too: only a new worker runs it again.
    expect(home.processes()).toEqual([]);
    job.letGo();
    await home.drain();
    expect(readJob(home, "a")).toMatchObject({ state: "completed", attempts: 0, executions: 2 });
  });

  test("with a grace that is not needed lets the job finish", async () => {
    const home = homeForTest();
    const job = await enqueueHeld(home, "a");
    await startBackground(home, 1);
    await job.started();
    const stop = home.start(["worker", "stop", "--grace", "1h"]);
    await stop.printed("Signal sent");
    job.letGo();
    expect(await stop.ended()).toMatchObject({ exitCode: 0 });
    expect(readJob(home, "a")).toMatchObject({ state: "completed" });
  });

  test("goes by the setting stop-grace when it is given none", async () => {
    const home = homeForTest();
    const job = await enqueueHeld(home, "a");
    await startBackground(home, 1);
    await job.started();
    await home.ok("config", "set", "stop-grace", "0.1");
    await home.ok("worker", "stop");
    expect(readJob(home, "a")).toMatchObject(interrupted);
  });

  test("with --no-wait returns at once, and a later stop may be less patient", async () => {
    const home = homeForTest();
    const job = await enqueueHeld(home, "a");
    const [pid = 0] = await startBackground(home, 1);
    await job.started();
    expect(await home.ok("worker", "stop", "--no-wait")).toBe(
      "Signal sent to all workers to stop gracefully.\n",
    );
    await until(async () => (await showWorkers(home))[0]?.state === "stopping", "the worker to say so");
    expect(readJob(home, "a").state).toBe("processing");
    expect(isRunning(pid)).toBe(true);
    await home.ok("worker", "stop", "--force");
    expect(readJob(home, "a")).toMatchObject(interrupted);
  });

  test("kills the whole tree of a job that does not obey, when its kill-grace is over", async () => {
    const home = homeForTest();
    const command = `trap "" TERM; setsid sleep 300 & nohup sleep 300 & echo up > up; while :; do sleep 0.1; done`;
    await home.ok("enqueue", "--id", "deaf", command);
    await home.ok("config", "set", "kill-grace", "0.2");
    await startBackground(home, 1);
    await until(() => home.files().includes("work/up"), "the tree to be up");
    await home.ok("worker", "stop", "--force");
    await until(() => home.processes().length === 0, "every process of the job to be gone");
    expect(readJob(home, "deaf")).toMatchObject(interrupted);
  });

  test("reaches a worker that was taken for dead while it was paused", async () => {
    const home = homeForTest();
    const paused = await home.startWorker(["--lease-timeout", "1s"]);
    await home.ok("enqueue", "--id", "a", 'test "$QUEUECTL_ATTEMPT" -gt 1 || sleep 300');
    await jobWhen(home, "a", "processing");
    paused.kill("SIGSTOP");
    const sibling = await home.startWorker(["--lease-timeout", "1s"]);
    await sibling.printed("is dead; its jobs are pending again");
    await jobWhen(home, "a", "completed");
    sibling.kill("SIGTERM");
    await sibling.ended();
    expect(await home.ok("worker", "stop")).toBe("No workers are running.\n");
    paused.kill("SIGCONT");
    expect((await paused.ended()).exitCode).toBe(0);
    expect(paused.stdout).toContain("Stopped.");
  });

  test("reaches a worker in the foreground of another terminal", async () => {
    const home = homeForTest();
    const worker = await home.startWorker();
    await home.ok("worker", "stop");
    const { exitCode, stdout } = await worker.ended();
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Shutting down gracefully...");
  });

  test("does not stop workers that start afterwards", async () => {
    const home = homeForTest();
    await startBackground(home, 1);
    await home.ok("worker", "stop");
    await startBackground(home, 1);
    await home.ok("enqueue", "--id", "a", "true");
    await jobWhen(home, "a", "completed");
    expect(await showWorkers(home)).toMatchObject([{ state: "running" }]);
  });
});
