import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { QueuectlError } from "./errors.ts";
import { boundForgotten, formatRate, parseRate } from "./rate.ts";

describe("reading a rate", () => {
  test.each([
    ["100/min", 100, 60_000],
    ["5/s", 5, 1_000],
    ["1000/h", 1_000, 3_600_000],
    ["10/30s", 10, 30_000],
    ["1/d", 1, 86_400_000],
    ["1/24h", 1, 86_400_000],
    ["7/250ms", 7, 250],
    ["3/2m", 3, 120_000],
    ["3/minute", 3, 60_000],
    [" 4 / 10 s ", 4, 10_000],
    ["100000/ms", 100_000, 1],
  ])("%j is %d starts in %d ms", (text, starts, periodMs) => {
    expect(parseRate(text)).toEqual({ starts, periodMs });
  });

  test.each([
    ["100", "the period is missing", "100/min"],
    ["100/", "the period is missing", "100/min"],
    ["", 'the number of starts, "", is no whole number', "100/min"],
    ["5/s/s", "it has more than one slash", "100/min"],
    ["/s", 'the number of starts, "", is no whole number', "100/min"],
    ["0/s", 'the number of starts, "0", is 0', "zero_limit"],
    ["-1/s", 'the number of starts, "-1", is no whole number', "100/min"],
    ["1.5/s", 'the number of starts, "1.5", is no whole number', "3/2s"],
    ["1e3/s", 'the number of starts, "1e3", is no whole number', "100/min"],
    ["100001/s", 'the number of starts, "100001", is above 100000', "shorter period"],
    ["5/30", 'the period, "30", is no whole number of ms, s, min, h or d', "10/30s"],
    ["5/1.5s", 'the period, "1.5s", is no whole number', "10/30s"],
    ["5/week", 'the period, "week", is no whole number of ms', "10/30s"],
    ["5/0s", 'the period, "0s", is 0', "10/30s"],
    ["5/2d", 'the period, "2d", is longer than a day', "shorter period"],
    [`5/${"9".repeat(400)}d`, "is longer than a day", "shorter period"],
  ])("%j is refused by the part that is wrong", (text, why, remedy) => {
    const refusal = refusalOf(text);
    expect(refusal).toMatchObject({ code: "invalid_queue" });
    expect(refusal.message).toContain(why);
    expect(refusal.hint ?? refusal.refusal?.kind).toContain(remedy);
  });
});

test.each([
  [100, 60_000, "100/min"],
  [5, 1_000, "5/s"],
  [10, 30_000, "10/30s"],
  [1, 86_400_000, "1/d"],
  [1, 90_000, "1/90s"],
  [2, 1_500, "2/1500ms"],
])("%d starts in %d ms are written %s", (starts, periodMs, text) => {
  expect(formatRate({ starts, periodMs })).toBe(text);
});

test("what is written is read as what it was", () => {
  const rates = fc.record({
    starts: fc.integer({ min: 1, max: 100_000 }),
    periodMs: fc.integer({ min: 1, max: 86_400_000 }),
  });
  fc.assert(
    fc.property(rates, (rate) => {
      expect(parseRate(formatRate(rate))).toEqual(rate);
    }),
  );
});

test.each([
  [
    "a queue that was busy all the time",
    [3_000, 4_000],
    { starts: 1, periodMs: 1_000 },
    [0, 1_000, 2_000, 3_000, 4_000],
  ],
  ["starts that came together", [50, 60], { starts: 2, periodMs: 100 }, [-150, -140, -50, -40, 50, 60]],
  ["starts that came far apart", [0, 90, 200], { starts: 3, periodMs: 100 }, [-100, -10, 0, 0, 90, 200]],
  ["as many as are kept", [1, 2, 3], { starts: 2, periodMs: 100 }, [1, 2, 3]],
])("forgotten starts were as late as the rate allowed: %s", (_, kept, rate, all) => {
  expect(boundForgotten(kept, rate, all.length)).toEqual(all);
});

function refusalOf(text: string): QueuectlError {
  try {
    parseRate(text);
  } catch (error) {
    if (error instanceof QueuectlError) return error;
  }
  throw new Error(`The rate ${text} was not refused`);
}
