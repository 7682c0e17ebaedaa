import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/command-tree.ts";
import { ANSWERS, type Answer } from "../../src/cli/json-shapes/answers.ts";
import { EVENT_NAMES, SHAPES, type ShapeName } from "../../src/cli/json-shapes/shapes.ts";
import { workerEventJson } from "../../src/cli/worker-lines.ts";
import type { Job } from "../../src/domain/job.ts";
import type { WorkerEvent } from "../../src/worker/events.ts";
import { buildJob } from "../support/build-job.ts";
import { INSTANT } from "../support/job-json.ts";
import { fewest, findMismatches } from "../support/match-shape.ts";
import { homeForFile, type Result } from "../support/queuectl.ts";

/** The values of an answer, taken apart as the reference says. */
function valuesOf(stdout: string, as: Answer["as"]): unknown[] {
  switch (as) {
    case "one":
      return [JSON.parse(stdout)];
    case "array":
    case "instants":
      return JSON.parse(stdout) as unknown[];
    case "lines":
      return stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown);
  }
}

/** The documented answer that fits; with what is wrong when none does. */
function expectAnswer({ stdout, stderr, exitCode }: Result, verb: string): void {
  expect(exitCode, stderr).toBe(0);
  const complaints = (ANSWERS[verb] ?? []).map(({ as, shapes }) => {
    try {
      const values = valuesOf(stdout, as);
      // An empty answer shows nothing of its shape.
      if (values.length === 0) return ["it is empty"];
      if (as === "instants") return values.filter((value) => !INSTANT.test(String(value))).map(String);
      return values.flatMap((value) => fewest(shapes.map((shape) => findMismatches(value, shape))));
    } catch (error) {
      return [`${error}`];
    }
  });
  expect(fewest(complaints), `${verb}: ${stdout}`).toEqual([]);
}

/** Command lines for every verb, in an order in which each has something to show. */
const LINES: readonly (readonly [verb: string, ...args: string[]])[] = [
  ["config set", "backoff-base", "0.01"],
  ["config set", "stop-grace", "none"],
  ["config get"],
  ["config get", "stop-grace"],
  ["config get", "--origin"],
  ["config list"],
  ["config list", "--origin"],
  [
    "enqueue",
    "--id",
    "good",
    "--tag",
    "a",
    "--env",
    "API_TOKEN=x",
    "--run-at",
    "2026-01-01T00:00:00Z",
    "echo hello",
  ],
  ["enqueue", "--id", "words", "--timeout", "1.5", "--", "echo", "two words"],
  ["enqueue", '[{"id":"bad","command":"echo why >&2; exit 3","max_retries":1}]'],
  ["enqueue", '[{"id":"worse","command":"kill -9 $$","max_retries":0}]'],
  ["queue set", "media", "--concurrency", "2", "--rate", "100/min"],
  ["queue pause", "media", "default"],
  ["explain", "good"],
  ["queue resume", "media"],
  ["queue drain", "media"],
  ["queue resume", "default"],
  ["queue list"],
  [
    "enqueue",
    "--id",
    "later",
    "--after",
    "good",
    "--after-any",
    "bad",
    "--key",
    "k",
    "--expires",
    "1h",
    "true",
  ],
  ["enqueue", "--id", "arr", "--array", "1-3%2", "--max-fails", "2", "true"],
  ["list"],
  ["list", "--of", "arr"],
  ["key list"],
  ["key set", "k", "--limit", "2"],
  ["info", "good"],
  ["explain", "good"],
  ["info", "later"],
  ["info", "arr"],
  ["explain", "arr"],
  ["cancel", "arr"],
  ["worker start", "--drain"],
  ["list"],
  ["list", "--state", "dead"],
  ["info", "good"],
  ["info", "words"],
  ["info", "bad"],
  ["info", "worse"],
  ["explain", "worse"],
  ["logs", "good"],
  ["logs", "bad"],
  ["dlq list"],
  ["dlq retry", "bad"],
  ["cancel", "bad"],
  ["retry", "bad"],
  ["dlq remove", "worse"],
  ["flow run", "build.yaml", "--dry-run"],
  ["flow run", "build.yaml", "--id", "b1"],
  ["flow list"],
  ["flow show", "b1"],
  ["flow cancel", "b1"],
  ["flow retry", "b1"],
  ["prune"],
  ["worker start", "--count", "2"],
  ["worker status"],
  ["worker logs"],
  ["status"],
  ["worker stop"],
  ["status"],
  ["service install", "--print"],
  ["service uninstall"],
  [
    "schedule add",
    "nightly",
    "0 3 * * *",
    "--tz",
    "Europe/Rome",
    "--env",
    "API_TOKEN=x",
    "--",
    "./backup.sh",
    "a b",
  ],
  ["schedule add", "tick", "* * * * *", "--timeout", "5", "--max-retries", "1", "echo tick"],
  ["schedule list"],
  ["schedule show", "nightly"],
  ["schedule next", "nightly", "--count", "3"],
  ["schedule pause", "nightly"],
  ["schedule resume", "nightly"],
  ["schedule run", "nightly"],
  ["schedule history", "nightly"],
  ["schedule list"],
  ["schedule remove", "tick"],
  ["demo"],
];

describe("every answer in JSON has the documented shape, key by key:", () => {
  const home = homeForFile();
  home.write("build.yaml", "{ name: build, steps: { a: { run: 'true' }, b: { run: 'true', needs: a } } }");

  test.each(LINES.map((line) => ({ line, title: line.join(" ") })))("$title", async ({ line }) => {
    const [verb, ...args] = line;
    expectAnswer(await home.run([...verb.split(" "), "--json", ...args]), verb);
  });

  test("--version", async () => {
    expect(findMismatches(await home.json("--version"), "version")).toEqual([]);
  });

  test("no verb was left out, here or in the reference", () => {
    const verbs = COMMANDS.map(({ path }) => path.join(" ")).sort();
    expect(Object.keys(ANSWERS).sort()).toEqual(verbs);
    expect([...new Set(LINES.map(([verb]) => verb))].sort()).toEqual(verbs);
  });
});

test("every shape is the answer of a verb, part of one, or an error", () => {
  const answered = Object.values(ANSWERS).flatMap((answers) => answers.flatMap(({ shapes }) => shapes));
  const parts = Object.values(SHAPES).flatMap(({ fields }) =>
    Object.values(fields).flatMap(({ of }) => of ?? []),
  );
  const used = new Set<ShapeName>([...answered, ...parts, "error", "version"]);
  expect([...used].sort()).toEqual(Object.keys(SHAPES).sort());
});

describe("every error in JSON has the documented shape:", () => {
  const home = homeForFile();
  const refused: readonly (readonly string[])[] = [
    ["frobnicate"],
    ["list", "--sate", "dead"],
    ["enqueue", "{"],
    ["enqueue", '{"command":1}'],
    ["flow", "run", "absent.yaml"],
    ["flow", "show", "nobody"],
    ["info", "nobody"],
    ["logs", "nobody"],
    ["dlq", "retry", "nobody"],
    ["worker", "stop", "nobody"],
    ["queue", "set", "q", "--rate", "fast"],
    ["queue", "drain", "nobody"],
    ["config", "get", "nothing"],
    ["config", "set", "max-retries", "-1"],
    ["status", "--db", "/no/such/place/queue.db"],
    ["demo", "--db", "x"],
  ];

  test.each(refused.map((args) => ({ args, title: args.join(" ") })))("$title", async ({ args }) => {
    const { stdout, stderr, exitCode } = await home.run([...args, "--json"]);
    expect({ stdout, isError: exitCode !== 0 }).toEqual({ stdout: "", isError: true });
    expect(findMismatches(JSON.parse(stderr), "error")).toEqual([]);
  });
});

test("every event of a worker has the documented shape", () => {
  const job: Job = {
    ...buildJob(),
    seq: 1,
    state: "processing",
    reason: null,
    attempts: 0,
    executions: 2,
    dueAt: 0,
    worker: "w-1",
    suspicion: null,
    exitCode: null,
    error: null,
    updatedAt: 0,
  };
  const events: WorkerEvent[] = [
    { kind: "started", pid: 7 },
    { kind: "polling" },
    { kind: "claimed", job, number: 2 },
    {
      kind: "finished",
      job,
      outcome: { kind: "failed", exitCode: 3 },
      transition: { to: "dead", attempts: 1, reason: "retries_spent" },
      error: "exit code 3",
    },
    { kind: "stale_result", job, outcome: { kind: "succeeded" } },
    { kind: "recovered", deadWorker: null, jobs: [{ jobId: "a", to: "pending" }] },
    { kind: "replacing", deadWorker: "w-9" },
    { kind: "taken_for_dead", newId: "w-2" },
    { kind: "stopping", running: 1, graceMs: null },
    { kind: "trouble", error: new Error("locked") },
    { kind: "held_back", queue: "media", until: null },
    { kind: "drained", waiting: 2 },
    { kind: "stopped" },
  ];
  expect(events.map(({ kind }) => `event ${kind}`)).toEqual(EVENT_NAMES);
  for (const event of events)
    expect(findMismatches(workerEventJson(event, "w-1", 0), `event ${event.kind}`)).toEqual([]);
});

describe("the comparison itself finds", () => {
  const step = { sentence: "s", command: "c", exit_code: 0, ok: true };

  test.each<[what: string, value: unknown, complaint: string]>([
    ["a missing key", { sentence: "s", command: "c", ok: true }, "demo step has no exit_code"],
    ["an undocumented key", { ...step, more: 1 }, "demo step has more, which is not documented"],
    ["a wrong type", { ...step, ok: "yes" }, 'demo step.ok is "yes", not: true or false'],
    ["a null", { ...step, command: null }, "demo step.command is null"],
    ["another value than an object", [step], `demo step is ${JSON.stringify([step])}, not an object`],
  ])("%s", (_, value, complaint) => {
    expect(findMismatches(value, "demo step")).toEqual([complaint]);
  });

  test("a fault within a list, and a value that is not documented", () => {
    expect(findMismatches({ ok: true, steps: [step, { ...step, ok: 1 }] }, "demo")).toEqual([
      "demo.steps[1].ok is 1, not: true or false",
    ]);
    expect(
      findMismatches({ at: new Date(0).toISOString(), worker: "w", event: "polled" }, "event polling"),
    ).toEqual(['event polling.event is "polled", which is not documented']);
  });
});
