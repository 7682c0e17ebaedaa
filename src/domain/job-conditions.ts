import { type Condition, type Dependency, findContradictions } from "./dependency.ts";
import type { JobSpec, NewJob } from "./job.ts";
import {
  type GivenFields,
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

/** Fields of which only one may be given: they say the same in two ways. */
export const EXCLUDING: readonly (readonly [string, string])[] = [
  ["run_at", "delay"],
  ["expires_at", "expires"],
  ["timeout", "timeout_seconds"],
];

/** Fields that say nothing without another one. */
export const NEEDED: Readonly<Record<string, string>> = { unique_return: "unique", key_limit: "key" };

/** From when on a job may start, and until when. Instants are epoch milliseconds, null without. */
export function readTimes(given: GivenFields, now: number): Pick<NewJob, "runAt" | "expiresAt"> {
  const runAt = readMoment(given, { at: "run_at", after: "delay" }, now);
  const expiresAt = readMoment(given, { at: "expires_at", after: "expires" }, now);
  if (expiresAt !== null && expiresAt <= Math.max(runAt ?? now, now))
    given.refuse(
      ["run_at", "delay", "expires_at", "expires"],
      `The ${given.words.job} would expire before it may start`,
      "Let it expire later, or start sooner.",
    );
  return { runAt, expiresAt };
}

/** Refuses two fields that say the same. */
export function refuseBoth({ values, words, refuse }: GivenFields): void {
  for (const fields of EXCLUDING) {
    const [one, other] = fields;
    if ((values[one] ?? null) !== null && (values[other] ?? null) !== null)
      refuse(
        fields,
        `"${words.nameOf(one)}" and "${words.nameOf(other)}" exclude each other`,
        "Give one of them.",
      );
  }
}

/** A point in time that is given as such, or as a time from now on. */
function readMoment(
  given: GivenFields,
  { at, after }: { at: string; after: string },
  now: number,
): number | null {
  const instant = readInstant(given, at);
  const durationMs = readDurationMs(given, after);
  if (durationMs !== undefined) return now + durationMs;
  return instant ?? null;
}

/** Which others of its name there may be. */
export function readUnique(given: GivenFields): Pick<NewJob, "unique" | "uniqueReturn"> {
  const unique = readLabel(given, "unique");
  const uniqueReturn = readYesOrNo(given, "unique_return") ?? false;
  if (uniqueReturn) requireNeeded(given, "unique_return");
  return { unique, uniqueReturn };
}

/** With which others it shares a limit. */
export function readKey(given: GivenFields): Pick<NewJob, "key" | "keyLimit"> {
  const key = readLabel(given, "key");
  const keyLimit = readInteger(given, "key_limit", { min: 1 }) ?? null;
  if (keyLimit !== null) requireNeeded(given, "key_limit");
  return { key, keyLimit };
}

function requireNeeded({ values, words, refuse }: GivenFields, field: keyof typeof NEEDED): void {
  const needed = NEEDED[field] ?? "";
  if ((values[needed] ?? null) !== null) return;
  const [name, missing] = [words.nameOf(field), words.nameOf(needed, field)];
  const hint = `Give "${missing}" too, or leave "${name}" out.`;
  refuse([field, needed], `"${name}" says nothing without "${missing}"`, hint, { isLack: true });
}

/** What must become of other jobs first. One that would wait for itself is refused with the code dependency_cycle. */
export function readDependencies(given: GivenFields, id: string): Dependency[] {
  const dependsOn = Object.entries(DEPENDENCY_FIELDS).flatMap(([condition, field]) =>
    readIds(given, field).map((on) => ({ on, condition: condition as Condition })),
  );
  if (dependsOn.some(({ on }) => on === id))
    given.refuse(
      Object.values(DEPENDENCY_FIELDS),
      `The job "${id}" would wait for itself`,
      "Leave its own id out.",
      { code: "dependency_cycle" },
    );
  const [both] = findContradictions(dependsOn);
  const { completed, failed } = DEPENDENCY_FIELDS;
  if (both)
    given.refuse(
      [completed, failed],
      `The job would never run: "${both.on}" cannot both complete and fail`,
      `Name it in one of "${given.words.nameOf(completed)}" and "${given.words.nameOf(failed)}".`,
    );
  return dependsOn;
}

/** The ids of those jobs of which a job wants this, as they were given. */
export function listDependencies({ dependsOn }: Pick<JobSpec, "dependsOn">, wanted: Condition): string[] {
  return dependsOn.filter(({ condition }) => condition === wanted).map(({ on }) => on);
}
