import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDuration, MAX_DURATION_MS, parseDurationMs } from "./duration.ts";

describe("reading a duration", () => {
  test.each([
    ["30s", 30_000],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["250ms", 250],
    ["0", 0],
    ["0ms", 0],
    ["90", 90_000],
    ["1.5", 1_500],
    [".5s", 500],
    ["0.5h", 1_800_000],
    [" 5 m ", 300_000],
    ["007s", 7_000],
    ["36525d", MAX_DURATION_MS],
    ["1h30m", 5_400_000],
    ["5m30s", 330_000],
    ["1d 2h 3m 4s 5ms", 93_784_005],
    ["2 h 5 min", 7_500_000],
    ["1.5h 90m", 10_800_000],
  ])("%j is %d ms", (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  test.each([
    "",
    " ",
    "s",
    "-5s",
    "+5s",
    "5 s s",
    "5S",
    "5w",
    "5mins",
    "1h30",
    "30m1h",
    "1h1h",
    "1h 30",
    "36525d 1ms",
    "1,5s",
    "1.s",
    "1e3",
    "0x10",
    "NaN",
    "Infinity",
    "none",
    "٣s",
    "36525.1d",
    "9".repeat(400),
  ])("%j is none", (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  });

  test.each(["0.1ms", "0.0004", "0.00000001d"])("%j, however short, is not zero", (text) => {
    expect(parseDurationMs(text)).toBe(1);
  });

  test("gives back whole milliseconds written as milliseconds or as seconds", () => {
    fc.assert(
      fc.property(fc.nat({ max: MAX_DURATION_MS }), (ms) => {
        expect(parseDurationMs(`${ms}ms`)).toBe(ms);
        expect(parseDurationMs(String(ms / 1_000))).toBe(ms);
      }),
    );
  });

  test("reads what is written for people, as what it says", () => {
    fc.assert(
      fc.property(fc.nat({ max: MAX_DURATION_MS }), (ms) => {
        const text = formatDuration(ms);
        const read = parseDurationMs(text);
        expect(read).toBeLessThanOrEqual(ms);
        expect(formatDuration(read ?? Number.NaN)).toBe(text);
      }),
    );
  });

  test("takes no longer for a text of blanks and digits than for another", () => {
    for (const filler of [" ", "1", "1 ", "."])
      expect(parseDurationMs(`1${filler.repeat(50_000)}x`)).toBeUndefined();
  });

  test("answers any text with a whole number up to 100 years, or with nothing", () => {
    const texts = fc.oneof(
      fc.string(),
      fc.stringMatching(/^(\d{0,20}\.?\d{0,20} ?(ms|s|m|min|h|d)? ?){0,6}$/),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const ms = parseDurationMs(text) ?? 0;
        expect(Number.isSafeInteger(ms) && ms >= 0 && ms <= MAX_DURATION_MS).toBe(true);
      }),
    );
  });
});

describe("writing a duration", () => {
  test.each([
    [0, "0 ms"],
    [850, "850 ms"],
    [12.3, "12 ms"],
    [999.7, "1 s"],
    [1_000, "1 s"],
    [2_000, "2 s"],
    [1_500, "1.5 s"],
    [59_999, "59.9 s"],
    [60_000, "1 min"],
    [90_500, "1 min 30 s"],
    [300_000, "5 min"],
    [3_599_999, "59 min 59 s"],
    [7_500_000, "2 h 5 min"],
    [86_400_000, "1 d"],
    [90_000_000, "1 d 1 h"],
    [30 * 86_400_000, "30 d"],
  ])("%d ms is %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
