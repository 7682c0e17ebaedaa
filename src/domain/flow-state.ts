import { type Dependency, judgeDependency } from "./dependency.ts";
import { layersOf, waitsByStep } from "./flow.ts";
import type { JobState } from "./job.ts";

/** How a flow stands, as a whole. */
export const FLOW_STATES = ["pending", "running", "completed", "failed", "cancelled"] as const;

export type FlowState = (typeof FLOW_STATES)[number];

/** A step of a flow, as far as the standing of the whole depends on it. */
export interface StandingStep {
  name: string;
  dependsOn: readonly Dependency[];
  state: JobState;
}

/**
 * How a flow stands: `failed` as soon as nothing of it can go on by itself and a step is dead. Who waited for a failure
 * that did not come is done.
 * @param counts steps by state
 * @param done see `countDone`
 */
export function stateOfFlow(counts: Readonly<Record<JobState, number>>, done: number): FlowState {
  const { pending, blocked, processing, failed, completed, dead, cancelled } = counts;
  const ended = completed + dead + cancelled;
  if (pending + blocked + processing + failed > 0)
    return ended + processing + failed > 0 ? "running" : "pending";
  if (dead > 0) return "failed";
  return done === ended ? "completed" : "cancelled";
}

/**
 * The steps that nothing of the flow holds up and that have not done what they were for, in their order, those first that
 * others wait for; and how many steps wait behind each, at whatever distance.
 */
export function stepsInTheWay(
  steps: readonly StandingStep[],
  most: number,
): { name: string; behind: number }[] {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const notNeeded = namesNotNeeded(steps);
  const waiting = new Map<string, string[]>();
  for (const { name, dependsOn, state } of steps)
    if (state !== "completed" && !notNeeded.has(name))
      for (const { on, condition } of dependsOn) {
        const other = byName.get(on);
        if (!other || judgeDependency(condition, other.state) === "met") continue;
        const known = waiting.get(on);
        if (known) known.push(name);
        else waiting.set(on, [name]);
      }
  const held = new Set([...waiting.values()].flat());
  return steps
    .filter(({ name, state }) => state !== "completed" && !notNeeded.has(name) && !held.has(name))
    .sort((a, b) => Number(waiting.has(b.name)) - Number(waiting.has(a.name)))
    .slice(0, most)
    .map(({ name }) => ({ name, behind: countBehind(name, waiting) }));
}

function countBehind(name: string, waiting: ReadonlyMap<string, readonly string[]>): number {
  const behind = new Set<string>();
  for (const next = [name]; next.length > 0; )
    for (const each of waiting.get(next.pop() ?? "") ?? [])
      if (!behind.has(each)) {
        behind.add(each);
        next.push(each);
      }
  return behind.size;
}

/** How many steps have done what they were for: those that completed, and those that turned out not to be needed. */
export function countDone(steps: readonly StandingStep[]): number {
  const notNeeded = namesNotNeeded(steps);
  return steps.filter(({ name, state }) => state === "completed" || notNeeded.has(name)).length;
}

/** The steps that are cancelled because they waited for a failure that did not come. */
export function namesNotNeeded(steps: readonly StandingStep[]): Set<string> {
  const states = new Map(steps.map(({ name, state }) => [name, state]));
  const isInVain = ({ on, condition }: Dependency) =>
    condition === "failed" && states.get(on) === "completed";
  const found = steps.filter(({ state, dependsOn }) => state === "cancelled" && dependsOn.some(isInVain));
  return new Set(found.map(({ name }) => name));
}

/**
 * The steps to bring back so that a flow can be done: dead and cancelled ones, but for those that would still not be
 * needed, and those that need such a one.
 */
export function stepsToRetry(steps: readonly StandingStep[]): string[] {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const retried = new Set<string>();
  // In their order: whether a step has hope is known when it is known of all that it waits for.
  for (const name of layersOf(waitsByStep(steps)).flat()) {
    const step = byName.get(name);
    if (step === undefined || (step.state !== "dead" && step.state !== "cancelled")) continue;
    const isHopeless = step.dependsOn.some(({ on, condition }) => {
      const other = byName.get(on);
      return !retried.has(on) && other && judgeDependency(condition, other.state) === "impossible";
    });
    if (!isHopeless) retried.add(name);
  }
  return [...retried];
}
