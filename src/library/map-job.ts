import { describeValue } from "../domain/describe.ts";
import { MAX_DURATION_MS } from "../domain/duration.ts";
import { QueuectlError } from "../domain/errors.ts";
import { parseInstant } from "../domain/instant.ts";
import type { Job as StoredJob } from "../domain/job.ts";
import { listDependencies } from "../domain/job-conditions.ts";
import { type JobWords, jobWords } from "../domain/job-fields.ts";
import type { StartGate as InnerGate } from "../domain/start-gate.ts";
import type { Explanation as InnerExplanation } from "../queue/explain.ts";
import { isOutputPruned, lastLines } from "../queue/info-json.ts";
import { nextRunAt } from "../queue/job-json.ts";
import type { ExecutionRecord } from "../store/store.ts";
import type { Execution } from "./execution.ts";
import type { Job, JobInput } from "./job.ts";
import type { Explanation, StartGate } from "./queues.ts";

/** A job as programs see it: nothing of how the store keeps it. */
export function toJob(job: StoredJob): Job {
  return {
    id: job.id,
    command: job.command,
    argv: job.argv,
    state: job.state,
    attempts: job.attempts,
    maxRetries: job.maxRetries,
    backoffBase: job.backoffBase,
    priority: job.priority,
    queue: job.queue,
    tags: job.tags,
    cwd: job.cwd,
    env: job.env,
    stdin: job.stdin,
    timeoutMs: job.timeoutMs,
    runAt: toDate(job.runAt),
    expiresAt: toDate(job.expiresAt),
    unique: job.unique,
    key: job.key,
    dependsOn: listDependencies(job, "completed"),
    afterAny: listDependencies(job, "finished"),
    afterFail: listDependencies(job, "failed"),
    group: job.group,
    nextRunAt: toDate(nextRunAt(job)),
    exitCode: job.exitCode,
    error: job.error,
    reason: job.reason,
    worker: job.worker,
    createdAt: new Date(job.createdAt),
    updatedAt: new Date(job.updatedAt),
  };
}

export function toExecution(execution: ExecutionRecord): Execution {
  return {
    number: execution.number,
    worker: execution.worker,
    outcome: execution.outcome,
    startedAt: new Date(execution.startedAt),
    finishedAt: toDate(execution.finishedAt),
    durationMs: execution.durationMs,
    exitCode: execution.exitCode,
    signal: execution.signal,
    error: execution.error,
    stdoutTail: lastLines(execution.output?.stdout.tail),
    stderrTail: lastLines(execution.output?.stderr.tail),
    isOutputPruned: isOutputPruned(execution),
  };
}

export function toExplanation({ job, gates, ahead }: InnerExplanation): Explanation {
  return { job: toJob(job), gates: gates.map(toStartGate), ahead };
}

function toStartGate(gate: InnerGate): StartGate {
  switch (gate.kind) {
    case "run_at":
    case "backoff":
      return { ...gate, opensAt: new Date(gate.opensAt) };
    case "expires":
      return { ...gate, expiresAt: new Date(gate.expiresAt) };
    case "queue":
    case "key":
    case "group":
      return { ...gate, opensAt: toDate(gate.opensAt) };
    case "finished":
    case "dependency":
    case "group_dependency":
    case "suspect":
    case "worker":
      return gate;
  }
}

function toDate(at: number | null): Date | null {
  return at === null ? null : new Date(at);
}

type InputName = keyof (JobInput & object);

/** What each field is called in a job object of `domain/job-input.ts`, and how its value is written there. */
const FIELDS: Readonly<Record<InputName, { name: string; write(what: string, value: unknown): unknown }>> = {
  id: as("id"),
  command: as("command"),
  argv: as("argv"),
  maxRetries: as("max_retries"),
  timeoutMs: as("timeout", writeDuration),
  backoffBase: as("backoff_base"),
  priority: as("priority"),
  runAt: as("run_at", writeInstant),
  delayMs: as("delay", writeDuration),
  queue: as("queue"),
  tags: as("tags"),
  env: as("env"),
  cwd: as("cwd"),
  stdin: as("stdin"),
  expiresAt: as("expires_at", writeInstant),
  expiresInMs: as("expires", writeDuration),
  unique: as("unique"),
  uniqueReturn: as("unique_return"),
  key: as("key"),
  keyLimit: as("key_limit"),
  dependsOn: as("depends_on"),
  afterAny: as("after_any"),
  afterFail: as("after_fail"),
};

/** The library's names of the fields, by those of the job object: for its errors. */
export const FIELD_NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(FIELDS).map(([ours, { name }]) => [name, ours]),
);

/** The library's words for a job. */
export const FIELD_WORDS: JobWords = jobWords((field) => FIELD_NAMES[field] ?? field);

/**
 * A job as the library takes it, written as a job object. Values whose form is the same are left to its parser.
 * @throws invalid_job naming the field
 */
export function toJobFields(input: unknown): object {
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw invalid(`A job must be an object, not ${describeValue(input)}`, LOOKS_LIKE);
  const given = Object.entries(input).filter(([, value]) => value !== undefined && value !== null);
  for (const [name] of given) {
    if (!Object.hasOwn(FIELDS, name))
      throw invalid(
        `Unknown job field ${describeValue(name)}`,
        `The fields are: ${Object.keys(FIELDS).join(", ")}.`,
      );
  }
  const has = (name: InputName) => given.some(([other]) => other === name);
  if (!has("command") && !has("argv")) throw invalid('A job needs a "command" or an "argv"', LOOKS_LIKE);
  return Object.fromEntries(
    given.map(([ours, value]) => {
      const { name, write } = FIELDS[ours as InputName];
      return [name, write(`job field ${describeValue(ours)}`, value)];
    }),
  );
}

/**
 * One field of a step as a job object has it; undefined when there is none of this name.
 * @throws invalid_job
 */
export function toJobField(ours: string, value: unknown): readonly [string, unknown] | undefined {
  if (!Object.hasOwn(FIELDS, ours)) return undefined;
  const { name, write } = FIELDS[ours as InputName];
  return [name, value === null ? null : write(`field ${describeValue(ours)}`, value)];
}

const LOOKS_LIKE = 'Write it like this: { command: "echo hello" }';

function as(
  name: string,
  write: (what: string, value: unknown) => unknown = (_, value) => value,
): (typeof FIELDS)[InputName] {
  return { name, write };
}

/** @param what the field, as a sentence names it */
function writeDuration(what: string, value: unknown): string {
  if (typeof value !== "number" || !(value >= 0 && value <= MAX_DURATION_MS))
    throw wrongType(what, "milliseconds from 0 to 100 years", value);
  // What is not zero must not become zero, which often means "no limit".
  return `${Math.ceil(value)}ms`;
}

function writeInstant(what: string, value: unknown): string {
  const text = value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : "";
  if (parseInstant(text) === undefined)
    throw wrongType(
      what,
      "a valid Date of the years 1970 to 9999",
      value instanceof Date ? String(value) : value,
    );
  return text;
}

function wrongType(what: string, rule: string, value: unknown): QueuectlError {
  return invalid(`The ${what} must be ${rule}, not ${describeValue(value)}`);
}

function invalid(message: string, hint?: string): QueuectlError {
  return new QueuectlError("invalid_job", message, { hint });
}
