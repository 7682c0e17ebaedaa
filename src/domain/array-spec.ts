import { describeValue } from "./describe.ts";
import { QueuectlError } from "./errors.ts";
import { MAX_COUNT } from "./job-fields.ts";

/** Which members an array has, and how many of them may run at once. */
export interface ArraySpec {
  indices: readonly number[];
  /** Null means no cap. */
  maxRunning: number | null;
}

/** Indices from one to another, both included; with a step, every so manieth of them. */
export interface IndexRange {
  from: number;
  to: number;
  step: number;
}

/** The most members of an array whose indices are given. */
export const MAX_ARRAY_MEMBERS = 100_000;
export const MAX_ARRAY_INDEX = 1_000_000_000;

/**
 * Reads the text of an array, in Slurm's form: `1-100%8`, `0-9:3`, `1,3,5-7`.
 * @throws invalid_usage naming the part that is wrong
 */
export function parseArraySpec(text: string): ArraySpec {
  const [list = "", cap, ...more] = text.split("%");
  if (more.length > 0) throw refused(text, "it has more than one %");
  const ranges = list.split(",").map((part) => parseRange(part, text));
  const maxRunning = cap === undefined ? null : parseCap(cap, text);
  return { indices: expandRanges(ranges), maxRunning };
}

/**
 * All indices of these ranges, in the order given.
 * @throws invalid_usage for too many, before any is made, and for one that comes twice: its jobs would have one id
 */
export function expandRanges(ranges: readonly IndexRange[]): number[] {
  const count = ranges.reduce((sum, range) => sum + countOf(range), 0);
  if (count > MAX_ARRAY_MEMBERS)
    throw new QueuectlError(
      "invalid_usage",
      `The array would have ${count} jobs, and ${MAX_ARRAY_MEMBERS} are allowed`,
      { hint: "Let each job do more of the work, or make several arrays." },
    );
  const indices = new Set<number>();
  for (const range of ranges) {
    for (let index = range.from; index <= range.to; index += range.step) {
      if (indices.has(index))
        throw new QueuectlError("invalid_usage", `The array has the index ${index} twice`, {
          hint: "Each index is one job.",
        });
      indices.add(index);
    }
  }
  return [...indices];
}

function countOf({ from, to, step }: IndexRange): number {
  return Math.floor((to - from) / step) + 1;
}

function parseRange(part: string, text: string): IndexRange {
  const [, first, last, stride] = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(part) ?? [];
  if (first === undefined) throw refused(text, `${describeValue(part)} is no index and no range of them`);
  const from = Number(first);
  const to = Number(last ?? first);
  const step = Number(stride ?? 1);
  if (to < from) throw refused(text, `the range ${part} ends before it begins`);
  if (step === 0) throw refused(text, `the range ${part} has a step of 0`);
  if (to > MAX_ARRAY_INDEX) throw refused(text, `${describeValue(part)} goes beyond ${MAX_ARRAY_INDEX}`);
  return { from, to, step };
}

function parseCap(cap: string, text: string): number {
  const maxRunning = /^\d+$/.test(cap) ? Number(cap) : 0;
  if (maxRunning < 1 || maxRunning > MAX_COUNT)
    throw refused(text, `after % it takes how many may run at once, from 1 to ${MAX_COUNT}`);
  return maxRunning;
}

function refused(text: string, why: string): QueuectlError {
  return new QueuectlError("invalid_usage", `The array ${describeValue(text)} cannot be read: ${why}`, {
    hint: "Write it like this: 1-100, or 0-9:3 for every third, or 1,3,5-7; with %8 behind it, 8 run at once.",
  });
}
