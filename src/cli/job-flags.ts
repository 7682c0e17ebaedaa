import { resolve } from "node:path";
import { type JobWords, PLAIN_WORDS, throwFault } from "../domain/job-fields.ts";
import { readJobInput } from "../domain/job-input.ts";
import type { PlacedInput } from "../queue/enqueue.ts";
import type { Invocation } from "./command.ts";
import type { Io } from "./io.ts";
import { mapAsync } from "./map-async.ts";
import type { ListSource, StreamSource } from "./read-source.ts";
import { usage } from "./usage.ts";

/** Flags by the names of the fields they set; they count for every job of the command line. */
const FLAG_FIELDS: Readonly<Record<string, (texts: readonly string[]) => unknown>> = {
  id: lastText,
  max_retries: numberOrText,
  timeout: lastText,
  timeout_seconds: lastText,
  backoff_base: numberOrText,
  priority: numberOrText,
  delay: lastText,
  run_at: lastText,
  expires: lastText,
  queue: lastText,
  cwd: lastText,
  stdin: lastText,
  unique: lastText,
  unique_return: () => true,
  key: lastText,
  key_limit: numberOrText,
  depends_on: readIds,
  after_any: readIds,
  after_fail: readIds,
  tags: (texts) => texts,
  env: (texts) => Object.fromEntries(texts.map(readVariable)),
};

/** Flags that are not called like their fields. */
const FLAG_NAMES: Readonly<Record<string, string>> = { depends_on: "after", tags: "tag" };

function flagOf(field: string): string {
  return FLAG_NAMES[field] ?? field.replaceAll("_", "-");
}

function lastText(texts: readonly string[]): string {
  return texts.at(-1) ?? "";
}

/** Repeated, or with commas between them. */
function readIds(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split(","));
}

/** What is not a number stays text, and is refused as such with its field's name. */
function numberOrText(texts: readonly string[]): unknown {
  const text = lastText(texts);
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** What the fields that flags have set, or should have, are called: nobody who typed a flag knows of fields. */
export function flagWords({ options }: Invocation): JobWords {
  const isTyped = (field: string) => Object.hasOwn(FLAG_FIELDS, field) && options.has(flagOf(field));
  return {
    job: "job",
    nameOf: (field, beside = field) => (isTyped(beside) ? `--${flagOf(field)}` : field),
    describe: (field, part) =>
      isTyped(field) ? `option --${flagOf(field)}` : PLAIN_WORDS.describe(field, part),
  };
}

/** What the words say, and what the flags say over it. */
export function withFlags<S extends ListSource | StreamSource>(source: S, invocation: Invocation, io: Io): S {
  const flags: Record<string, unknown> = {};
  for (const [field, read] of Object.entries(FLAG_FIELDS)) {
    const texts = invocation.options.all(flagOf(field));
    if (texts.length > 0) flags[field] = read(texts);
  }
  if (Object.keys(flags).length > 0) checkFlags(flags, flagWords(invocation));
  const merge = ({ input, place }: PlacedInput): PlacedInput => ({
    input: mergeInput(input, flags, io.cwd),
    place,
  });
  if (source.kind === "stream") return { ...source, inputs: mapAsync(source.inputs, merge) };
  return { ...source, inputs: source.inputs.map(merge) };
}

/** Refuses what is wrong in itself before any job is read; what a flag lacks, the jobs may have. */
function checkFlags(flags: Record<string, unknown>, words: JobWords): void {
  const defaults = { id: "", maxRetries: 0, cwd: "/", now: Date.now(), words };
  readJobInput({ command: "true", ...flags }, defaults, (fault) => {
    if (!fault.isLack) throwFault(fault);
  });
}

function mergeInput(input: unknown, flags: Record<string, unknown>, cwd: string): unknown {
  // Not an object: refused later, with its place.
  if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
  const merged: Record<string, unknown> = Object.assign(Object.create(null), input, flags);
  if (typeof merged["cwd"] === "string" && merged["cwd"] !== "") merged["cwd"] = resolve(cwd, merged["cwd"]);
  return merged;
}

function readVariable(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at <= 0) throw usage(`--env ${text} has no value`, "Write it like this: --env NAME=VALUE");
  return [text.slice(0, at), text.slice(at + 1)];
}
