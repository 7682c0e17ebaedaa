import { describeValue } from "./describe.ts";
import { parseDurationMs } from "./duration.ts";
import { QueuectlError } from "./errors.ts";
import { explainNoInstant } from "./explain-instant.ts";
import { isId } from "./id.ts";
import { parseInstant, parseWallTime } from "./instant.ts";
import { describeUnknownZone, offsetsOf } from "./time-zone.ts";
import { instantOfWall } from "./wall-time.ts";

/** How the values of a job object are read, each by the rule of its type. A field that is null was not given. */
export interface GivenFields {
  readonly values: Readonly<Partial<Record<string, unknown>>>;
  /** What its author calls a field, where that is not the field's own name: errors speak the author's language. */
  readonly names?: Readonly<Partial<Record<string, string>>> | undefined;
}

/** The largest of all whole numbers here: far beyond use, and exact in every store. */
export const MAX_COUNT = 1_000_000;

/** The longest label of any kind, in characters. */
export const MAX_LABEL_LENGTH = 128;

/** A field as its author calls it. */
export function nameOf({ names }: GivenFields, field: string): string {
  return names?.[field] ?? field;
}

export function readText(given: GivenFields, field: string): string | undefined {
  const value = given.values[field] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw wrongType(given, field, "a string", value);
  requireCleanText(field, value);
  return value;
}

/** A name that people choose freely: of a unique job, of a key. */
export function readLabel(given: GivenFields, field: string): string | null {
  const value = readText(given, field);
  if (value === undefined) return null;
  if (value === "" || value.length > MAX_LABEL_LENGTH)
    throw wrongType(given, field, `a text of 1 to ${MAX_LABEL_LENGTH} characters`, value);
  requireVisible(given, field, value);
  return value;
}

const CHARACTER_NAMES: Readonly<Partial<Record<string, string>>> = {
  "\t": "a tab",
  "\n": "a line feed",
  "\r": "a carriage return",
  "\u001b": "an escape character",
  " ": "a space",
};

/** Names that look alike are one name: what does not show, within or at the ends, would make two of them. */
function requireVisible(given: GivenFields, field: string, value: string): void {
  const [hidden] = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.exec(value) ?? [];
  const [blank] = /^\s|\s$/u.exec(value) ?? [];
  const character = hidden ?? blank;
  if (character === undefined) return;
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  const invisible = /\p{Cf}/u.test(character) ? "a character that does not show" : "a control character";
  const called = CHARACTER_NAMES[character] ?? (hidden === undefined ? "a blank" : invisible);
  throw invalidJob(
    `The job field ${describeValue(nameOf(given, field))} ${hidden === undefined ? "begins or ends with" : "contains"} ${called} (U+${code})`,
    "Take it out: two names that look alike would be different ones.",
  );
}

export function readInteger(given: GivenFields, field: string, { min }: { min: number }): number | undefined {
  const value = given.values[field] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > MAX_COUNT)
    throw wrongType(given, field, `a whole number from ${min} to ${MAX_COUNT}`, value);
  return value;
}

export function readYesOrNo(given: GivenFields, field: string): boolean | undefined {
  const value = given.values[field] ?? undefined;
  if (value !== undefined && typeof value !== "boolean")
    throw wrongType(given, field, "true or false", value);
  return value;
}

/** Ids of jobs or groups, each once; of a single one, the id alone. */
export function readIds(given: GivenFields, field: string): string[] {
  const value = given.values[field] ?? undefined;
  if (value === undefined) return [];
  const ids: unknown = typeof value === "string" ? [value] : value;
  if (!Array.isArray(ids)) throw wrongType(given, field, "an id or an array of ids", value);
  for (const id of ids as unknown[])
    if (typeof id !== "string" || !isId(id)) throw wrongType(given, field, "ids of jobs", id);
  return [...new Set(ids as string[])];
}

export function readDurationMs(given: GivenFields, field: string): number | undefined {
  const value = given.values[field] ?? undefined;
  if (value === undefined) return undefined;
  const text = typeof value === "number" ? decimal(value) : value;
  const ms = typeof text === "string" ? parseDurationMs(text) : undefined;
  if (ms === undefined)
    throw wrongType(
      given,
      field,
      "seconds or a duration such as 30s, 5m, 1h30m, 1d, at most 100 years",
      value,
    );
  return ms;
}

/** Tiny numbers would print as 1e-7, which is not a duration's text; all below a millisecond count as one. */
function decimal(value: number): string {
  return value > 0 && value < 1e-3 ? "0.001" : String(value);
}

/** An instant that is written with its offset, or as the wall time of a zone. */
export function readInstant(given: GivenFields, field: string): number | undefined {
  const value = given.values[field] ?? undefined;
  if (value === undefined) return undefined;
  const at = typeof value === "string" ? (parseInstant(value) ?? readWallTime(value)) : undefined;
  if (at === undefined)
    throw wrongType(
      given,
      field,
      "an instant with its zone such as 2026-12-01T03:00:00Z or 2026-12-01 03:00 Europe/Rome",
      value,
      typeof value === "string" ? explainNoInstant(value) : undefined,
    );
  return at;
}

function readWallTime(text: string): number | undefined {
  const wall = parseWallTime(text);
  if (wall === undefined) return undefined;
  const offsets = offsetsOf(wall.zone);
  if (!offsets) {
    const { message, hint } = describeUnknownZone(wall.zone);
    throw invalidJob(message, hint);
  }
  const at = instantOfWall(wall.wallMs, offsets);
  return at < 0 ? undefined : at;
}

/** A NUL ends a text for the kernel, and half a surrogate pair has no UTF-8: neither could be run as it was written. */
export function requireCleanText(field: string, text: string): void {
  if (text.includes("\0"))
    throw invalidJob(
      `The field ${describeValue(field)} contains a NUL character`,
      "No command or argument can hold one.",
    );
  if (!text.isWellFormed())
    throw invalidJob(
      `The field ${describeValue(field)} is not valid Unicode`,
      "It holds half of a surrogate pair.",
    );
}

/** @param why which part of the value is wrong, as the end of a sentence */
export function wrongType(
  given: GivenFields,
  field: string,
  rule: string,
  value: unknown,
  why?: string,
): QueuectlError {
  return invalidJob(
    `The job field ${describeValue(nameOf(given, field))} must be ${rule}, not ${describeValue(value)}${why === undefined ? "" : `: ${why}`}`,
  );
}

export function invalidJob(message: string, hint?: string): QueuectlError {
  return new QueuectlError("invalid_job", message, { hint });
}
