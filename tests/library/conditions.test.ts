import { describe, expect, test } from "vitest";
import { expectRefused, LibraryScene, untyped } from "../support/library-queue.ts";

describe("a job that is enqueued under conditions", () => {
  test("keeps them as they were given", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue(["a", "b", "c"].map((id) => ({ id, command: "true" })));
    const expiresAt = new Date("2099-12-01T03:00:00Z");
    const lists = { dependsOn: ["a"], afterAny: ["b"], afterFail: ["c"] };
    const job = await queue.enqueue({
      command: "true",
      expiresAt,
      unique: "u",
      key: "k",
      keyLimit: 2,
      ...lists,
    });
    expect(job).toMatchObject({ state: "blocked", expiresAt, unique: "u", key: "k", group: null, ...lists });
    const soon = await queue.enqueue({ command: "true", expiresInMs: 60_000 });
    expect(soon.expiresAt?.getTime()).toBe(soon.createdAt.getTime() + 60_000);
  });

  test("is refused while another of its unique name is unfinished, or is that one", async () => {
    const { queue } = await LibraryScene.open();
    const first = await queue.enqueue({ command: "true", unique: "u" });
    await expectRefused(() => queue.enqueue({ command: "true", unique: "u" }), {
      code: "not_unique",
      says: `"${first.id}" of the unique name "u" is unfinished`,
      remedy: /^Wait for the other job, or cancel it; with uniqueReturn it is the answer\.$/,
    });
    expect(await queue.enqueue({ command: "false", unique: "u", uniqueReturn: true })).toEqual(first);
    const [a, same, b] = await queue.enqueue([
      { id: "a", command: "true" },
      { command: "false", unique: "u", uniqueReturn: true },
      { id: "b", command: "true" },
    ]);
    expect([a?.id, same?.id, b?.id]).toEqual(["a", first.id, "b"]);
  });

  test("is refused when what it waits for is not there, or waits for it", async () => {
    const { queue } = await LibraryScene.open();
    await expectRefused(() => queue.enqueue({ command: "true", dependsOn: ["x"] }), {
      code: "unknown_dependency",
      remedy: "queue.list()",
    });
    const circle = queue.enqueue([
      { id: "a", command: "true", dependsOn: ["b"] },
      { id: "b", command: "true", afterAny: ["a"] },
    ]);
    await expectRefused(() => circle, { code: "dependency_cycle", says: "a → b → a" });
    await circle.catch((error: { position: number }) => expect(error.position).toBe(1));
    expect(await queue.counts()).toMatchObject({ blocked: 0 });
  });

  test("runs when they hold; and comes back with the one that it died of", async () => {
    const { queue, home } = await LibraryScene.open();
    await queue.enqueue({ id: "first", command: "test -e now", maxRetries: 0, cwd: home.cwd });
    await queue.enqueue({ id: "second", command: "true", dependsOn: ["first"] });
    await (await queue.work({ drain: true })).finished;
    expect(await queue.get("second")).toMatchObject({ state: "dead", reason: "dependency" });
    await expectRefused(() => queue.retryDead("second"), {
      code: "dependency_failed",
      remedy: /^Bring that one back, and this comes with it\.$/,
    });
    home.write("now", "");
    await queue.retryDead("first");
    await (await queue.work({ drain: true })).finished;
    expect(await queue.get("second")).toMatchObject({ state: "completed" });
  });
});

describe("enqueueArray", () => {
  test("makes a job for each index, and caps how many run", async () => {
    const { queue, store, home } = await LibraryScene.open();
    const array = await queue.enqueueArray(
      { id: "a", argv: ["printf", "{}"], cwd: home.cwd },
      { from: 0, to: 4, maxRunning: 2, maxFails: 3 },
    );
    expect(array).toEqual({ id: "a", count: 5 });
    expect(await store.getGroup("a")).toMatchObject({ kind: "array", maxRunning: 2, maxFails: 3 });
    await (await queue.work({ drain: true, concurrency: 5 })).finished;
    const jobs = await Array.fromAsync(queue.list({ group: "a" }));
    expect(jobs.map(({ state, group }) => [state, group?.member])).toEqual(
      ["0", "1", "2", "3", "4"].map((index) => ["completed", index]),
    );
    expect(await queue.executions("a.3")).toMatchObject([{ stdoutTail: "3" }]);
    const other = await queue.enqueueArray({ command: "true" }, { indices: [7, 3] });
    expect((await Array.fromAsync(queue.list({ group: other.id }))).map(({ id }) => id)).toEqual([
      `${other.id}.7`,
      `${other.id}.3`,
    ]);
  });

  test("gives an id that stands for its jobs", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueueArray({ id: "a", command: "exit {}", maxRetries: 0 }, { from: 1, to: 3 });
    await (await queue.work({ drain: true })).finished;
    await queue.retryDead("a");
    await queue.cancel("a");
    expect(await queue.counts()).toMatchObject({ cancelled: 3, dead: 0 });
    await expectRefused(() => queue.removeDead("a"), { code: "not_dead", says: "none of its jobs is dead" });
    await expectRefused(() => queue.wait("a"), { code: "job_not_found", says: "a group of them (array)" });
  });

  test.each<[string, unknown, RegExp]>([
    ["no index", {}, /cannot tell which indices/],
    ["an empty list", { indices: [] }, /"indices" of queue\.enqueueArray must be an array of one or more/],
    ["a range without its end", { from: 1 }, /cannot tell which indices/],
    ["a range that ends before it begins", { from: 2, to: 1 }, /cannot tell which indices/],
    ["a range and a list", { from: 1, to: 2, indices: [1] }, /cannot tell which indices/],
    ["a negative index", { indices: [-1] }, /"indices"/],
    ["an index twice", { indices: [1, 2, 1] }, /has the index 1 twice/],
    ["a million jobs", { from: 1, to: 1_000_000 }, /would have 1000000 jobs, and 100000 are allowed/],
    ["a cap of 0", { from: 1, to: 2, maxRunning: 0 }, /"maxRunning" .* must be a whole number from 1/],
    ["an option that is not known", { from: 1, to: 2, step: 2 }, /has no option "step"/],
  ])("refuses %s", async (_, options, says) => {
    const { queue } = await LibraryScene.open();
    await expectRefused(() => queue.enqueueArray({ command: "true" }, untyped(options)), {
      code: "invalid_usage",
      says,
    });
  });

  test("refuses a job that cannot be an array, by the names of its fields here", async () => {
    const { queue } = await LibraryScene.open();
    const array = { from: 1, to: 2 };
    await expectRefused(() => queue.enqueueArray(untyped({ command: "true", unique: "u" }), array), {
      code: "invalid_job",
      says: "cannot be unique",
    });
    await expectRefused(() => queue.enqueueArray({ command: "true", keyLimit: 1 }, array), {
      code: "invalid_job",
      says: '"keyLimit" says nothing without "key"',
    });
    expect(await queue.counts()).toMatchObject({ pending: 0 });
  });
});
