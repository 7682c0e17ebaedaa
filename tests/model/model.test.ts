import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyCourse } from "./course.ts";
import { FAULTS } from "./faults.ts";

/**
 * Under six seeds the hardest to find of the faults below was found within 310. More are run by hand: MODEL_RUNS=10000.
 * A failure names its seed and path: MODEL_SEED=… MODEL_PATH=… repeats it.
 */
const runs = Number(process.env["MODEL_RUNS"] ?? 400);
const seed = process.env["MODEL_SEED"];
const path = process.env["MODEL_PATH"];

test("no course of events loses a job, lets two ends count, or leaves anything behind", async () => {
  await fc.assert(anyCourse(), {
    numRuns: runs,
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
  });
}, 3_600_000);

describe("the model finds", () => {
  test.each(FAULTS)("%s", async (_, fault, says) => {
    const found = await fc.check(anyCourse(fault), { numRuns: 1_000, seed: 1, endOnFailure: true });
    expect(found.failed, `not found in ${found.numRuns} courses`).toBe(true);
    expect(String(found.errorInstance)).toMatch(says);
  });
});
