import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { buildJob } from "../../../tests/support/build-job.ts";
import { closeScenes, makeDirectory } from "../../../tests/support/conformance.ts";
import { inAnotherProgram } from "../../../tests/support/other-program.ts";
import { byHand, fingerprint, makeStoreFile } from "../../../tests/support/sqlite-file.ts";
import { QueuectlError } from "../../domain/errors.ts";
import { openEmptyStore, openStore, storeExists } from "../open-store.ts";
import { openDatabase } from "./open.ts";

afterEach(closeScenes);

describe("a new store", () => {
  test("is for its owner alone, with all its files, whatever the umask", async () => {
    const path = join(await makeDirectory(), "queue.db");
    const umask = process.umask(0);
    try {
      const store = await openStore(path);
      await store.enqueue([buildJob()]);
      for (const file of [path, `${path}-wal`, `${path}-shm`, join(`${path}.d`, "bell")]) {
        expect([file, modeOf(file)]).toEqual([file, 0o600]);
      }
      expect(modeOf(`${path}.d`)).toBe(0o700);
      await store.close();
    } finally {
      process.umask(umask);
    }
  });

  test("is marked as ours in the file's own header, while it is open too", async () => {
    const path = join(await makeDirectory(), "queue.db");
    const store = await openStore(path);
    expect(readFileSync(path).toString("latin1", 0, 16)).toBe("SQLite format 3\0");
    expect(readFileSync(path).toString("latin1", 68, 72)).toBe("QCTL");
    await store.close();
  });

  test("may be a file of zero bytes that stands there already", async () => {
    const path = join(await makeDirectory(), "queue.db");
    writeFileSync(path, "");
    const store = await openStore(path);
    expect(await store.counts(null)).toMatchObject({ pending: 0 });
    await store.close();
  });

  test("may have any name that a file can have", async () => {
    const directory = await makeDirectory();
    for (const name of ["a b", "ü.db", "100%.db", "x?mode=ro", "a#b", "file:y"]) {
      const store = await openStore(join(directory, name));
      await store.close();
      expect(storeExists(join(directory, name))).toBe(true);
    }
  });

  test("is made once by several programs that want it at the same time", async () => {
    const path = join(await makeDirectory(), "queue.db");
    const here = openStore(path);
    const programs = ["a", "b", "c"].map((id) => inAnotherProgram({ path, enqueue: [id] }));
    const store = await here;
    for (const report of await Promise.all(programs)) expect(report).toMatchObject({ id: store.id });
    const jobs = await Array.fromAsync(store.listJobs());
    expect(jobs.map(({ id }) => id).sort()).toEqual(["a", "b", "c"]);
    await store.close();
  });

  test("is made once by several openings within one program", async () => {
    const path = join(await makeDirectory(), "queue.db");
    const stores = await Promise.all([openStore(path), openStore(path), openStore(path)]);
    expect(new Set(stores.map(({ id }) => id)).size).toBe(1);
    for (const store of stores) await store.close();
  });
});

describe("durability", () => {
  test("every commit is synced, and readers do not wait for writers: WAL with synchronous FULL", async () => {
    const database = await openDatabase(await makeStoreFile(), { patienceMs: 0, access: "write" });
    expect(database.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
    expect(database.prepare("PRAGMA synchronous").get()).toEqual({ synchronous: 2 });
    expect(database.prepare("PRAGMA foreign_keys").get()).toEqual({ foreign_keys: 1 });
    database.close();
  });

  test("a store whose first program died before it came to WAL gets there at the next opening", async () => {
    const path = await makeStoreFile("a");
    byHand(path, (database) => database.exec("PRAGMA journal_mode = DELETE"));
    const database = await openDatabase(path, { patienceMs: 0, access: "write" });
    expect(database.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
    database.close();
  });

  test.runIf(process.platform === "linux")(
    "a second opening in one program leaves the locks of the first in place",
    async () => {
      const path = await makeStoreFile("a");
      const first = await openStore(path);
      await first.counts(null);
      const second = await openStore(path);
      await vi.waitFor(() => expect(holdsLocks(path)).toBe(true));
      await second.close();
      await vi.waitFor(() => expect(holdsLocks(path)).toBe(true));
      await expect(first.enqueue([buildJob()])).resolves.toMatchObject({ count: 1 });
      await first.close();
      await vi.waitFor(() => expect(holdsLocks(path)).toBe(false));
    },
  );
});

describe("a refusal", () => {
  /** What may stand where a store is wanted, and by which code it is refused. */
  const STRANGERS: readonly [string, code: string, make: () => Promise<string>][] = [
    [
      "a database of another program",
      "store_foreign",
      () =>
        makeFile("other.db", (path) => {
          byHand(path, (database) =>
            database.exec("CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine');"),
          );
        }),
    ],
    [
      "a WAL database of another program",
      "store_foreign",
      () =>
        makeFile("queue.db", (path) => {
          byHand(path, (database) => database.exec("PRAGMA journal_mode = WAL; CREATE TABLE notes (text);"));
        }),
    ],
    ["a text", "store_foreign", () => makeFile("notes.txt", (path) => writeFileSync(path, "buy milk\n"))],
    [
      "a long text",
      "store_foreign",
      () => makeFile("notes", (path) => writeFileSync(path, "milk ".repeat(5_000))),
    ],
    [
      "a text where a store of ours has stood",
      "store_corrupt",
      () =>
        makeFile("queue.db", (path) => {
          mkdirSync(`${path}.d`);
          writeFileSync(path, "milk ".repeat(5_000));
        }),
    ],
    ["a store cut within its header", "store_corrupt", () => makeCutStore(60)],
    ["a store cut after its header", "store_corrupt", () => makeCutStore(100)],
    ["a store cut after its first page", "store_corrupt", () => makeCutStore(4_096)],
    ["a store cut within a page", "store_corrupt", () => makeCutStore(10_000)],
    ["a store whose header is garbage", "store_corrupt", () => makeStoreWith(0, Buffer.alloc(16, 0xa5))],
    [
      "a store whose page size is garbage",
      "store_corrupt",
      () => makeStoreWith(16, Buffer.from([0x12, 0x34])),
    ],
    [
      "a store whose first table is garbage",
      "store_corrupt",
      () => makeStoreWith(100, Buffer.alloc(3_996, 0xa5)),
    ],
    [
      "a store of a newer queuectl",
      "store_newer",
      async () => {
        const path = await makeStoreFile("a");
        byHand(path, (database) => database.exec("PRAGMA user_version = 99"));
        return path;
      },
    ],
  ];

  test.each(
    STRANGERS.flatMap(([what, code, make]) =>
      (["write", "read"] as const).map((access) => ({ what, code, make, access })),
    ),
  )("$what is refused ($access), and not a byte is touched", async ({ code, make, access }) => {
    const path = await make();
    const before = fingerprint(path);
    const refusal = await refusalOf(openStore(path, { access, patienceMs: 0 }));
    expect(refusal).toMatchObject({ code, message: expect.stringContaining(path) });
    // What to do is said at once, or in the words of whoever asked.
    expect(refusal.hint ?? refusal.refusal).toEqual(
      code === "store_corrupt" ? expect.any(String) : expect.objectContaining({ kind: "other_store" }),
    );
    const after = fingerprint(path);
    // SQLite closes a database that it cannot make sense of without clearing up; what it leaves is empty.
    if (code === "store_corrupt") {
      if (existsSync(`${path}-wal`)) expect(statSync(`${path}-wal`).size).toBe(0);
      for (const side of [`${path}-wal`, `${path}-shm`]) delete after[side];
    }
    expect(after).toEqual(before);
  });

  test("a directory is refused", async () => {
    const path = join(await makeDirectory(), "queue.db");
    mkdirSync(path);
    expect(await refusalOf(openStore(path))).toMatchObject({ code: "store_unreachable" });
    expect(fingerprint(path)).toEqual({});
  });

  test("a path without its directory is refused, and nothing is made", async () => {
    const path = join(await makeDirectory(), "missing", "queue.db");
    expect(await refusalOf(openStore(path))).toMatchObject({ code: "store_unreachable" });
    expect(existsSync(dirname(path))).toBe(false);
  });

  test("a file where the directory should be is refused", async () => {
    const path = join(await makeFile("file", (file) => writeFileSync(file, "x")), "queue.db");
    expect(await refusalOf(openStore(path))).toMatchObject({ code: "store_unreachable" });
  });

  test("a store that is only to be read and is not there is refused, and not made", async () => {
    const path = join(await makeDirectory(), "queue.db");
    expect(await refusalOf(openStore(path, { access: "read" }))).toMatchObject({ code: "store_unreachable" });
    expect(storeExists(path)).toBe(false);
  });

  test("a device is refused", async () => {
    expect(await refusalOf(openStore("/dev/null"))).toMatchObject({ code: "store_unreachable" });
  });

  test("a database of postgres is refused with a sentence", async () => {
    expect(await refusalOf(openStore("postgres://host/db"))).toMatchObject({ code: "store_unreachable" });
  });

  test("a damaged store gives an answer or a sentence, never a fault of another kind", async () => {
    const path = await makeStoreFile(...Array.from({ length: 40 }, (_, index) => `job-${index}`));
    const whole = readFileSync(path);
    const damage = fc.array(fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) }), {
      minLength: 1,
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(damage, async (spots) => {
        const bytes = Buffer.from(whole);
        for (const { at, byte } of spots) bytes[at] = byte;
        const damaged = join(await makeDirectory(), "queue.db");
        writeFileSync(damaged, bytes);
        const fault = await useEverything(damaged).catch((error: unknown) => error);
        if (fault !== undefined) expect(fault).toBeInstanceOf(QueuectlError);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a store that may only be read", () => {
  // Rights do not bind root, who therefore reads and writes as nobody.
  const isRoot = process.getuid?.() === 0;
  const uid = 65_534;

  test.skipIf(process.platform === "win32")("can be read, and refuses to be written", async () => {
    const path = await makeStoreFile("a");
    if (isRoot) for (const file of [path, dirname(path)]) chownSync(file, uid, uid);
    chmodSync(path, 0o400);
    const before = readFileSync(path);
    const task = { path, ...(isRoot ? { uid } : {}) };
    expect(await inAnotherProgram({ ...task, access: "read" })).toMatchObject({ jobs: ["a"] });
    expect(await inAnotherProgram({ ...task, access: "read", enqueue: ["b"] })).toEqual({
      refused: "store_read_only",
    });
    expect(await inAnotherProgram({ ...task, enqueue: ["b"] })).toEqual({ refused: "store_read_only" });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test.skipIf(process.platform === "win32")(
    "can be read where nothing can be created beside it",
    async () => {
      const path = await makeStoreFile("a");
      if (isRoot) for (const file of [path, dirname(path)]) chownSync(file, uid, uid);
      chmodSync(path, 0o400);
      chmodSync(dirname(path), 0o500);
      const task = { path, ...(isRoot ? { uid } : {}) };
      expect(await inAnotherProgram({ ...task, access: "read" })).toMatchObject({ jobs: ["a"] });
      expect(readdirSync(dirname(path)).filter((name) => /-(wal|shm)$/.test(name))).toEqual([]);
      chmodSync(dirname(path), 0o700);
    },
  );

  test.skipIf(process.platform === "win32")("is refused to those who may not read it", async () => {
    const path = await makeStoreFile("a");
    chmodSync(path, isRoot ? 0o600 : 0o000);
    const task = { path, ...(isRoot ? { uid } : {}) };
    chmodSync(dirname(path), 0o755);
    expect(await inAnotherProgram({ ...task, access: "read" })).toEqual({ refused: "store_read_only" });
  });
});

describe("an empty store in memory", () => {
  test("answers like any store and leaves nothing on the disk", async () => {
    const directory = await makeDirectory();
    const home = process.cwd();
    process.chdir(directory);
    try {
      const store = await openEmptyStore();
      store.onWakeup(() => {})();
      await store.requestStop(null, { graceMs: null });
      expect(await store.heartbeat("w", { leaseMs: 1, now: 1 })).toMatchObject({ known: false });
      expect(await Array.fromAsync(store.listJobs())).toEqual([]);
      await store.close();
    } finally {
      process.chdir(home);
    }
    expect(fingerprint(join(directory, "any"))).toEqual({});
    expect(existsSync(join(directory, ":memory:.d"))).toBe(false);
  });
});

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

/** How many locks this process holds on the file itself. */
/** The kernel lists its locks in several reads; while other programs lock, an entry may be there twice or be passed over. */
function holdsLocks(path: string): boolean {
  const { ino } = statSync(path);
  const locks = readFileSync("/proc/locks", "utf8").split("\n");
  return locks.some((line) => line.includes(` ${process.pid} `) && line.includes(`:${ino} `));
}

async function makeFile(name: string, fill: (path: string) => void): Promise<string> {
  const path = join(await makeDirectory(), name);
  fill(path);
  return path;
}

async function makeCutStore(bytes: number): Promise<string> {
  const path = await makeStoreFile("a");
  truncateSync(path, bytes);
  return path;
}

async function makeStoreWith(offset: number, bytes: Buffer): Promise<string> {
  const path = await makeStoreFile("a");
  const descriptor = openSync(path, "r+");
  writeSync(descriptor, bytes, 0, bytes.length, offset);
  closeSync(descriptor);
  return path;
}

async function refusalOf(opening: Promise<unknown>): Promise<QueuectlError> {
  const error = await opening.then(
    () => undefined,
    (refusal: unknown) => refusal,
  );
  if (error instanceof QueuectlError) return error;
  throw new Error(`Not refused in our words: ${error}`);
}

/** One call of each kind, on a store that may be in any state. */
async function useEverything(path: string): Promise<void> {
  const store = await openStore(path, { patienceMs: 0 });
  try {
    for await (const { seq } of store.listJobs()) await store.listExecutions(seq);
    await store.counts(null);
    await store.activity(1);
    await store.findIds("job-", 10);
    await store.enqueue([buildJob()]);
    await store.listWorkers();
    await store.readSettings();
  } finally {
    await store.close();
  }
}
