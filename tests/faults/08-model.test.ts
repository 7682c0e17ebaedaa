import fc from "fast-check";
import { expect } from "vitest";
import { anyCourse } from "../model/course.ts";
import { fault } from "./support/fault.ts";

fault(
  "finish against sweeper, cancel against finish, cancel against claim, retry against worker: one of the two, never both",
  { row: "8", target: "10,000 courses of events, none against the laws", limitMs: 180_000 },
  async ({ rounds, random, record }) => {
    const seed = Math.floor(random() * 2 ** 31);
    const numRuns = rounds(10_000, 100);
    const found = await fc.check(anyCourse(), { numRuns, seed });
    expect(found.failed, fc.defaultReportMessage(found)).toBe(false);
    expect(found.numRuns).toBe(numRuns);
    record(`${found.numRuns} courses under the seed ${seed}, none against the laws of tests/model/laws.ts`);
  },
);
