import { describe, expect, test } from "vitest";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import {
  enqueueHeld,
  type HeldJob,
  jobWhen,
  readExecutions,
  readJob,
  showWorkers,
} from "../support/worker-home.ts";
import { QUEUECTL, Terminal } from "../support/worker-terminal.ts";

const interrupted = { state: "pending", attempts: 0, executions: 1, worker: null };

/** A terminal in which these workers run, one of them on a job that is held. */
async function openBusyTerminal(home: Home, start: string): Promise<{ terminal: Terminal; job: HeldJob }> {
  const job = await enqueueHeld(home, "a");
  const terminal = await Terminal.open(home, `exec ${QUEUECTL} ${start}`);
  await job.started();
  return { terminal, job };
}

describe("Ctrl-C", () => {
  test("lets the current job finish: jobs are not in the terminal's foreground group", async () => {
    const home = homeForTest();
    const { terminal, job } = await openBusyTerminal(home, "worker start");
    await home.ok("enqueue", "--id", "next", "true");
    await terminal.pressCtrlC();
    await terminal.shows("Shutting down gracefully... Waiting for 1 job to end.");
    expect(readJob(home, "a").state).toBe("processing");
    job.letGo();
    expect(await terminal.ended).toMatchObject({ exitCode: 0 });
    expect(readJob(home, "a")).toMatchObject({ state: "completed", executions: 1 });
    expect(readJob(home, "next")).toMatchObject({ state: "pending", executions: 0 });
  });

  test("pressed again after half a second interrupts the job, which goes back with nothing spent", async () => {
    const home = homeForTest();
    const { terminal } = await openBusyTerminal(home, "worker start");
    // Those that come too early count for nothing.
    await until(async () => {
      await terminal.pressCtrlC();
      return readJob(home, "a").state === "pending";
    }, "the job to be interrupted");
    expect(await terminal.ended).toMatchObject({ exitCode: 0 });
    expect(readJob(home, "a")).toMatchObject(interrupted);
    expect(readExecutions(home, "a")).toMatchObject([{ outcome: "interrupted" }]);
    expect(terminal.screen).toContain("It is pending again; no retry was spent.");
  });

  test("reaches all workers of a foreground pool, each once", async () => {
    const home = homeForTest();
    const { terminal, job } = await openBusyTerminal(home, "worker start --foreground --count 2");
    await until(() => terminal.screen.match(/Polling/g)?.length === 2, "both workers to poll");
    await terminal.pressCtrlC();
    await until(() => terminal.screen.match(/Shutting down/g)?.length === 2, "both workers to stop");
    job.letGo();
    expect(await terminal.ended).toMatchObject({ exitCode: 0 });
    expect(readJob(home, "a")).toMatchObject({ state: "completed", executions: 1 });
    expect(await showWorkers(home)).toEqual([]);
  });
});

describe("a signal", () => {
  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s lets the current job finish", async (signal) => {
    const home = homeForTest();
    const job = await enqueueHeld(home, "a");
    const worker = await home.startWorker();
    await job.started();
    worker.kill(signal);
    await worker.printed("Shutting down gracefully...");
    job.letGo();
    expect(await worker.ended()).toMatchObject({ exitCode: 0 });
    expect(readJob(home, "a")).toMatchObject({ state: "completed", executions: 1 });
  });

  test("that comes twice at once counts once", async () => {
    const home = homeForTest();
    const job = await enqueueHeld(home, "a");
    const worker = await home.startWorker();
    await job.started();
    worker.kill("SIGTERM");
    worker.kill("SIGINT");
    await worker.printed("Shutting down gracefully...");
    job.letGo();
    expect(await worker.ended()).toMatchObject({ exitCode: 0 });
    expect(readJob(home, "a")).toMatchObject({ state: "completed", executions: 1 });
  });

  test("interrupts the job when stop-grace is over", async () => {
    const home = homeForTest();
    const job = await enqueueHeld(home, "a");
    await home.ok("config", "set", "stop-grace", "0.1");
    const worker = await home.startWorker();
    await job.started();
    worker.kill("SIGTERM");
    expect(await worker.ended()).toMatchObject({ exitCode: 0 });
    expect(readJob(home, "a")).toMatchObject(interrupted);
  });
});

describe("a worker outlives its audience:", () => {
  test("a closed pipe", async () => {
    const home = homeForTest();
    const worker = await home.startWorker();
    worker.closeStdout();
    await home.ok("enqueue", "--id", "a", "true");
    await home.ok("enqueue", "--id", "b", "echo hello");
    await jobWhen(home, "a", "completed");
    await jobWhen(home, "b", "completed");
    worker.kill("SIGTERM");
    expect(await worker.ended()).toMatchObject({ exitCode: 0, stderr: "" });
  });

  test("a reader that does not read", async () => {
    const home = homeForTest();
    for (const id of ["a", "b", "c"]) await home.ok("enqueue", "--id", id, `true # ${"x".repeat(90_000)}`);
    const { stdout } = await home.shell(
      `mkfifo pipe; sleep 300 < pipe & queuectl worker start --drain > pipe; echo "exit $?"; kill $!`,
    );
    expect(stdout).toBe("exit 0\n");
    for (const id of ["a", "b", "c"]) expect(readJob(home, id).state).toBe("completed");
  });

  test("a terminal that was closed: it finishes its job and ends", async () => {
    const home = homeForTest();
    const { terminal, job } = await openBusyTerminal(home, "worker start");
    const [worker] = await showWorkers(home);
    expect(worker).toMatchObject({ state: "running", current_jobs: ["a"] });
    terminal.close();
    await until(async () => (await showWorkers(home))[0]?.state === "stopping", "the worker to stop");
    job.letGo();
    await until(async () => (await showWorkers(home)).length === 0, "the worker to sign off");
    expect(readJob(home, "a")).toMatchObject({ state: "completed", executions: 1 });
  });
});
