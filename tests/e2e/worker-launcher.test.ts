import { describe, expect, onTestFinished, test } from "vitest";
import { expectRefusal } from "../support/expect-refusal.ts";
import { HAS_NATIVE } from "../support/launchers.ts";
import { type Home, homeForTest, type RunningCommand, until } from "../support/queuectl.ts";
import { jobWhen, readExecutions, readJob } from "../support/worker-home.ts";
import { childrenOf, isRunning, kill } from "../support/worker-processes.ts";

/** What a job leaves behind, each saying its name and pid: the last one is found by the native launcher alone. */
const FAMILY = `
  say() { echo "$1 $2" >> family; }
  sleep 300 & say plain $!
  nohup sleep 300 >/dev/null 2>&1 & say nohup $!
  setsid sh -c 'echo "setsid $$" >> family; exec sleep 300' &
  setsid sh -c '(sh -c "echo double \\$\\$ >> family; exec sleep 300" &) ; exit 0' &
  (trap "" TERM HUP INT; echo "deaf $(exec sh -c 'echo $PPID')" >> family; while :; do sleep 0.2; done) &
  env -i setsid sh -c 'trap "" TERM; echo "wiped $$" >> family; while :; do sleep 0.2; done' &
  until [ -e go ]; do sleep 0.02; done`;

const MEMBERS = ["deaf", "double", "nohup", "plain", "setsid", "wiped"];

async function familyOf(home: Home): Promise<Map<string, number>> {
  const family = await until(async () => {
    const { stdout } = await home.shell("cat family");
    const lines = stdout.trim().split("\n");
    return lines.length === MEMBERS.length && lines.map((line) => line.split(" "));
  }, "the family to gather");
  const pids = new Map(family.map(([name = "", pid]) => [name, Number(pid)]));
  for (const pid of pids.values()) onTestFinished(() => kill(pid));
  expect([...pids.keys()].sort()).toEqual(MEMBERS);
  return pids;
}

function survivors(family: ReadonlyMap<string, number>): string[] {
  return [...family].filter(([, pid]) => isRunning(pid)).map(([name]) => name);
}

async function startWorker(home: Home, launcher: string, ...args: string[]): Promise<RunningCommand> {
  return await home.startWorker(args, { env: { QUEUECTL_LAUNCHER: launcher } });
}

describe.runIf(HAS_NATIVE)("the native launcher", () => {
  test("leaves nothing of its worker's jobs after a kill -9 of the worker, without anybody's help", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--command", FAMILY);
    const worker = await startWorker(home, "native");
    const family = await familyOf(home);
    worker.kill("SIGKILL");
    await until(() => survivors(family).length === 0, "all of the family to end");
  });

  test("leaves nothing of a job that has ended well", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "a", "--command", FAMILY);
    await startWorker(home, "native");
    const family = await familyOf(home);
    home.write("go", "");
    await jobWhen(home, "a", "completed");
    expect(survivors(family)).toEqual([]);
  });

  test("leaves nothing of a job that was stopped", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "a", "--command", FAMILY);
    const worker = await startWorker(home, "native", "--kill-grace", "100ms");
    const family = await familyOf(home);
    await home.ok("worker", "stop", "--force");
    await worker.ended();
    expect(survivors(family)).toEqual([]);
    expect(readExecutions(home, "a")).toMatchObject([{ outcome: "interrupted" }]);
  });

  test("that is killed takes its jobs along; they spend no retry and run again under another", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "a", `test "$QUEUECTL_ATTEMPT" = 2 || { ${FAMILY}; }`);
    const worker = await startWorker(home, "native");
    const family = await familyOf(home);
    const [launcher = 0] = childrenOf(worker.pid);
    kill(launcher);
    await jobWhen(home, "a", "completed");
    expect(survivors(family)).toEqual([]);
    expect(readJob(home, "a")).toMatchObject({ attempts: 0, executions: 2 });
    expect(readExecutions(home, "a")).toMatchObject([{ outcome: "lost" }, { outcome: "succeeded" }]);
    expect(await home.json("info", "a")).toMatchObject({
      executions: [{ error: "the launcher of its worker died" }, { cpu_seconds: expect.any(Number) }],
    });
    expect(childrenOf(worker.pid)).not.toContain(launcher);
  });

  test("counts it as a failure when a job kills its keeper, and goes on", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "a", "--max-retries", "0", "kill -9 $PPID; sleep 300");
    await home.ok("enqueue", "--id", "b", "true");
    await home.run(["worker", "start", "--drain"], { env: { QUEUECTL_LAUNCHER: "native" } });
    expect(readJob(home, "a")).toMatchObject({ state: "dead", attempts: 1, executions: 1 });
    expect(readExecutions(home, "a")).toMatchObject([{ outcome: "signalled" }]);
    expect(readJob(home, "b").state).toBe("completed");
  });

  test("that a job kills again and again ends that job as a crash loop, and lets its neighbours complete", async () => {
    const home = homeForTest();
    const pill = 'kill -9 "$(awk "/^PPid/ { print \\$2 }" /proc/$PPID/status)"; sleep 300';
    await home.ok("enqueue", "--id", "pill", "--command", pill);
    for (const id of ["a", "b", "c"]) await home.ok("enqueue", "--id", id, "sleep 0.2");
    await home.run(["worker", "start", "--drain", "--concurrency", "4"], {
      env: { QUEUECTL_LAUNCHER: "native" },
    });
    expect(await home.json("info", "pill")).toMatchObject({
      state: "dead",
      reason: "crash_loop",
      attempts: 0,
      error: "the launcher of its worker died 3 times in a row while it ran alone",
    });
    for (const id of ["a", "b", "c"])
      expect(readJob(home, id)).toMatchObject({ state: "completed", attempts: 0 });
  });

  test("shows what an execution cost", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "a", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done");
    await home.run(["worker", "start", "--drain"], { env: { QUEUECTL_LAUNCHER: "native" } });
    const { executions } = await home.json<{ executions: { cpu_seconds: number; max_rss_kb: number }[] }>(
      "info",
      "a",
    );
    expect(executions[0]?.cpu_seconds).toBeGreaterThan(0.01);
    expect(executions[0]?.max_rss_kb).toBeGreaterThan(500);
    expect(await home.ok("info", "a")).toMatch(/, \d+ ms of CPU, at most [\d.]+ MiB in memory, by w-/);
  });
});

test("without the native launcher a job that wiped its environment and left its session outlives its worker", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--id", "a", `test "$QUEUECTL_ATTEMPT" = 2 || { ${FAMILY}; }`);
  const worker = await startWorker(home, "node");
  const family = await familyOf(home);
  worker.kill("SIGKILL");
  await worker.ended();
  expect(survivors(family).sort()).toEqual(MEMBERS);
  await home.drain();
  expect(survivors(family)).toEqual(["wiped"]);
});

test("a launcher that does not exist is refused, and the remedy named", async () => {
  const home = homeForTest();
  const result = await home.run(["worker", "start"], { env: { QUEUECTL_LAUNCHER: "systemd" } });
  expectRefusal(result, { exitCode: 1, says: 'QUEUECTL_LAUNCHER cannot be "systemd"' });
});
