import { describeValue } from "../../domain/describe.ts";
import { QueuectlError } from "../../domain/errors.ts";
import type { JobWords } from "../../domain/job-fields.ts";
import { didYouMean, suggest } from "../../domain/suggest.ts";
import { OTHER_NAMES, stepWords } from "./fields.ts";
import type { LocatedEntry, LocatedMap, Place } from "./located.ts";

/** One thing that is wrong, and what to do about it. */
export interface Fault {
  at: Place;
  message: string;
  hint?: string | undefined;
}

export const NO_MERGES: string = 'YAML 1.2 merges no mappings. What all steps share goes under "defaults".';

/** What a screen holds. Who has mended so many can ask again. */
const MOST_SHOWN = 50;

/** All that is wrong with a flow. */
export class Faults {
  readonly source: string;
  readonly #faults: Fault[] = [];
  readonly words: JobWords;

  /**
   * @param source what the flow is called
   * @param words what its author calls steps and fields
   */
  constructor(source: string, words: JobWords = stepWords()) {
    this.source = source;
    this.words = words;
  }

  add(at: Place, message: string, hint?: string): void {
    this.#faults.push({ at, message, hint });
  }

  addAll(faults: readonly Fault[]): void {
    // One by one: a file of a megabyte can have more than a call takes arguments.
    for (const fault of faults) this.#faults.push(fault);
  }

  /** @throws invalid_flow when there are any, with all of them in the order of the text */
  throwAny(): void {
    const sorted = this.#faults.toSorted((a, b) => a.at.order - b.at.order);
    const [first] = sorted;
    if (first === undefined) return;
    const shown = sorted.slice(0, MOST_SHOWN);
    const faults = shown.map(({ at, message, hint }) => ({
      line: at.line ?? null,
      column: at.column ?? null,
      message: withHint(message, hint),
    }));
    if (sorted.length === 1)
      throw new QueuectlError("invalid_flow", `${first.at.text}: ${first.message}`, {
        hint: first.hint,
        faults,
      });
    const lines = shown.map(({ at, message, hint }) => `${at.text}: ${withHint(message, hint)}`);
    if (sorted.length > MOST_SHOWN) lines.push(`… and ${sorted.length - MOST_SHOWN} more.`);
    throw new QueuectlError(
      "invalid_flow",
      `${this.source} has ${sorted.length} faults, and nothing was enqueued`,
      {
        hint: lines.join("\n"),
        faults,
      },
    );
  }

  /** The entries of a map by name; those of other names, and those without a value, are faults. */
  knownFields(map: LocatedMap, names: readonly string[], of: string): Map<string, LocatedEntry> {
    const known = map.entries.filter((entry) => {
      const { key, keyAt, value } = entry;
      if (!names.includes(key))
        this.add(keyAt, `Unknown field ${describeValue(key)}`, fieldHint(key, names, of));
      else if (value.kind === "scalar" && value.value === null)
        this.add(keyAt, `The field "${this.words.nameOf(key)}" has no value`, "Give it one, or take it out.");
      else return true;
      return false;
    });
    return new Map(known.map((entry) => [entry.key, entry]));
  }

  /** Of a field that is not known to be there: one without a value has been refused already. */
  missing(flow: LocatedMap, field: string, hint: string): void {
    if (!flow.entries.some(({ key }) => key === field)) this.add(flow.at, `The flow has no "${field}"`, hint);
  }
}

function withHint(message: string, hint: string | undefined): string {
  return `${message}${/[.!?]$/.test(message) ? "" : "."}${hint === undefined ? "" : ` ${hint}`}`;
}

function fieldHint(key: string, names: readonly string[], of: string): string {
  if (key === "<<") return NO_MERGES;
  const other = Object.hasOwn(OTHER_NAMES, key) ? OTHER_NAMES[key] : undefined;
  const near = other !== undefined && names.includes(other) ? [other] : suggest(key, names);
  return (
    didYouMean(near) ??
    `The fields of ${of === "defaults" ? "the defaults" : `a ${of}`}: ${names.join(", ")}.`
  );
}
