import { DEPENDENCY_FIELDS } from "../../domain/job-conditions.ts";
import { fieldText, type JobWords } from "../../domain/job-fields.ts";

/** The fields of a flow file, as its parser, its schema and its errors know them. */
export const FLOW_FIELDS = ["name", "concurrency", "defaults", "steps", "$schema"] as const;

const JOB_FIELD_NAMES = [
  "max_retries",
  "timeout",
  "backoff_base",
  "priority",
  "queue",
  "tags",
  "env",
  "cwd",
  "stdin",
  "key",
  "key_limit",
  "delay",
  "run_at",
  "expires",
] as const;

/** Fields that only a step has. */
const OWN_FIELD_NAMES = ["run", "argv", "needs", "after_any", "after_fail"] as const;

export type FlowField = (typeof FLOW_FIELDS)[number];
export type JobField = (typeof JOB_FIELD_NAMES)[number];
export type StepField = (typeof OWN_FIELD_NAMES)[number] | JobField;

/** Fields of a job that a step may have, and `defaults` for all of them. */
export const JOB_FIELDS: readonly JobField[] = JOB_FIELD_NAMES;

export const STEP_FIELDS: readonly StepField[] = [...OWN_FIELD_NAMES, ...JOB_FIELD_NAMES];

/** What some are called in a job object. */
const JOB_NAMES: Readonly<Record<string, string>> = { run: "command", needs: DEPENDENCY_FIELDS.completed };

/** A field of a flow file as a job object calls it. */
export function jobField(field: string): string {
  return JOB_NAMES[field] ?? field;
}

/** A field of a job object as a flow file calls it. */
export function stepField(field: string): StepField {
  return (STEP_FIELDS.find((name) => jobField(name) === field) ?? field) as StepField;
}

/** Who writes a flow writes steps. @param names of fields that its author calls otherwise than a flow file does */
export function stepWords(names: Readonly<Partial<Record<string, string>>> = {}): JobWords {
  const nameOf = (field: string): string => names[stepField(field)] ?? stepField(field);
  return { job: "step", nameOf, describe: (field, part) => `field ${fieldText(nameOf(field), part)}` };
}

/** What they are called elsewhere, in queuectl and by others. */
export const OTHER_NAMES: Readonly<Record<string, StepField>> = {
  command: "run",
  cmd: "run",
  script: "run",
  args: "argv",
  depends_on: "needs",
  after: "needs",
  retries: "max_retries",
  environment: "env",
  timeout_seconds: "timeout",
  working_directory: "cwd",
};

/** As many as anybody has drawn by hand, and more. */
export const MAX_STEPS = 10_000;

/** A flow that somebody wrote is far smaller; one that a program wrote is better an array of jobs. */
export const MAX_FLOW_BYTES = 1_048_576;
