import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { textWidth } from "../../src/cli/render/text-width.ts";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import { pendingJob, type ShownJob } from "../support/job-json.ts";
import { homeForFile, homeForTest } from "../support/queuectl.ts";

const ESCAPE = /\u001b\[[0-9;]*m/g;

test("all jobs or those of one state, oldest first: tabs between in a pipe, an array in JSON", async () => {
  const home = homeForTest();
  await home.ok("enqueue", '[{"id":"good","command":"true"},{"id":"bad","command":"false","max_retries":0}]');
  await home.ok("enqueue", "--id", "again", "--backoff-base", "1000", "exit 3");
  const worker = await home.startWorker();
  await worker.printed("Job again failed");
  await home.ok("worker", "stop");
  await home.ok("enqueue", "--id", "new", "--", "echo", "a\tb");

  const INSTANT = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
  const lines = [
    `good\ttrue\tcompleted\t0/4\t${INSTANT}\n`,
    `bad\tfalse\tdead\t1/1\t${INSTANT}\n`,
    `again\texit 3\tfailed\t1/4\t${INSTANT}\n`,
    `new\techo 'a\\\\tb'\tpending\t0/4\t${INSTANT}\n`,
  ];
  expect(await home.ok("list")).toMatch(new RegExp(`^${lines.join("")}$`));
  for (const [index, state] of ["completed", "dead", "failed", "pending"].entries()) {
    expect(await home.ok("list", "--state", state)).toMatch(new RegExp(`^${lines[index]}$`));
    expect(await home.json("list", "--state", state)).toMatchObject([{ state }]);
  }
  expect(await home.ok("list", "--state", "processing")).toBe("");
  expect(await home.ok("list", "--state=cancelled", "--json")).toBe("[]\n");
  expect(await home.json("list", "--state=blocked")).toEqual([]);

  const [good, bad, again, fresh] = await home.json<ShownJob[]>("list");
  expect(good).toEqual(pendingJob({ id: "good", command: "true", state: "completed", exit_code: 0 }));
  const died = { state: "dead", attempts: 1, max_retries: 0, reason: "retries_spent" };
  expect(bad).toEqual(
    pendingJob({ id: "bad", command: "false", ...died, exit_code: 1, error: "exit code 1" }),
  );
  const failed = { state: "failed", attempts: 1, backoff_base: 1_000, exit_code: 3, error: "exit code 3" };
  const next = expect.stringMatching(new RegExp(`^${INSTANT}$`));
  expect(again).toEqual(pendingJob({ id: "again", command: "exit 3", ...failed, next_run_at: next }));
  expect(fresh).toEqual(pendingJob({ id: "new", command: "echo 'a\tb'", argv: ["echo", "a\tb"] }));
});

test("only those of some queues, with what else is asked for; one without jobs may have been mistyped", async () => {
  const home = homeForTest();
  await home.ok("enqueue", '[{"id":"a","command":"true","queue":"mail"},{"id":"b","command":"true"}]');
  await home.ok("enqueue", "--quiet", "--queue", "media", "--array", "1-60", "--id", "c", "true");
  await home.ok("cancel", "c.2", "a");
  const ids = async (...flags: string[]) =>
    (await home.json<ShownJob[]>("list", ...flags)).map(({ id }) => id);
  expect(await ids("--queue", "mail", "--queue", "default")).toEqual(["a", "b"]);
  expect(await ids("--queue", "media", "--queue", "mail", "--state", "cancelled")).toEqual(["a", "c.2"]);
  expect(await ids("--queue", "media", "--limit", "2")).toEqual(["c.59", "c.60"]);
  expect(await ids("--queue", "mail", "--of", "c")).toEqual([]);
  expect(await home.run(["list", "--queue", "mial", "--queue", "mail"])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^a\t.*\n$/),
    stderr: expect.stringContaining("The queue mial has no jobs yet. Did you mean mail?\n"),
  });
  expectRefusal(await home.run(["list", "--queue", "no such"]), {
    exitCode: 1,
    says: '--queue cannot be "no such"',
  });
  const onTerminal = async (...flags: string[]) => (await home.terminal(["list", ...flags])).stdout;
  expect(await onTerminal("--queue", "media")).toContain(
    "and 10 older ones; all of them: queuectl list --queue media | less, or --limit N",
  );
  expect(await onTerminal("--queue", "media", "--of", "c")).toContain("and perhaps older ones; all of them:");
  expect(await onTerminal("--queue", "mail", "--state", "dead")).toContain(
    "There are no dead jobs in these queues.",
  );
});

test("an unknown state is refused with the list of states, an absurd limit with its range", async () => {
  const home = homeForTest();
  const states = "The states: pending, blocked, processing, completed, failed, dead, cancelled.";
  expectRefusal(await home.run(["list", "--state", "done"]), {
    exitCode: 1,
    says: 'There is no state "done"',
    remedy: states,
  });
  expectRefusal(await home.run(["list", "--state", ""]), {
    exitCode: 1,
    says: 'no state ""',
    remedy: states,
  });
  expectRefusal(await home.run(["list", "--state", "DEAD"]), { exitCode: 1, says: 'no state "DEAD"' });
  for (const limit of ["0", "-1", "1.5", "x", "99999999999999999999"])
    expectRefusal(await home.run(["list", "--limit", limit]), {
      exitCode: 1,
      says: new RegExp(`--limit must be a whole number (of at least 1|from 1 to \\d+), not "${limit}"\\.$`),
    });
  expectJsonRefusal(await home.run(["list", "--state", "x", "--json"]), {
    exitCode: 1,
    code: "invalid_usage",
  });
});

describe("of many jobs", () => {
  const home = homeForFile();
  const ids = Array.from({ length: 2_100 }, (_, index) => `job-${index}`);
  const idsIn = (text: string) => text.match(/^job-\d+/gm) ?? [];

  test("a pipe and JSON get all of them, in order", async () => {
    const stdin = ids.map((id) => JSON.stringify({ id, command: `true ${"x".repeat(200)}` })).join("\n");
    expect((await home.run(["enqueue", "-"], { stdin })).exitCode).toBe(0);
    expect(idsIn(await home.ok("list"))).toEqual(ids);
    expect((await home.json<ShownJob[]>("list")).map(({ id }) => id)).toEqual(ids);
  });

  test("--limit N gives the newest N, the oldest of them first", async () => {
    expect(idsIn(await home.ok("list", "--limit", "3"))).toEqual(ids.slice(-3));
    expect(idsIn(await home.ok("list", "--limit", "1500"))).toEqual(ids.slice(-1_500));
    expect(idsIn(await home.ok("list", "--limit", "99999"))).toEqual(ids);
    expect(await home.json("list", "--limit", "1", "--state", "pending")).toMatchObject([{ id: ids.at(-1) }]);
  });

  test("a terminal gets the newest 50, and a line that says how many more", async () => {
    const { stdout, exitCode } = await home.terminal(["list"], { columns: 70, stderrApart: true });
    expect(exitCode).toBe(0);
    expect(idsIn(stdout)).toEqual(ids.slice(-50));
    expect(stdout).toMatch(/\nand 2050 older ones; [^\n]*--limit N\n$/);

    const some = await home.terminal(["list", "--limit", "60"]);
    expect(idsIn(some.stdout)).toEqual(ids.slice(-60));
    expect(some.stdout).not.toContain("older ones");
  });

  test("a reader that goes away ends the command quietly", async () => {
    for (const args of ["list", "list --json"]) {
      const { stdout, stderr } = await home.shell(`{ queuectl ${args}; echo "exit $?" >&2; } | head -n 1`);
      expect({ lines: stdout.split("\n").length, stderr }).toEqual({ lines: 2, stderr: "exit 0\n" });
    }
  });
});

describe("on a terminal", () => {
  const home = homeForFile();
  const wide = "番茄 🍅 ".repeat(20);

  test("the table is aligned, coloured, no wider than the terminal, with relative times", async () => {
    await home.ok("enqueue", "--id", "short", "true");
    await home.ok("enqueue", "--id", "long", `echo ${"long ".repeat(60)}`);
    await home.ok("enqueue", "--id", "wide", `echo ${wide}`);
    await home.ok("enqueue", "--id", "L".repeat(128), "true");
    for (const columns of [25, 40, 57, 80, 200]) {
      const { stdout } = await home.terminal(["list"], { columns, stderrApart: true });
      expect(stdout).toContain("\u001b[36mp");
      const lines = stdout.trimEnd().replace(ESCAPE, "").split("\n");
      for (const line of lines) expect(textWidth(line), line).toBeLessThanOrEqual(columns);
      expect(lines).toHaveLength(5);
      // Where there is hardly room for anything, the titles are cut too.
      if (columns < 40) continue;
      const states = lines.map((line) => textWidth(line.slice(0, line.search(/STATE|pending/))));
      expect(new Set(states).size, lines.join("\n")).toBe(1);
    }
    const { stdout } = await home.terminal(["list"], { columns: 120 });
    expect(stdout).toMatch(/^ID +COMMAND +STATE +ATTEMPTS +UPDATED\n/);
    expect(stdout).toContain("…");
  });

  test("colour is only there, and goes with NO_COLOR, --no-color and TERM=dumb; FORCE_COLOR brings it to a pipe", async () => {
    const isColoured = (text: string) => text.includes("\u001b[");
    const onTerminal = async (args: string[], env: Record<string, string> = {}) =>
      isColoured((await home.terminal(args, { env })).stdout);
    const inPipe = async (args: string[], env: Record<string, string> = {}) =>
      isColoured((await home.run(args, { env })).stdout);
    for (const verb of [["list"], ["status"], ["info", "short"]]) {
      expect(await onTerminal(verb)).toBe(true);
      expect(await onTerminal([...verb, "--no-color"])).toBe(false);
      expect(await inPipe(verb)).toBe(false);
      expect(await inPipe(verb, { FORCE_COLOR: "1" })).toBe(true);
    }
    expect(await onTerminal(["list"], { NO_COLOR: "1" })).toBe(false);
    expect(await onTerminal(["list"], { NO_COLOR: "" })).toBe(true);
    expect(await onTerminal(["list"], { TERM: "dumb" })).toBe(false);
    expect(await onTerminal(["list"], { FORCE_COLOR: "0" })).toBe(false);
    expect(await inPipe(["list"], { FORCE_COLOR: "1", NO_COLOR: "1" })).toBe(false);
    expect(await inPipe(["list", "--json"], { FORCE_COLOR: "1" })).toBe(false);
  });

  test("an empty list says so", async () => {
    expect((await home.terminal(["list", "--state", "dead"])).stdout).toBe("There are no dead jobs.\n");
    expect((await home.terminal(["list", "--db", "none.db"], { stderrApart: true })).stdout).toBe(
      "There are no jobs.\n",
    );
  });
});

test("what a job's command holds cannot move the cursor or reorder a line", async () => {
  const home = homeForTest();
  await home.ok(
    "enqueue",
    "--id",
    "hostile",
    "echo \u001b]0;title\u0007 \u001b[31m \u202e txt \r\n \u009b2J",
  );
  const shown = "echo \\e]0;title\\x07 \\e[31m \\u202e txt \\r\\n \\x9b2J";
  expect(await home.ok("list")).toContain(`hostile\t${shown}\tpending`);
  const { stdout } = await home.terminal(["list"], { columns: 120 });
  expect(stdout).toContain(`hostile  ${shown}  `);
  expect(await home.json("list")).toMatchObject([{ command: expect.stringContaining("\u202e") }]);

  // Nobody can enqueue such an id; but the table may be mended by hand.
  const database = new DatabaseSync(home.db);
  database.exec("UPDATE jobs SET id = 'a' || char(27) || '[2J'");
  database.close();
  expect(await home.ok("list")).toMatch(/^a\\e\[2J\t/);
  expect((await home.terminal(["list"])).stdout).toContain("\na\\e[2J  ");
  expect(await home.ok("info", "@last")).toMatch(/^Id +: a\\e\[2J\n/);
});
