import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { guide } from "../../src/cli/commands/demo.ts";
import { type Expectation, type Step, TOUR } from "../../src/cli/demo/steps.ts";
import { parse } from "../../src/cli/parse.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { fakeIo } from "../support/fake-io.ts";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { QUEUECTL, Terminal } from "../support/worker-terminal.ts";

const PROGRAM = [process.execPath, fileURLToPath(new URL("../../queuectl.js", import.meta.url))] as const;

/** Where a tour makes its directory, so that what is left of it can be seen. */
function tourEnv(home: Home): { TMPDIR: string } {
  const TMPDIR = join(home.root, "tmp");
  mkdirSync(TMPDIR, { recursive: true });
  return { TMPDIR };
}

/** No process of the home lives, the tour's directory is gone, and the home was not made. */
async function expectNothingLeft(home: Home): Promise<void> {
  expect(readdirSync(join(home.root, "tmp"))).toEqual([]);
  expect(existsSync(home.path)).toBe(false);
  // The command itself may not have been reaped yet.
  await until(() => home.processes().length === 0, "no process to be left");
}

/** The commands that a transcript shows, without the prompt. */
function commandsOf(transcript: string): string[] {
  return [...transcript.matchAll(/^\$ (.*)$/gm)].map(([, line = ""]) => line);
}

const VERBS_SHOWN = [
  "config set",
  "enqueue",
  "worker start",
  "logs",
  "dlq list",
  "info",
  "dlq retry",
  "status",
  "worker stop",
];

describe("in a pipe the tour", () => {
  test("shows real commands with their true output, in plain text, and leaves nothing behind", async () => {
    const home = homeForTest();
    const { exitCode, stdout, stderr } = await home.run(["demo"], { env: tourEnv(home) });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).not.toMatch(/[\r\u001b]/);
    const commands = commandsOf(stdout);
    expect(commands).toHaveLength(TOUR.length);
    for (const verb of VERBS_SHOWN) expect(commands.join("\n")).toContain(`queuectl ${verb}`);
    for (const { sentence } of TOUR) expect(stdout).toContain(`\n${sentence}\n`);
    expect(stdout).toContain("\n✅ Job enqueued successfully. ID: report\n");
    expect(stdout).toMatch(/\nStarted 2 workers in the background\.\nWorker PIDs: \d+, \d+\n/);
    expect(stdout).toContain("$ queuectl logs greet\nhello from the queue\n");
    for (const failure of [1, 2])
      expect(stdout).toMatch(
        new RegExp(`\\nreport: failure ${failure} of 3 \\(exit code 1\\)\\. Again in [\\d.]+ m?s\\.\\n`),
      );
    expect(stdout).toMatch(/\nreport\tcat numbers\.txt\tretries_spent\t.*numbers\.txt.*\t/);
    expect(stdout).toContain("\nExecution 3: failed: exit code 1\n");
    expect(stdout).toContain("$ queuectl logs report\n42\n");
    expect(stdout).toMatch(/\n *completed : 2\n/);
    expect(stdout).toContain("\nAll of them have stopped.\n");
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .slice(-3)
        .map((line) => line.trim().split(/ {2,}/)[0]),
    ).toEqual(['queuectl enqueue "echo hello"', "queuectl worker start", "queuectl status"]);
    await expectNothingLeft(home);
  });

  test("says in the end how to go on, as it was called itself", async () => {
    const farewellOf = async (env: Record<string, string>) => {
      const parsed = parse(["demo"]);
      if (parsed.kind !== "run") throw new Error("demo is a verb");
      const io = fakeIo({ env: { PATH: process.env["PATH"], ...env } });
      expect(await guide([], PROGRAM, parsed.invocation, io)).toBe(0);
      return io.stdout.text;
    };
    expect(await farewellOf({ npm_command: "exec" })).toMatch(
      /\n {2}npx queuectl enqueue [\s\S]*After npm link/,
    );
    expect(await farewellOf({ npm_command: "run-script" })).toMatch(
      /\n {2}queuectl enqueue [\s\S]*stands\n$/,
    );
  });

  test("says what has become of it where it cannot be shown", async () => {
    const home = homeForTest();
    const { TMPDIR } = tourEnv(home);
    const { exitCode, stderr } = await home.shell(`TMPDIR=${TMPDIR} ${QUEUECTL} demo > /dev/full`);
    expect(stderr).toMatch(/^queuectl: Cannot write the answer: .*\nThe tour has ended\. Its store is gone/);
    expect(exitCode).toBe(1);
    await expectNothingLeft(home);
  });

  test("ends quietly when nobody reads on, and leaves nothing behind", async () => {
    const home = homeForTest();
    const demo = home.start(["demo"], { env: tourEnv(home) });
    await demo.printed("Started 2 workers");
    demo.closeStdout();
    expect(await demo.ended()).toMatchObject({ exitCode: 0, stderr: "" });
    await expectNothingLeft(home);
  });
});

describe("on a terminal the tour", () => {
  test("shows what its commands show there, and counts the waits down in place", async () => {
    const home = homeForTest();
    const { exitCode, stdout } = await home.terminal(["demo"], { env: tourEnv(home) });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("\u001b[1m$ queuectl config set");
    expect(stdout).toMatch(/\nID +COMMAND +REASON/);
    expect(
      stdout.match(/\rreport: failure 2 of 3 \(exit code 1\)\. Again in \d\.\d s /g)?.length,
    ).toBeGreaterThan(3);
    await expectNothingLeft(home);
  });

  test("has no colour after --no-color, in its commands neither", async () => {
    const home = homeForTest();
    const { exitCode, stdout } = await home.terminal(["demo", "--no-color"], { env: tourEnv(home) });
    expect(exitCode).toBe(0);
    expect(stdout).not.toContain("\u001b[");
  });

  test("is ended by Ctrl-C, and leaves nothing behind", async () => {
    const home = homeForTest();
    const { TMPDIR } = tourEnv(home);
    const terminal = await Terminal.open(home, `TMPDIR=${TMPDIR} exec ${QUEUECTL} demo`);
    await terminal.shows("failure 1 of 3");
    await terminal.pressCtrlC();
    expect(await terminal.ended).toMatchObject({ exitCode: 130 });
    expect(terminal.screen).toContain("\nInterrupted. Nothing is left behind.\n");
    await expectNothingLeft(home);
  });
});

test.each([
  ["SIGTERM", "$ queuectl config set"],
  ["SIGINT", "$ queuectl worker start"],
  ["SIGHUP", "failure 2 of 3"],
] as const)("a tour that is ended by %s leaves nothing behind", async (signal, at) => {
  const home = homeForTest();
  const demo = home.start(["demo"], { env: tourEnv(home) });
  await demo.printed(at);
  demo.kill(signal);
  expect(await demo.ended()).toMatchObject({
    exitCode: 130,
    stderr: "\nInterrupted. Nothing is left behind.\n",
  });
  await expectNothingLeft(home);
});

test("the tour knows no other store and no other settings than its own", async () => {
  const home = homeForTest();
  const own = join(home.root, "own");
  mkdirSync(own);
  writeFileSync(join(own, "config.json"), '{"db-path":"/no/such/place/queue.db"}');
  const env = {
    ...tourEnv(home),
    QUEUECTL_HOME: own,
    QUEUECTL_DB: join(home.root, "mine.db"),
    QUEUECTL_CONFIG_MAX_RETRIES: "0",
    QUEUECTL_CONFIG_BACKOFF_BASE: "500",
    QUEUECTL_CONFIG_JOB_TIMEOUT: "nonsense",
    QUEUECTL_CONFIG_DB_PATH: "/no/such/place/queue.db",
  };
  expect(await home.run(["demo", "--quiet"], { env })).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
  expect(readdirSync(own)).toEqual(["config.json"]);
  expect(existsSync(env.QUEUECTL_DB)).toBe(false);
  await expectNothingLeft(home);
});

test("the tour takes no --db, and needs a directory for temporary files", async () => {
  const home = homeForTest();
  expectRefusal(await home.run(["demo", "--db", "mine.db"]), {
    exitCode: 1,
    says: "queuectl demo has a store of its own",
    remedy: "queuectl demo",
  });
  expectRefusal(await home.run(["demo"], { env: { TMPDIR: "/no/such/place" } }), {
    exitCode: 1,
    says: "Cannot create a directory in /no/such/place",
    remedy: "TMPDIR",
  });
  expect(home.files()).toEqual(["work"]);
});

test("for a program the tour is a list of its steps", async () => {
  const home = homeForTest();
  const { exitCode, stdout, stderr } = await home.run(["demo", "--json"], { env: tourEnv(home) });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(JSON.parse(stdout)).toEqual({
    ok: true,
    steps: TOUR.map(({ sentence }) => ({ sentence, command: expect.any(String), exit_code: 0, ok: true })),
  });
});

describe("a step that does not do what it should", () => {
  /** A tour of these steps by the real command, in this process. */
  async function take(home: Home, steps: readonly Step[], ...flags: string[]) {
    const { TMPDIR } = tourEnv(home);
    const parsed = parse(["demo", ...flags]);
    if (parsed.kind !== "run") throw new Error(`demo means ${parsed.kind}`);
    // The directory is made by this process, whose own environment names it.
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = TMPDIR;
    const io = fakeIo({ env: home.environment() });
    try {
      return { end: await guide(steps, PROGRAM, parsed.invocation, io).catch((error: unknown) => error), io };
    } finally {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    }
  }

  const workers: Step = {
    sentence: "Workers:",
    command: { queuectl: ["worker", "start", "--count", "1"] },
    expect: { kind: "workers", count: 1 },
  };
  const wrong = (words: string[], expected: Expectation): Step => ({
    sentence: "This goes wrong:",
    command: { queuectl: words },
    expect: expected,
  });

  test("ends the tour with the command, what should have been so, and what is", async () => {
    const home = homeForTest();
    const steps = [
      workers,
      {
        ...wrong(["enqueue", "--id", "a", "true"], { kind: "setting", key: "max-retries", value: "7" }),
        patienceMs: 100,
      },
    ];
    const { end, io } = await take(home, steps);
    expect(end).toMatchObject({
      code: "demo_failed",
      message:
        'The tour failed at "queuectl enqueue --id a true": it expected max-retries 7, and found max-retries not set',
      hint: expect.stringContaining("yours was not touched"),
    });
    expect(io.stdout.text).not.toContain("Now with your own");
    await expectNothingLeft(home);
  });

  test("ends it at once when the command fails, and tells programs which step it was", async () => {
    const home = homeForTest();
    const steps = [workers, wrong(["info", "nobody"], { kind: "workers", count: 1 }), workers];
    const { end, io } = await take(home, steps, "--json");
    expect(end).toMatchObject({ code: "demo_failed", message: expect.stringContaining("it ended with 4") });
    expect(JSON.parse(io.stdout.text)).toMatchObject({
      ok: false,
      steps: [
        { exit_code: 0, ok: true },
        { command: "queuectl info nobody", exit_code: 4, ok: false },
      ],
    });
    await expectNothingLeft(home);
  });
});

test("every sentence of the tour is one line of a small screen", () => {
  for (const { sentence } of TOUR) expect(sentence.length, sentence).toBeLessThanOrEqual(80);
});
