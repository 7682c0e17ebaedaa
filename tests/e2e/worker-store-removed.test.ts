import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { homeForTest, until } from "../support/queuectl.ts";
import { enqueueHeld } from "../support/worker-home.ts";

const BEATS_OFTEN = ["--lease-timeout", "1s"];

test("a worker whose database was removed ends its jobs and exits 6", async () => {
  const home = homeForTest();
  const job = await enqueueHeld(home, "a");
  const worker = await home.startWorker(BEATS_OFTEN);
  await job.started();
  for (const file of [home.db, `${home.db}-wal`, `${home.db}-shm`]) rmSync(file, { force: true });
  const { exitCode, stderr } = await worker.ended();
  expect(exitCode).toBe(6);
  expect(stderr).toContain(`The database ${home.db} was removed or replaced`);
  expect(existsSync(home.db)).toBe(false);
  await until(() => home.processes().length === 0, "its job to be gone");
});

test("a worker whose database was replaced exits 6, and leaves the new one alone", async () => {
  const home = homeForTest();
  const worker = await home.startWorker(BEATS_OFTEN);
  await home.ok("enqueue", "--db", "other.db", "--id", "theirs", "true");
  const other = `${home.cwd}/other.db`;
  const content = readFileSync(other);
  for (const side of ["-wal", "-shm"]) rmSync(home.db + side, { force: true });
  renameSync(other, home.db);
  expect(await worker.ended()).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("replaced") });
  expect(readFileSync(home.db)).toEqual(content);
});

test("background workers whose database was removed end too, and their log says why", async () => {
  const home = homeForTest();
  await home.ok("worker", "start", "--count", "2", ...BEATS_OFTEN);
  for (const file of [home.db, `${home.db}-wal`, `${home.db}-shm`]) rmSync(file, { force: true });
  await until(() => home.processes().length === 0, "the workers to end");
  const log = readFileSync(`${home.db}.d/workers.log`, "utf8");
  expect(log.match(/was removed or replaced/g)).toHaveLength(2);
});
