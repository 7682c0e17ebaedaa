import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { expectRefusal } from "../support/expect-refusal.ts";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { holdLock } from "../support/sqlite-file.ts";
import { enqueueHeld, jobWhen, readExecutions } from "../support/worker-home.ts";
import { isRunning, kill } from "../support/worker-processes.ts";
import { QUEUECTL } from "../support/worker-terminal.ts";

/** Changes bytes of a store that nobody has open. */
function spoil(home: Home, from: string, to: string): void {
  const bytes = readFileSync(home.db, "latin1");
  if (!bytes.includes(from)) throw new Error(`There is no ${from} in the store`);
  writeFileSync(home.db, bytes.replaceAll(from, to), "latin1");
}

test("a store whose schema lost a letter is damaged: verbs say so, and a worker does not try for ever", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--id", "a", "true");
  spoil(home, "exit_code", "exit_c0de");
  expectRefusal(await home.run(["list"]), { exitCode: 6, says: "is damaged" });
  const ended = await home.run(["worker", "start", "--drain"]);
  expect(ended).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("put a backup in its place") });
});

test("a store that has lost all its bytes is not begun anew", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--id", "a", "true");
  for (const side of ["-wal", "-shm"]) rmSync(home.db + side, { force: true });
  writeFileSync(home.db, "");
  const verbs = [["list"], ["enqueue", "--id", "b", "true"], ["worker", "start", "--drain"]];
  for (const refused of await Promise.all(verbs.map((args) => home.run(args))))
    expectRefusal(refused, { exitCode: 6, says: "is empty, but a store has stood there" });
  expect(readFileSync(home.db)).toHaveLength(0);
  rmSync(home.db);
  await home.ok("enqueue", "--id", "b", "true");
  expect(await home.json("list")).toMatchObject([{ id: "b" }]);
});

test("many programs that begin a store at once where one has stood all find it", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--id", "old", "true");
  for (const side of ["", "-wal", "-shm"]) rmSync(home.db + side, { force: true });
  const ids = Array.from({ length: 8 }, (_, index) => `job-${index}`);
  const ends = await Promise.all(ids.map((id) => home.run(["enqueue", "--id", id, "true"])));
  expect(ends.map(({ exitCode }) => exitCode)).toEqual(ids.map(() => 0));
  expect(await home.json("list")).toHaveLength(ids.length);
});

test("while another program holds the lock, commands give up with a sentence, timeouts strike, and no result is lost", async () => {
  const home = homeForTest();
  const held = await enqueueHeld(home, "a");
  const pid = `${home.cwd}/pid`;
  const sleeps = `echo $$ > '${pid}'; exec sleep 300`;
  await home.ok("enqueue", "--id", "b", "--timeout", "3s", "--max-retries", "0", "--command", sleeps);
  const worker = await home.startWorker(["--concurrency", "2", "--lease-timeout", "2s"]);
  await held.started();
  const sleeper = await until(
    () => home.files().includes("work/pid") && Number(readFileSync(pid, "utf8")),
    "b",
  );
  const lock = holdLock(home.db);
  const refused = await home.run(["enqueue", "--id", "c", "true"]);
  expectRefusal(refused, { exitCode: 6, says: "is locked by another program" });
  held.letGo();
  await until(() => !isRunning(sleeper), "the timeout to strike");
  expect((await home.ok("list", "--state", "processing")).trim().split("\n")).toHaveLength(2);
  lock.release();
  await jobWhen(home, "a", "completed");
  await jobWhen(home, "b", "dead");
  expect(readExecutions(home, "b")).toMatchObject([{ outcome: "timed_out" }]);
  expect(worker.stdout).not.toContain("taken for dead");
});

/** A disk of a mebibyte, in a mount namespace of its own that ends with the script. */
const OWN_MOUNTS = "unshare --mount";
const mayMount = spawnSync("/bin/sh", ["-c", `${OWN_MOUNTS} mount -t tmpfs tmpfs /mnt`]).status === 0;

test.skipIf(!mayMount)(
  "a full disk refuses commands, and a worker goes on by itself when there is room",
  async () => {
    const home = homeForTest();
    home.write(
      "script",
      `queuectl() { ${QUEUECTL} "$@"; }
     mkdir disk && mount -t tmpfs -o size=1m tmpfs disk && export QUEUECTL_DB=$PWD/disk/q.db
     queuectl enqueue --quiet --id a 'while [ ! -e go ]; do sleep 0.05; done; echo done'
     ${QUEUECTL} worker start --lease-timeout 2s > worker.log 2>&1 & worker=$!
     until grep -q 'Claimed job a' worker.log; do sleep 0.05; done
     cat /dev/zero > disk/fill 2>/dev/null
     queuectl enqueue --id b true; echo "enqueue ended with $?"
     touch go
     until grep -q 'is full. Trying again' worker.log; do sleep 0.05; done
     queuectl list
     rm disk/fill
     until grep -q 'Job a completed' worker.log; do sleep 0.05; done
     queuectl enqueue --quiet --id c true
     until grep -q 'Job c completed' worker.log; do sleep 0.05; done
     queuectl info a --json | grep -c '"outcome": "succeeded"'
     kill -TERM $worker; wait $worker; echo "worker ended with $?"`,
    );
    const { stdout, stderr } = await home.shell(`${OWN_MOUNTS} sh script`);
    expect(stderr).toContain("The disk of the database");
    const states = stdout
      .split("\n")
      .map((line) => line.split("\t").filter((_, index) => index !== 1 && index < 3));
    expect(states).toEqual([
      ["a"],
      ["enqueue ended with 6"],
      ["a", "processing"],
      ["c"],
      ["1"],
      ["worker ended with 0"],
      [""],
    ]);
  },
);

test("a worker that is killed in the middle of a locked store leaves nothing that cannot be taken back", async () => {
  const home = homeForTest();
  const held = await enqueueHeld(home, "a");
  const worker = await home.startWorker();
  await held.started();
  const lock = holdLock(home.db);
  held.letGo();
  await worker.printed("is locked by another program. Trying again.");
  kill(worker.pid);
  lock.release();
  await home.drain();
  expect(readExecutions(home, "a")).toMatchObject([{ outcome: "lost" }, { outcome: "succeeded" }]);
});
