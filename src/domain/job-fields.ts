import { describeValue } from "./describe.ts";
import { parseDurationMs } from "./duration.ts";
import { type ErrorCode, QueuectlError } from "./errors.ts";
import { explainNoInstant } from "./explain-instant.ts";
import { isId } from "./id.ts";
import { parseInstant, parseWallTime } from "./instant.ts";
import { describeUnknownZone, offsetsOf } from "./time-zone.ts";
import { instantOfWall } from "./wall-time.ts";

/** What its author calls a job and its fields: refusals speak the author's language. */
export interface JobWords {
  /** `job`, `step`. */
  readonly job: string;
  /**
   * The name of a field.
   * @param beside of a field that is missing, the one that is there and needs it
   */
  nameOf(field: string, beside?: string): string;
  /** The field, or a named part of it, in a sentence: `job field "env.PORT"`, `option --key`. */
  describe(field: string, part?: string): string;
}

/** Words in which a job is a job, and its fields have other names. */
export function jobWords(nameOf: (field: string) => string): JobWords {
  return { job: "job", nameOf, describe: (field, part) => `job field ${fieldText(nameOf(field), part)}` };
}

/** The name of a field, or of a part of it, in quotes. */
export function fieldText(name: string, part: string | undefined): string {
  return describeValue(part === undefined ? name : `${name}.${part}`);
}

/** Those of the job object itself. */
export const PLAIN_WORDS: JobWords = jobWords((field) => field);

/** One thing that is wrong with a job object. */
export interface JobFault {
  /** `invalid_job` unless given. */
  code?: ErrorCode;
  message: string;
  hint?: string | undefined;
  /** The fields that it is about: one that is wrong by itself, or some that do not go together. */
  fields: readonly string[];
  /** Of one field the wrong part: the name of a variable, an index of a list. */
  part?: string | number | undefined;
  /** A text was wanted: what looks like a number may have been meant as one. */
  isNoText?: boolean;
  /** A field is missing, which may be given elsewhere. */
  isLack?: boolean;
}

/** The values of a job object, each read by the rule of its type. A field that is null was not given. */
export interface GivenFields {
  readonly values: Readonly<Partial<Record<string, unknown>>>;
  readonly words: JobWords;
  /** Takes a fault, in its parts. Unless it throws, a wrong value reads as one that was not given. */
  refuse(
    fields: readonly string[],
    message: string,
    hint?: string,
    more?: Omit<JobFault, "fields" | "message" | "hint">,
  ): void;
}

/** @throws the fault as an error */
export function throwFault({ code = "invalid_job", message, hint }: JobFault): never {
  throw new QueuectlError(code, message, { hint });
}

/** The largest of all counts and limits: far beyond use, so that a number beyond it is a slip; and exact in every store. */
export const MAX_COUNT = 1_000_000;

/** The longest label of any kind, in characters. */
export const MAX_LABEL_LENGTH = 128;

export function readText(given: GivenFields, field: string): string | undefined {
  const value = given.values[field] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== "string") return refuseType(given, { field, isNoText: true }, "a string", value);
  return isClean(given, { field }, value) ? value : undefined;
}

/** A name that people choose freely: of a unique job, of a key. */
export function readLabel(given: GivenFields, field: string): string | null {
  const value = readText(given, field);
  if (value === undefined) return null;
  if (value === "" || value.length > MAX_LABEL_LENGTH)
    return refuseType(given, { field }, `a text of 1 to ${MAX_LABEL_LENGTH} characters`, value) ?? null;
  return isVisible(given, field, value) ? value : null;
}

const CHARACTER_NAMES: Readonly<Partial<Record<string, string>>> = {
  "\t": "a tab",
  "\n": "a line feed",
  "\r": "a carriage return",
  "\u001b": "an escape character",
  " ": "a space",
};

/** Names that look alike are one name: what does not show, within or at the ends, would make two of them. */
function isVisible(given: GivenFields, field: string, value: string): boolean {
  const [hidden] = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.exec(value) ?? [];
  const [blank] = /^\s|\s$/u.exec(value) ?? [];
  const character = hidden ?? blank;
  if (character === undefined) return true;
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  const invisible = /\p{Cf}/u.test(character) ? "a character that does not show" : "a control character";
  const called = CHARACTER_NAMES[character] ?? (hidden === undefined ? "a blank" : invisible);
  given.refuse(
    [field],
    `The ${given.words.describe(field)} ${hidden === undefined ? "begins or ends with" : "contains"} ${called} (U+${code})`,
    "Take it out: two names that look alike would be different ones.",
  );
  return false;
}

export function readInteger(given: GivenFields, field: string, { min }: { min: number }): number | undefined {
  const value = given.values[field] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > MAX_COUNT)
    return refuseType(given, { field }, `a whole number from ${min} to ${MAX_COUNT}`, value);
  return value;
}

export function readYesOrNo(given: GivenFields, field: string): boolean | undefined {
  const value = given.values[field] ?? undefined;
  if (value !== undefined && typeof value !== "boolean")
    return refuseType(given, { field }, "true or false", value);
  return value;
}

/** Ids of jobs or groups, each once; of a single one, the id alone. */
export function readIds(given: GivenFields, field: string): string[] {
  const value = given.values[field] ?? undefined;
  if (value === undefined) return [];
  const ids: unknown = typeof value === "string" ? [value] : value;
  if (!Array.isArray(ids)) return refuseType(given, { field }, "an id or an array of ids", value) ?? [];
  const right = (ids as unknown[]).filter(
    (id, part) =>
      (typeof id === "string" && isId(id)) || refuseType(given, { field, part }, "ids of jobs", id),
  );
  return [...new Set(right as string[])];
}

export function readDurationMs(given: GivenFields, field: string): number | undefined {
  const value = given.values[field] ?? undefined;
  if (value === undefined) return undefined;
  const text = typeof value === "number" ? decimal(value) : value;
  const ms = typeof text === "string" ? parseDurationMs(text) : undefined;
  const rule = "seconds or a duration such as 30s, 5m, 1h30m, 1d, at most 100 years";
  return ms ?? refuseType(given, { field }, rule, value);
}

/** Tiny numbers would print as 1e-7, which is not a duration's text; all below a millisecond count as one. */
function decimal(value: number): string {
  return value > 0 && value < 1e-3 ? "0.001" : String(value);
}

/** An instant that is written with its offset, or as the wall time of a zone. */
export function readInstant(given: GivenFields, field: string): number | undefined {
  const value = given.values[field] ?? undefined;
  if (value === undefined) return undefined;
  const rule = "an instant with its zone such as 2026-12-01T03:00:00Z or 2026-12-01 03:00 Europe/Rome";
  if (typeof value !== "string") return refuseType(given, { field }, rule, value);
  const instant = parseInstant(value);
  if (instant !== undefined) return instant;
  const wall = parseWallTime(value);
  const offsets = wall && offsetsOf(wall.zone);
  if (wall && !offsets) {
    const { message, hint } = describeUnknownZone(wall.zone);
    given.refuse([field], message, hint);
    return undefined;
  }
  const at = wall && offsets ? instantOfWall(wall.wallMs, offsets) : -1;
  return at < 0 ? refuseType(given, { field }, rule, value, explainNoInstant(value)) : at;
}

/** A NUL ends a text for the kernel, and half a surrogate pair has no UTF-8: neither could be run as it was written. */
export function isClean(given: GivenFields, { field, part }: FieldPart, text: string): boolean {
  const [fault, hint] = text.includes("\0")
    ? ["contains a NUL character", "No command or argument can hold one."]
    : text.isWellFormed()
      ? []
      : ["is not valid Unicode", "It holds half of a surrogate pair."];
  if (fault === undefined) return true;
  given.refuse([field], `The ${given.words.describe(field, nameOfPart(part))} ${fault}`, hint, { part });
  return false;
}

/** Where a value stands that is wrong by itself. */
export interface FieldPart extends Pick<JobFault, "part" | "isNoText"> {
  field: string;
}

/**
 * Refuses a value that is not what its field takes.
 * @param why which part of the value is wrong, as the end of a sentence
 */
export function refuseType(
  given: GivenFields,
  { field, part, isNoText = false }: FieldPart,
  rule: string,
  value: unknown,
  why?: string,
): undefined {
  const what = given.words.describe(field, nameOfPart(part));
  const end = why === undefined ? "" : `: ${why}`;
  const message = `The ${what} must be ${rule}, not ${describeValue(value)}${end}`;
  given.refuse([field], message, undefined, { part, isNoText });
}

/** A variable is named; which of a list it is, its value tells. */
function nameOfPart(part: FieldPart["part"]): string | undefined {
  return typeof part === "string" ? part : undefined;
}
