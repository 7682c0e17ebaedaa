import { describeValue } from "./describe.ts";
import type { QueuectlError } from "./errors.ts";
import { ID_RULE, isId } from "./id.ts";
import { DEFAULT_QUEUE, type NewJob } from "./job.ts";
import { DEPENDENCY_FIELDS, readDependencies, readKey, readTimes, readUnique } from "./job-conditions.ts";
import {
  type GivenFields,
  invalidJob,
  MAX_COUNT,
  MAX_LABEL_LENGTH,
  readDurationMs,
  readInteger,
  readText,
  requireCleanText,
  wrongType,
} from "./job-fields.ts";
import { quoteArgv } from "./shell-quote.ts";
import { suggest } from "./suggest.ts";

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
  names?: GivenFields["names"];
}

/** The longest command, shell text or arguments together: a script of a thousand pages. */
const MAX_COMMAND_BYTES = 1_048_576;
/** The longest single argument: Linux takes 128 KiB (execve(2)), and only shell text can go another way. */
const MAX_ARGUMENT_BYTES = 100_000;

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
  const given = { values: requireFields(input), names: defaults.names };
  const argv = readArgv(given);
  const id = readId(given) ?? defaults.id;
  return {
    id,
    command: readCommand(given, argv),
    argv,
    queue: readQueue(given) ?? DEFAULT_QUEUE,
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

type Fields = Readonly<Partial<Record<string, unknown>>>;

function requireFields(input: unknown): Fields {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw invalidJob(
      `A job must be a JSON object, not ${describeValue(input)}`,
      `Write it like this: {"command":"echo hello"}`,
    );
  }
  for (const [name, value] of Object.entries(input)) {
    const isInitial = Object.hasOwn(READ_ONLY_FIELDS, name) ? READ_ONLY_FIELDS[name] : undefined;
    if (isInitial) {
      if (!isInitial(value, input as Fields))
        throw invalidJob(
          `The field "${name}" is kept by queuectl and cannot be set to ${describeValue(value)}`,
          `Leave "${name}" out.`,
        );
    } else if (!INPUT_FIELDS.includes(name)) {
      throw unknownField(name);
    }
  }
  return input as Fields;
}

function readId(given: GivenFields): string | undefined {
  const id = readText(given, "id");
  if (id !== undefined && !isId(id))
    throw invalidJob(`The job id ${describeValue(id)} is not allowed`, `An id has ${ID_RULE}.`);
  return id;
}

function readQueue(given: GivenFields): string | undefined {
  const queue = readText(given, "queue");
  if (queue !== undefined && !isId(queue)) {
    throw invalidJob(
      `The queue name ${describeValue(queue)} is not allowed`,
      `A queue's name has ${ID_RULE}.`,
    );
  }
  return queue;
}

function readArgv(given: GivenFields): string[] | null {
  const argv = given.values["argv"];
  if (argv === undefined || argv === null) return null;
  if (!Array.isArray(argv) || argv.length === 0)
    throw wrongType(given, "argv", "an array of one or more strings", argv);
  for (const arg of argv as unknown[]) {
    if (typeof arg !== "string") throw wrongType(given, "argv", "strings", arg);
    requireCleanText("argv", arg);
  }
  if (argv.some((arg) => byteLength(arg) > MAX_ARGUMENT_BYTES))
    throw invalidJob(
      `An argument of the job is longer than ${MAX_ARGUMENT_BYTES} bytes`,
      "Put it into a file or its stdin, or give the whole as a shell command.",
    );
  if (argv[0] === "") throw invalidJob('The first entry of "argv" is empty', "It names the program to run.");
  return argv;
}

function readCommand(given: GivenFields, argv: string[] | null): string {
  const command = readText(given, "command");
  if (argv !== null) {
    const shown = quoteArgv(argv);
    if (command !== undefined && command !== shown) {
      throw invalidJob(`"command" and "argv" of the job say different things`, "Give one of them.");
    }
    return requireBounded(shown);
  }
  if (command === undefined)
    throw invalidJob(`A job needs a "command"`, `Write it like this: {"command":"echo hello"}`);
  if (command.trim() === "")
    throw invalidJob(`The job's "command" is empty`, "Give the shell command that is to be run.");
  return requireBounded(command);
}

function requireBounded(command: string): string {
  if (byteLength(command) <= MAX_COMMAND_BYTES) return command;
  throw invalidJob(
    `The job's "command" is longer than ${MAX_COMMAND_BYTES} bytes`,
    "Put it into a script file, and run that.",
  );
}

/** As UTF-8. Most texts are far too short to be measured. */
function byteLength(text: string): number {
  return text.length * 3 <= MAX_ARGUMENT_BYTES ? text.length : new TextEncoder().encode(text).length;
}

function readTags(given: GivenFields): string[] {
  const tags = given.values["tags"];
  if (tags === undefined || tags === null) return [];
  if (!Array.isArray(tags)) throw wrongType(given, "tags", "an array of strings", tags);
  for (const tag of tags) {
    if (typeof tag !== "string" || tag === "" || tag.length > MAX_LABEL_LENGTH) {
      throw wrongType(given, "tags", `strings of 1 to ${MAX_LABEL_LENGTH} characters`, tag);
    }
    requireCleanText("tags", tag);
  }
  return [...new Set(tags as string[])];
}

function readEnv(given: GivenFields): Record<string, string> {
  const env = given.values["env"];
  if (env === undefined || env === null) return {};
  if (typeof env !== "object" || Array.isArray(env))
    throw wrongType(given, "env", "an object of names and strings", env);
  for (const [name, value] of Object.entries(env)) {
    if (name === "" || /[=\0]/.test(name) || !name.isWellFormed()) {
      throw invalidJob(
        `The environment variable name ${describeValue(name)} is not allowed`,
        'A name is not empty and has no "=".',
      );
    }
    if (typeof value !== "string") throw wrongType(given, `env.${name}`, "a string", value);
    requireCleanText(`env.${name}`, value);
  }
  // From entries, not by assignment: a variable called __proto__ is a variable too.
  return Object.fromEntries(Object.entries(env as Record<string, string>));
}

function readCwd(given: GivenFields, base: string | null): string | null {
  const cwd = readText(given, "cwd");
  if (cwd === undefined) return base;
  if (cwd === "") throw invalidJob('The job\'s "cwd" is empty', "Give a directory, or leave it out.");
  if (ABSOLUTE_PATH.test(cwd)) return cwd;
  if (base === null) throw wrongType(given, "cwd", "an absolute path", cwd);
  return `${base.replace(/\/$/, "")}/${cwd}`;
}

function readBackoffBase(given: GivenFields): number | null {
  const base = given.values["backoff_base"];
  if (base === undefined || base === null) return null;
  if (typeof base !== "number" || !Number.isFinite(base) || base < 0 || base > MAX_COUNT) {
    throw wrongType(given, "backoff_base", `a number from 0 to ${MAX_COUNT}`, base);
  }
  return base;
}

function readTimeout(given: GivenFields): number | null {
  const timeout = readDurationMs(given, "timeout");
  const alias = readDurationMs(given, "timeout_seconds");
  if (timeout !== undefined && alias !== undefined)
    throw invalidJob('"timeout" and "timeout_seconds" are the same field', "Give one of them.");
  return timeout ?? alias ?? null;
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

function unknownField(name: string): QueuectlError {
  const other = Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : undefined;
  const near = other === undefined ? suggest(name, INPUT_FIELDS) : [other];
  const question = near.length > 0 ? `Did you mean ${near.join(" or ")}? ` : "";
  return invalidJob(
    `Unknown job field ${describeValue(name)}`,
    `${question}The fields are: ${INPUT_FIELDS.join(", ")}.`,
  );
}
