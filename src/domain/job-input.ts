import { describeValue } from "./describe.ts";
import { parseDurationMs } from "./duration.ts";
import { QueuectlError } from "./errors.ts";
import { ID_RULE, isId } from "./id.ts";
import type { NewJob } from "./job.ts";
import { quoteArgv } from "./shell-quote.ts";
import { suggest } from "./suggest.ts";

/** What a job gets where its input is silent. */
export interface JobDefaults {
  id: string;
  maxRetries: number;
  /** Absolute; what a relative "cwd" of the input is relative to. */
  cwd: string | null;
  now: number;
  /** What its author calls a field, where that is not the field's own name: errors speak the author's language. */
  names?: Readonly<Partial<Record<string, string>>> | undefined;
}

/** The largest number of retries and of priority: far beyond use, and exact in every store. */
const MAX_COUNT = 1_000_000;
const MAX_TEXT_LENGTH = 128;

/** The longest command, shell text or arguments together: a script of a thousand pages. */
const MAX_COMMAND_BYTES = 1_048_576;
/** The longest single argument: Linux takes 128 KiB (execve(2)), and only shell text can go another way. */
const MAX_ARGUMENT_BYTES = 100_000;

/** From the root, or from a drive's. */
const ABSOLUTE_PATH = /^(\/|[A-Za-z]:[\\/])/;

/** Fields that a job shows but nobody sets: accepted at their initial values, so that a shown job can be enqueued. */
const READ_ONLY_FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  state: (value) => value === "pending",
  attempts: (value) => value === 0,
  executions: (value) => Array.isArray(value) && value.length === 0,
  created_at: isTimestamp,
  updated_at: isTimestamp,
  next_run_at: isNull,
  exit_code: isNull,
  error: isNull,
  reason: isNull,
  worker: isNull,
};

const INPUT_FIELDS = [
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
  "queue",
  "tags",
  "env",
  "cwd",
  "stdin",
] as const;

type InputField = (typeof INPUT_FIELDS)[number];

/**
 * Turns one job object, as people and programs write it (snake_case, seconds, ISO 8601), into a job to store.
 * @throws invalid_job naming the field, its value and the rule; nothing is guessed or ignored
 */
export function parseJobInput(input: unknown, defaults: JobDefaults): NewJob {
  const { names } = defaults;
  const fields = requireFields(input);
  const argv = readArgv(fields);
  return {
    id: readId(fields) ?? defaults.id,
    command: readCommand(fields, argv),
    argv,
    queue: readQueue(fields) ?? "default",
    priority: readInteger(fields, "priority", { min: -MAX_COUNT }) ?? 0,
    tags: readTags(fields),
    cwd: readCwd(fields, defaults.cwd),
    env: readEnv(fields),
    stdin: readText(fields, "stdin") ?? null,
    maxRetries: readInteger(fields, "max_retries", { min: 0, names }) ?? defaults.maxRetries,
    backoffBase: readBackoffBase(fields, names),
    timeoutMs: readTimeout(fields),
    runAt: readRunAt(fields, defaults.now),
    expiresAt: null,
    unique: null,
    uniqueReturn: false,
    key: null,
    keyLimit: null,
    dependsOn: [],
    group: null,
    createdAt: defaults.now,
  };
}

type Fields = Partial<Record<InputField, unknown>>;

function requireFields(input: unknown): Fields {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw invalid(
      `A job must be a JSON object, not ${describeValue(input)}`,
      `Write it like this: {"command":"echo hello"}`,
    );
  }
  for (const [name, value] of Object.entries(input)) {
    const isInitial = Object.hasOwn(READ_ONLY_FIELDS, name) ? READ_ONLY_FIELDS[name] : undefined;
    if (isInitial) {
      if (!isInitial(value))
        throw invalid(
          `The field "${name}" is kept by queuectl and cannot be set to ${describeValue(value)}`,
          `Leave "${name}" out.`,
        );
    } else if (!(INPUT_FIELDS as readonly string[]).includes(name)) {
      throw unknownField(name);
    }
  }
  return input as Fields;
}

function readId(fields: Fields): string | undefined {
  const id = readText(fields, "id");
  if (id !== undefined && !isId(id))
    throw invalid(`The job id ${describeValue(id)} is not allowed`, `An id has ${ID_RULE}.`);
  return id;
}

function readQueue(fields: Fields): string | undefined {
  const queue = readText(fields, "queue");
  if (queue !== undefined && !isId(queue)) {
    throw invalid(`The queue name ${describeValue(queue)} is not allowed`, `A queue's name has ${ID_RULE}.`);
  }
  return queue;
}

function readArgv(fields: Fields): string[] | null {
  const argv = fields.argv;
  if (argv === undefined || argv === null) return null;
  if (!Array.isArray(argv) || argv.length === 0 || !argv.every((arg) => typeof arg === "string")) {
    throw wrongType("argv", "an array of one or more strings", argv);
  }
  for (const arg of argv) requireCleanText("argv", arg);
  if (argv.some((arg) => byteLength(arg) > MAX_ARGUMENT_BYTES))
    throw invalid(
      `An argument of the job is longer than ${MAX_ARGUMENT_BYTES} bytes`,
      "Put it into a file or its stdin, or give the whole as a shell command.",
    );
  if (argv[0] === "") throw invalid('The first entry of "argv" is empty', "It names the program to run.");
  return argv;
}

function readCommand(fields: Fields, argv: string[] | null): string {
  const command = readText(fields, "command");
  if (argv !== null) {
    const shown = quoteArgv(argv);
    if (command !== undefined && command !== shown) {
      throw invalid(`"command" and "argv" of the job say different things`, "Give one of them.");
    }
    return requireBounded(shown);
  }
  if (command === undefined)
    throw invalid(`A job needs a "command"`, `Write it like this: {"command":"echo hello"}`);
  if (command.trim() === "")
    throw invalid(`The job's "command" is empty`, "Give the shell command that is to be run.");
  return requireBounded(command);
}

function requireBounded(command: string): string {
  if (byteLength(command) <= MAX_COMMAND_BYTES) return command;
  throw invalid(
    `The job's "command" is longer than ${MAX_COMMAND_BYTES} bytes`,
    "Put it into a script file, and run that.",
  );
}

/** As UTF-8. Most texts are far too short to be measured. */
function byteLength(text: string): number {
  return text.length * 3 <= MAX_ARGUMENT_BYTES ? text.length : new TextEncoder().encode(text).length;
}

function readTags(fields: Fields): string[] {
  const tags = fields.tags;
  if (tags === undefined || tags === null) return [];
  if (!Array.isArray(tags)) throw wrongType("tags", "an array of strings", tags);
  for (const tag of tags) {
    if (typeof tag !== "string" || tag === "" || tag.length > MAX_TEXT_LENGTH) {
      throw wrongType("tags", `strings of 1 to ${MAX_TEXT_LENGTH} characters`, tag);
    }
    requireCleanText("tags", tag);
  }
  return [...new Set(tags as string[])];
}

function readEnv(fields: Fields): Record<string, string> {
  const env = fields.env;
  if (env === undefined || env === null) return {};
  if (typeof env !== "object" || Array.isArray(env))
    throw wrongType("env", "an object of names and strings", env);
  for (const [name, value] of Object.entries(env)) {
    if (name === "" || /[=\0]/.test(name) || !name.isWellFormed()) {
      throw invalid(
        `The environment variable name ${describeValue(name)} is not allowed`,
        'A name is not empty and has no "=".',
      );
    }
    if (typeof value !== "string") throw wrongType(`env.${name}`, "a string", value);
    requireCleanText(`env.${name}`, value);
  }
  // From entries, not by assignment: a variable called __proto__ is a variable too.
  return Object.fromEntries(Object.entries(env as Record<string, string>));
}

function readCwd(fields: Fields, base: string | null): string | null {
  const cwd = readText(fields, "cwd");
  if (cwd === undefined) return base;
  if (cwd === "") throw invalid('The job\'s "cwd" is empty', "Give a directory, or leave it out.");
  if (ABSOLUTE_PATH.test(cwd)) return cwd;
  if (base === null) throw wrongType("cwd", "an absolute path", cwd);
  return `${base.replace(/\/$/, "")}/${cwd}`;
}

function readBackoffBase(fields: Fields, names: JobDefaults["names"]): number | null {
  const base = fields.backoff_base;
  if (base === undefined || base === null) return null;
  if (typeof base !== "number" || !Number.isFinite(base) || base < 0 || base > MAX_COUNT) {
    throw wrongType(names?.["backoff_base"] ?? "backoff_base", `a number from 0 to ${MAX_COUNT}`, base);
  }
  return base;
}

function readTimeout(fields: Fields): number | null {
  const given = fields.timeout ?? undefined;
  const alias = fields.timeout_seconds ?? undefined;
  if (given !== undefined && alias !== undefined) {
    throw invalid('"timeout" and "timeout_seconds" are the same field', "Give one of them.");
  }
  if (given !== undefined) return readDurationMs("timeout", given);
  return alias === undefined ? null : readDurationMs("timeout_seconds", alias);
}

function readRunAt(fields: Fields, now: number): number | null {
  const runAt = fields.run_at ?? undefined;
  const delay = fields.delay ?? undefined;
  if (runAt !== undefined && delay !== undefined)
    throw invalid('"run_at" and "delay" exclude each other', "Give one of them.");
  if (delay !== undefined) return now + readDurationMs("delay", delay);
  if (runAt === undefined) return null;
  const at = typeof runAt === "string" ? parseInstant(runAt) : undefined;
  if (at === undefined)
    throw wrongType("run_at", "an instant with its zone such as 2026-12-01T03:00:00Z", runAt);
  return at;
}

function readDurationMs(name: string, value: unknown): number {
  const text = typeof value === "number" ? decimal(value) : value;
  const ms = typeof text === "string" ? parseDurationMs(text) : undefined;
  if (ms === undefined)
    throw wrongType(name, "seconds or a duration such as 30s, 5m, 2h, 1d, at most 100 years", value);
  return ms;
}

/** Tiny numbers would print as 1e-7, which is not a duration's text; all below a millisecond count as one. */
function decimal(value: number): string {
  return value > 0 && value < 1e-3 ? "0.001" : String(value);
}

function readInteger(
  fields: Fields,
  name: "priority" | "max_retries",
  { min, names }: { min: number; names?: JobDefaults["names"] },
): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > MAX_COUNT) {
    throw wrongType(names?.[name] ?? name, `a whole number from ${min} to ${MAX_COUNT}`, value);
  }
  return value;
}

function readText(fields: Fields, name: InputField): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw wrongType(name, "a string", value);
  requireCleanText(name, value);
  return value;
}

/** A NUL ends a text for the kernel, and half a surrogate pair has no UTF-8: neither could be run as it was written. */
function requireCleanText(name: string, text: string): void {
  if (text.includes("\0"))
    throw invalid(
      `The field ${describeValue(name)} contains a NUL character`,
      "No command or argument can hold one.",
    );
  if (!text.isWellFormed())
    throw invalid(
      `The field ${describeValue(name)} is not valid Unicode`,
      "It holds half of a surrogate pair.",
    );
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})$/;

/** The end of the year 9999: later ones are written with a sign and six digits. */
const LAST_INSTANT = 253_402_300_799_999;

/**
 * Reads an ISO 8601 instant. One without a zone is refused: whose local time it means differs from host to host.
 * @returns epoch milliseconds, or undefined when the text is no instant of the years 1970 to 9999
 */
export function parseInstant(text: string): number | undefined {
  if (!INSTANT.test(text)) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at) || at < 0 || at > LAST_INSTANT) return undefined;
  // Date.parse rolls 31 February over into March; the day that was written must be the day that was meant.
  const midnight = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(text.slice(0, 10))
    ? at
    : undefined;
}

/** Any way to write a time, with a zone or without: it is read, and forgotten. */
function isTimestamp(value: unknown): boolean {
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}

function isNull(value: unknown): boolean {
  return value === null;
}

function wrongType(name: string, rule: string, value: unknown): QueuectlError {
  return invalid(`The job field ${describeValue(name)} must be ${rule}, not ${describeValue(value)}`);
}

function unknownField(name: string): QueuectlError {
  const near = suggest(name, INPUT_FIELDS);
  const question = near.length > 0 ? `Did you mean ${near.join(" or ")}? ` : "";
  return invalid(
    `Unknown job field ${describeValue(name)}`,
    `${question}The fields are: ${INPUT_FIELDS.join(", ")}.`,
  );
}

function invalid(message: string, hint?: string): QueuectlError {
  return new QueuectlError("invalid_job", message, { hint });
}
