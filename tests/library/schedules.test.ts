import { describe, expect, test } from "vitest";
import { expectRefused, LibraryScene, untyped } from "../support/library-queue.ts";
import { until } from "../support/queuectl.ts";

const TRUE = { command: "true" } as const;

describe("a program's schedule", () => {
  test("is added, read and listed", async () => {
    const { queue } = await LibraryScene.open();
    const { schedules } = queue;
    const job = { argv: ["echo", "two words"], queue: "media" };
    const added = await schedules.add({
      name: "nightly",
      pattern: "0 3 * * *",
      timeZone: "Europe/Rome",
      job,
    });
    expect(added).toEqual({
      name: "nightly",
      pattern: "0 3 * * *",
      timeZone: "Europe/Rome",
      overlap: "skip",
      catchUp: "one",
      isPaused: false,
      nextAt: expect.any(Date),
      last: null,
      command: "echo 'two words'",
      argv: ["echo", "two words"],
      queue: "media",
      priority: 0,
      tags: [],
      cwd: process.cwd(),
      timeoutMs: null,
      maxRetries: null,
      backoffBase: null,
      expiresInMs: null,
      expiresAt: null,
      unique: null,
      uniqueReturn: false,
      key: null,
      keyLimit: null,
      env: {},
      stdin: null,
      fault: null,
      createdAt: expect.any(Date),
    });
    expect(added.nextAt?.toLocaleTimeString("en-GB", { timeZone: "Europe/Rome" })).toBe("03:00:00");
    expect(await schedules.get("nightly")).toEqual(added);
    expect(await schedules.get("x")).toBeUndefined();
    await schedules.add({ name: "hourly", pattern: "@hourly", catchUp: "all", job: TRUE });
    expect((await schedules.list()).map(({ name, overlap }) => [name, overlap])).toEqual([
      ["hourly", "queue"],
      ["nightly", "skip"],
    ]);
  });

  test("tells of its job all that the command tells", async () => {
    const { queue, home } = await LibraryScene.open();
    const added = await queue.schedules.add({
      name: "nightly",
      pattern: "@daily",
      job: {
        command: "true",
        priority: 3,
        tags: ["a"],
        cwd: "/",
        timeoutMs: 90_000,
        maxRetries: 7,
        backoffBase: 1.5,
        expiresInMs: 60_000,
        unique: "u",
        uniqueReturn: true,
        key: "k",
        keyLimit: 2,
        env: { A: "b" },
        stdin: "text",
      },
    });
    expect(added).toMatchObject({ timeoutMs: 90_000, maxRetries: 7, expiresInMs: 60_000, keyLimit: 2 });
    const told = await home.json<Record<string, unknown>>("--db", queue.db, "schedule", "show", "nightly");
    const names: Record<string, string> = {
      paused: "isPaused",
      timeout: "timeoutMs",
      expires: "expiresInMs",
    };
    const ours = Object.keys(told).map(
      (name) => names[name] ?? name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    );
    expect(Object.keys(added).toSorted()).toEqual(["argv", ...ours].toSorted());
    for (const same of ["command", "queue", "priority", "tags", "cwd", "unique", "key", "env", "stdin"])
      expect(added).toHaveProperty(same, told[same]);
  });

  test("is replaced only when that is said", async () => {
    const { queue } = await LibraryScene.open();
    const schedule = { name: "a", pattern: "@daily", job: TRUE };
    await queue.schedules.add(schedule);
    await expectRefused(() => queue.schedules.add(schedule), {
      code: "duplicate_schedule",
      remedy: "replace: true",
    });
    const replaced = await queue.schedules.add({ ...schedule, pattern: "@hourly", replace: true });
    expect(replaced).toMatchObject({ pattern: "@hourly" });
  });

  test("tells its next instants", async () => {
    const { queue } = await LibraryScene.open();
    await queue.schedules.add({ name: "a", pattern: "0 0 1 1 *", timeZone: "UTC", job: TRUE });
    const next = await queue.schedules.next("a", { count: 3 });
    expect(next.map((at) => at.toISOString().slice(4))).toEqual(Array(3).fill("-01-01T00:00:00.000Z"));
    expect(await queue.schedules.next("a")).toEqual(next.slice(0, 1));
  });

  test("is fired by a worker of this program, with its own job each time", async () => {
    const { queue } = await LibraryScene.open({ "max-retries": "7" });
    const ran: string[] = [];
    await queue.work("ticks", (job) => void ran.push(job.id));
    await queue.schedules.add({
      name: "tick",
      pattern: "* * * * * *",
      // However late this machine lets the worker look, and the jobs run.
      overlap: "allow",
      catchUp: "all",
      job: { command: "x", queue: "ticks", tags: ["t"] },
    });
    await until(() => ran.length >= 2, "two instants to be fired");
    const fired = await queue.schedules.history("tick");
    for (const { instant, outcome, jobId, decidedAt } of fired) {
      expect(outcome).toBe("fired");
      expect(decidedAt.getTime()).toBeGreaterThanOrEqual(instant.getTime());
      expect(await queue.get(jobId as string)).toMatchObject({ runAt: instant, tags: ["t"], maxRetries: 7 });
    }
    expect(await queue.schedules.get("tick")).toMatchObject({ last: { outcome: "fired" } });
    expect(await queue.schedules.history("tick", { newest: 1 })).toHaveLength(1);
  });

  test("runs on demand, unless an earlier job of it is unfinished", async () => {
    const { queue } = await LibraryScene.open();
    await queue.schedules.add({ name: "a", pattern: "@yearly", job: TRUE });
    const { id } = await queue.schedules.run("a");
    expect(id).toMatch(/^a:\d{8}T\d{6}\.\d{3}Z$/);
    await expectRefused(() => queue.schedules.run("a"), {
      code: "not_finished",
      says: id,
      remedy: "queue.cancel",
    });
    await queue.cancel(id);
    expect((await queue.schedules.run("a")).id).not.toBe(id);
  });

  test("is paused, resumed and removed; its jobs stay", async () => {
    const { queue } = await LibraryScene.open();
    const { schedules } = queue;
    await schedules.add({ name: "a", pattern: "@daily", job: TRUE });
    const { id } = await schedules.run("a");
    expect(await schedules.pause("a")).toMatchObject({ isPaused: true, nextAt: null });
    expect(await schedules.resume("a")).toMatchObject({ isPaused: false, nextAt: expect.any(Date) });
    await schedules.remove("a");
    expect(await schedules.list()).toEqual([]);
    expect(await queue.get(id)).toMatchObject({ state: "pending" });
    for (const call of ["next", "history", "run", "pause", "resume", "remove"] as const)
      await expectRefused(() => schedules[call]("a"), {
        code: "schedule_not_found",
        remedy: "schedules.list()",
      });
  });

  test("is refused in the words of a program", async () => {
    const { queue } = await LibraryScene.open();
    const { schedules } = queue;
    const given = { name: "a", pattern: "@daily", job: TRUE };
    const add = (change: object) => () => schedules.add(untyped({ ...given, ...change }));
    await expectRefused(add({ pattern: "61 * * * *" }), {
      code: "invalid_schedule",
      says: 'its minute is "61"',
    });
    await expectRefused(add({ timeZone: "Mars/Base" }), { code: "invalid_schedule", says: "Mars/Base" });
    await expectRefused(add({ overlap: "never" }), { code: "invalid_usage", says: "one of skip, queue" });
    await expectRefused(add({ zone: "UTC" }), { code: "invalid_usage", says: '"zone"' });
    await expectRefused(add({ name: undefined }), { code: "invalid_usage", says: "no name" });
    await expectRefused(add({ job: undefined }), { code: "invalid_job" });
    await expectRefused(add({ job: { ...TRUE, maxRetries: -1 } }), {
      code: "invalid_job",
      says: "maxRetries",
    });
    await expectRefused(add({ job: { ...TRUE, runAt: new Date() } }), {
      code: "invalid_job",
      says: '"runAt" of its own',
    });
    await expectRefused(add({ job: { ...TRUE, expiresAt: new Date(9e12) } }), {
      code: "invalid_job",
      says: 'cannot have "expiresAt"',
    });
    await expectRefused(add({ job: { ...TRUE, afterAny: ["x"] } }), {
      code: "invalid_job",
      says: 'cannot have "afterAny"',
    });
    await expectRefused(() => schedules.next(untyped(7)), { code: "invalid_usage", says: "not 7" });
    expect(await schedules.list()).toEqual([]);
  });
});
