import fc from "fast-check";
import { expect, test } from "vitest";
import { layersOf, waitsByStep } from "./flow.ts";

const waits = (steps: Record<string, string[]>) => new Map(Object.entries(steps));

test("steps are in layers, each of which waits for nothing outside those before it", () => {
  const steps = {
    package: ["test", "lint"],
    test: ["compile"],
    lint: ["fetch"],
    compile: ["fetch"],
    fetch: [],
  };
  expect(layersOf(waits(steps))).toEqual([["fetch"], ["lint", "compile"], ["test"], ["package"]]);
  expect(layersOf(waits({}))).toEqual([]);
});

test("what is waited for and is not there holds nobody up, and what stands in a circle is in no layer", () => {
  expect(layersOf(waits({ a: ["gone"], b: ["a"], c: ["d"], d: ["c"], e: ["d"] }))).toEqual([["a"], ["b"]]);
});

test("ten thousand steps in one chain, or all behind one, are layered", () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `s${index}`);
  const chain = names.map((name, index): [string, string[]] => [name, index === 0 ? [] : [`s${index - 1}`]]);
  expect(layersOf(new Map(chain))).toEqual(names.map((name) => [name]));
  const fan = names.map((name, index): [string, string[]] => [name, index === 0 ? [] : ["s0"]]);
  expect(layersOf(new Map(fan))).toEqual([["s0"], names.slice(1)]);
});

test("every step is in one layer, behind all that it waits for, whatever the graph", () => {
  // Each step waits only for steps of smaller number: no circle can come about.
  const graph = fc.array(fc.array(fc.nat()), { maxLength: 30 }).map((lists) =>
    lists.map((list, index) => ({
      name: `s${index}`,
      dependsOn: (index === 0 ? [] : list).map((n) => ({
        on: `s${n % index}`,
        condition: "completed" as const,
      })),
    })),
  );
  fc.assert(
    fc.property(graph, fc.integer(), (steps, seed) => {
      const shuffled = steps.toSorted((a, b) => hash(a.name, seed) - hash(b.name, seed));
      const layers = layersOf(waitsByStep(shuffled));
      const layerOf = new Map(layers.flatMap((names, layer) => names.map((name) => [name, layer] as const)));
      expect(layers.flat().sort()).toEqual(steps.map(({ name }) => name).sort());
      for (const { name, dependsOn } of steps)
        for (const { on } of dependsOn) expect(layerOf.get(on)).toBeLessThan(layerOf.get(name) ?? -1);
    }),
  );
});

function hash(text: string, seed: number): number {
  let sum = seed;
  for (const character of text) sum = Math.imul(sum ^ character.charCodeAt(0), 0x01000193);
  return sum;
}
