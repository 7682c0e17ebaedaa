import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { flowSchema } from "../scripts/reference/flow-schema.ts";
import { QueuectlError } from "../src/domain/errors.ts";
import { JOB_FIELDS, STEP_FIELDS, type StepField } from "../src/queue/flow/fields.ts";
import { parseFlow } from "../src/queue/flow/parse-flow.ts";
import { matchesSchema } from "./support/json-schema.ts";

const SCHEMA = JSON.parse(flowSchema()) as Record<string, unknown>;

/** What no schema can say of a file: which of its parts belong together. */
const BEYOND_SCHEMAS =
  /: (There is no step |Steps wait for each other|The step "\S+" would wait for|The step name \S+ is too long|"run" and "argv" of the step say different things|The step would expire before it may start|"key_limit" says nothing without "key"|The name "\S+" is there twice)/;

async function faultsOf(flow: unknown): Promise<string[]> {
  try {
    await parseFlow(JSON.stringify(flow), "flow", { cwd: "/", now: 0 });
    return [];
  } catch (error) {
    const { message, hint } = error as QueuectlError;
    if (!(error instanceof QueuectlError)) throw error;
    return message.includes("faults, and") ? (hint ?? "").split("\n") : [message];
  }
}

/** @returns whether both allow it; undefined when a schema cannot see what is wrong */
async function expectAgreement(flow: unknown): Promise<boolean | undefined> {
  const faults = await faultsOf(flow);
  // Of a step that is wrong as a whole the program says one fault, so there may be others that a schema sees.
  if (faults.length > 0 && faults.every((fault) => BEYOND_SCHEMAS.test(fault))) return undefined;
  const isRight = faults.length === 0;
  expect(matchesSchema(flow, SCHEMA), `${JSON.stringify(flow)}: ${faults.join("; ")}`).toBe(isRight);
  return isRight;
}

const flowOf = (step: object) => ({ name: "x", steps: { a: { run: "x", ...step } } });

describe("the schema allows", () => {
  test.each<[what: string, flow: object]>([
    ["the least", { name: "x", steps: { a: { run: "x" } } }],
    [
      "all there is",
      { $schema: "x", name: "x", concurrency: 3, defaults: { timeout: "5m" }, steps: { a: { argv: ["x"] } } },
    ],
    [
      "one name for a list",
      {
        name: "x",
        steps: {
          a: { run: "x" },
          b: { run: "x", needs: "a" },
          c: { run: "x", after_any: ["a"], after_fail: [] },
        },
      },
    ],
    ["numbers for durations", flowOf({ timeout: 1.5, delay: 0 })],
    ["a variable called __proto__", flowOf({ env: JSON.parse('{"__proto__":"x"}') as object })],
  ])("%s", async (_, flow) => {
    expect(await faultsOf(flow)).toEqual([]);
    expect(matchesSchema(flow, SCHEMA)).toBe(true);
  });
});

describe("the schema refuses, as the program does,", () => {
  test.each<[what: string, flow: unknown]>([
    ["a list", []],
    ["no steps", { name: "x" }],
    ["no name", { steps: { a: { run: "x" } } }],
    ["empty steps", { name: "x", steps: {} }],
    ["a field of another tool", { name: "x", jobs: {}, steps: { a: { run: "x" } } }],
    ["a step's name", { name: "x", steps: { "a b": { run: "x" } } }],
    ["nothing to run", { name: "x", steps: { a: {} } }],
    ["an empty program", { name: "x", steps: { a: { argv: ["", "b"] } } }],
    ["a program that is a number", { name: "x", steps: { a: { argv: [1] } } }],
    ["a null", flowOf({ timeout: null })],
    ["a delay to an instant", flowOf({ delay: 1, run_at: "2026-12-01T03:00:00Z" })],
    ["a wait in the defaults", { name: "x", defaults: { needs: "a" }, steps: { a: { run: "x" } } }],
  ])("%s", async (_, flow) => {
    expect(await faultsOf(flow)).not.toEqual([]);
    expect(matchesSchema(flow, SCHEMA)).toBe(false);
  });
});

/** For each field values that it can have; `delay` and `run_at` exclude each other. */
const GOOD: Readonly<Record<StepField, readonly unknown[]>> = {
  run: ["x"],
  argv: [["x"], ["x", ""]],
  needs: ["a", ["a", "b"], []],
  after_any: ["nobody"],
  after_fail: [["nobody"]],
  max_retries: [0, 1_000_000],
  timeout: [0, 1.5, "5s", 3_155_760_000],
  backoff_base: [0, 1.5],
  priority: [-1_000_000, 1_000_000],
  queue: ["a"],
  tags: [[], ["a", "a"], ["x".repeat(128)]],
  env: [{}, { A: "b" }],
  cwd: ["/tmp", "a b"],
  stdin: ["", "a"],
  key: ["host=db1", "x".repeat(128)],
  key_limit: [1, 1_000_000],
  delay: ["5m"],
  expires: ["1h", 1],
  run_at: ["2026-12-01T03:00:00Z", "2026-12-01 03:00 Europe/Rome"],
};

/** At the edges of what is allowed, here or there. */
const anything = fc.oneof(
  fc.constantFrom(0, 1, -1, 1.5, 1_000_000, 1_000_001, -1_000_000, -1_000_001, 3_155_760_001),
  fc.constantFrom(
    "",
    " ",
    "a",
    "5s",
    ".5 h",
    "1h 30m",
    "1h30",
    "5 minutes",
    "a\u200bb",
    "-1s",
    "a b",
    "2026-12-01T03:00:00Z",
    "/tmp",
  ),
  fc.constantFrom(true, null, [], {}, ["a"], ["a", "b"], [""], [1], "x".repeat(128), ["x".repeat(129)]),
  fc.constantFrom({ A: "b" }, { A: 1 }, { "": "x" }, { "A=B": "x" }),
);

function mostly<T>(good: fc.Arbitrary<T>, other: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 12, arbitrary: good }, { weight: 1, arbitrary: other });
}

const fieldsOf = (names: readonly StepField[]) =>
  fc
    .array(
      mostly<string>(fc.constantFrom(...names), fc.constant("unknown")).chain((name) =>
        mostly(fc.constantFrom(...(GOOD[name as StepField] ?? [1])), anything).map((value) => [name, value]),
      ),
      { maxLength: 3 },
    )
    .map((entries) => Object.fromEntries(entries) as object);

const step = fc
  .tuple(fieldsOf(STEP_FIELDS), mostly(fc.constant({ run: "x" }), fc.constant({})))
  .map(([fields, run]) => ({ ...run, ...fields }));

const flow = fc.record(
  {
    name: mostly<unknown>(fc.constant("x"), anything),
    steps: fc.dictionary(mostly(fc.constantFrom("a", "b", "c.1"), fc.constantFrom("a b", "")), step, {
      maxKeys: 3,
    }),
    defaults: fieldsOf(JOB_FIELDS),
    concurrency: mostly<unknown>(fc.constantFrom(1, 1_000_000), anything),
  },
  { requiredKeys: ["name", "steps"] },
);

test("schema and program agree on every flow", async () => {
  const seen: (boolean | undefined)[] = [];
  await fc.assert(
    fc.asyncProperty(flow, async (one) => {
      seen.push(await expectAgreement(one));
    }),
    { numRuns: 3_000 },
  );
  // A test of which one side is never seen would prove nothing.
  for (const side of [true, false]) expect(seen.filter((one) => one === side).length).toBeGreaterThan(300);
});
