import { expect } from "vitest";
import { homeForTest } from "../support/queuectl.ts";
import { countJobs } from "../support/worker-home.ts";
import { fault } from "./support/fault.ts";

fault(
  "programs that enqueue at the same moment all succeed, and none is told of a lock",
  { row: "17", target: "50 processes x 20 enqueues at once: 1,000 rows, no BUSY shown", limitMs: 240_000 },
  async ({ rounds, record }) => {
    const home = homeForTest();
    const programs = rounds(50, 8);
    const each = rounds(20, 4);
    const loop = `for n in $(seq ${each}); do queuectl enqueue --quiet true || echo "exit $?"; done`;
    const results = await Promise.all(Array.from({ length: programs }, () => home.shell(loop)));
    expect(results.map(({ stderr }) => stderr).join("")).toBe("");
    const ids = results.flatMap(({ stdout }) => stdout.trimEnd().split("\n"));
    expect(new Set(ids).size).toBe(programs * each);
    expect(countJobs(home, "pending")).toBe(programs * each);
    record(`${programs} processes x ${each}: ${ids.length} rows, nothing on stderr`);
  },
);
