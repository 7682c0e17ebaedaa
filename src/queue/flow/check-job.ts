import type { JobFault, JobWords } from "../../domain/job-fields.ts";
import { readJobInput } from "../../domain/job-input.ts";
import { type Fault, NO_MERGES } from "./faults.ts";
import { type Located, type LocatedEntry, type Place, toPlain } from "./located.ts";

/** What the checks of a job need to know of their surroundings. */
export interface FlowContext {
  /** What a relative `cwd` is relative to. */
  cwd: string;
  now: number;
  /** The flow's id, when it was given: its steps' ids begin with it. */
  id?: string | undefined;
}

/** A job object: fields by name, with their values. */
export type JobObject = Record<string, unknown>;

/** Where a job is written, and in whose words. */
export interface JobSource {
  at: Place;
  /** Its fields as they are written, by their names in a job object. */
  given: ReadonlyMap<string, LocatedEntry>;
  words: JobWords;
  /** Another part of it is written elsewhere. */
  isPartial?: boolean;
}

/**
 * What is wrong with a step by the rules of a job: with one of its fields, at the smallest part that is wrong by itself; with
 * several that do not go together, at the whole.
 */
export function checkJob(
  job: JobObject,
  { at, given, words, isPartial = false }: JobSource,
  { cwd, now }: FlowContext,
): Fault[] {
  const faults: Fault[] = [];
  readJobInput(job, { id: "", maxRetries: 0, cwd, now, words }, ({ fields, part, ...fault }) => {
    if (isPartial && fault.isLack) return;
    const [field, ...others] = fields;
    const entry = field === undefined || others.length > 0 ? undefined : given.get(field);
    const wrong = entry && partOf(entry.value, part);
    faults.push({
      at: wrong?.at ?? at,
      message: fault.message,
      hint: fault.hint ?? (part === "<<" ? NO_MERGES : fault.isNoText ? quotesHint(wrong) : undefined),
    });
  });
  return faults;
}

function partOf(value: Located, part: JobFault["part"]): Located {
  if (value.kind === "list" && typeof part === "number") return value.items[part] ?? value;
  if (value.kind === "map") return value.entries.find(({ key }) => key === part)?.value ?? value;
  return value;
}

/** YAML reads 8080, true and null as what they look like; where a text is wanted, they were meant as one. */
function quotesHint(wrong: Located | undefined): string | undefined {
  const value = wrong && toPlain(wrong);
  return typeof value === "boolean" || (typeof value === "number" && value >= 0)
    ? `In quotes it is a text: "${value}"`
    : undefined;
}
