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
      remedy: `Wait for it: queue.wait("${first.id}"), or cancel it: queue.cancel("${first.id}"). With uniqueReturn`,
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
      remedy: /^Bring that one back, and this comes with it: queue\.retry\("first"\)$/,
    });
    home.write("now", "");
    await queue.retryDead("first");
    await (await queue.work({ drain: true })).finished;
    expect(await queue.get("second")).toMatchObject({ state: "completed" });
  });
});

describe("enqueueArray", () => {
  test("makes a job for each index, and caps how many run", async () => {
    const { queue, home } = await LibraryScene.open();
    const array = await queue.enqueueArray(
      { id: "a", argv: ["printf", "{}"], cwd: home.cwd },
      { from: 0, to: 4, concurrency: 2, maxFails: 3 },
    );
    expect(array).toEqual({ id: "a", count: 5 });
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

  test("can be looked at as one thing, while it waits and when it has ended", async () => {
    const { queue, home } = await LibraryScene.open();
    const command = "exit {}";
    const { id } = await queue.enqueueArray(
      { command, maxRetries: 0 },
      { from: 0, to: 2, concurrency: 2, maxFails: 3 },
    );
    const group = { id, kind: "array", name: command, concurrency: 2, maxFails: 3 };
    const waiting = await queue.groups.get(id);
    expect(waiting).toMatchObject({ ...group, counts: { pending: 3, completed: 0 } });
    await (await queue.work({ drain: true })).finished;
    const ended = await queue.groups.get(id);
    expect(ended).toEqual({ ...waiting, counts: { ...waiting?.counts, pending: 0, completed: 1, dead: 2 } });
    const { created_at: createdAt, counts } = await home.json<{ created_at: string; counts: object }>(
      "--db",
      queue.db,
      "info",
      id,
    );
    expect(ended).toMatchObject({ createdAt: new Date(createdAt), counts });
  });

  test("is a group, as a flow and the runs of a schedule are; a job is none", async () => {
    const { queue } = await LibraryScene.open();
    const job = { command: "true" } as const;
    await queue.enqueue({ id: "job", ...job });
    await queue.flows.run({ name: "build", concurrency: 3, steps: { a: { run: "true" } } }, { id: "f" });
    await queue.schedules.add({ name: "nightly", pattern: "@daily", job });
    expect(await queue.groups.get("f")).toMatchObject({ kind: "flow", name: "build", concurrency: 3 });
    expect(await queue.groups.get("nightly")).toMatchObject({ kind: "schedule", counts: { pending: 0 } });
    for (const none of ["job", "a", ""]) expect(await queue.groups.get(none)).toBeUndefined();
    await expectRefused(() => queue.groups.get(untyped(7)), {
      code: "invalid_usage",
      says: "queue.groups.get takes a group's id, not 7",
    });
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
    ["a cap of 0", { from: 1, to: 2, concurrency: 0 }, /"concurrency" .* must be a whole number from 1/],
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
