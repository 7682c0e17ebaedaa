import { hostname } from "node:os";
import { expect, test } from "vitest";
import { INSTANT } from "../support/job-json.ts";
import { homeForTest, until } from "../support/queuectl.ts";
import { enqueueHeld, showWorkers, startBackground } from "../support/worker-home.ts";
import { isRunning, kill } from "../support/worker-processes.ts";

test("worker status without a worker says that none is active", async () => {
  const home = homeForTest();
  expect(await home.ok("worker", "status")).toBe("Active Workers: 0\n");
  await home.ok("enqueue", "true");
  expect(await home.ok("worker", "status")).toBe("Active Workers: 0\n");
  expect(await home.json("worker", "list")).toEqual([]);
});

test("worker status names those who work, their PIDs, and what each is at", async () => {
  const home = homeForTest();
  const job = await enqueueHeld(home, "a", "--queue", "mail");
  const [mail] = await startBackground(home, 1, "--queue", "mail", "--concurrency", "4");
  const [other] = await startBackground(home, 1, "--queue", "other");
  await job.started();
  const text = await home.ok("worker", "status");
  expect(text).toMatch(/^Active Workers: 2\nWorker PIDs: \d+, \d+\n\nWORKER /);
  expect(text).toContain(`Worker PIDs: ${mail}, ${other}\n`);
  const [, atWork = ""] = text.split("\n").filter((line) => line.includes(hostname()) || line === "");
  expect(atWork.trim().split(/\s+/)).toEqual([
    expect.stringMatching(/^w-\w{6}$/),
    String(mail),
    hostname(),
    "running",
    "1/4",
    "mail",
    expect.stringMatching(INSTANT),
    expect.stringMatching(INSTANT),
    "0",
    "a",
  ]);
});

test("worker status answers programs", async () => {
  const home = homeForTest();
  const job = await enqueueHeld(home, "a");
  const [pid] = await startBackground(home, 1, "--concurrency", "2");
  await job.started();
  await home.ok("enqueue", "--id", "b", "true");
  await until(async () => (await showWorkers(home))[0]?.jobs_done === 1, "the other job to be done");
  const shown = {
    id: expect.stringMatching(/^w-\w{6}$/),
    pid,
    host: hostname(),
    state: "running",
    queues: null,
    concurrency: 2,
    current_jobs: ["a"],
    started_at: expect.stringMatching(INSTANT),
    heartbeat_at: expect.stringMatching(INSTANT),
    jobs_done: 1,
    pool: expect.stringMatching(/^p-\w{6}$/),
  };
  expect(await showWorkers(home)).toStrictEqual([shown]);
  expect(await home.json("status")).toMatchObject({ workers: [shown] });
});

test("worker status says of a worker's queues which are closed", async () => {
  const home = homeForTest();
  await home.ok("queue", "pause", "media");
  await home.startWorker(["--queue", "media", "--queue", "mail"]);
  await home.startWorker();
  const text = await home.ok("worker", "status");
  expect(text).toMatch(/ media \(paused\),mail /);
  expect(text).toMatch(/ all; media \(paused\) /);
  await home.ok("queue", "resume", "media");
  expect(await home.ok("worker", "status")).toMatch(/ media,mail /);
});

test("a worker that was killed is shown as dead at once, and never as active", async () => {
  const home = homeForTest();
  const job = await enqueueHeld(home, "a");
  const [pid = 0] = await startBackground(home, 1);
  await job.started();
  kill(pid);
  await until(() => !isRunning(pid), "the worker to die");
  expect(await home.ok("worker", "status")).toMatch(
    /^Active Workers: 0\nPool \S+: 0 of 1 worker; nobody is left .*\n\nWORKER .*\n.* dead .*\n$/,
  );
  expect(await showWorkers(home)).toMatchObject([{ pid, state: "dead", current_jobs: ["a"] }]);
  expect(await home.ok("status")).toContain("Active Workers: 0");
  const { exitCode, stdout } = await home.run(["worker", "stop"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "No workers are running.\n" });
});

test("heartbeats are seen", async () => {
  const home = homeForTest();
  await startBackground(home, 1, "--lease-timeout", "1s");
  const [before] = await showWorkers(home);
  await until(async () => {
    const [now] = await showWorkers(home);
    return now && before && now.heartbeat_at > before.heartbeat_at;
  }, "a heartbeat");
});
