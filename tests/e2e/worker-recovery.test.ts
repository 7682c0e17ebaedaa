import { describe, expect, test } from "vitest";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import {
  countJobs,
  enqueueHeld,
  jobWhen,
  pidsIn,
  readExecutions,
  readJob,
  showWorkers,
  startBackground,
} from "../support/worker-home.ts";
import { isRunning, kill } from "../support/worker-processes.ts";

/**
 * A job whose first execution runs until it is killed, with a child, one deaf to TERM and one in a session of its own;
 * its second execution writes down who of them it still meets.
 */
const MEETS_ITSELF = `
  if [ "$QUEUECTL_ATTEMPT" = 1 ]; then
    sleep 300 & echo $! >> first
    nohup sleep 300 >/dev/null 2>&1 & echo $! >> first
    setsid sh -c 'trap "" TERM; echo $$ >> first; while :; do sleep 0.2; done' &
    echo $$ >> first
    while :; do sleep 0.1; done
  fi
  for pid in $(cat first); do
    if grep -qs '^State:[[:space:]]*[^ZX[:space:]]' /proc/$pid/status; then echo $pid >> met; fi
  done`;

async function enqueueMeeting(home: Home): Promise<void> {
  await home.ok("enqueue", "--id", "a", "--command", MEETS_ITSELF);
}

/** The processes of the first execution, once all of them run. */
async function firstProcesses(home: Home): Promise<number[]> {
  return await pidsIn(home, "first", 4);
}

/** Kills the worker that runs the job `a`, and gives its id. */
async function killHolder(home: Home): Promise<string> {
  const holder = (await showWorkers(home)).find(({ current_jobs }) => current_jobs.includes("a"));
  if (!holder) throw new Error("Nobody holds the job");
  kill(holder.pid);
  await until(() => !isRunning(holder.pid), "the worker to die");
  return holder.id;
}

function expectOneLoss(home: Home, lostBy: string): void {
  expect(readJob(home, "a")).toMatchObject({ state: "completed", attempts: 0, executions: 2 });
  expect(readExecutions(home, "a")).toMatchObject([
    { number: 1, worker: lostBy, outcome: "lost" },
    { number: 2, worker: expect.not.stringMatching(lostBy), outcome: "succeeded" },
  ]);
  expect(home.files()).not.toContain("work/met");
}

describe("kill -9 of a worker in the middle of a job", () => {
  test("with another alive: that one runs the job again, alone and with no retry spent", async () => {
    const home = homeForTest();
    await enqueueMeeting(home);
    await startBackground(home, 1);
    const processes = await firstProcesses(home);
    await startBackground(home, 1, "--poll-interval", "1h");
    const lostBy = await killHolder(home);
    await jobWhen(home, "a", "completed");
    expectOneLoss(home, lostBy);
    expect(processes.filter(isRunning)).toEqual([]);
    expect(await home.ok("worker", "logs")).toContain(
      `Worker ${lostBy} is dead; its jobs are pending again: a\n`,
    );
  });

  test("with none alive: the next worker that starts runs it again, after its old processes are gone", async () => {
    const home = homeForTest();
    await enqueueMeeting(home);
    await startBackground(home, 1);
    await firstProcesses(home);
    const lostBy = await killHolder(home);
    expect(readJob(home, "a").state).toBe("processing");
    await home.drain();
    expectOneLoss(home, lostBy);
    const { executions } = await home.json<{ executions: object[] }>("info", "a");
    expect(executions).toMatchObject([
      { number: 1, outcome: "lost", error: "its worker died" },
      { number: 2, outcome: "succeeded" },
    ]);
  });

  test("gives back all of the jobs that it ran at once", async () => {
    const home = homeForTest();
    const ids = ["a", "b", "c"];
    const held = [];
    for (const id of ids) held.push(await enqueueHeld(home, id));
    await startBackground(home, 1, "--concurrency", "3");
    for (const job of held) await job.started();
    await killHolder(home);
    for (const job of held) job.letGo();
    await home.drain("--concurrency", "3");
    for (const id of ids)
      expect(readJob(home, id)).toMatchObject({ state: "completed", attempts: 0, executions: 2 });
  });

  test("whose jobs were all done costs nothing", async () => {
    const home = homeForTest();
    const [pid = 0] = await startBackground(home, 1);
    await home.ok("enqueue", "--id", "a", "true");
    await jobWhen(home, "a", "completed");
    kill(pid);
    await until(() => !isRunning(pid), "the worker to die");
    await home.drain();
    expect(readJob(home, "a")).toMatchObject({ state: "completed", executions: 1 });
  });
});

test("a job that kills its worker again and again is dead of it, and its seven neighbours complete", async () => {
  const home = homeForTest();
  const neighbours = Array.from({ length: 7 }, (_, index) => `n${index}`);
  const beside = neighbours.map((id) => ({ id, command: '[ "$QUEUECTL_ATTEMPT" -gt 1 ] || sleep 300' }));
  const pill = {
    id: "pill",
    command: "until [ -s victim ]; do sleep 0.02; done; kill -9 $(cat victim); sleep 300",
  };
  await home.ok("enqueue", JSON.stringify([...beside, pill]));
  const lives = () => readExecutions(home, "pill").length;
  while (readJob(home, "pill").state !== "dead") {
    home.write("victim", "");
    const livesBefore = lives();
    const worker = await home.startWorker(["--concurrency", "8"]);
    await until(
      () => readJob(home, "pill").state === "dead" || lives() > livesBefore,
      "the pill to be run again, or to be dead",
    );
    if (readJob(home, "pill").state === "dead") break;
    if (livesBefore === 0) await until(() => countJobs(home, "processing") === 8, "all eight to run");
    home.write("victim", String(worker.pid));
    await worker.ended();
  }
  expect(await home.json("info", "pill")).toMatchObject({
    state: "dead",
    reason: "crash_loop",
    attempts: 0,
    suspicion: 0,
    error: "its worker died 3 times in a row while it ran alone",
    executions: Array.from({ length: 4 }, () => ({ outcome: "lost" })),
  });
  expect(await home.ok("worker", "status")).toContain("Active Workers: 1");
  for (const id of neighbours)
    expect(await jobWhen(home, id, "completed")).toMatchObject({ attempts: 0, executions: 2 });
  expect(await home.ok("dlq", "list")).toContain("crash_loop");
});

test("a worker that was paused for longer than its lease goes on under a new id, and its late result is not recorded", async () => {
  const home = homeForTest();
  const job = await enqueueHeld(home, "a", "--max-retries", "0");
  const paused = await home.startWorker(["--lease-timeout", "1s"]);
  await job.started();
  const [holder] = await showWorkers(home);
  paused.kill("SIGSTOP");
  const other = await home.startWorker(["--lease-timeout", "1s"]);
  await other.printed(`Worker ${holder?.id} is dead; its jobs are pending again: a`);
  job.letGo();
  await jobWhen(home, "a", "completed");
  paused.kill("SIGCONT");
  await paused.printed("was taken for dead");
  await paused.printed("stale_result: job a");
  expect(readExecutions(home, "a")).toMatchObject([{ outcome: "lost" }, { outcome: "succeeded" }]);
  other.kill("SIGTERM");
  await other.ended();
  await home.ok("enqueue", "--id", "b", "true");
  await paused.printed("Job b completed successfully.");
});

test("data and history survive a restart of everything", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--id", "done", "echo result");
  await home.ok("enqueue", "--id", "dead", "--max-retries", "0", "echo why >&2; exit 3");
  await home.ok("enqueue", "--id", "later", "--delay", "1h", "--priority", "7", "--tag", "x", "true");
  await home.drain();
  const before = await home.json<object[]>("list");
  const [pid = 0] = await startBackground(home, 1);
  kill(pid);
  await until(() => !isRunning(pid), "the worker to die");
  await startBackground(home, 1);
  await home.ok("worker", "stop");
  expect(await home.json("list")).toEqual(before);
  expect(before).toMatchObject([
    { id: "done", state: "completed", exit_code: 0 },
    { id: "dead", state: "dead", reason: "retries_spent", exit_code: 3 },
    { id: "later", state: "pending", priority: 7, tags: ["x"] },
  ]);
  expect(await home.ok("logs", "done")).toBe("result\n");
});
