import { expect, test } from "vitest";
import { expectRefusal } from "../support/expect-refusal.ts";
import type { ShownJob } from "../support/job-json.ts";
import { homeForTest } from "../support/queuectl.ts";

test("each line that is not blank becomes a job, numbered as the lines are", async () => {
  const home = homeForTest();
  const stdin = '\ufefffirst\n\n  two words \r\nit\'s $(id); "q" *\n\t\nlast';
  const { stdout, stderr } = await home.run(
    ["enqueue", "--each-line", "--id", "w", "--timeout", "0", "--", "printf", "<%s>", "{}"],
    { stdin },
  );
  expect(stdout).toBe("✅ Array enqueued successfully. ID: w (4 jobs)\n");
  expect(stderr).toBe("No worker is running. Start one: queuectl worker start\n");
  const shell = await home.run(["enqueue", "--each-line", "--id", "t", "printf '<%s>' {} # it's {}"], {
    stdin,
  });
  expect(shell.exitCode, shell.stderr).toBe(0);
  await home.drain();
  const values = { 1: "first", 3: "  two words ", 4: 'it\'s $(id); "q" *', 6: "last" };
  for (const [line, value] of Object.entries(values)) {
    expect(await home.ok("logs", `w.${line}`)).toBe(`<${value}>`);
    expect(await home.ok("logs", `t.${line}`)).toBe(`<${value}>`);
  }
  const jobs = await home.json<ShownJob[]>("list", "--of", "w");
  expect(jobs.map(({ group }) => group?.member)).toEqual(["1", "3", "4", "6"]);
});

test("a limit of failures beyond the lines is said to be one that cannot strike, and no more", async () => {
  const home = homeForTest();
  const line = ["enqueue", "--each-line", "--max-fails", "5", "--timeout", "0", "--id", "m", "echo {}"];
  const { exitCode, stderr } = await home.run(line, { stdin: "a\nb\n" });
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/^--max-fails 5 can never strike: the array has 2 jobs\n/);
});

test("the answer is that of an array", async () => {
  const home = homeForTest();
  const quiet = await home.run(["enqueue", "--each-line", "--quiet", "--id", "q", "echo {}"], {
    stdin: "a\n",
  });
  expect(quiet).toMatchObject({ stdout: "q\n", stderr: "" });
  const json = await home.run(["enqueue", "--each-line", "--json", "echo {}"], { stdin: "a\nb\n" });
  expect(JSON.parse(json.stdout)).toMatchObject([{ command: "echo a" }, { command: "echo b" }]);
  const capped = ["enqueue", "--each-line", "--max-fails", "1", "--max-retries", "0", "--id", "m", "exit {}"];
  await home.run(capped, { stdin: "1\n2\n3\n" });
  await home.drain();
  expect((await home.json<ShownJob[]>("list", "--of", "m")).map(({ state }) => state)).toEqual([
    "dead",
    "cancelled",
    "cancelled",
  ]);
});

test("lines without end are read as they come, in bounded memory, and added all at once", async () => {
  const home = homeForTest();
  const lines = 120_000;
  const { exitCode, stdout, stderr } = await home.shell(
    `seq 1 ${lines} | NODE_OPTIONS=--max-old-space-size=40 queuectl enqueue --each-line --id many --timeout 0 -- echo {}`,
  );
  expect({ exitCode, stdout }, stderr).toEqual({
    exitCode: 0,
    stdout: `✅ Array enqueued successfully. ID: many (${lines} jobs)\n`,
  });
  expect(await home.json("list", "--of", "many", "--limit", "1")).toMatchObject([{ id: `many.${lines}` }]);
});

test("one line that cannot be taken refuses all of them, by its number", async () => {
  const home = homeForTest();
  const refused = async (stdin: string | Uint8Array, says: string) =>
    expectRefusal(await home.run(["enqueue", "--each-line", "--id", "x", "--", "echo", "{}"], { stdin }), {
      exitCode: 1,
      says,
    });
  await refused(Buffer.from([0x61, 0x0a, 0xff, 0x0a]), "Line 2 of standard input is not valid UTF-8");
  await refused(
    `a\n\n${"x".repeat(100_001)}\n`,
    "Line 3: An argument of the job is longer than 100000 bytes",
  );
  await home.ok("enqueue", "--id", "x.4", "true");
  await refused("a\n\nb\nc\n", 'Line 4: Cannot enqueue the job "x.4": this id exists already');
  expect(await home.json("list")).toMatchObject([{ id: "x.4" }]);
});
