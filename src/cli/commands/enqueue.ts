import { resolve } from "node:path";
import { formatDuration } from "../../domain/duration.ts";
import { QueuectlError } from "../../domain/errors.ts";
import { checkInputs, enqueueJobs, type PlacedInput } from "../../queue/enqueue.ts";
import { toJobJson } from "../../queue/job-json.ts";
import type { EnqueueReceipt, Store } from "../../store/store.ts";
import type { Invocation } from "../command.ts";
import { openForWriting, readSetting } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { hintWhenNobodyWorks } from "../no-worker-hint.ts";
import type { LineCount } from "../read-jobs-file.ts";
import { writeJson, writeJsonArray } from "../render/json.ts";

/** What is to be enqueued, and how it was said: the answer has the same shape. */
type Source =
  | { kind: "one"; inputs: PlacedInput[] }
  | { kind: "list"; inputs: PlacedInput[] }
  | { kind: "stream"; inputs: AsyncIterable<PlacedInput>; lines: LineCount };

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const source = withFlags(await readSource(invocation, io), invocation, io);
  // Before the store is opened: a job that is refused must not leave an empty database behind.
  if (source.kind !== "stream") checkInputs(source.inputs, io.cwd);
  await using store = await openForWriting(invocation, io);
  const maxRetries = (await readSetting(store, "max-retries", invocation, io)) as number;
  const receipt = await placingDuplicates(source, () =>
    enqueueJobs(store, source.inputs, { maxRetries, cwd: io.cwd, now: Date.now() }),
  );
  await answer(store, receipt, source, invocation, io);
  if (!invocation.options.has("quiet")) await hint(store, receipt, source, invocation, io);
  return DONE;
}

export async function readSource(invocation: Invocation, io: Io): Promise<Source> {
  const { args, rest, options } = invocation;
  const given = [rest !== null, options.has("command"), options.has("file"), args.length > 0].filter(
    Boolean,
  ).length;
  if (given === 0)
    throw usage("There is nothing to enqueue", 'Give a command: queuectl enqueue "echo hello"');
  if (given > 1)
    throw usage(
      "The job was given in more than one way",
      "Give one of: JSON or text, --command, --file, or words after --.",
    );
  if (rest !== null) return fromArgv(rest);
  if (options.has("command")) return one({ command: options.text("command") });
  const file = options.text("file") ?? (args.length === 1 && args[0] === "-" ? "-" : undefined);
  if (file !== undefined)
    return await (await import("../read-jobs-file.ts")).readJobsFile(file, io, options.has("quiet"));
  return fromWords(args);
}

function fromArgv(rest: readonly string[]): Source {
  if (rest.length === 0)
    throw usage("There is no command after --", "Write it like this: queuectl enqueue -- echo hello");
  return one({ argv: [...rest] });
}

function fromWords(words: readonly string[]): Source {
  const [text = "", ...more] = words;
  const looksLikeJson = /^\s*[{[]/.test(text);
  if (more.length > 0) {
    // cmd knows no single quotes: it hands them on, and takes the double ones for itself.
    const hint = /^\s*'?[{[]/.test(text)
      ? LOST_QUOTES
      : `Put it in quotes, or after --: queuectl enqueue -- ${words.join(" ")}`;
    throw usage(`The command came as ${words.length} separate words`, hint);
  }
  if (!looksLikeJson) return one({ command: text });
  const value = parseJson(text);
  return Array.isArray(value) ? fromList(value) : one(value);
}

function fromList(values: readonly unknown[]): Source {
  if (values.length === 0)
    throw new QueuectlError("invalid_job", "The list of jobs is empty", { hint: "Give at least one job." });
  return { kind: "list", inputs: values.map((input, index) => ({ input, place: `Entry ${index + 1}` })) };
}

function one(input: unknown): Source {
  return { kind: "one", inputs: [{ input, place: "" }] };
}

const LOST_QUOTES = `This looks like JSON that lost its quotes on the way through the shell.
  PowerShell 7:    queuectl enqueue '{"command":"echo hello"}'
  PowerShell 5:    queuectl enqueue '{\\"command\\":\\"echo hello\\"}'
  cmd:             queuectl enqueue "{\\"command\\":\\"echo hello\\"}"
  sh, bash, zsh:   queuectl enqueue '{"command":"echo hello"}'`;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const lostQuotes = /^\s*[{[]/.test(text) && !text.includes('"') && text.includes(":");
    throw new QueuectlError("invalid_json", `This is not valid JSON: ${(cause as Error).message}`, {
      hint: `${lostQuotes ? `${LOST_QUOTES}\n` : ""}If it is a shell command that begins with ${text.trim().charAt(0)}: queuectl enqueue --command '…'`,
      cause,
    });
  }
}

/** Flags by the names of the fields they set; they count for every job of the command line. */
const FLAG_FIELDS: Readonly<Record<string, (text: string) => unknown>> = {
  id: String,
  max_retries: numberOrText,
  timeout: String,
  timeout_seconds: String,
  backoff_base: numberOrText,
  priority: numberOrText,
  delay: String,
  run_at: String,
  queue: String,
  cwd: String,
  stdin: String,
};

/** What is not a number stays text, and is refused as such with its field's name. */
function numberOrText(text: string): unknown {
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

export function withFlags(source: Source, { options }: Invocation, io: Io): Source {
  const flags: Record<string, unknown> = {};
  for (const [field, read] of Object.entries(FLAG_FIELDS)) {
    const text = options.text(field.replaceAll("_", "-"));
    if (text !== undefined) flags[field] = checkFlag(field, read(text));
  }
  if (options.has("tag")) flags["tags"] = options.all("tag");
  if (options.has("env")) flags["env"] = Object.fromEntries(options.all("env").map(readVariable));
  const merge = ({ input, place }: PlacedInput): PlacedInput => ({
    input: mergeInput(input, flags, io.cwd),
    place,
  });
  if (source.kind === "stream") return { ...source, inputs: mapAsync(source.inputs, merge) };
  return { ...source, inputs: source.inputs.map(merge) };
}

/** Refuses a value by the name of its flag: nobody who typed one knows of fields. */
function checkFlag(field: string, value: unknown): unknown {
  try {
    checkInputs([{ input: { command: "true", [field]: value }, place: "" }], "/");
    return value;
  } catch (error) {
    if (!(error instanceof QueuectlError)) throw error;
    const flag = `--${field.replaceAll("_", "-")}`;
    const message = error.message.replace(`The job field "${field}"`, `The option ${flag}`);
    throw new QueuectlError(error.code, message, { hint: error.hint });
  }
}

function mergeInput(input: unknown, flags: Record<string, unknown>, cwd: string): unknown {
  // Not an object: refused later, with its place.
  if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
  const merged: Record<string, unknown> = Object.assign(Object.create(null), input, flags);
  if (typeof merged["cwd"] === "string" && merged["cwd"] !== "") merged["cwd"] = resolve(cwd, merged["cwd"]);
  return merged;
}

async function* mapAsync<A, B>(values: AsyncIterable<A>, change: (value: A) => B): AsyncGenerator<B> {
  for await (const value of values) yield change(value);
}

function readVariable(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at <= 0) throw usage(`--env ${text} has no value`, "Write it like this: --env NAME=VALUE");
  return [text.slice(0, at), text.slice(at + 1)];
}

/** The store knows a duplicate by its position among the jobs; people know entries and lines. */
async function placingDuplicates(
  source: Source,
  work: () => Promise<EnqueueReceipt>,
): Promise<EnqueueReceipt> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof QueuectlError) || error.position === undefined || source.kind === "one")
      throw error;
    const isCountedByLine = source.kind === "stream" && !source.lines.isArray;
    const place = isCountedByLine
      ? `Line ${lineOf(error.position, source.lines)}`
      : `Entry ${error.position}`;
    throw new QueuectlError(error.code, `${place}: ${error.message}`, { hint: error.hint });
  }
}

function lineOf(position: number, { blankLines }: LineCount): number {
  let line = position;
  for (const blank of blankLines) if (blank <= line) line += 1;
  return line;
}

async function answer(
  store: Store,
  receipt: EnqueueReceipt,
  source: Source,
  { options }: Invocation,
  io: Io,
): Promise<void> {
  const jobs = store.listJobs({ seqs: { first: receipt.firstSeq, last: receipt.lastSeq } });
  if (options.has("json")) {
    if (source.kind !== "one") return await writeJsonArray(io, mapAsync(jobs, toJobJson));
    for await (const job of jobs) writeJson(io, toJobJson(job));
  } else if (source.kind === "stream" && !options.has("quiet")) {
    io.stdout.write(`✅ ${receipt.count} ${receipt.count === 1 ? "job" : "jobs"} enqueued successfully.\n`);
  } else {
    for await (const { id } of jobs)
      io.stdout.write(options.has("quiet") ? `${id}\n` : `✅ Job enqueued successfully. ID: ${id}\n`);
  }
}

async function hint(
  store: Store,
  receipt: EnqueueReceipt,
  source: Source,
  invocation: Invocation,
  io: Io,
): Promise<void> {
  if (source.kind === "one") {
    for await (const { timeoutMs } of store.listJobs({
      seqs: { first: receipt.firstSeq, last: receipt.lastSeq },
    })) {
      const inherited =
        timeoutMs === null ? ((await readSetting(store, "job-timeout", invocation, io)) as number) : 0;
      if (inherited > 0)
        io.stderr.write(
          `It may run for ${formatDuration(inherited)} (setting job-timeout); --timeout changes that.\n`,
        );
    }
  }
  await hintWhenNobodyWorks(store, io);
}

function usage(message: string, hint: string): QueuectlError {
  return new QueuectlError("invalid_usage", message, { hint });
}
