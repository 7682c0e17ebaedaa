import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { homeForTest } from "../support/queuectl.ts";
import { QUEUECTL } from "../support/worker-terminal.ts";

/** A worker as PID 1 of a pid namespace, as it is in a container whose only command it is. */
const UNSHARE = "unshare --pid --fork --mount-proc --kill-child";

const mayUnshare = spawnSync("/bin/sh", ["-c", `${UNSHARE} true`]).status === 0;

/** Ends once no process of the namespace is a zombie. */
const NO_ZOMBIES = `while grep -qs '^State:[[:space:]]*Z' /proc/[0-9]*/status; do sleep 0.05; done`;

test.skipIf(!mayUnshare).each([
  ["a worker", "--drain"],
  ["a pool", "--count 2 --drain"],
])("%s that is PID 1 leaves no zombies of what its jobs leave behind", async (_, flags) => {
  const home = homeForTest();
  for (let index = 0; index < 3; index += 1)
    await home.ok("enqueue", "--command", "sleep 300 & (setsid sleep 0.1 &) ; (sleep 300 &)");
  await home.ok("enqueue", "--id", "look", "--timeout", "20s", "--max-retries", "0", "--command", NO_ZOMBIES);
  const { exitCode, stdout } = await home.shell(`${UNSHARE} ${QUEUECTL} worker start ${flags}`);
  expect(exitCode).toBe(0);
  expect(stdout).toContain("Job look completed successfully.");
});

test.skipIf(!mayUnshare).each(["TERM", "INT"])(
  "SIG%s to PID 1, as a container's stop sends it, lets the job finish",
  async (signal) => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "a", "--command", `kill -${signal} 1; sleep 0.5; echo done`);
    const { exitCode, stdout } = await home.shell(`${UNSHARE} ${QUEUECTL} worker start`);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Job a completed successfully.");
    expect(await home.ok("logs", "a")).toBe("done\n");
  },
);

test.skipIf(!mayUnshare)("a worker below PID 1 passes its exit code on", async () => {
  const home = homeForTest();
  home.write("foreign.db", "not a database");
  const { exitCode, stderr } = await home.shell(`${UNSHARE} ${QUEUECTL} worker start --db foreign.db`);
  expect(exitCode).toBe(6);
  expect(stderr).toContain("is not a queuectl store");
});
