import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { NewJob } from "../../src/domain/job.ts";
import { buildJob } from "./build-job.ts";

/** One run of a job, from its start to its end, in any one unit. */
export interface Interval {
  start: number;
  end: number;
}

/** A gate that has a cap, and the jobs that stand before it. */
export interface CappedGate {
  name: string;
  cap: number;
  ids: string[];
}

export const CAPS: Readonly<Record<string, number>> = { one: 1, three: 3, five: 5 };
const KEY_LIMITS: Readonly<Record<string, number>> = { k0: 1, k1: 1, k2: 2, k3: 2, k4: 3 };
export const RATE = { queue: "paced", starts: 5, periodMs: 400 } as const;

const NOTES = "ran";

/** Notes its own start and end, in nanoseconds: an account that owes nothing to the store. */
const NOTED = `start=$(date +%s%N); sleep 0.0$((SEED % 5 + 5)); echo "$QUEUECTL_JOB_ID $start $(date +%s%N)" >> ${NOTES}`;

/**
 * Jobs that stand before a cap, before a key, before both, or before a rate. To use all that these allow takes 23 slots.
 * @param times how many rounds of each
 */
export function limitedJobs(times: number, cwd: string): NewJob[] {
  const repeat = (count: number, job: Partial<NewJob>) => Array.from({ length: count * times }, () => job);
  const capped = Object.entries(CAPS).flatMap(([queue, cap]) => repeat(10 * cap, { queue }));
  const keyed = Object.entries(KEY_LIMITS).flatMap(([key, keyLimit]) =>
    repeat(10 * keyLimit, { queue: "free", key, keyLimit }),
  );
  const both = Object.keys(CAPS).flatMap((queue) =>
    Object.entries(KEY_LIMITS).flatMap(([key, keyLimit]) => repeat(2, { queue, key, keyLimit })),
  );
  const paced = repeat(20, { queue: RATE.queue });
  return [...capped, ...keyed, ...both, ...paced].map((job, index) =>
    buildJob({ ...job, id: `job-${index}`, command: NOTED, cwd, env: { SEED: `${index}` } }),
  );
}

export function cappedGates(jobs: readonly NewJob[]): CappedGate[] {
  const before = (name: string, cap: number, isMeant: (job: NewJob) => boolean) => ({
    name,
    cap,
    ids: jobs.filter(isMeant).map(({ id }) => id),
  });
  return [
    ...Object.entries(CAPS).map(([name, cap]) => before(name, cap, ({ queue }) => queue === name)),
    ...Object.entries(KEY_LIMITS).map(([name, cap]) => before(name, cap, ({ key }) => key === name)),
  ];
}

/** What the jobs have noted in their directory, by id. */
export function readNotes(cwd: string): Map<string, Interval> {
  const lines = readFileSync(join(cwd, NOTES), "utf8").trimEnd().split("\n");
  return new Map(
    lines.map((line) => {
      const [id = "", start, end] = line.split(" ");
      return [id, { start: Number(start), end: Number(end) }];
    }),
  );
}

/** How many of these jobs were under way at once, at most. One that ends in the very instant in which another starts is over. */
export function mostAtOnce(ids: readonly string[], intervals: ReadonlyMap<string, Interval>): number {
  const steps = ids
    .flatMap((id) => {
      const interval = intervals.get(id);
      if (!interval) throw new Error(`The job ${id} has not run`);
      return [
        { at: interval.start, by: 1 },
        { at: interval.end, by: -1 },
      ];
    })
    .sort((a, b) => a.at - b.at || a.by - b.by);
  let current = 0;
  return steps.reduce((most, { by }) => {
    current += by;
    return Math.max(most, current);
  }, 0);
}

/** How many of these instants fall into one window of a length, at most; one at its end is in the next. */
export function mostInWindow(instants: readonly number[], length: number): number {
  const sorted = instants.toSorted((a, b) => a - b);
  let from = 0;
  return sorted.reduce((most, at, index) => {
    while ((sorted[from] ?? at) <= at - length) from += 1;
    return Math.max(most, index - from + 1);
  }, 0);
}
