import { rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { buildStoredJob } from "../../tests/support/build-job.ts";
import { buildExecution, makeOutputStore, stdoutOnly } from "../../tests/support/stored-output.ts";
import { outputFile } from "../store/data-files.ts";
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

describe("an execution that ends between two looks of the follower", () => {
  const PRINTED = "1\n2\n3\n";

  /** Runs with its output in a file, until the store was asked so often: then its row has it all, and the file is gone. */
  function endingAfter(reads: number): Store {
    const files = makeOutputStore();
    const file = outputFile({ store: files, token: 1, stream: "stdout" });
    writeFileSync(file, PRINTED);
    let asked = 0;
    const answer = <T>(running: T, ended: T): T => {
      const isOver = asked++ >= reads;
      if (asked === reads) rmSync(file);
      return isOver ? ended : running;
    };
    return {
      ...files,
      getJob: async () => answer(job, { ...job, state: "completed" as const }),
      listExecutions: async () => [answer(buildExecution(1, null), buildExecution(1, stdoutOnly(PRINTED)))],
    } as unknown as Store;
  }

  const job = buildStoredJob({ state: "processing", executions: 1 });

  // It asks for the job, its execution, and once its files are open for its execution again; then look by look.
  test.each([0, 1, 2, 3, 4, 5])("is not new output to it: after %i questions", async (reads) => {
    for (const [tail, expected] of [
      [0, ""],
      [2, "2\n3\n"],
      [undefined, PRINTED],
    ] as const) {
      const signal = AbortSignal.timeout(60_000);
      const follow = followOutput(endingAfter(reads), job, { streams: ["stdout"], tail, signal });
      const events = await Array.fromAsync(follow);
      const pieces = events.flatMap((event) => (event.kind === "output" ? [event.piece.bytes] : []));
      expect(Buffer.concat(pieces).toString(), `--tail ${tail}`).toBe(expected);
      expect(events.at(-1)).toMatchObject({ kind: "ended" });
    }
  });
});
