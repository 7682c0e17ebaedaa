import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import { type Home, homeForTest } from "../support/queuectl.ts";

const NOTICE = /^No database at .* yet; the first enqueue creates it\.\n$/;

/** Verbs that read, with the exit code for a store that is not there. */
const READING: readonly [args: string[], exitCode: number][] = [
  [["list"], 0],
  [["list", "--state", "dead"], 0],
  [["status"], 0],
  [["dlq", "list"], 0],
  [["config", "list"], 0],
  [["config", "get", "max-retries"], 0],
  [["worker", "status"], 0],
  [["worker", "stop"], 0],
  [["info", "job1"], 4],
  [["logs", "job1"], 4],
  [["info", "@last"], 4],
];

test("verbs that read an absent store answer emptily, say so, and create nothing", async () => {
  const home = homeForTest();
  for (const [args, exitCode] of READING) {
    const { stderr, ...result } = await home.run(args);
    expect(result, args.join(" ")).toMatchObject({ exitCode });
    if (exitCode === 0) expect(stderr).toMatch(NOTICE);
    else expect(stderr).toMatch(/^No database at .*\nqueuectl: There is no /);
    expect((await home.run([...args, "--db", "absent.db", "--quiet"])).exitCode).toBe(exitCode);
  }
  expect(await home.json("list")).toEqual([]);
  expect(await home.json("dlq", "list")).toEqual([]);
  expect((await home.run(["list", "--quiet"])).stderr).toBe("");
  expectJsonRefusal(await home.run(["info", "job1", "--json"]), { exitCode: 4, code: "job_not_found" });
  expect(home.files()).toEqual(["work"]);
});

test("what is refused makes no store, whether the verb writes or not", async () => {
  const home = homeForTest();
  const refused: readonly [args: string[], exitCode: number][] = [
    [["enqueue", '{"command":3}'], 1],
    [["enqueue", '[{"command":"a"},{"command":""}]'], 1],
    [["enqueue", "--priority", "high", "a"], 1],
    [["dlq", "retry", "x"], 4],
    [["dlq", "remove", "x", "--yes"], 4],
    [["worker", "stop", "w-nobody"], 4],
  ];
  for (const [args, exitCode] of refused)
    expect(await home.run(args), args.join(" ")).toMatchObject({ exitCode, stdout: "" });
  expect(home.files()).toEqual(["work"]);
});

test("a store that is only enqueued to does not grow a log beside it", async () => {
  const home = homeForTest();
  for (let index = 0; index < 30; index += 1) await home.ok("enqueue", "true");
  const wal = statSync(`${home.db}-wal`, { throwIfNoEntry: false });
  expect(wal?.size ?? 0).toBeLessThan(100_000);
});

test("a new store shows nothing of one that stood in its place, though its data directory is still there", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--id", "a", "seq 1 50000");
  await home.drain();
  expect(home.files().filter((path) => path.endsWith("1.stdout"))).toHaveLength(1);
  for (const side of ["", "-wal", "-shm"]) rmSync(home.db + side, { force: true });

  const go = join(home.cwd, "go");
  const command = `while [ ! -e '${go}' ]; do sleep 0.02; done; seq 90001 95000`;
  await home.ok("enqueue", "--id", "a", "--command", command);
  expect(await home.ok("info", "a")).not.toContain("Execution");
  const worker = await home.startWorker(["--drain"]);
  await worker.printed("Claimed job a");
  expect(await home.run(["logs", "a"])).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
  expect(await home.json("info", "a")).toMatchObject({ executions: [{ number: 1, stdout_tail: "" }] });
  writeFileSync(go, "");
  await worker.ended();
  const lines = Array.from({ length: 5_000 }, (_, index) => `${90_001 + index}\n`);
  expect(await home.run(["logs", "a"])).toMatchObject({ stdout: lines.join(""), stderr: "" });
});

test("the store is found by --db, then QUEUECTL_DB, then db-path, then the home", async () => {
  const home = homeForTest();
  const inEnv = { env: { QUEUECTL_DB: "env.db" } };
  await home.ok("enqueue", "--quiet", "--id", "in-home", "a");
  await home.run(["enqueue", "--quiet", "--id", "in-env", "a"], inEnv);
  await home.run(["--db", "flag.db", "enqueue", "--quiet", "--id", "in-flag", "a"], inEnv);
  expect(await home.ok("config", "set", "db-path", "file.db")).toBe(
    `✅ Config updated: db-path = ${join(home.cwd, "file.db")}\n`,
  );
  await home.ok("enqueue", "--quiet", "--id", "in-file", "a");

  const first = async (args: string[], options = {}) => (await home.run(args, options)).stdout.split("\t")[0];
  expect(await first(["list", "--db", "flag.db"], inEnv)).toBe("in-flag");
  expect(await first(["--db", "flag.db", "list"])).toBe("in-flag");
  expect(await first(["--db=flag.db", "list", "--state", "pending"])).toBe("in-flag");
  expect(await first(["list"], inEnv)).toBe("in-env");
  expect(await first(["list"])).toBe("in-file");
  // The path of the setting holds wherever the command is run.
  expect(await first(["list"], { cwd: home.root })).toBe("in-file");
  expect(await first(["list", "--db", home.db])).toBe("in-home");

  const origin = async (args: string[], options = {}) =>
    JSON.parse((await home.run(["config", "get", "db-path", "--origin", "--json", ...args], options)).stdout);
  expect(await origin(["--db", "flag.db"], inEnv)).toEqual({
    "db-path": { value: join(home.cwd, "flag.db"), origin: "flag" },
  });
  expect(await origin([], inEnv)).toEqual({ "db-path": { value: join(home.cwd, "env.db"), origin: "env" } });
  expect(await origin([])).toEqual({ "db-path": { value: join(home.cwd, "file.db"), origin: "file" } });
});

test("the home is ~/.queuectl unless named, and for its owner alone", async () => {
  const home = homeForTest();
  await home.run(["enqueue", "a"], { env: { QUEUECTL_HOME: undefined } });
  await home.run(["config", "set", "db-path", "x.db"], { env: { QUEUECTL_HOME: undefined } });
  const mode = (path: string) => (statSync(join(home.root, ".queuectl", path)).mode & 0o777).toString(8);
  expect(mode(".")).toBe("700");
  expect(mode("queue.db")).toBe("600");
  expect(mode("queue.db.d")).toBe("700");
  expect(mode("config.json")).toBe("600");
});

test("a verb that writes creates the database, for its owner alone, but never its directory", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--db", "new.db", "a");
  expect((statSync(join(home.cwd, "new.db")).mode & 0o777).toString(8)).toBe("600");

  for (const args of [
    ["enqueue", "a"],
    ["list"],
    ["info", "x"],
    ["status"],
    ["config", "set", "max-retries", "1"],
  ]) {
    const refused = await home.run([...args, "--db", "no/such/queue.db"]);
    expectRefusal(refused, { exitCode: 6, says: "no/such does not exist", remedy: "mkdir -p" });
  }
  expect(home.files().filter((path) => path.includes("no"))).toEqual([]);
});

test("a file of zero bytes is a new store", async () => {
  const home = homeForTest();
  const file = home.write("zero.db", "");
  expect(await home.run(["list", "--db", file])).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
  expect(await home.ok("enqueue", "--db", file, "--id", "first", "a")).toContain("ID: first");
  expect(await home.ok("list", "--db", file)).toMatch(/^first\t/);
});

test("a directory, a foreign file and a damaged store are refused and not touched", async () => {
  const home = homeForTest();
  const directory = await refusedOnEveryPath(home, ".", "store_unreachable");
  expect(directory).toMatch(/is a directory\.\nName a file: --db .*\/queue\.db\n$/);

  home.write("notes.txt", "my notes\n");
  expect(await refusedUntouched(home, "notes.txt", "store_foreign")).toContain("is no SQLite database");

  const foreign = new DatabaseSync(join(home.cwd, "foreign.db"));
  foreign.exec("CREATE TABLE mine (x); INSERT INTO mine VALUES (1)");
  foreign.close();
  expect(await refusedUntouched(home, "foreign.db", "store_foreign")).toContain(
    "a database of another program",
  );

  await home.ok("enqueue", "--db", "queue.db", "a");
  const bytes = readFileSync(join(home.cwd, "queue.db"));
  writeFileSync(join(home.cwd, "damaged.db"), bytes.fill(0x5a, 100, 16_384));
  expect(await refusedUntouched(home, "damaged.db", "store_corrupt")).toContain("put a backup in its place");

  expectRefusal(await home.run(["list", "--db", "postgres://u:p@host/db"]), {
    exitCode: 6,
    says: "SQLite only",
  });
});

/** Tries verbs of both kinds; gives what they said. */
async function refusedOnEveryPath(home: Home, db: string, code: string): Promise<string> {
  expectJsonRefusal(await home.run(["list", "--json", "--db", db]), { exitCode: 6, code });
  expectJsonRefusal(await home.run(["--db", db, "enqueue", "--json", "a"]), { exitCode: 6, code });
  expectRefusal(await home.run(["info", "a", "--db", db]), { exitCode: 6, says: "" });
  const refused = await home.run(["enqueue", "a"], { env: { QUEUECTL_DB: db } });
  expectRefusal(refused, { exitCode: 6, says: "" });
  return refused.stderr;
}

async function refusedUntouched(home: Home, db: string, code: string): Promise<string> {
  const before = readFileSync(join(home.cwd, db));
  // SQLite's own side files may appear when a damaged database is opened; the database is what must stay.
  const files = () => home.files().filter((path) => !/-(wal|shm)$/.test(path));
  const filesBefore = files();
  const said = await refusedOnEveryPath(home, db, code);
  expect(readFileSync(join(home.cwd, db)).equals(before)).toBe(true);
  expect(files()).toEqual(filesBefore);
  return said;
}

test("jobs, settings and history survive, and go with a copy of the file", async () => {
  const home = homeForTest();
  await home.ok("config", "set", "max-retries", "0");
  await home.ok("enqueue", "--id", "kept", "echo printed; false");
  await home.drain();
  mkdirSync(join(home.cwd, "elsewhere"));
  copyFileSync(home.db, join(home.cwd, "elsewhere", "copy.db"));
  const copy = ["--db", "elsewhere/copy.db"];
  expect(await home.ok("logs", "kept", ...copy)).toBe("printed\n");
  expect(await home.json("info", "kept", ...copy)).toEqual(await home.json("info", "kept"));
  expect(await home.ok("config", "get", "max-retries", ...copy)).toBe("0\n");
});

test("a config.json that cannot be read is named, with what it should hold", async () => {
  const home = homeForTest();
  mkdirSync(home.path);
  writeFileSync(join(home.path, "config.json"), "{db-path: x}");
  expectRefusal(await home.run(["list"]), { exitCode: 1, says: "config.json", remedy: '{"db-path":' });
  expect((await home.run(["list", "--db", "other.db"])).exitCode).toBe(0);
});
