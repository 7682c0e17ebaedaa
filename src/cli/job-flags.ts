import { resolve } from "node:path";
import { QueuectlError } from "../domain/errors.ts";
import { checkInputs, type PlacedInput } from "../queue/enqueue.ts";
import type { Invocation } from "./command.ts";
import type { Io } from "./io.ts";
import { mapAsync } from "./map-async.ts";
import { type ListSource, type StreamSource, usage } from "./read-source.ts";

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

/** What a field needs beside it, so that its value can be checked alone. */
const COMPANIONS: Readonly<Record<string, object>> = {
  unique_return: { unique: "-" },
  key_limit: { key: "-" },
};

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

/** What the fields that flags have set, or should have, are called where something is wrong with several of them. */
export function flagNames({ options }: Invocation): Record<string, string> {
  const given = Object.keys(FLAG_FIELDS).filter((field) => options.has(flagOf(field)));
  const fields = given.flatMap((field) => [field, ...Object.keys(COMPANIONS[field] ?? {})]);
  return Object.fromEntries(fields.map((field) => [field, `--${flagOf(field)}`]));
}

/** What the words say, and what the flags say over it. */
export function withFlags<S extends ListSource | StreamSource>(
  source: S,
  { options }: Invocation,
  io: Io,
): S {
  const flags: Record<string, unknown> = {};
  for (const [field, read] of Object.entries(FLAG_FIELDS)) {
    const texts = options.all(flagOf(field));
    if (texts.length > 0) flags[field] = checkFlag(field, read(texts));
  }
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
    checkInputs([{ input: { command: "true", ...COMPANIONS[field], [field]: value }, place: "" }], {
      cwd: "/",
    });
    return value;
  } catch (error) {
    if (!(error instanceof QueuectlError)) throw error;
    const message = error.message.replace(`The job field "${field}"`, `The option --${flagOf(field)}`);
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

function readVariable(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at <= 0) throw usage(`--env ${text} has no value`, "Write it like this: --env NAME=VALUE");
  return [text.slice(0, at), text.slice(at + 1)];
}
