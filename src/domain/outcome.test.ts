import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allowedExecutions, type Job } from "./job.ts";
import { decideAfterRun, exitCodeOf, type Outcome, type RunContext } from "./outcome.ts";
import type { BackoffPolicy } from "./retry-policy.ts";
import { canMove, type Transition } from "./transition.ts";

const NOW = 1_700_000_000_000;
const BACKOFF: BackoffPolicy = { base: 2, maxMs: 300_000, jitter: 0 };

const failure: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ kind: fc.constant("failed" as const), exitCode: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant("signalled" as const), signal: fc.constantFrom("SIGKILL", "SIGSEGV") }),
  fc.record({ kind: fc.constant("timed_out" as const), afterMs: fc.nat() }),
  fc.record({ kind: fc.constant("spawn_failed" as const), cause: fc.string() }),
);
const interruption: fc.Arbitrary<Outcome> = fc.constantFrom({ kind: "lost" }, { kind: "interrupted" });
const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
  failure,
  interruption,
  fc.constantFrom<Outcome>({ kind: "succeeded" }, { kind: "cancelled" }),
);
const anyContext: fc.Arbitrary<RunContext> = fc.record({
  job: fc.record({
    attempts: fc.nat({ max: 1_000_001 }),
    maxRetries: fc.nat({ max: 1_000_000 }),
    backoffBase: fc.option(fc.double({ min: 0, max: 1_000_000, noNaN: true })),
  }),
  backoff: fc.record({
    base: fc.double({ min: 0, max: 1_000_000, noNaN: true }),
    maxMs: fc.nat(),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  now: fc.constant(NOW),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

type RunJob = Pick<Job, "attempts" | "maxRetries" | "backoffBase">;

function newJob(maxRetries: number): RunJob {
  return { attempts: 0, maxRetries, backoffBase: null };
}

function decide(outcome: Outcome, job: RunJob, backoff: BackoffPolicy = BACKOFF): Transition {
  return decideAfterRun(outcome, { job, backoff, now: NOW, random: 0 });
}

/** Runs a job through these outcomes, as a store would apply them, until it is finished or they are used up. */
function live(maxRetries: number, outcomes: Iterable<Outcome>): { transitions: Transition[]; job: RunJob } {
  const job = newJob(maxRetries);
  const transitions: Transition[] = [];
  for (const outcome of outcomes) {
    const transition = decide(outcome, job);
    transitions.push(transition);
    if ("attempts" in transition) job.attempts = transition.attempts;
    if (transition.to !== "failed" && transition.to !== "pending") break;
  }
  return { transitions, job };
}

describe("after an execution", () => {
  test("a success completes the job and counts no failure", () => {
    expect(decide({ kind: "succeeded" }, newJob(3))).toEqual({ to: "completed" });
  });

  test("a cancelled one leaves the job cancelled", () => {
    expect(decide({ kind: "cancelled" }, newJob(3))).toEqual({ to: "cancelled" });
  });

  test.each<Outcome>([
    { kind: "failed", exitCode: 1 },
    { kind: "failed", exitCode: 127 },
    { kind: "signalled", signal: "SIGKILL" },
    { kind: "timed_out", afterMs: 300_000 },
    { kind: "spawn_failed", cause: "no such directory" },
  ])("a failure of the kind $kind is retried, or ends the job when its retries are spent", (outcome) => {
    expect(decide(outcome, newJob(1))).toEqual({ to: "failed", attempts: 1, dueAt: NOW + 2_000 });
    expect(decide(outcome, newJob(0))).toEqual({ to: "dead", attempts: 1, reason: "retries_spent" });
  });

  test("a job without retries of its own kind uses the backoff of the settings, else its own", () => {
    const settings = { ...BACKOFF, base: 3 };
    const failed: Outcome = { kind: "failed", exitCode: 1 };
    expect(decide(failed, newJob(1), settings)).toMatchObject({ dueAt: NOW + 3_000 });
    expect(decide(failed, { ...newJob(1), backoffBase: 7 }, settings)).toMatchObject({ dueAt: NOW + 7_000 });
    expect(decide(failed, { ...newJob(1), backoffBase: 0 }, settings)).toMatchObject({ dueAt: NOW });
  });

  test("the defaults run a failing job at 0, then 2, 4 and 8 s after each failure, then it is dead", () => {
    const { transitions } = live(3, Array(10).fill({ kind: "failed", exitCode: 1 }));
    expect(transitions).toEqual([
      { to: "failed", attempts: 1, dueAt: NOW + 2_000 },
      { to: "failed", attempts: 2, dueAt: NOW + 4_000 },
      { to: "failed", attempts: 3, dueAt: NOW + 8_000 },
      { to: "dead", attempts: 4, reason: "retries_spent" },
    ]);
  });

  test("every decision is a step that the state machine allows, to an instant that is one", () => {
    fc.assert(
      fc.property(anyOutcome, anyContext, (outcome, context) => {
        const transition = decideAfterRun(outcome, context);
        expect(canMove("processing", transition.to)).toBe(true);
        if (transition.to !== "failed") return;
        expect(Number.isSafeInteger(transition.dueAt)).toBe(true);
        expect(transition.dueAt).toBeGreaterThanOrEqual(NOW);
        expect(transition.dueAt).toBeLessThanOrEqual(NOW + context.backoff.maxMs);
      }),
    );
  });
});

describe("the life of a job", () => {
  const maxRetries = fc.nat({ max: 40 });

  test("that always fails is 1 + max_retries executions, and ends dead", () => {
    fc.assert(
      fc.property(maxRetries, fc.infiniteStream(failure), (retries, failures) => {
        const { transitions } = live(retries, failures);
        expect(transitions).toHaveLength(allowedExecutions({ maxRetries: retries }));
        expect(transitions.at(-1)).toEqual({ to: "dead", attempts: 1 + retries, reason: "retries_spent" });
        expect(transitions.slice(0, -1).every(({ to }) => to === "failed")).toBe(true);
      }),
    );
  });

  test("is not shortened by interruptions: they spend nothing", () => {
    const run = fc.oneof(failure, interruption);
    fc.assert(
      fc.property(maxRetries, fc.infiniteStream(run), (retries, runs) => {
        let interruptions = 0;
        const counted = runs.map((outcome) => {
          if (outcome.kind === "lost" || outcome.kind === "interrupted") interruptions += 1;
          return outcome;
        });
        const { transitions, job } = live(retries, counted);
        expect(transitions).toHaveLength(allowedExecutions({ maxRetries: retries }) + interruptions);
        expect(transitions.filter(({ to }) => to === "pending")).toHaveLength(interruptions);
        expect(job.attempts).toBe(1 + retries);
      }),
    );
  });

  test("ends with its first success, however many failures were allowed to come before", () => {
    fc.assert(
      fc.property(fc.array(failure, { maxLength: 20 }), (failures) => {
        const { transitions, job } = live(failures.length, [...failures, { kind: "succeeded" }]);
        expect(transitions.at(-1)).toEqual({ to: "completed" });
        expect(job.attempts).toBe(failures.length);
      }),
    );
  });
});

test("a job shows the exit code that its command gave, and none that nobody gave", () => {
  const codes = (
    [
      { kind: "succeeded" },
      { kind: "failed", exitCode: 75 },
      { kind: "signalled", signal: "SIGKILL" },
      { kind: "timed_out", afterMs: 5 },
      { kind: "spawn_failed", cause: "EAGAIN" },
      { kind: "cancelled" },
      { kind: "lost" },
      { kind: "interrupted" },
    ] satisfies Outcome[]
  ).map(exitCodeOf);
  expect(codes).toEqual([0, 75, null, null, null, null, null, null]);
});
