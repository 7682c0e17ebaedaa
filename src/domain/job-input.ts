import { describeValue } from "./describe.ts";
import { ID_RULE, isId } from "./id.ts";
import { DEFAULT_QUEUE, type NewJob } from "./job.ts";
import { readArgv, readCommand } from "./job-command.ts";
import {
  DEPENDENCY_FIELDS,
  readDependencies,
  readKey,
  readTimes,
  readUnique,
  refuseBoth,
} from "./job-conditions.ts";
import {
  type GivenFields,
  isClean,
  type JobFault,
  type JobWords,
  MAX_COUNT,
  MAX_LABEL_LENGTH,
  PLAIN_WORDS,
  readDurationMs,
  readInteger,
  readText,
  refuseType,
  throwFault,
} from "./job-fields.ts";
import { didYouMean, suggest } from "./suggest.ts";

/** What fields are called elsewhere: by a flag, in a flow, by others. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  after: "depends_on",
  needs: "depends_on",
  run: "command",
  tag: "tags",
};

/** What a job gets where its input is silent. */
export interface JobDefaults {
  id: string;
  maxRetries: number;
  /** Absolute; what a relative "cwd" of the input is relative to. */
  cwd: string | null;
  now: number;
  /** How refusals speak of it; as the job object does unless given. */
  words?: JobWords | undefined;
}

/** From the root, or from a drive's. */
const ABSOLUTE_PATH = /^(\/|[A-Za-z]:[\\/])/;

/** Fields that a job shows but nobody sets: accepted at their initial values, so that a shown job can be enqueued. */
const READ_ONLY_FIELDS: Readonly<Record<string, (value: unknown, fields: Fields) => boolean>> = {
  state: (value, fields) => value === "pending" || (value === "blocked" && namesOthers(fields)),
  attempts: (value) => value === 0,
  executions: (value) => Array.isArray(value) && value.length === 0,
  created_at: isTimestamp,
  updated_at: isTimestamp,
  next_run_at: isNull,
  exit_code: isNull,
  error: isNull,
  reason: isNull,
  worker: isNull,
  group: isNull,
};

const INPUT_FIELDS: readonly string[] = [
  "id",
  "command",
  "argv",
  "max_retries",
  "timeout",
  "timeout_seconds",
  "backoff_base",
  "priority",
  "run_at",
  "delay",
  "expires",
  "expires_at",
  "queue",
  "tags",
  "env",
  "cwd",
  "stdin",
  "unique",
  "unique_return",
  "key",
  "key_limit",
  "depends_on",
  "after_any",
  "after_fail",
];

/**
 * Turns one job object, as people and programs write it (snake_case, seconds, ISO 8601), into a job to store.
 * @throws invalid_job naming the field, its value and the rule, dependency_cycle; nothing is guessed or ignored
 */
export function parseJobInput(input: unknown, defaults: JobDefaults): NewJob {
  return readJobInput(input, defaults, throwFault);
}

/**
 * The same, for whoever wants to know of everything that is wrong.
 * @param takeFault told of each fault; what is wrong then reads as if it was not given
 */
export function readJobInput(
  input: unknown,
  defaults: JobDefaults,
  takeFault: (fault: JobFault) => void,
): NewJob {
  const refuse: GivenFields["refuse"] = (fields, message, hint, more) =>
    takeFault({ fields, message, hint, ...more });
  const given: GivenFields = {
    values: readFields(input, refuse),
    words: defaults.words ?? PLAIN_WORDS,
    refuse,
  };
  refuseBoth(given);
  const argv = readArgv(given);
  const id = readName(given, "id", "job id", "An id") ?? defaults.id;
  return {
    id,
    command: readCommand(given, argv),
    argv,
    queue: readName(given, "queue", "queue name", "A queue's name") ?? DEFAULT_QUEUE,
    priority: readInteger(given, "priority", { min: -MAX_COUNT }) ?? 0,
    tags: readTags(given),
    cwd: readCwd(given, defaults.cwd),
    env: readEnv(given),
    stdin: readText(given, "stdin") ?? null,
    maxRetries: readInteger(given, "max_retries", { min: 0 }) ?? defaults.maxRetries,
    backoffBase: readBackoffBase(given),
    timeoutMs: readTimeout(given),
    ...readTimes(given, defaults.now),
    ...readUnique(given),
    ...readKey(given),
    dependsOn: readDependencies(given, id),
    group: null,
    createdAt: defaults.now,
  };
}

type Fields = GivenFields["values"];

function readFields(input: unknown, refuse: GivenFields["refuse"]): Fields {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    refuse(
      [],
      `A job must be a JSON object, not ${describeValue(input)}`,
      `Write it like this: {"command":"echo hello"}`,
    );
    return {};
  }
  for (const [name, value] of Object.entries(input)) {
    const isInitial = Object.hasOwn(READ_ONLY_FIELDS, name) ? READ_ONLY_FIELDS[name] : undefined;
    if (isInitial) {
      if (!isInitial(value, input as Fields))
        refuse(
          [name],
          `The field "${name}" is kept by queuectl and cannot be set to ${describeValue(value)}`,
          `Leave "${name}" out.`,
        );
    } else if (!INPUT_FIELDS.includes(name)) {
      refuse([name], `Unknown job field ${describeValue(name)}`, fieldHint(name));
    }
  }
  return input as Fields;
}

/** @param what it is in a sentence, and at the beginning of one */
function readName(given: GivenFields, field: string, what: string, theName: string): string | undefined {
  const name = readText(given, field);
  if (name === undefined || isId(name)) return name;
  given.refuse([field], `The ${what} ${describeValue(name)} is not allowed`, `${theName} has ${ID_RULE}.`);
  return undefined;
}

function readTags(given: GivenFields): string[] {
  const tags = given.values["tags"];
  if (tags === undefined || tags === null) return [];
  if (!Array.isArray(tags)) return refuseType(given, { field: "tags" }, "an array of strings", tags) ?? [];
  return [...new Set((tags as unknown[]).filter((tag, part) => isTag(given, tag, part)) as string[])];
}

function isTag(given: GivenFields, tag: unknown, part: number): boolean {
  const at = { field: "tags", part };
  if (typeof tag === "string" && tag !== "" && tag.length <= MAX_LABEL_LENGTH) return isClean(given, at, tag);
  refuseType(given, { ...at, isNoText: true }, `strings of 1 to ${MAX_LABEL_LENGTH} characters`, tag);
  return false;
}

function readEnv(given: GivenFields): Record<string, string> {
  const env = given.values["env"];
  if (env === undefined || env === null) return {};
  if (typeof env !== "object" || Array.isArray(env))
    return refuseType(given, { field: "env" }, "an object of names and strings", env) ?? {};
  // From entries, not by assignment: a variable called __proto__ is a variable too.
  return Object.fromEntries(Object.entries(env).filter(([name, value]) => isVariable(given, name, value)));
}

function isVariable(given: GivenFields, name: string, value: unknown): boolean {
  const at = { field: "env", part: name };
  if (name === "" || /[=\0]/.test(name) || !name.isWellFormed())
    given.refuse(
      ["env"],
      `The environment variable name ${describeValue(name)} is not allowed`,
      'A name is not empty and has no "=".',
      { part: name },
    );
  else if (typeof value !== "string") refuseType(given, { ...at, isNoText: true }, "a string", value);
  else return isClean(given, at, value);
  return false;
}

function readCwd(given: GivenFields, base: string | null): string | null {
  const cwd = readText(given, "cwd");
  if (cwd === undefined) return base;
  if (ABSOLUTE_PATH.test(cwd)) return cwd;
  if (cwd === "")
    given.refuse(
      ["cwd"],
      `The ${given.words.job}'s "${given.words.nameOf("cwd")}" is empty`,
      "Give a directory, or leave it out.",
    );
  else if (base === null) refuseType(given, { field: "cwd" }, "an absolute path", cwd);
  else return `${base.replace(/\/$/, "")}/${cwd}`;
  return null;
}

function readBackoffBase(given: GivenFields): number | null {
  const base = given.values["backoff_base"];
  if (base === undefined || base === null) return null;
  if (typeof base === "number" && Number.isFinite(base) && base >= 0 && base <= MAX_COUNT) return base;
  return refuseType(given, { field: "backoff_base" }, `a number from 0 to ${MAX_COUNT}`, base) ?? null;
}

function readTimeout(given: GivenFields): number | null {
  return readDurationMs(given, "timeout") ?? readDurationMs(given, "timeout_seconds") ?? null;
}

/** True for one that may have to wait for others. */
function namesOthers(fields: Fields): boolean {
  return Object.values(DEPENDENCY_FIELDS).some((field) => (fields[field] ?? null) !== null);
}

/** Any way to write a time, with a zone or without: it is read, and forgotten. */
function isTimestamp(value: unknown): boolean {
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}

function isNull(value: unknown): boolean {
  return value === null;
}

function fieldHint(name: string): string {
  const other = Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : undefined;
  const question = didYouMean(other === undefined ? suggest(name, INPUT_FIELDS) : [other]);
  return `${question === undefined ? "" : `${question} `}The fields are: ${INPUT_FIELDS.join(", ")}.`;
}
