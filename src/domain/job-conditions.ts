import type { Condition, Dependency } from "./dependency.ts";
import { QueuectlError } from "./errors.ts";
import type { JobSpec, NewJob } from "./job.ts";
import {
  type GivenFields,
  invalidJob,
  nameOf,
  readDurationMs,
  readIds,
  readInstant,
  readInteger,
  readLabel,
  readYesOrNo,
} from "./job-fields.ts";

/** The fields of a job object that name other jobs, by what must become of those. */
export const DEPENDENCY_FIELDS: Readonly<Record<Condition, string>> = {
  completed: "depends_on",
  finished: "after_any",
  failed: "after_fail",
};

/** From when on a job may start, and until when. Instants are epoch milliseconds, null without. */
export function readTimes(given: GivenFields, now: number): Pick<NewJob, "runAt" | "expiresAt"> {
  const runAt = readMoment(given, { at: "run_at", after: "delay" }, now);
  const expiresAt = readMoment(given, { at: "expires_at", after: "expires" }, now);
  if (expiresAt !== null && expiresAt <= Math.max(runAt ?? now, now))
    throw invalidJob("The job would expire before it may start", "Let it expire later, or start sooner.");
  return { runAt, expiresAt };
}

/** A point in time that is given as such, or as a time from now on. */
function readMoment(
  given: GivenFields,
  { at, after }: { at: string; after: string },
  now: number,
): number | null {
  const instant = readInstant(given, at);
  const durationMs = readDurationMs(given, after);
  if (instant !== undefined && durationMs !== undefined)
    throw invalidJob(
      `"${nameOf(given, at)}" and "${nameOf(given, after)}" exclude each other`,
      "Give one of them.",
    );
  if (durationMs !== undefined) return now + durationMs;
  return instant ?? null;
}

/** Which others of its name there may be. */
export function readUnique(given: GivenFields): Pick<NewJob, "unique" | "uniqueReturn"> {
  const unique = readLabel(given, "unique");
  const uniqueReturn = readYesOrNo(given, "unique_return") ?? false;
  if (uniqueReturn && unique === null) throw missing(given, "unique_return", "unique");
  return { unique, uniqueReturn };
}

/** With which others it shares a limit. */
export function readKey(given: GivenFields): Pick<NewJob, "key" | "keyLimit"> {
  const key = readLabel(given, "key");
  const keyLimit = readInteger(given, "key_limit", { min: 1 }) ?? null;
  if (keyLimit !== null && key === null) throw missing(given, "key_limit", "key");
  return { key, keyLimit };
}

function missing(given: GivenFields, field: string, needed: string): QueuectlError {
  return invalidJob(
    `"${nameOf(given, field)}" says nothing without "${nameOf(given, needed)}"`,
    `Give "${nameOf(given, needed)}" too, or leave "${nameOf(given, field)}" out.`,
  );
}

/**
 * What must become of other jobs first.
 * @throws dependency_cycle for a job that would wait for itself
 */
export function readDependencies(given: GivenFields, id: string): Dependency[] {
  const dependsOn = Object.entries(DEPENDENCY_FIELDS).flatMap(([condition, field]) =>
    readIds(given, field).map((on) => ({ on, condition: condition as Condition })),
  );
  if (dependsOn.some(({ on }) => on === id))
    throw new QueuectlError("dependency_cycle", `The job "${id}" would wait for itself`, {
      hint: "Leave its own id out.",
    });
  const needed = listDependencies({ dependsOn }, "completed");
  const both = listDependencies({ dependsOn }, "failed").find((on) => needed.includes(on));
  if (both !== undefined)
    throw invalidJob(
      `The job would never run: "${both}" cannot both complete and fail`,
      `Name it in one of "${nameOf(given, "depends_on")}" and "${nameOf(given, "after_fail")}".`,
    );
  return dependsOn;
}

/** The ids of those jobs of which a job wants this, as they were given. */
export function listDependencies({ dependsOn }: Pick<JobSpec, "dependsOn">, wanted: Condition): string[] {
  return dependsOn.filter(({ condition }) => condition === wanted).map(({ on }) => on);
}
