import { QueuectlError } from "../../domain/errors.ts";
import { type JobDefaults, parseJobInput } from "../../domain/job-input.ts";
import { type Fault, NO_MERGES } from "./faults.ts";
import { type LocatedEntry, type Place, toPlain } from "./located.ts";

/** What the checks of a job need to know of their surroundings. */
export interface FlowContext {
  /** What a relative `cwd` is relative to. */
  cwd: string;
  now: number;
  /** The flow's id, when it was given: its steps' ids begin with it. */
  id?: string | undefined;
  /** As in `JobDefaults`. */
  names?: JobDefaults["names"];
}

/** A job object: fields by name, with their values. */
export type JobObject = Record<string, unknown>;

/** What is wrong with one field of a step, by the rules of a job: at the smallest part that is wrong by itself. */
export function checkJobField(entry: LocatedEntry, context: FlowContext): Fault[] {
  const faults = partsOf(entry).flatMap(({ at, value }) => checkValue(entry.key, { at, value }, context));
  if (faults.length > 0) return faults;
  return checkValue(entry.key, { at: entry.value.at, value: toPlain(entry.value) }, context);
}

/** What is wrong with a job as a whole: fields that exclude each other. */
export function checkJob(job: JobObject, at: Place, context: FlowContext): Fault[] {
  try {
    const { cwd, now, names } = context;
    parseJobInput(job, { id: "step", maxRetries: 0, cwd, now, names });
    return [];
  } catch (error) {
    if (!(error instanceof QueuectlError)) throw error;
    return [{ at, message: reword(error.message), hint: error.hint }];
  }
}

/** What is a field of its own there, too. */
export function jobField(field: string): string {
  return field === "run" ? "command" : field;
}

function checkValue(
  field: string,
  { at, value }: { at: Place; value: unknown },
  context: FlowContext,
): Fault[] {
  const job = field === "run" || field === "argv" ? {} : { command: "true" };
  return checkJob({ ...job, ...companions(field), [jobField(field)]: value }, at, context).map((fault) => ({
    ...fault,
    hint: fault.hint ?? (fault.message.includes('"env.<<"') ? NO_MERGES : quotesHint(fault.message, value)),
  }));
}

/** What a field says nothing without, which may stand elsewhere. */
export function companions(field: string): JobObject {
  return field === "key_limit" ? { key: "key" } : {};
}

/** Of a map of variables and a list of tags, each one; of words, those that are none. */
function partsOf({ key, value }: LocatedEntry): { at: Place; value: unknown }[] {
  if (key === "env" && value.kind === "map")
    return value.entries.map((entry) => ({
      at: entry.value.at,
      value: Object.fromEntries([[entry.key, toPlain(entry.value)]]),
    }));
  if (key === "tags" && value.kind === "list")
    return value.items.map((item) => ({ at: item.at, value: [toPlain(item)] }));
  if (key === "argv" && value.kind === "list")
    return value.items
      .map((item) => ({ at: item.at, value: [toPlain(item)] }))
      .filter(({ value: [word] }) => typeof word !== "string");
  return [];
}

/** YAML reads 8080, true and null as what they look like; where a text is wanted, they were meant as one. */
function quotesHint(message: string, value: unknown): string | undefined {
  const [, rule, seen] = /must be (.+), not (\d[\d.]*|true|false)$/.exec(message) ?? [];
  return rule?.includes("string") && value !== undefined ? `In quotes it is a text: "${seen}"` : undefined;
}

/** The rules speak of jobs; who writes a flow writes steps. */
export function reword(message: string): string {
  return message
    .replace(/^The job field/, "The field")
    .replace('"command"', '"run"')
    .replace(/\b([Tt])he job\b/, "$1he step");
}
