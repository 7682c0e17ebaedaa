import { describe, expect, test } from "vitest";
import type { FlowDetailsJson, FlowJson } from "../../src/queue/flow-json.ts";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import { notingStep, readFlowLog } from "../support/flow-log.ts";
import { findMismatches } from "../support/match-shape.ts";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { byHand } from "../support/sqlite-file.ts";

/** In the order of its file, which is not that in which it runs. */
const BUILD = {
  name: "build",
  defaults: { max_retries: 0 },
  steps: {
    package: { ...notingStep("package"), needs: ["test", "lint"] },
    test: { ...notingStep("test", "test -e good"), needs: "compile" },
    lint: { ...notingStep("lint"), needs: "fetch" },
    compile: { ...notingStep("compile"), needs: ["fetch"] },
    fetch: notingStep("fetch"),
    report: { ...notingStep("report"), after_any: ["package"] },
    alarm: { ...notingStep("alarm"), after_fail: ["test"] },
  },
};

function writeFlow(home: Home, flow: object, name = "build.yaml"): string {
  return home.write(name, JSON.stringify(flow));
}

const show = (home: Home, id: string) => home.json<FlowDetailsJson>("flow", "show", id);

/** The states of the steps by name; of dead ones with the reason. */
function statesOf({ steps }: FlowDetailsJson): Record<string, string> {
  return Object.fromEntries(
    steps.map(({ name, job: { state, reason } }) => [name, reason === null ? state : `${state} ${reason}`]),
  );
}

test("a flow runs its steps in order: each after all that it needs", async () => {
  const home = homeForTest();
  home.write("good", "");
  expect(await home.ok("flow", "run", writeFlow(home, BUILD), "--id", "b1")).toBe(
    "✅ Flow enqueued successfully. ID: b1\n",
  );
  expect(await show(home, "b1")).toMatchObject({ state: "pending", done: 0, total: 7 });
  await home.drain();
  const flow = await show(home, "b1");
  expect(flow).toMatchObject({ id: "b1", name: "build", state: "completed", done: 7, total: 7 });
  expect(statesOf(flow)).toMatchObject({ package: "completed", report: "completed", alarm: "cancelled" });
  const ended = readFlowLog(home).filter(({ event }) => event === "end");
  expect(ended.map(({ step }) => step)).toEqual(["fetch", "lint", "compile", "test", "package", "report"]);
});

test("what a failed step leaves undone is dead with it, and a retry brings back that alone", async () => {
  const home = homeForTest();
  await home.ok("flow", "run", writeFlow(home, BUILD), "--id", "b1");
  await home.drain();
  const failed = await show(home, "b1");
  expect(failed).toMatchObject({ state: "failed", done: 5 });
  expect(statesOf(failed)).toEqual({
    fetch: "completed",
    compile: "completed",
    lint: "completed",
    test: "dead retries_spent",
    package: "dead dependency",
    report: "completed",
    alarm: "completed",
  });

  home.write("good", "");
  expect(await home.ok("flow", "retry", "b1")).toBe("✅ Flow b1 has been re-queued for retry: 2 steps.\n");
  expect(statesOf(await show(home, "b1"))).toMatchObject({
    test: "pending",
    package: "blocked",
    lint: "completed",
  });
  await home.drain();
  expect(await show(home, "b1")).toMatchObject({ state: "completed", done: 7 });
  const starts = readFlowLog(home).filter(({ event }) => event === "start");
  expect(starts.map(({ step }) => step).sort()).toEqual(
    ["alarm", "compile", "fetch", "lint", "package", "report", "test", "test"].sort(),
  );
  expectRefusal(await home.run(["flow", "retry", "b1"]), { exitCode: 1, says: 'Cannot retry "b1"' });
});

test.each(["flow retry", "retry", "dlq retry"])("%s leaves what is still not needed", async (verb) => {
  const home = homeForTest();
  const steps = {
    a: { run: "true" },
    b: { run: "test -e good", needs: "a", max_retries: 0 },
    c: { run: "true", needs: "b" },
    alarm: { run: "true", after_fail: "a" },
  };
  await home.ok("flow", "run", writeFlow(home, { name: "x", steps }), "--id", "x1");
  await home.drain();
  expect(statesOf(await show(home, "x1"))).toEqual({
    a: "completed",
    b: "dead retries_spent",
    c: "dead dependency",
    alarm: "cancelled",
  });
  home.write("good", "");
  await home.ok(...verb.split(" "), "x1");
  await home.drain();
  expect(await show(home, "x1")).toMatchObject({ state: "completed", done: 4 });
  expectRefusal(await home.run([...verb.split(" "), "x1"]), { exitCode: 1, says: 'Cannot retry "x1"' });
});

test("a flow is cancelled: what runs is ended, what waits never runs", async () => {
  const home = homeForTest();
  const steps = {
    long: notingStep("long", "sleep 300"),
    next: { ...notingStep("next"), needs: "long" },
    alarm: { ...notingStep("alarm"), after_fail: "long" },
  };
  await home.ok("flow", "run", writeFlow(home, { name: "x", steps }), "--id", "x1");
  await home.startWorker();
  await until(async () => (await show(home, "x1")).steps[0]?.job.state === "processing", "the step to run");
  expect(await home.json("flow", "cancel", "x1")).toMatchObject({ id: "x1", state: "cancelled", done: 0 });
  expect(statesOf(await show(home, "x1"))).toEqual({
    long: "cancelled",
    next: "cancelled",
    alarm: "cancelled",
  });
  expect(readFlowLog(home)).toEqual([{ event: "start", step: "long" }]);
  expectRefusal(await home.run(["flow", "cancel", "x1"]), {
    exitCode: 1,
    says: 'Cannot cancel "x1": all its jobs are finished',
  });
});

test("with no-wait a cancel returns while the step still ends", async () => {
  const home = homeForTest();
  await home.ok(
    "flow",
    "run",
    writeFlow(home, { name: "x", steps: { a: { run: "sleep 300" } } }),
    "--id",
    "x1",
  );
  await home.startWorker();
  await until(async () => (await show(home, "x1")).state === "running", "the step to run");
  expect(await home.ok("flow", "cancel", "x1", "--no-wait")).toBe("✅ Flow x1 is being cancelled.\n");
  await until(async () => (await show(home, "x1")).state === "cancelled", "the flow to be cancelled");
});

test("two workers run two hundred steps, wide and deep: each once, after its needs, and never too many", async () => {
  const home = homeForTest();
  // Ten rows of twenty: a step needs three of the row before, and the first of each row the whole of it.
  const steps: Record<string, { run: string; needs: string[] }> = {};
  for (let row = 0; row < 10; row++)
    for (let column = 0; column < 20; column++) {
      const before = [0, 7, 13].map((offset) => `r${row - 1}c${(column + offset) % 20}`);
      const whole = Array.from({ length: 20 }, (_, index) => `r${row - 1}c${index}`);
      const needs = row === 0 ? [] : column === 0 ? whole : before;
      steps[`r${row}c${column}`] = { ...notingStep(`r${row}c${column}`), needs };
    }
  const file = writeFlow(home, { name: "grid", concurrency: 5, steps });
  await Promise.all([1, 2].map(() => home.startWorker(["--concurrency", "4"])));
  await home.ok("flow", "run", file, "--id", "g1");
  await until(async () => (await show(home, "g1")).state === "completed", "the flow to be completed");
  expect(await show(home, "g1")).toMatchObject({ state: "completed", done: 200, total: 200, concurrency: 5 });

  const log = readFlowLog(home);
  const at = new Map(log.map(({ event, step }, index) => [`${event} ${step}`, index]));
  expect(log).toHaveLength(400);
  expect(at.size, "no step ran twice").toBe(400);
  for (const [name, { needs }] of Object.entries(steps))
    for (const need of needs)
      expect(at.get(`end ${need}`), `${name} ran before ${need} had ended`).toBeLessThan(
        at.get(`start ${name}`) ?? -1,
      );
  let running = 0;
  for (const { event } of log) {
    running += event === "start" ? 1 : -1;
    expect(running).toBeLessThanOrEqual(5);
  }
  const workers = byHand(home.db, (database) =>
    database.prepare("SELECT DISTINCT worker FROM executions").all(),
  );
  expect(workers, "both workers took part").toHaveLength(2);
});

test("steps are jobs like others: with their fields, and their defaults", async () => {
  const home = homeForTest();
  home.write(
    "x.yaml",
    `
name: x
defaults: { queue: media, env: { A: "1", B: "2" }, tags: [nightly], timeout: 1h }
steps:
  a: { argv: [printf, "%s %s", "two words", "$A"], priority: 5, timeout: 0 }
  b: { run: 'echo "$A $B $QUEUECTL_JOB_ID"; cat; pwd', env: { B: three }, stdin: "in\\n", cwd: sub, needs: a }
`,
  );
  home.write("sub.sh", "");
  await home.shell("mkdir sub");
  await home.ok("flow", "run", "x.yaml", "--id", "x1");
  expect(await home.json("info", "x1.a")).toMatchObject({
    argv: ["printf", "%s %s", "two words", "$A"],
    queue: "media",
    priority: 5,
    timeout: 0,
    tags: ["nightly"],
    state: "pending",
  });
  expect(await home.json("info", "x1.b")).toMatchObject({ timeout: 3_600, state: "blocked", max_retries: 3 });
  await home.drain();
  expect(await home.ok("logs", "x1.a")).toBe("two words $A");
  expect(await home.ok("logs", "x1.b")).toBe(`1 three x1.b\nin\n${home.cwd}/sub\n`);
});

test("of a flow whose dead steps are removed, it is said that they are missing; with its last step it is forgotten", async () => {
  const home = homeForTest();
  const flow = {
    name: "f",
    defaults: { max_retries: 0 },
    steps: { good: { run: "true" }, bad: { run: "false" } },
  };
  await home.ok("flow", "run", writeFlow(home, flow), "--id", "f1");
  await home.drain();
  const { stdout, stderr } = await home.run(["dlq", "remove", "f1"]);
  expect(stdout).toBe("✅ 1 job of the flow f1 has been removed.\n");
  expect(stderr).toBe("The flow f1 lacks these steps now: how it stands is told of the others.\n");

  await home.ok("flow", "run", writeFlow(home, { ...flow, steps: { bad: { run: "false" } } }), "--id", "f2");
  await home.drain();
  await home.ok("dlq", "remove", "f2");
  expectRefusal(await home.run(["flow", "show", "f2"]), { exitCode: 4, says: 'There is no flow "f2"' });
  await home.ok("enqueue", "--id", "f2", "true");
});

test("a flow of which nothing is left is listed no more", async () => {
  const home = homeForTest();
  const flow = { name: "x", steps: { a: { run: "true" }, b: { run: "exit 1", needs: "a", max_retries: 0 } } };
  await home.ok("flow", "run", writeFlow(home, flow), "--id", "x1");
  await home.drain();
  const prune = ["prune", "--older", "0s", "--yes", "--state"];
  await home.ok(...prune, "completed");
  expect(await home.json("flow", "list")).toMatchObject([{ id: "x1", state: "failed", done: 0, total: 1 }]);
  expect(await home.ok("flow", "show", "x1")).toMatch(/1 ─ b +✗ dead \(retries_spent\) +a\n/);
  await home.ok(...prune, "dead");
  expect(await home.json("flow", "list")).toEqual([]);
});

describe("a flow is named", () => {
  test("by its name and six characters, or as it is told", async () => {
    const home = homeForTest();
    const file = writeFlow(home, BUILD);
    const id = (await home.ok("flow", "run", file, "--quiet")).trimEnd();
    expect(id).toMatch(/^build-[0-9a-hjkmnp-tv-z]{6}$/);
    expect(await home.json("flow", "run", "--id", "mine", file)).toMatchObject({ id: "mine", name: "build" });
    const flows = await home.json<FlowJson[]>("flow", "list");
    expect(flows.map((flow) => flow.id)).toEqual([id, "mine"]);
    expect(await home.json("flow", "list", "--limit", "1")).toEqual([flows[1]]);
    expect(await home.json("flow", "list", "--state", "pending", "--limit", "1")).toEqual([flows[1]]);
    expect(await home.json("flow", "list", "--state", "failed")).toEqual([]);
    expectRefusal(await home.run(["flow", "list", "--state", "dead"]), {
      exitCode: 1,
      says: "pending, running, completed, failed, cancelled",
    });
    expect(await show(home, "@last")).toMatchObject({ id: "mine" });
    expect(await show(home, id.slice(0, 8))).toMatchObject({ id });
    expectJsonRefusal(await home.run(["flow", "run", file, "--id", "mine", "--json"]), {
      exitCode: 1,
      code: "duplicate_id",
    });
    expect(await home.json("flow", "list")).toHaveLength(2);
  });

  test("and one that is not there is refused, with those it might have been", async () => {
    const home = homeForTest();
    const file = writeFlow(home, BUILD);
    await home.ok("flow", "run", file, "--id", "nightly-1");
    await home.ok("flow", "run", file, "--id", "nightly-2");
    for (const verb of ["show", "cancel", "retry"]) {
      expectRefusal(await home.run(["flow", verb, "nightyl-1"]), {
        exitCode: 4,
        says: 'There is no flow "nightyl-1"',
        remedy: "Did you mean nightly-1",
      });
      expectRefusal(await home.run(["flow", verb, "nightly-1.fetch"]), {
        exitCode: 4,
        says: "There is no flow",
      });
      expectJsonRefusal(await home.run(["flow", verb, "zzz", "--json"]), {
        exitCode: 4,
        code: "flow_not_found",
      });
    }
    expectRefusal(await home.run(["flow", "show", "nightly"]), {
      exitCode: 1,
      says: 'The id "nightly" is ambiguous',
      remedy: "It could be nightly-1, nightly-2.",
    });
    expectRefusal(await home.run(["flow", "cancel", "nightly"]), {
      exitCode: 4,
      says: 'There is no flow "nightly"',
      remedy: "Did you mean nightly-1 or nightly-2?",
    });
    expect(statesOf(await show(home, "nightly-1"))).toMatchObject({ fetch: "pending" });
  });
});

describe("a flow that is refused leaves nothing behind, not even a database:", () => {
  test.each<[what: string, content: string | Uint8Array, says: string | RegExp, remedy: string]>([
    [
      "a fault",
      "name: x\nsteps:\n  a: { run: x, neds: b }\n",
      'build.yaml:3:16: Unknown field "neds"',
      "Did you mean needs?",
    ],
    [
      "several",
      "name: x\nsteps:\n  a: { needs: b }\n  c: { run: 1 }\n",
      "build.yaml has 3 faults, and nothing was enqueued",
      'build.yaml:3:15: There is no step "b".',
    ],
    ["no YAML", "a: [\n", /build\.yaml:\d+:\d+: A \] is missing/, ""],
    ["no text", Uint8Array.of(0x61, 0xff), "build.yaml is not valid UTF-8", "Save it as UTF-8."],
    ["an empty file", "", "build.yaml:1:1: There is no flow in it", "Write it like this"],
    [
      "too large a file",
      `#${"x".repeat(1_048_576)}`,
      "build.yaml is larger than 1048576 bytes",
      "Make several flows of it",
    ],
  ])("%s", async (_, content, says, remedy) => {
    const home = homeForTest();
    home.write("build.yaml", content);
    const before = home.files();
    for (const args of [["build.yaml"], ["build.yaml", "--dry-run"]]) {
      expectRefusal(await home.run(["flow", "run", ...args]), { exitCode: 1, says, remedy });
      expectJsonRefusal(await home.run(["flow", "run", "--json", ...args]), {
        exitCode: 1,
        code: "invalid_flow",
        says,
      });
    }
    const piped = await home.run(["flow", "run", "-"], { stdin: content });
    expect(piped.stderr).toContain("queuectl: standard input");
    expect(piped.exitCode).toBe(1);
    expect(home.files()).toEqual(before);
  });

  test("with --json, each fault is an object of its own, one as well as several", async () => {
    const home = homeForTest();
    const faultsOf = async (content: string) => {
      const { stderr } = await home.run(["flow", "run", "--json", "-"], { stdin: content });
      const refused = JSON.parse(stderr) as { error: { faults: object[] } };
      expect(findMismatches(refused, "error")).toEqual([]);
      return refused.error.faults;
    };
    expect(await faultsOf("name: x\nsteps:\n  a: { needs: b, run: x }\n  c: { run: [] }\n")).toEqual([
      { line: 3, column: 15, message: 'There is no step "b".' },
      {
        line: 4,
        column: 13,
        message: 'The field "run" must be a string, not an empty array.',
      },
    ]);
    expect(await faultsOf("name: x\nsteps:\n  a: { run: x, neds: b }\n")).toEqual([
      { line: 3, column: 16, message: 'Unknown field "neds". Did you mean needs?' },
    ]);
  });

  test.each<[what: string, file: string, says: string]>([
    ["no name", "", "The name of the flow's file is empty"],
    ["no file", "absent.yaml", "Cannot read absent.yaml: there is no such file"],
    ["a directory", ".", "Cannot read .: it is a directory"],
  ])("%s", async (_, file, says) => {
    const home = homeForTest();
    const remedy = "Name a file with a flow in YAML or JSON.";
    expectRefusal(await home.run(["flow", "run", file]), { exitCode: 1, says, remedy });
    expect(home.files()).toEqual(["work"]);
  });

  test("an id that is none", async () => {
    const home = homeForTest();
    const file = writeFlow(home, BUILD);
    expectRefusal(await home.run(["flow", "run", file, "--id", "a b"]), {
      exitCode: 1,
      says: /The option --id must be an id \(letters, .*\), not "a b"/,
    });
    expect(home.files()).toEqual(["work", "work/build.yaml"]);
  });

  test("a queue that takes no jobs", async () => {
    const home = homeForTest();
    const steps = { a: { run: "true" }, b: { run: "true", queue: "closed", needs: "a" } };
    await home.ok("enqueue", "--queue", "closed", "true");
    byHand(home.db, (database) =>
      database.exec("INSERT INTO gates (scope, name, state) VALUES ('queue', 'closed', 'draining')"),
    );
    const file = writeFlow(home, { name: "x", steps });
    expectRefusal(await home.run(["flow", "run", file]), {
      exitCode: 1,
      says: /^queuectl: build\.[a-z]+:\d+:\d+: Cannot enqueue the step "b": the queue "closed" is draining and takes no new jobs\.$/,
      remedy: "queuectl queue resume closed",
    });
    expect(await home.json("list")).toHaveLength(1);
    expect(await home.json("flow", "list")).toEqual([]);
  });
});

describe("a flow is drawn", () => {
  const DRAWING = `\
    STEP     AFTER
1 ─ fetch
2 ┬ lint     fetch
  └ compile  fetch
3 ─ test     compile
4 ┬ package  test, lint
  └ alarm    test (failed)
5 ─ report   package (ended)
`;

  test("before it runs, and then nothing is started", async () => {
    const home = homeForTest();
    const file = writeFlow(home, BUILD);
    expect(await home.ok("flow", "run", file, "--dry-run")).toBe(DRAWING);
    expect((await home.terminal(["flow", "run", file, "--dry-run"])).stdout).toBe(DRAWING);
    expect(await home.ok("flow", "run", file, "--dry-run", "--quiet")).toBe("");
    const planned = await home.json<{ steps: unknown[] }>("flow", "run", file, "--dry-run");
    expect(planned.steps[0]).toEqual({
      name: "package",
      needs: ["test", "lint"],
      after_any: [],
      after_fail: [],
    });
    expect(home.files()).toEqual(["work", "work/build.yaml"]);
  });

  test("with the states of its steps, and why one failed", async () => {
    const home = homeForTest();
    await home.ok("flow", "run", writeFlow(home, { ...BUILD, concurrency: 2 }), "--id", "b1");
    await home.drain();
    const piped = await home.ok("flow", "show", "b1");
    expect(piped.replace(/Created : \S+/, "Created : …")).toBe(`\
Flow    : b1 (build)
State   : failed
Done    : 5/7
At once : at most 2
Created : …

    STEP     STATE                   AFTER
1 ─ fetch    ✓ completed
2 ┬ lint     ✓ completed             fetch
  └ compile  ✓ completed             fetch
3 ─ test     ✗ dead (retries_spent)  compile
4 ┬ package  ✗ dead (dependency)     test, lint
  └ alarm    ✓ completed             test (failed)
5 ─ report   ✓ completed             package (ended)

test: exit code 1; queuectl logs b1.test
`);
    expect(piped).not.toContain("\u001b");
    const screen = (await home.terminal(["flow", "show", "b1"])).stdout;
    expect(screen).toContain("\u001b[31m✗ dead (retries_spent)\u001b[39m");
    expect(screen).toMatch(/Created : \S+ \((now|\d+[smh] ago)\)/);
  });

  test("with a word for the steps that are not needed, and none for those that a person cancelled", async () => {
    const home = homeForTest();
    const steps = {
      a: { run: "true" },
      b: { run: "true", after_fail: "a" },
      c: { run: "true", delay: "1h" },
    };
    await home.ok("flow", "run", writeFlow(home, { name: "x", steps }), "--id", "x1");
    await home.drain();
    await home.ok("cancel", "x1.c");
    const shown = await home.ok("flow", "show", "x1");
    expect(shown).toContain("Done    : 2/3\n");
    expect(shown).toMatch(/ b +⊘ cancelled \(not needed\) +a \(failed\)\n/);
    expect(shown).toMatch(/ c +⊘ cancelled\n/);
  });

  test("no wider than the terminal, and in the list too", async () => {
    const home = homeForTest();
    const parts = Array.from({ length: 40 }, (_, index) => `part-${index}`);
    const steps = Object.fromEntries(parts.map((name) => [name, { run: "true" }]));
    const flow = { name: "wide", steps: { ...steps, all: { run: "true", needs: parts } } };
    await home.ok("flow", "run", writeFlow(home, flow), "--id", `w${"x".repeat(100)}`);
    for (const args of [["show", "@last"], ["list"]])
      for (const line of (await home.terminal(["flow", ...args], { columns: 60 })).stdout
        .split("\n")
        .slice(6))
        expect([...line.replaceAll(/\u001b\[\d*m/g, "")].length, line).toBeLessThanOrEqual(60);
    expect(await home.ok("flow", "list")).toMatch(/^wx{100}\twide\tpending\t0\/41\t\d{4}-\S+Z\n$/);
    expect(await home.ok("flow", "show", "@last")).toContain(parts.join(", "));
  });

  test("and of no flows that is said", async () => {
    const home = homeForTest();
    const { stdout } = await home.terminal(["flow", "list"], { stderrApart: true });
    expect(stdout).toBe("There are no flows.\n");
    expect(await home.ok("flow", "list")).toBe("");
    expect(home.files()).not.toContain("home/queue.db");
  });
});
