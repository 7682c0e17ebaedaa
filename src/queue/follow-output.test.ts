import { expect, test } from "vitest";
import { buildStoredJob } from "../../tests/support/build-job.ts";
import type { Store } from "../store/store.ts";
import { followOutput } from "./follow-output.ts";

test("between two looks there is a pause, also while a job's execution is not to be found", async () => {
  const job = buildStoredJob({ state: "processing", executions: 1 });
  let looks = 0;
  const store = {
    getJob: async () => (++looks > 4 ? undefined : job),
    listExecutions: async () => [],
  } as unknown as Store;
  const from = performance.now();
  const events = await Array.fromAsync(
    followOutput(store, job, { streams: ["stdout"], signal: AbortSignal.timeout(60_000) }),
  );
  expect(events).toEqual([{ kind: "removed" }]);
  // Four pauses of 50 ms, each of which a timer may cut by one.
  expect(performance.now() - from).toBeGreaterThanOrEqual(190);
});
