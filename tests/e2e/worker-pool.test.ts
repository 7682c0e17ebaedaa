import { existsSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import {
  enqueueHeld,
  jobWhen,
  type ShownWorker,
  showWorkers,
  startBackground,
} from "../support/worker-home.ts";
import { isRunning, kill } from "../support/worker-processes.ts";

const running = (workers: readonly ShownWorker[]) => workers.filter(({ state }) => state === "running");

/** The members that are alive, once there are so many. */
async function membersWhen(home: Home, count: number, but: number[] = []): Promise<ShownWorker[]> {
  return await until(async () => {
    const alive = running(await showWorkers(home)).filter(({ pid }) => !but.includes(pid));
    return alive.length === count && alive;
  }, `${count} members`);
}

test("a member that is killed is replaced by one like it: options, directory, environment, log", async () => {
  const home = homeForTest();
  const flags = ["--count=2", "--concurrency=3", "--queue=media", "--lease-timeout=9s"];
  await home.run(["worker", "start", ...flags], { env: { COLOUR: "green" } });
  const [first, other] = await showWorkers(home);
  if (!first || !other) throw new Error("There is no pool");
  kill(first.pid);
  const members = await membersWhen(home, 2, [first.pid]);
  const fresh = members.find(({ pid }) => pid !== other.pid);
  expect(fresh).toMatchObject({ concurrency: 3, queues: ["media"], pool: first.pool });
  expect(readlinkSync(`/proc/${fresh?.pid}/cwd`)).toBe(home.cwd);
  expect(readFileSync(`/proc/${fresh?.pid}/environ`, "utf8").split("\0")).toContain("COLOUR=green");
  expect(readFileSync(`/proc/${fresh?.pid}/cmdline`, "utf8").split("\0")).toContain("--lease-timeout=9s");
  expect(await home.ok("worker", "status")).not.toContain("Pool ");
  await home.ok("enqueue", "--id", "a", "--queue", "media", "true");
  await jobWhen(home, "a", "completed");
  const log = await home.ok("worker", "logs");
  expect(log).toContain(`Worker ${first.id} of this pool is dead; another is started in its place.\n`);
  expect(log).toMatch(
    new RegExp(`^\\S+Z \\[Worker ${fresh?.id}\\] Starting up \\(PID: ${fresh?.pid}\\)`, "m"),
  );
});

test("of three, two that die at once are replaced, each once, and so is a replacement", async () => {
  const home = homeForTest();
  const [one = 0, two = 0] = await startBackground(home, 3);
  kill(one);
  kill(two);
  const members = await membersWhen(home, 3);
  const fresh = members.find(({ pid }) => pid !== one && pid !== two)?.pid ?? 0;
  kill(fresh);
  await membersWhen(home, 3, [fresh]);
  const log = await home.ok("worker", "logs");
  expect(log.match(/another is started in its place/g)).toHaveLength(3);
  expect(log.match(/Starting up/g)).toHaveLength(6);
});

test("nobody is replaced who was asked to stop, even when it is killed before its job has ended", async () => {
  const home = homeForTest();
  const job = await enqueueHeld(home, "a");
  await startBackground(home, 3);
  await job.started();
  const members = await showWorkers(home);
  const [holder, idle] = members.sort((a, b) => b.current_jobs.length - a.current_jobs.length);
  if (!holder || !idle) throw new Error("There is no pool");
  await home.ok("worker", "stop", idle.id);
  kill(holder.pid, "SIGTERM");
  await until(async () => (await showWorkers(home)).some(({ state }) => state === "stopping"), "it to stop");
  kill(holder.pid);
  job.letGo();
  await jobWhen(home, "a", "completed");
  await membersWhen(home, 1);
  expect(await home.ok("worker", "status")).not.toContain("Pool ");
  expect(await home.ok("worker", "logs")).not.toContain("another is started");
});

test("a stop of all that comes while a member is being replaced leaves nobody", async () => {
  const home = homeForTest();
  for (let round = 0; round < 3; round += 1) {
    const [first = 0] = await startBackground(home, 2);
    kill(first);
    if (round > 0)
      await until(async () => (await home.ok("worker", "logs")).includes("another is"), "a start");
    await home.ok("worker", "stop");
    await until(() => home.processes().length === 0, "everybody to be gone");
    rmSync(`${home.db}.d/workers.log`);
  }
  expect(running(await showWorkers(home))).toEqual([]);
});

test("a pool that has lost all its members says that nobody is left", async () => {
  const home = homeForTest();
  const pids = await startBackground(home, 2);
  for (const pid of pids) kill(pid, "SIGSTOP");
  for (const pid of pids) kill(pid);
  await until(() => !pids.some(isRunning), "both to die");
  expect(await home.ok("worker", "status")).toMatch(
    /^Active Workers: 0\nPool \S+: 0 of 2 workers; nobody is left to replace them: queuectl worker start --count 2\n/,
  );
});

test("a member that was paused for so long that it was replaced ends when it goes on", async () => {
  const home = homeForTest();
  const [first = 0] = await startBackground(home, 2, "--lease-timeout", "1s");
  kill(first, "SIGSTOP");
  await membersWhen(home, 2, [first]);
  kill(first, "SIGCONT");
  await until(() => !isRunning(first), "the paused one to end");
  await membersWhen(home, 2);
  expect(await home.ok("worker", "logs")).toContain("in its pool is taken");
});

test("where the store was taken away, nobody is replaced and none is made", async () => {
  const home = homeForTest();
  const [first = 0] = await startBackground(home, 2, "--lease-timeout", "1s");
  for (const file of [home.db, `${home.db}-wal`, `${home.db}-shm`]) rmSync(file, { force: true });
  kill(first);
  await until(() => home.processes().length === 0, "the other to end too");
  expect(existsSync(home.db)).toBe(false);
});
