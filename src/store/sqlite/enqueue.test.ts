import { afterEach, expect, test } from "vitest";
import { buildJob } from "../../../tests/support/build-job.ts";
import { closeScenes } from "../../../tests/support/conformance.ts";
import { holdLock, makeStoreFile } from "../../../tests/support/sqlite-file.ts";
import { openStore } from "../open-store.ts";
import { enqueue } from "./enqueue.ts";
import { openDatabase } from "./open.ts";

afterEach(closeScenes);

const LONG_MS = 60_000;

test("a generator that meets a lock is read once, when the lock is gone", async () => {
  const path = await makeStoreFile();
  const store = await openStore(path, { patienceMs: LONG_MS });
  const other = holdLock(path);
  function* generate() {
    for (const id of ["a", "b", "c"]) yield buildJob({ id });
  }
  const enqueued = store.enqueue(generate());
  other.release();
  await expect(enqueued).resolves.toEqual({ count: 3, firstSeq: 1, lastSeq: 3, existing: [] });
  await store.close();
});

test("a stream that meets a lock is read all the same, and its jobs wait for the end of the lock", async () => {
  const path = await makeStoreFile();
  const store = await openStore(path, { patienceMs: LONG_MS });
  const other = holdLock(path);
  const read = Promise.withResolvers<void>();
  async function* stream() {
    for (let index = 0; index < 1_200; index += 1) yield buildJob({ id: `j${index}` });
    read.resolve();
  }
  const enqueued = store.enqueue(stream());
  await read.promise;
  other.release();
  await expect(enqueued).resolves.toMatchObject({ count: 1_200 });
  await store.close();
});

test("a stream that is given up for a lock leaves the store usable", async () => {
  const path = await makeStoreFile();
  const store = await openStore(path, { patienceMs: 20 });
  const other = holdLock(path);
  async function* stream() {
    yield buildJob({ id: "a" });
  }
  await expect(store.enqueue(stream())).rejects.toMatchObject({ code: "store_locked" });
  other.release();
  await expect(store.enqueue(stream())).resolves.toMatchObject({ count: 1, lastSeq: 1 });
  await store.close();
});

test("the duplicate in a long stream is found in one pass", async () => {
  const path = await makeStoreFile();
  const store = await openStore(path);
  async function* stream() {
    for (let index = 0; index < 40_000; index += 1) yield buildJob({ id: `j${index}` });
    yield buildJob({ id: "j7" });
  }
  // Comparing each with all before it would take longer than the test may.
  await expect(store.enqueue(stream())).rejects.toMatchObject({ code: "duplicate_id", position: 40_001 });
  await store.close();
}, 20_000);

test("a stream leaves nothing behind in the staging table, however it ended", async () => {
  const db = await openDatabase(await makeStoreFile("taken"), { patienceMs: 0, access: "write" });
  async function* stream(id: string, fault?: Error) {
    yield buildJob({ id });
    if (fault) throw fault;
  }
  await enqueue(db, stream("fine"));
  await expect(enqueue(db, stream("taken"))).rejects.toMatchObject({ code: "duplicate_id" });
  await expect(enqueue(db, stream("broken", new Error("the pipe broke")))).rejects.toThrow("the pipe broke");
  expect(db.prepare("SELECT count(*) AS staged FROM temp.staged").get()).toEqual({ staged: 0 });
  db.close();
});
