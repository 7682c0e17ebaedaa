import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { OLDER_NODE } from "../support/older-node.ts";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { enqueueHeld, readExecutions, readJob, showWorkers } from "../support/worker-home.ts";
import { isRunning, kill } from "../support/worker-processes.ts";

/** How a command becomes PID 1 of a namespace of its own, where that is allowed. */
const AS_INIT = ["unshare -pf --mount-proc", "unshare -Urpf --mount-proc"].find(
  (line) => spawnSync("/bin/sh", ["-c", `${line} true`]).status === 0,
);

const SHIM = fileURLToPath(new URL("../../queuectl.js", import.meta.url));

const LINE = `'${OLDER_NODE}' '${SHIM}'`;

/** The process that was started, which is not the one that works. */
async function startWorker(
  home: Home,
): Promise<{ pid: number; ended: Promise<{ exitCode: number | null }> }> {
  const ended = home.shell(`echo $$ > shim; exec ${LINE} worker start`);
  await until(async () => (await showWorkers(home)).length === 1, "the worker to be up");
  const { stdout } = await home.shell("cat shim");
  return { pid: Number(stdout), ended };
}

describe.skipIf(OLDER_NODE === undefined)("under an older Node (skipped where the PATH has none)", () => {
  test("commands answer, and return their exit codes", async () => {
    const home = homeForTest();
    expect(await home.shell(`${LINE} --version`)).toMatchObject({ exitCode: 0 });
    expect(await home.shell(`${LINE} list --state nonsense`)).toMatchObject({ exitCode: 1, stdout: "" });
    expect(await home.shell(`${LINE} info nobody`)).toMatchObject({ exitCode: 4 });
    expect(
      await home.shell(`${LINE} list --db /no/such/place/q.db && ${LINE} enqueue --db /no/such/place/q.db x`),
    ).toMatchObject({
      exitCode: 6,
    });
    expect(await home.shell(`echo '{"id":"a","command":"true"}' | ${LINE} enqueue -`)).toMatchObject({
      exitCode: 0,
    });
    expect(readJob(home, "a")).toMatchObject({ state: "pending" });
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "%s reaches the worker, whose job finishes",
    async (signal) => {
      const home = homeForTest();
      const job = await enqueueHeld(home, "a");
      const { pid, ended } = await startWorker(home);
      await job.started();
      expect((await showWorkers(home))[0]?.pid).not.toBe(pid);
      kill(pid, signal);
      await until(async () => (await showWorkers(home))[0]?.state === "stopping", "the worker to stop");
      job.letGo();
      expect(await ended).toMatchObject({ exitCode: 0 });
      expect(readJob(home, "a")).toMatchObject({ state: "completed", executions: 1 });
    },
  );

  test("a second TERM, half a second after the first, interrupts the job", async () => {
    const home = homeForTest();
    const job = await enqueueHeld(home, "a");
    const { pid, ended } = await startWorker(home);
    await job.started();
    // Those that come too early count for nothing.
    await until(() => {
      kill(pid, "SIGTERM");
      return readJob(home, "a").state === "pending";
    }, "the job to be interrupted");
    expect(await ended).toMatchObject({ exitCode: 0 });
    expect(readExecutions(home, "a")).toMatchObject([{ outcome: "interrupted" }]);
  });

  test.skipIf(AS_INIT === undefined)(
    "as PID 1 of a container, workers stay in the foreground (skipped where unshare may not make one)",
    async () => {
      const home = homeForTest();
      await home.ok("enqueue", "--id", "a", "true");
      const { exitCode, stdout } = await home.shell(`${AS_INIT} ${LINE} worker start --count 2 --drain`);
      expect(exitCode).toBe(0);
      expect(stdout.match(/Polling for jobs/g)).toHaveLength(2);
      expect(stdout.match(/Stopped\./g)).toHaveLength(2);
      expect(readJob(home, "a")).toMatchObject({ state: "completed", executions: 1 });
    },
  );

  test("the end of a command by a signal is its own end", async () => {
    const home = homeForTest();
    const { ended } = await startWorker(home);
    const [worker] = await showWorkers(home);
    kill(worker?.pid ?? 0);
    expect(await ended).toMatchObject({ exitCode: null, signal: "SIGKILL" });
  });

  test.skipIf(AS_INIT === undefined)(
    "as PID 1 too, which no signal ends, it says that one has ended the worker (skipped where unshare may not make one)",
    async () => {
      const home = homeForTest();
      // With Node's launcher the job's parent is the worker.
      const env = { env: { QUEUECTL_LAUNCHER: "node" } };
      await home.ok("enqueue", "--id", "a", "kill -9 $PPID");
      expect(await home.shell(`${AS_INIT} ${LINE} worker start`, env)).toMatchObject({ exitCode: 128 + 9 });
    },
  );

  test("a job does not see through which door its worker came", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "a", "env");
    expect(await home.shell(`${LINE} worker start --drain`)).toMatchObject({ exitCode: 0 });
    const seen = await home.ok("logs", "a");
    expect(seen).toContain("QUEUECTL_JOB_ID=a");
    expect(seen).not.toContain("SHIM");
  });

  describe("without a Node that will do", () => {
    /** The shim alone in a directory, with what is given as the Node beside it. */
    async function runShim(putNode: (path: string) => void) {
      const home = homeForTest();
      const directory = join(home.root, "package");
      const bin = join(directory, "node_modules", ".bin");
      mkdirSync(bin, { recursive: true });
      copyFileSync(SHIM, join(directory, "queuectl.js"));
      putNode(join(bin, "node"));
      return await home.shell(`exec '${OLDER_NODE}' '${join(directory, "queuectl.js")}' status`);
    }

    test.each<[string, (path: string) => void, RegExp]>([
      ["none", () => {}, /^queuectl needs Node.js 24 or newer; this is v[\d.]+\.\n/],
      [
        "one that cannot be started",
        (path) => {
          copyFileSync(SHIM, path);
          chmodSync(path, 0o644);
        },
        /this is v[\d.]+, and \S+\/node cannot be started \(EACCES\)\.\n/,
      ],
      ["one as old as itself", (path) => symlinkSync(OLDER_NODE ?? "", path), /this is v[\d.]+\.\n/],
    ])("beside it %s: it says what to do, once, and exits 1", async (_, putNode, sentence) => {
      const { exitCode, stdout, stderr } = await runShim(putNode);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(stderr).toMatch(sentence);
      expect(stderr.split("\n").slice(1)).toEqual([
        "Install it from your system or nodejs.org; in a checkout of queuectl, run: npm install",
        "",
      ]);
    });
  });

  test("background workers run on the newer one, and go on by themselves", async () => {
    const home = homeForTest();
    expect(await home.shell(`${LINE} worker start --count 2`)).toMatchObject({ exitCode: 0 });
    const workers = await showWorkers(home);
    expect(workers.filter(({ pid }) => isRunning(pid))).toHaveLength(2);
    expect(await home.shell(`${LINE} worker stop`)).toMatchObject({ exitCode: 0 });
    expect(await showWorkers(home)).toEqual([]);
  });
});
