import { expect, test } from "vitest";
import type { LimitGate } from "../domain/start-gate.ts";
import { remedyFor } from "./remedy.ts";

test.each<[LimitGate["cause"], holders: string[], remedy: string | null]>([
  ["paused", ["a"], "queuectl queue resume media"],
  ["full", ["a", "b"], "queuectl info a"],
  ["full", [], null],
  ["pace", ["a"], null],
])("of a limit that holds a job (%s) nobody is advised to take it away", (cause, holders, remedy) => {
  const gate: LimitGate & { isClosed: boolean } = {
    kind: "queue",
    isClosed: true,
    name: "media",
    state: "open",
    cause,
    running: 3,
    concurrency: 1,
    rate: null,
    opensAt: null,
    holders,
  };
  expect(remedyFor(gate, "x")).toBe(remedy);
});
