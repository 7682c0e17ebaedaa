import { expect, test } from "vitest";
import type { LimitGate } from "../domain/start-gate.ts";
import { remedyFor } from "./remedy.ts";

test("a queue of which more run than its cap allows needs room for all of them and one more", () => {
  const gate: LimitGate & { isClosed: boolean } = {
    kind: "queue",
    isClosed: true,
    name: "media",
    state: "open",
    cause: "full",
    running: 3,
    concurrency: 1,
    rate: null,
    opensAt: null,
    holders: [],
  };
  expect(remedyFor(gate, "a")).toBe("queuectl queue set media --concurrency 4");
});
