import { readFileSync, renameSync } from "node:fs";
import { expect, test } from "vitest";
import { homeForTest } from "../support/queuectl.ts";
import { jobWhen, showWorkers, startBackground } from "../support/worker-home.ts";

test("worker logs shows what the background workers have said, each line with its time and its worker", async () => {
  const home = homeForTest();
  await startBackground(home, 2);
  await home.ok("enqueue", "--id", "a", "echo never in this log");
  await jobWhen(home, "a", "completed");
  await home.ok("worker", "stop");
  const lines = (await home.ok("worker", "logs")).trimEnd().split("\n");
  for (const line of lines)
    expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \[Worker w-\w{6}\] \S/);
  for (const said of [
    "Starting up (PID: ",
    "Polling for jobs...",
    "Claimed job a: echo never in this log",
    "Job a completed successfully.",
    "Shutting down gracefully...",
  ])
    expect(lines.some((line) => line.includes(said))).toBe(true);
  expect(lines.filter((line) => line.includes("never in this log"))).toHaveLength(1);
});

test("worker logs W shows the lines of one worker", async () => {
  const home = homeForTest();
  await startBackground(home, 2);
  const [first] = await showWorkers(home);
  await home.ok("worker", "stop");
  const lines = (await home.ok("worker", "logs", first?.id ?? "")).trimEnd().split("\n");
  expect(lines).toHaveLength(4);
  expect(lines.every((line) => line.includes(`[Worker ${first?.id}] `))).toBe(true);
});

test("worker logs --tail shows the last lines, and --json one object a line", async () => {
  const home = homeForTest();
  await startBackground(home, 1);
  await home.ok("worker", "stop");
  const all = (await home.ok("worker", "logs")).trimEnd().split("\n");
  expect(await home.ok("worker", "logs", "--tail", "2")).toBe(`${all.slice(-2).join("\n")}\n`);
  expect(await home.ok("worker", "logs", "--tail", "0")).toBe("");
  const objects = (await home.ok("worker", "logs", "--json")).trimEnd().split("\n");
  expect(objects.map((line) => JSON.parse(line))).toEqual(all.map((line) => ({ line })));
});

test("worker logs --follow goes on as the log grows, also when there was none at first", async () => {
  const home = homeForTest();
  const follow = home.start(["worker", "logs", "--follow"]);
  await follow.printed("There is no worker log at");
  await startBackground(home, 1);
  await follow.printed("Polling for jobs...");
  await home.ok("enqueue", "--id", "a", "true");
  await follow.printed("Job a completed successfully.");
  follow.kill("SIGINT");
  const { exitCode, stdout } = await follow.ended();
  expect(exitCode).toBe(130);
  expect(stdout.match(/Polling for jobs/g)).toHaveLength(1);
});

test("when the log is put aside, the workers write on in a new one, and both are read, as one and live", async () => {
  const home = homeForTest();
  await startBackground(home, 2);
  const [first] = await showWorkers(home);
  const follow = home.start(["worker", "logs", "--follow"]);
  await follow.printed("Polling for jobs...");
  renameSync(`${home.db}.d/workers.log`, `${home.db}.d/workers.log.1`);
  await home.ok("enqueue", "--id", "a", "true");
  await follow.printed("Job a completed successfully.");
  await home.ok("worker", "stop");
  await follow.printed("Shutting down gracefully...");
  follow.kill("SIGINT");
  const aside = readFileSync(`${home.db}.d/workers.log.1`, "utf8");
  const now = readFileSync(`${home.db}.d/workers.log`, "utf8");
  expect([aside.includes("Polling"), now.includes("Polling"), now.includes("Job a completed")]).toEqual([
    true,
    false,
    true,
  ]);
  expect(await home.ok("worker", "logs")).toBe(aside + now);
  const own = (await home.ok("worker", "logs", first?.id ?? "")).trimEnd().split("\n");
  expect(own).toEqual((aside + now).split("\n").filter((line) => line.includes(`[Worker ${first?.id}]`)));
  expect([own[0], own.at(-1)]).toEqual([
    expect.stringContaining("Starting up"),
    expect.stringContaining("Stopped."),
  ]);
});

test("worker logs says so when there is none", async () => {
  const home = homeForTest();
  const { exitCode, stdout, stderr } = await home.run(["worker", "logs"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "" });
  expect(stderr).toBe(`There is no worker log at ${home.db}.d/workers.log yet.\n`);
});
