import { expect, test } from "vitest";
import { allowedExecutions, firstDueAt, isJobState, JOB_STATES } from "./job.ts";

test("the states of a job are these seven, in lower case", () => {
  expect(JOB_STATES.every(isJobState)).toBe(true);
  expect(["", "Pending", "done", "toString", "__proto__"].some(isJobState)).toBe(false);
});

test("a job may be run once, and once more for each retry", () => {
  expect([0, 1, 3].map((maxRetries) => allowedExecutions({ maxRetries }))).toEqual([1, 2, 4]);
});

test("a new job is due when it says, else at once", () => {
  expect(firstDueAt({ runAt: 7_000, createdAt: 5_000 })).toBe(7_000);
  expect(firstDueAt({ runAt: null, createdAt: 5_000 })).toBe(5_000);
});
