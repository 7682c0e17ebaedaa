import { realpathSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openQueue, type QueuectlError } from "../../src/index.ts";
import { expectRefused, jobsFor, LibraryScene, untyped } from "../support/library-queue.ts";

describe("enqueue", () => {
  test("gives the job back as it stands, with every default", async () => {
    const { queue } = await LibraryScene.open();
    const before = Date.now();
    const job = await queue.enqueue({ command: "echo hello" });
    expect(job).toEqual({
      id: expect.stringMatching(/^[0-9a-z]{10}$/),
      command: "echo hello",
      argv: null,
      state: "pending",
      attempts: 0,
      maxRetries: 3,
      backoffBase: null,
      priority: 0,
      queue: "default",
      tags: [],
      cwd: process.cwd(),
      env: {},
      stdin: null,
      timeoutMs: null,
      runAt: null,
      expiresAt: null,
      unique: null,
      key: null,
      dependsOn: [],
      afterAny: [],
      afterFail: [],
      group: null,
      nextRunAt: null,
      exitCode: null,
      error: null,
      reason: null,
      worker: null,
      createdAt: expect.any(Date),
      updatedAt: job.createdAt,
    });
    expect(job.createdAt.getTime()).toBeGreaterThanOrEqual(before);
  });

  test("keeps every field as it was given", async () => {
    const { queue, store } = await LibraryScene.open();
    const runAt = new Date("2099-12-01T03:00:00.123Z");
    const given = {
      id: "a",
      argv: ["ls", "-l", "a b"],
      maxRetries: 0,
      timeoutMs: 1_500,
      backoffBase: 1.5,
      priority: -3,
      queue: "mail",
      tags: ["x", "y"],
      env: { LANG: "C" },
      cwd: "/srv",
      stdin: "line\n",
    };
    const job = await queue.enqueue({ ...given, runAt });
    expect(job).toMatchObject({ ...given, runAt, command: "ls -l 'a b'" });
    expect(await store.getJob("a")).toMatchObject({ timeoutMs: 1_500, runAt: runAt.getTime() });
  });

  test("counts a delay from now, to the millisecond", async () => {
    const { queue } = await LibraryScene.open();
    const job = await queue.enqueue({ command: "true", delayMs: 3_600_001 });
    expect(job.runAt?.getTime()).toBe(job.createdAt.getTime() + 3_600_001);
  });

  test("takes the number of retries from the settings of this moment", async () => {
    const { queue, store } = await LibraryScene.open();
    await store.writeSetting("max-retries", "7");
    expect(await queue.enqueue({ command: "true" })).toMatchObject({ maxRetries: 7 });
  });

  test("of a list gives the jobs in its order", async () => {
    const { queue } = await LibraryScene.open();
    const jobs = await queue.enqueue(jobsFor("bulk", 1_200));
    expect(jobs.map(({ id }) => id)).toEqual(jobsFor("bulk", 1_200).map(({ id }) => id));
    expect(await queue.counts()).toMatchObject({ pending: 1_200 });
  });

  test.each([
    ["a second use of an id in the list", "b", /stands twice in the list/, 3],
    ["an id that exists", "old", /exists already/, 2],
  ])("of a list with %s adds nothing", async (_, id, says, position) => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue({ id: "old", command: "true" });
    const list = [{ id: "b", command: "true" }, ...(position === 3 ? [{ command: "true" }] : [])];
    const refused = queue.enqueue([...list, { id, command: "true" }]);
    await expectRefused(() => refused, { code: "duplicate_id", says });
    await refused.catch((error: QueuectlError) => expect(error.position).toBe(position));
    expect(await queue.counts()).toMatchObject({ pending: 1 });
  });
});

describe("a job that is wrong is refused, and the field named as it is called here", () => {
  test.each<[string, unknown, RegExp]>([
    ["text", "echo hello", /must be an object, not "echo hello"/],
    ["nothing", null, /must be an object, not null/],
    ["no command", {}, /needs a "command" or an "argv"/],
    ["an empty command", { command: " " }, /"command" is empty/],
    ["command and argv that differ", { command: "ls", argv: ["rm"] }, /different things/],
    ["an unknown field", { command: "true", retries: 3 }, /Unknown job field "retries"/],
    ["a name of the command line", { command: "true", max_retries: 3 }, /Unknown job field "max_retries"/],
    ["a field that is kept by queuectl", { command: "true", state: "dead" }, /Unknown job field "state"/],
    ["an inherited name", { command: "true", toString: 1 }, /Unknown job field "toString"/],
    ["negative retries", { command: "true", maxRetries: -1 }, /"maxRetries" must be a whole number from 0/],
    ["retries as text", { command: "true", maxRetries: "3" }, /"maxRetries" .* not "3"/],
    ["a base that is none", { command: "true", backoffBase: Number.NaN }, /"backoffBase" must be a number/],
    ["a negative timeout", { command: "true", timeoutMs: -1 }, /"timeoutMs" must be milliseconds .* not -1/],
    ["a timeout as text", { command: "true", timeoutMs: "30s" }, /"timeoutMs" must be milliseconds/],
    ["an endless delay", { command: "true", delayMs: Number.POSITIVE_INFINITY }, /"delayMs" must be/],
    ["a time as text", { command: "true", runAt: "2099-01-01T00:00:00Z" }, /"runAt" must be a valid Date/],
    ["no time at all", { command: "true", runAt: new Date(Number.NaN) }, /"runAt" must be a valid Date/],
    ["a time before 1970", { command: "true", runAt: new Date(-1) }, /"runAt" must be a valid Date/],
    ["two times", { command: "true", runAt: new Date(), delayMs: 1 }, /"runAt" and "delayMs" exclude/],
    ["a priority that is a fraction", { command: "true", priority: 0.5 }, /"priority"/],
    ["a queue that is no name", { command: "true", queue: "a b" }, /queue name "a b"/],
    ["an id that is no id", { command: "true", id: "../x" }, /job id "..\/x"/],
    ["tags that are none", { command: "true", tags: "nightly" }, /"tags" must be an array/],
    ["a variable that is no text", { command: "true", env: { A: 1 } }, /"env.A" must be a string/],
    ["no time to expire", { command: "true", expiresInMs: 0 }, /would expire before it may start/],
    ["an expiry as text", { command: "true", expiresAt: "soon" }, /"expiresAt" must be a valid Date/],
    [
      "two expiries",
      { command: "true", expiresAt: new Date(), expiresInMs: 1 },
      /"expiresAt" and "expiresInMs"/,
    ],
    ["a name of no text", { command: "true", unique: "" }, /"unique" must be a text of 1 to 128/],
    [
      "a return of nothing",
      { command: "true", uniqueReturn: true },
      /"uniqueReturn" says nothing without "unique"/,
    ],
    ["a limit of 0", { command: "true", key: "k", keyLimit: 0 }, /"keyLimit" must be a whole number from 1/],
    ["a limit of nothing", { command: "true", keyLimit: 1 }, /"keyLimit" says nothing without "key"/],
    [
      "a dependency that is no list",
      { command: "true", dependsOn: {} },
      /"dependsOn" must be an id or an array of ids/,
    ],
    ["a dependency that is no id", { command: "true", afterAny: ["a b"] }, /"afterAny" must be ids of jobs/],
    ["contrary conditions", { command: "true", dependsOn: ["a"], afterFail: ["a"] }, /cannot both complete/],
  ])("%s", async (_, input, says) => {
    const { queue } = await LibraryScene.open();
    await expectRefused(() => queue.enqueue(untyped(input)), { code: "invalid_job", says });
    const inList = [{ command: "true" }, input];
    await expectRefused(() => queue.enqueue(untyped(inList)), { code: "invalid_job", says: /^Entry 2: / });
    expect(await queue.counts()).toMatchObject({ pending: 0 });
  });

  test("an empty list", async () => {
    const { queue } = await LibraryScene.open();
    await expectRefused(() => queue.enqueue([]), { code: "invalid_job", says: "The list of jobs is empty" });
  });
});

describe("openQueue", () => {
  test("without a path opens what the command would, and makes the home", async () => {
    const { home } = await LibraryScene.open();
    await using queue = await openQueue();
    expect(queue.db).toBe(join(realpathSync(home.path), "queue.db"));
    const { id } = await queue.enqueue({ command: "true" });
    expect(await home.json("info", id)).toMatchObject({ id, state: "pending" });
  });

  test.each<[string, unknown, RegExp]>([
    ["an option that is not known", { path: "x" }, /openQueue has no option "path"/],
    ["a path that is none", { db: 7 }, /"db" of openQueue must be the path of a file, not 7/],
    [
      "a file that would be in memory",
      { db: ":memory:" },
      /"db" of openQueue must be the path of a file, not ":memory:"/,
    ],
    ["a URI", { db: "file:queue.db" }, /"db" of openQueue must be the path of a file/],
    ["a path in place of options", "queue.db", /options of openQueue must be an object/],
  ])("refuses %s", async (_, options, says) => {
    await expectRefused(() => openQueue(untyped(options)), { code: "invalid_usage", says });
  });

  test("advises a program as a program", async () => {
    const { home, queue } = await LibraryScene.open();
    await expectRefused(() => openQueue({ db: home.root }), {
      code: "store_unreachable",
      remedy: /\{ db: ".*queue.db" \}/,
    });
    home.write("foreign.db", "no database at all");
    const db = join(home.cwd, "foreign.db");
    await expectRefused(() => openQueue({ db }), { code: "store_foreign", remedy: /by the option "db"\.$/ });
    await queue.enqueue({ id: "a", command: "true" });
    await expectRefused(() => queue.enqueue({ id: "a", command: "true" }), {
      code: "duplicate_id",
      remedy: /^Choose another id, or leave it out to get a new one\.$/,
    });
  });

  test("refuses a directory that is not there, and makes none", async () => {
    const { home } = await LibraryScene.open();
    const db = join(home.root, "nowhere/queue.db");
    await expectRefused(() => openQueue({ db }), { code: "store_unreachable", remedy: /mkdir -p/ });
  });
});
