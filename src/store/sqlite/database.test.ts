import { copyFileSync, renameSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, test } from "vitest";
import { buildJob } from "../../../tests/support/build-job.ts";
import { closeScenes } from "../../../tests/support/conformance.ts";
import { holdLock, makeStoreFile } from "../../../tests/support/sqlite-file.ts";
import { openStore } from "../open-store.ts";

afterEach(closeScenes);

const LONG_MS = 60_000;

test("a write waits for another program's lock, and then succeeds", async () => {
  const path = await makeStoreFile();
  const store = await openStore(path, { patienceMs: LONG_MS });
  const other = holdLock(path);
  const enqueued = store.enqueue([buildJob({ id: "a" })]);
  // Its first attempt meets the lock; between attempts the event loop is free, or this would not be reached.
  const turn = new Promise((resolve) => setImmediate(resolve, "still waiting"));
  await expect(Promise.race([enqueued, turn])).resolves.toBe("still waiting");
  other.release();
  await expect(enqueued).resolves.toMatchObject({ count: 1 });
  await store.close();
});

test("reads do not wait for a writer", async () => {
  const path = await makeStoreFile("a");
  const store = await openStore(path, { patienceMs: 0 });
  const other = holdLock(path);
  expect(await store.getJob("a")).toBeDefined();
  expect(await store.counts(null)).toMatchObject({ pending: 1 });
  other.release();
  await store.close();
});

test("a write gives up when its patience is over, has changed nothing, and can be tried again", async () => {
  const path = await makeStoreFile();
  const store = await openStore(path, { patienceMs: 20 });
  const other = holdLock(path);
  await expect(store.enqueue([buildJob({ id: "a" })])).rejects.toMatchObject({
    code: "store_locked",
    message: expect.stringContaining(path),
    hint: expect.stringMatching(/a queuectl command .* may hold it .* fuser -v \//),
  });
  other.release();
  expect(await store.getJob("a")).toBeUndefined();
  await expect(store.enqueue([buildJob({ id: "a" })])).resolves.toMatchObject({ count: 1 });
  await store.close();
});

test("whoever opens a store waits for a program that keeps everyone out, as the last to close it does", async () => {
  const path = await makeStoreFile();
  const other = new DatabaseSync(path);
  other.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT");
  await expect(openStore(path, { patienceMs: 20 })).rejects.toMatchObject({ code: "store_locked" });
  const opened = openStore(path, { patienceMs: LONG_MS });
  const turn = new Promise((resolve) => setImmediate(resolve, "still waiting"));
  await expect(Promise.race([opened, turn])).resolves.toBe("still waiting");
  other.close();
  await (await opened).close();
});

test("a store that is locked for ever cannot be made", async () => {
  const path = await makeStoreFile();
  rmSync(path);
  const database = new DatabaseSync(path);
  database.exec("BEGIN EXCLUSIVE");
  await expect(openStore(path, { patienceMs: 20 })).rejects.toMatchObject({ code: "store_locked" });
  database.exec("ROLLBACK");
  database.close();
  await (await openStore(path)).close();
});

const LOSSES: readonly [string, (path: string) => void][] = [
  ["removed", (path) => rmSync(path)],
  ["renamed", (path) => renameSync(path, `${path}.old`)],
  [
    "replaced",
    (path) => {
      copyFileSync(path, `${path}.copy`);
      renameSync(`${path}.copy`, path);
    },
  ],
];

test.each(LOSSES)("a heartbeat notices that the file was %s", async (_, lose) => {
  const path = await makeStoreFile();
  const store = await openStore(path);
  await expect(store.heartbeat("w", { leaseMs: 1_000, now: 1 })).resolves.toMatchObject({ known: false });
  lose(path);
  await expect(store.heartbeat("w", { leaseMs: 1_000, now: 2 })).rejects.toMatchObject({
    code: "store_removed",
    message: expect.stringContaining(path),
  });
  await store.close();
});

test("a value that was spoilt by hand is named, and the other jobs can be read", async () => {
  const path = await makeStoreFile("a", "b");
  const database = new DatabaseSync(path);
  const spoil = "UPDATE jobs SET tags = 'no JSON' WHERE id = 'a'";
  expect(() => database.exec(spoil), "by an honest mistake").toThrow(/malformed JSON|CHECK constraint/);
  database.exec(`PRAGMA ignore_check_constraints = ON; ${spoil}`);
  database.close();
  const store = await openStore(path);
  await expect(store.getJob("a")).rejects.toMatchObject({
    code: "store_corrupt",
    message: expect.stringMatching(/tags of "a"/),
  });
  expect(await store.getJob("b")).toMatchObject({ id: "b" });
  await store.close();
});
