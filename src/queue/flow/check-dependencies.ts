import { DependencyCount, findContradictions, findCycle } from "../../domain/dependency.ts";
import { describeValue } from "../../domain/describe.ts";
import { waitsByStep } from "../../domain/flow.ts";
import { didYouMean, suggest } from "../../domain/suggest.ts";
import type { Faults } from "./faults.ts";
import type { PlacedStep } from "./read-step.ts";

/** Each may be as long as the flow. */
const MOST_CYCLES = 20;

/** Of a path that is longer, the middle is left out. */
const MOST_SHOWN = 12;

/** A name that is near is looked for in no larger flow: it would be compared with all of them, for each fault. */
const MOST_NAMES = 1_000;

/** Steps that wait for what is not there, for what cannot both be, and for themselves. */
export function checkDependencies(steps: readonly PlacedStep[], faults: Faults): void {
  const names = new Set(steps.map(({ name }) => name));
  const candidates = names.size <= MOST_NAMES ? [...names] : [];
  for (const { name, dependsOn } of steps) {
    for (const { on, at } of dependsOn)
      if (!names.has(on))
        faults.add(at, `There is no step ${describeValue(on)}`, didYouMean(suggest(on, candidates)));
    for (const { on, at } of findContradictions(dependsOn))
      faults.add(
        at,
        `The step "${name}" would wait for "${on}" both to complete and to fail`,
        `Take it out of "${faults.words.nameOf("needs")}" or of "${faults.words.nameOf("after_fail")}".`,
      );
  }
  refuseTooMany(steps, faults);
  refuseCycles(steps, faults);
}

/** A store would find it only when all are added, after seconds. */
function refuseTooMany(steps: readonly PlacedStep[], faults: Faults): void {
  const count = new DependencyCount();
  for (const { name, at, dependsOn } of steps) {
    if (!count.allows(dependsOn.length)) {
      faults.add(
        at,
        `With the step "${name}" there are too many waits: steps that wait for several others may have 50,000 in all`,
        "Let one step in between wait for all of the first, and the others for that one.",
      );
      return;
    }
    count.add(dependsOn.length);
  }
}

function refuseCycles(steps: readonly PlacedStep[], faults: Faults): void {
  const waits = waitsByStep(steps);
  for (let count = 0; count < MOST_CYCLES; count++) {
    const cycle = findCycle(waits);
    if (cycle === null) return;
    const [last = "", first = ""] = cycle.slice(-2);
    const place = steps.find(({ name }) => name === last)?.dependsOn.find(({ on }) => on === first)?.at;
    if (place !== undefined)
      faults.add(place, `Steps wait for each other: ${describePath(cycle)}`, "Take one of these waits out.");
    // Without this wait the circle is open; another one may be left.
    waits.set(
      last,
      (waits.get(last) ?? []).filter((name) => name !== first),
    );
  }
}

function describePath(names: readonly string[]): string {
  const shown =
    names.length <= MOST_SHOWN
      ? names
      : [...names.slice(0, MOST_SHOWN - 2), `(${names.length - MOST_SHOWN} more)`, ...names.slice(-2)];
  return shown.join(" → ");
}
