import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { WorkerEvent } from "../../src/index.ts";
import { LibraryScene } from "../support/library-queue.ts";
import { until } from "../support/queuectl.ts";

test("a worker runs the commands of jobs, as the command's workers do", async () => {
  const scene = await LibraryScene.open();
  const { queue } = scene;
  await queue.enqueue([
    {
      id: "shell",
      command: "echo $QUEUECTL_JOB_ID $A; echo oops >&2; exit 3",
      env: { A: "b c" },
      maxRetries: 0,
    },
    { id: "argv", argv: ["printf", "%s.", "a b", "c"], cwd: "/" },
    { id: "stdin", command: "cat", stdin: "fed" },
  ]);
  await (await queue.work({ concurrency: 3, drain: true })).finished;
  expect(await queue.get("shell")).toMatchObject({ state: "dead", exitCode: 3, error: "exit code 3" });
  expect(await scene.output("shell")).toEqual({ stdout: "shell b c\n", stderr: "oops\n" });
  expect(await scene.output("argv")).toEqual({ stdout: "a b.c.", stderr: "" });
  expect(await scene.output("stdin")).toEqual({ stdout: "fed", stderr: "" });
});

test("a worker of some queues leaves the others alone", async () => {
  const { queue } = await LibraryScene.open();
  await queue.enqueue(["a", "b", "c"].map((name) => ({ id: name, command: "true", queue: name })));
  await (await queue.work({ queues: ["a", "c"], drain: true })).finished;
  expect(await queue.get("b")).toMatchObject({ state: "pending" });
  expect(await queue.counts()).toMatchObject({ completed: 2 });
});

test("a worker says what happens, without what belongs to the store", async () => {
  const { queue } = await LibraryScene.open();
  await queue.enqueue({ id: "a", command: "true" });
  const events: WorkerEvent[] = [];
  const worker = await queue.work({ drain: true, onEvent: (event) => events.push(event) });
  await worker.finished;
  expect(events.map(({ kind }) => kind)).toEqual([
    "started",
    "polling",
    "claimed",
    "finished",
    "drained",
    "stopped",
  ]);
  expect(events[0]).toEqual({ kind: "started", worker: worker.id });
  const claimed = events[2]?.kind === "claimed" ? events[2].job : {};
  expect(claimed).toMatchObject({ id: "a", state: "processing", createdAt: expect.any(Date) });
  expect(Object.keys(claimed)).not.toContain("seq");
});

test("a stop without patience ends a command and all that it started", async () => {
  const { queue, home } = await LibraryScene.open();
  const left = join(home.cwd, "left");
  const started = join(home.cwd, "started");
  await queue.enqueue({ id: "a", command: `(sleep 30; touch ${left}) & touch ${started}; wait` });
  const worker = await queue.work();
  await until(() => existsSync(started), "the command to start");
  await worker.stop({ graceMs: 0 });
  expect(await queue.get("a")).toMatchObject({ state: "pending", attempts: 0 });
  expect(existsSync(left)).toBe(false);
});

test("a worker whose store is taken away says so by its promise", async () => {
  const { queue, home, db } = await LibraryScene.open({ "lease-timeout": "1" });
  const worker = await queue.work();
  const rejected = expect(worker.finished).rejects.toMatchObject({ code: "store_removed" });
  await home.shell(`mv ${db} ${db}.away`);
  await rejected;
  await expect(worker.stop()).rejects.toMatchObject({ code: "store_removed" });
});
