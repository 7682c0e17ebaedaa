import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BackoffPolicy, retryDelayMs } from "./retry-policy.ts";

const DEFAULTS: BackoffPolicy = { base: 2, maxMs: 300_000, jitter: 0 };

const base = fc.double({ min: 0, max: 1_000_000, noNaN: true });
const jitter = fc.double({ min: 0, max: 1, noNaN: true });
const maxMs = fc.nat({ max: 3_155_760_000_000 });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const failures = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
);

describe("the wait after a failure", () => {
  test("is 2, 4 and 8 s by default", () => {
    expect([1, 2, 3].map((n) => retryDelayMs(n, DEFAULTS, 0))).toEqual([2_000, 4_000, 8_000]);
  });

  test("grows no further than the cap", () => {
    expect([8, 9, 10, 1_000].map((n) => retryDelayMs(n, DEFAULTS, 0))).toEqual([
      256_000, 300_000, 300_000, 300_000,
    ]);
    expect(retryDelayMs(1, { ...DEFAULTS, maxMs: 0 }, 0)).toBe(0);
  });

  test("takes a base that is a fraction, and none at all", () => {
    expect([1, 2, 3].map((n) => retryDelayMs(n, { ...DEFAULTS, base: 1.5 }, 0))).toEqual([
      1_500, 2_250, 3_375,
    ]);
    expect([1, 2, 3].map((n) => retryDelayMs(n, { ...DEFAULTS, base: 0.5 }, 0))).toEqual([500, 250, 125]);
    expect(retryDelayMs(5, { ...DEFAULTS, base: 1 }, 0)).toBe(1_000);
    expect(retryDelayMs(5, { ...DEFAULTS, base: 0 }, 0)).toBe(0);
  });

  test("is lengthened by the jitter's share of the random number", () => {
    expect(retryDelayMs(1, { ...DEFAULTS, jitter: 0.5 }, 0)).toBe(2_000);
    expect(retryDelayMs(1, { ...DEFAULTS, jitter: 0.5 }, 0.5)).toBe(2_500);
    expect(retryDelayMs(1, { ...DEFAULTS, jitter: 0 }, 0.99)).toBe(2_000);
  });

  test("is a whole number from 0 to the cap, whatever the numbers and however many the failures", () => {
    fc.assert(
      fc.property(failures, fc.record({ base, maxMs, jitter }), random, (n, policy, at) => {
        const delayMs = retryDelayMs(n, policy, at);
        expect(Number.isSafeInteger(delayMs)).toBe(true);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(policy.maxMs);
      }),
      { numRuns: 1_000 },
    );
  });

  test("with jitter lies between the bare wait and the wait with its whole share", () => {
    fc.assert(
      fc.property(failures, fc.record({ base, maxMs, jitter }), random, (n, policy, at) => {
        const bareMs = retryDelayMs(n, { ...policy, jitter: 0 }, 0);
        const mostMs = Math.min(bareMs * (1 + policy.jitter) + 1, policy.maxMs);
        const delayMs = retryDelayMs(n, policy, at);
        expect(delayMs).toBeGreaterThanOrEqual(bareMs);
        expect(delayMs).toBeLessThanOrEqual(mostMs);
      }),
      { numRuns: 1_000 },
    );
  });

  test("never shrinks from failure to failure, for a base of 1 or more and without jitter", () => {
    const growing = fc.double({ min: 1, max: 1_000_000, noNaN: true });
    fc.assert(
      fc.property(failures, growing, maxMs, (n, growingBase, max) => {
        const policy = { base: growingBase, maxMs: max, jitter: 0 };
        expect(retryDelayMs(n + 1, policy, 0)).toBeGreaterThanOrEqual(retryDelayMs(n, policy, 0));
      }),
    );
  });
});
