import type { DeadReason, JobState } from "./job.ts";

/**
 * What must become of another job first (Slurm's afterok, afterany, afternotok): that it completes, that it finishes in
 * any way, or that it ends without completing.
 */
export type Condition = "completed" | "finished" | "failed";

export const CONDITIONS: readonly Condition[] = ["completed", "finished", "failed"];

export interface Dependency {
  /** The id of a job, or of a group: then it stands for all its jobs. */
  on: string;
  condition: Condition;
}

/** `impossible`: only if somebody brings the other job back can it still be met. */
export type Judgement = "met" | "waiting" | "impossible";

/** How a condition stands, by the state of the job that it is about. */
export function judgeDependency(condition: Condition, state: JobState): Judgement {
  switch (state) {
    case "completed":
      return condition === "failed" ? "impossible" : "met";
    case "dead":
    case "cancelled":
      return condition === "completed" ? "impossible" : "met";
    case "pending":
    case "blocked":
    case "processing":
    case "failed":
      return "waiting";
  }
}

/** One condition of a job, and the state of the job it is about. */
export interface StandingDependency extends Dependency {
  state: JobState;
}

/** Where a job that depends on others belongs now. */
export type DependantMove =
  | { to: "pending" | "blocked" }
  | { to: "dead"; reason: DeadReason; error: string }
  | { to: "cancelled"; error: string };

/**
 * Where a job belongs that waits for others or died of it, judged by those of its conditions that are not met. Who waited
 * for a failure that did not come is no failure itself: it is not needed, and cancelled.
 * @param unmet conditions that are not `met`, or all of them
 */
export function decideDependant(unmet: Iterable<StandingDependency>): DependantMove {
  let isWaiting = false;
  for (const { on, condition, state } of unmet) {
    const judgement = judgeDependency(condition, state);
    if (judgement === "impossible")
      return condition === "failed"
        ? { to: "cancelled", error: `not needed: job "${on}" completed` }
        : { to: "dead", reason: "dependency", error: `job "${on}", which it waited for, is ${state}` };
    if (judgement === "waiting") isWaiting = true;
  }
  return { to: isWaiting ? "blocked" : "pending" };
}

/** Conditions that cannot hold together with another one: of the same job it is wanted that it completes, and that it fails. */
export function findContradictions<D extends Dependency>(dependsOn: readonly D[]): D[] {
  const needed = new Set(dependsOn.filter(({ condition }) => condition === "completed").map(({ on }) => on));
  return dependsOn.filter(({ on, condition }) => condition === "failed" && needed.has(on));
}

/**
 * Counts what the jobs of one list wait for. Arrays that wait for arrays: each member for each. More would hold everyone up,
 * and one job in between does the same; so one job may wait for several of the largest arrays (a second of the store), and
 * an array of any size for one job.
 */
export class DependencyCount {
  #ofOthers = 0;
  #widest = 0;

  /** Whether one more job may wait for so many. */
  allows(own: number): boolean {
    return own <= WIDEST && this.#ofOthers + Math.min(own, this.#widest) <= DEPENDENCIES_AT_MOST;
  }

  add(own: number): void {
    if (own > 1) this.#ofOthers += Math.min(own, this.#widest);
    this.#widest = Math.max(this.#widest, own);
  }
}

/** All but those of the widest, of jobs that wait for several. */
const DEPENDENCIES_AT_MOST = 50_000;
const WIDEST = 300_000;

/**
 * A path of jobs that wait for each other in a circle, its first entry repeated at its end; null when there is none.
 * @param needs by job, those it waits for
 */
export function findCycle(needs: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  for (const start of needs.keys()) {
    if (done.has(start)) continue;
    // Depth first with a path of its own: ten thousand steps in a row must not be ten thousand calls.
    const path: { id: string; next: number }[] = [{ id: start, next: 0 }];
    const onPath = new Set([start]);
    while (path.length > 0) {
      const step = path.at(-1) as { id: string; next: number };
      const needed = needs.get(step.id)?.[step.next];
      step.next += 1;
      if (needed === undefined) {
        path.pop();
        onPath.delete(step.id);
        done.add(step.id);
      } else if (onPath.has(needed)) {
        const ids = path.map(({ id }) => id);
        return [...ids.slice(ids.indexOf(needed)), needed];
      } else if (needs.has(needed) && !done.has(needed)) {
        path.push({ id: needed, next: 0 });
        onPath.add(needed);
      }
    }
  }
  return null;
}
