import { describe, expect, test } from "vitest";
import { JOB_STATES, type JobState } from "./job.ts";
import {
  afterCancelRequest,
  canMove,
  toCancelled,
  toCompleted,
  toDead,
  toPendingAgain,
  toRetry,
} from "./transition.ts";

const steps = JOB_STATES.flatMap((from) => JOB_STATES.map((to) => [from, to] as const));

/** The life of a job, said once more in the other direction: from where each state can be reached. */
const REACHED_FROM: Readonly<Record<JobState, readonly JobState[]>> = {
  pending: ["blocked", "processing", "failed", "completed", "dead", "cancelled"],
  blocked: ["failed", "completed", "dead", "cancelled"],
  processing: ["pending", "failed"],
  completed: ["processing"],
  failed: ["processing"],
  dead: ["pending", "blocked", "processing"],
  cancelled: ["pending", "blocked", "processing", "failed"],
};

describe("the state machine", () => {
  test.each(steps)("judges the step from %s to %s", (from, to) => {
    expect(canMove(from, to)).toBe(REACHED_FROM[to].includes(from));
  });

  test("knows no step from a state to itself", () => {
    expect(JOB_STATES.filter((state) => canMove(state, state))).toEqual([]);
  });

  test("lets every state be left, and reached from pending", () => {
    const reached = new Set<JobState>(["pending"]);
    for (const from of reached) {
      for (const to of JOB_STATES) if (canMove(from, to)) reached.add(to);
    }
    // `blocked` is where a job with dependencies begins, and where one that is brought back returns to.
    expect([...reached].sort()).toEqual([...JOB_STATES].sort());
    for (const from of JOB_STATES) expect(JOB_STATES.some((to) => canMove(from, to))).toBe(true);
  });

  test("starts jobs only from where a worker claims them", () => {
    expect(JOB_STATES.filter((state) => canMove(state, "processing"))).toEqual(["pending", "failed"]);
  });
});

describe("a transition carries what its state needs and nothing else", () => {
  test.each([
    ["to completed", toCompleted(), { to: "completed" }],
    ["to a retry", toRetry({ attempts: 2, dueAt: 5 }), { to: "failed", attempts: 2, dueAt: 5 }],
    [
      "to the dead letter queue",
      toDead({ attempts: 4, reason: "retries_spent" }),
      { to: "dead", attempts: 4, reason: "retries_spent" },
    ],
    ["back to the queue", toPendingAgain(), { to: "pending" }],
    ["to an end by a person", toCancelled(), { to: "cancelled" }],
  ])("%s", (_, transition, expected) => {
    expect(transition).toEqual(expected);
  });
});

test("a job that was to be cancelled is run again after no end, and stays completed if it was quicker", () => {
  const ends = [toRetry({ attempts: 1, dueAt: 5 }), toDead({ attempts: 4, reason: "retries_spent" })];
  for (const end of [...ends, toPendingAgain(), toCancelled()])
    expect(afterCancelRequest(end)).toEqual({ to: "cancelled" });
  expect(afterCancelRequest(toCompleted())).toEqual({ to: "completed" });
});
