import { describe, expect, test } from "vitest";
import type { Condition } from "./dependency.ts";
import {
  countDone,
  type FlowState,
  type StandingStep,
  stateOfFlow,
  stepsInTheWay,
  stepsToRetry,
} from "./flow-state.ts";
import { countsOf, type JobState } from "./job.ts";

const CONDITIONS: Readonly<Record<string, Condition>> = { "?": "finished", "!": "failed" };

/** `step("b", "dead", "a", "c!")` waits for a to complete and for c to fail; `c?` would be for its end. */
function step(name: string, state: JobState, ...after: string[]): StandingStep {
  return {
    name,
    state,
    dependsOn: after.map((text) => ({
      on: text.replace(/[?!]$/, ""),
      condition: CONDITIONS[text.slice(-1)] ?? "completed",
    })),
  };
}

describe("a flow is", () => {
  test.each<[state: FlowState, done: number, what: string, steps: StandingStep[]]>([
    ["pending", 0, "before its first step", [step("a", "pending"), step("b", "blocked", "a")]],
    ["running", 0, "while a step runs", [step("a", "processing"), step("b", "blocked", "a")]],
    ["running", 0, "while a step waits for its retry", [step("a", "failed"), step("b", "blocked", "a")]],
    ["running", 1, "between two steps", [step("a", "completed"), step("b", "pending", "a")]],
    ["running", 0, "while a step goes on beside a dead one", [step("a", "dead"), step("b", "processing")]],
    ["completed", 2, "when all is done", [step("a", "completed"), step("b", "completed", "a")]],
    ["completed", 2, "when a step was not needed", [step("a", "completed"), step("b", "cancelled", "a!")]],
    ["failed", 1, "when a step is dead", [step("a", "completed"), step("b", "dead", "a")]],
    ["failed", 1, "when its failure was seen to", [step("a", "dead"), step("b", "completed", "a!")]],
    ["failed", 0, "when one is dead and one cancelled", [step("a", "dead"), step("b", "cancelled")]],
    ["cancelled", 1, "when a person ended it", [step("a", "completed"), step("b", "cancelled", "a")]],
    ["completed", 0, "when all its steps were pruned", []],
  ])("%s, with %i done, %s", (state, done, _, steps) => {
    const counts = countsOf((one) => steps.filter((each) => each.state === one).length);
    expect(countDone(steps)).toBe(done);
    expect(stateOfFlow(counts, done)).toBe(state);
  });
});

describe("a retry brings back", () => {
  test.each<[what: string, steps: StandingStep[], names: string[]]>([
    [
      "what is dead and what died of it",
      [step("a", "dead"), step("b", "dead", "a"), step("c", "completed")],
      ["a", "b"],
    ],
    ["what was cancelled", [step("b", "cancelled", "a"), step("a", "completed")], ["b"]],
    [
      "nothing that completed, waits or runs",
      [
        step("a", "completed"),
        step("b", "pending"),
        step("c", "processing"),
        step("d", "failed"),
        step("e", "blocked"),
      ],
      [],
    ],
    [
      "not what is still not needed",
      [step("a", "completed"), step("b", "dead", "a"), step("c", "cancelled", "a!")],
      ["b"],
    ],
    ["what may be needed after all", [step("a", "dead"), step("b", "cancelled", "a!")], ["a", "b"]],
    [
      "not what needs something that is not needed",
      [step("a", "completed"), step("b", "cancelled", "a!"), step("c", "dead", "b"), step("d", "dead", "b?")],
      ["d"],
    ],
    ["what waits for a step that was pruned", [step("b", "dead", "a")], ["b"]],
  ])("%s", (_, steps, names) => {
    expect(stepsToRetry(steps).sort()).toEqual(names);
  });
});

test("in the way stand those that nothing of the flow holds up, those first that hold up others", () => {
  const steps = [
    step("done", "completed"),
    step("alone", "processing"),
    step("fetch", "pending", "done"),
    step("build", "blocked", "fetch"),
    step("alarm", "blocked", "build!"),
    step("pack", "blocked", "build", "fetch?"),
    step("dead", "dead", "done"),
    step("after", "dead", "dead"),
    step("needless", "cancelled", "done!"),
  ];
  expect(stepsInTheWay(steps, 9)).toEqual([
    { name: "fetch", behind: 3 },
    { name: "dead", behind: 1 },
    { name: "alone", behind: 0 },
  ]);
  expect(stepsInTheWay(steps, 1)).toEqual([{ name: "fetch", behind: 3 }]);
  expect(stepsInTheWay([step("done", "completed"), step("after", "completed", "done")], 9)).toEqual([]);
});
