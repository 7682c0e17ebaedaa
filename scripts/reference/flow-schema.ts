import { DURATION_PATTERN, MAX_DURATION_MS } from "../../src/domain/duration.ts";
import { ID_PATTERN } from "../../src/domain/id.ts";
import { INSTANT_PATTERN, WALL_TIME_PATTERN } from "../../src/domain/instant.ts";
import { EXCLUDING as PAIRS } from "../../src/domain/job-conditions.ts";
import { MAX_COUNT, MAX_LABEL_LENGTH } from "../../src/domain/job-fields.ts";
import { type FlowField, type JobField, MAX_STEPS, type StepField } from "../../src/queue/flow/fields.ts";

/** A JSON Schema, or part of one. */
export type Schema = Readonly<Record<string, unknown>>;

const ID = { type: "string", pattern: ID_PATTERN.source };

const DURATION = {
  anyOf: [
    { type: "number", minimum: 0, maximum: MAX_DURATION_MS / 1_000 },
    { type: "string", pattern: DURATION_PATTERN.source },
  ],
};

const STEPS = { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] };

/** By the list of fields that the program reads: one that is missing here, or too many, does not compile. */
const JOB: Readonly<Record<JobField, Schema>> = {
  max_retries: {
    description: "How often it is run again after a failure.",
    type: "integer",
    minimum: 0,
    maximum: MAX_COUNT,
  },
  timeout: {
    description: "How long it may run: seconds, or 30s, 5m, 1h30m, 1d. 0 means no limit.",
    ...DURATION,
  },
  backoff_base: {
    description: "After failure n it waits backoff_base ^ n seconds.",
    type: "number",
    minimum: 0,
    maximum: MAX_COUNT,
  },
  priority: { description: "Higher first.", type: "integer", minimum: -MAX_COUNT, maximum: MAX_COUNT },
  queue: { description: "Which queue it is in.", ...ID },
  tags: {
    description: "Labels.",
    type: "array",
    items: { type: "string", minLength: 1, maxLength: MAX_LABEL_LENGTH },
  },
  env: {
    description: "Variables in its environment. A step's own are added to those of the defaults.",
    type: "object",
    propertyNames: { pattern: "^[^=\\u0000]+$" },
    additionalProperties: { type: "string" },
  },
  cwd: {
    description: "Where it runs; relative to the directory in which the flow is started.",
    type: "string",
    minLength: 1,
  },
  stdin: { description: "What it reads.", type: "string" },
  key: {
    description: "Of all jobs of this key, in whatever queue or flow, only so many run at once.",
    type: "string",
    minLength: 1,
    maxLength: MAX_LABEL_LENGTH,
    pattern: "^(?!\\s)(?!.*\\s$)[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\p{Cf}]+$",
  },
  key_limit: {
    description: "How many: of its key from now on.",
    type: "integer",
    minimum: 1,
    maximum: MAX_COUNT,
  },
  delay: { description: "Not before so long from when the flow is started.", ...DURATION },
  run_at: {
    description: "Not before this instant, such as 2026-12-01T03:00:00Z or 2026-12-01 03:00 Europe/Rome.",
    type: "string",
    anyOf: [{ pattern: INSTANT_PATTERN.source }, { pattern: WALL_TIME_PATTERN.source }],
  },
  expires: { description: "If it was not started so long after the flow, it is dead.", ...DURATION },
};

const STEP: Readonly<Record<StepField, Schema>> = {
  run: { description: "The shell command.", type: "string", pattern: "\\S", maxLength: 1_048_576 },
  argv: {
    description: "Program and arguments, run without a shell.",
    type: "array",
    minItems: 1,
    prefixItems: [{ type: "string", minLength: 1 }],
    items: { type: "string" },
  },
  needs: { description: "Steps that must complete first.", ...STEPS },
  after_any: { description: "Steps that must end first, however.", ...STEPS },
  after_fail: { description: "Steps that must end without completing: this one runs only then.", ...STEPS },
  ...JOB,
};

/** Of these at most one. */
const EXCLUDING = {
  not: {
    anyOf: PAIRS.filter((pair) => pair.every((field) => Object.hasOwn(JOB, field))).map((pair) => ({
      required: pair,
    })),
  },
};

const FLOW: Readonly<Record<FlowField, Schema>> = {
  name: { description: "What the flow's id begins with.", ...ID },
  concurrency: {
    description: "How many of its steps may run at once.",
    type: "integer",
    minimum: 1,
    maximum: MAX_COUNT,
  },
  defaults: {
    description: "What every step has that does not say otherwise.",
    type: "object",
    properties: JOB,
    additionalProperties: false,
    ...EXCLUDING,
  },
  steps: {
    description: "The steps by name.",
    type: "object",
    minProperties: 1,
    maxProperties: MAX_STEPS,
    propertyNames: ID,
    additionalProperties: {
      type: "object",
      properties: STEP,
      additionalProperties: false,
      anyOf: [{ required: ["run"] }, { required: ["argv"] }],
      ...EXCLUDING,
    },
  },
  $schema: { description: "Where an editor finds this schema.", type: "string" },
};

/** What a flow file may be, for editors. What only the whole shows, such as a circle, `flow run --dry-run` finds. */
export function flowSchema(): string {
  const schema: Schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A flow of queuectl",
    description: "Named steps that wait for each other, for `queuectl flow run`.",
    type: "object",
    required: ["name", "steps"],
    properties: FLOW,
    additionalProperties: false,
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
