import type { Dependency } from "./dependency.ts";

/** Named steps that wait for each other, as their author wrote them down. */
export interface Flow {
  name: string;
  /** How many steps may run at once; null means no cap. */
  concurrency: number | null;
  steps: readonly FlowStep[];
}

export interface FlowStep {
  name: string;
  /** Where it is written: `build.yaml:3:7`. */
  place: string;
  /** On other steps, by name. */
  dependsOn: readonly Dependency[];
  /** The rest of the step, as a job object of `job-input.ts`. */
  job: Readonly<Record<string, unknown>>;
}

/** What makes a flow's id of its name, behind a hyphen: 30 bits. */
export const FLOW_SUFFIX_LENGTH = 6;

/** What each step waits for, whatever the condition, by name. */
export function waitsByStep(
  steps: readonly { name: string; dependsOn: readonly Dependency[] }[],
): Map<string, string[]> {
  return new Map(
    steps.map(({ name, dependsOn }) => [name, [...new Set(dependsOn.map(({ on }) => on))]] as const),
  );
}

/**
 * Steps in the order in which they can run: each layer waits for nothing outside those before it. Within a layer they keep
 * the order given; what stands in a circle, or behind one, is in none.
 */
export function layersOf(waits: ReadonlyMap<string, readonly string[]>): string[][] {
  const left = new Map<string, number>();
  const dependants = new Map<string, string[]>([...waits.keys()].map((name) => [name, []]));
  for (const [name, others] of waits) {
    const known = others.filter((other) => waits.has(other));
    left.set(name, known.length);
    for (const other of known) dependants.get(other)?.push(name);
  }
  const rank = new Map([...waits.keys()].map((name, index) => [name, index]));
  const layers: string[][] = [];
  let layer = [...left].filter(([, count]) => count === 0).map(([name]) => name);
  while (layer.length > 0) {
    layers.push(layer);
    const freed = layer.flatMap((name) => dependants.get(name) ?? []).filter((name) => isFree(name, left));
    layer = freed.sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
  }
  return layers;
}

/** One that it waited for is done: is it the last? */
function isFree(name: string, left: Map<string, number>): boolean {
  const count = (left.get(name) ?? 0) - 1;
  left.set(name, count);
  return count === 0;
}
