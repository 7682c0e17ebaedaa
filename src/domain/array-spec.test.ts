import { describe, expect, test } from "vitest";
import { expandRanges, MAX_ARRAY_MEMBERS, parseArraySpec } from "./array-spec.ts";
import { QueuectlError } from "./errors.ts";

test.each([
  ["1-4", [1, 2, 3, 4], null],
  ["0-9:3", [0, 3, 6, 9], null],
  ["1,3,5-7", [1, 3, 5, 6, 7], null],
  ["7", [7], null],
  ["9,1-2%2", [9, 1, 2], 2],
  ["5-5:1000%1000000", [5], 1_000_000],
  ["007-010", [7, 8, 9, 10], null],
  ["999999998-1000000000:2", [999_999_998, 1_000_000_000], null],
])("%s has the members %j", (text, indices, maxRunning) => {
  expect(parseArraySpec(text)).toEqual({ indices, maxRunning });
});

test("an array may be as long as is allowed", () => {
  const { indices, maxRunning } = parseArraySpec(`1-${MAX_ARRAY_MEMBERS}%8`);
  expect([indices.length, indices[0], indices.at(-1), maxRunning]).toEqual([100_000, 1, 100_000, 8]);
});

function refusal(work: () => unknown): QueuectlError {
  try {
    work();
  } catch (error) {
    if (error instanceof QueuectlError) return error;
    throw error;
  }
  throw new Error("It was accepted");
}

describe("an array that is none is refused with its part:", () => {
  test.each([
    ["", '"" is no index'],
    ["a", '"a" is no index'],
    ["1-", '"1-" is no index'],
    ["-5", '"-5" is no index'],
    ["1,,2", '"" is no index'],
    ["1 - 3", '"1 - 3" is no index'],
    ["1.5", '"1.5" is no index'],
    ["1:2", '"1:2" is no index'],
    ["1-9:", '"1-9:" is no index'],
    ["3-1", "the range 3-1 ends before it begins"],
    ["1-9:0", "the range 1-9:0 has a step of 0"],
    ["1-10%0", "after % it takes how many may run at once, from 1"],
    ["1-10%", "after % it takes"],
    ["1-10%x", "after % it takes"],
    ["1-10%99999999", "after % it takes"],
    ["1-10%2%3", "more than one %"],
    ["1000000001", '"1000000001" goes beyond 1000000000'],
    ["1-99999999999999999999", "goes beyond"],
  ])("%j", (text, why) => {
    const { code, message, hint } = refusal(() => parseArraySpec(text));
    expect(code).toBe("invalid_usage");
    expect(message).toContain(`The array ${JSON.stringify(text)} cannot be read: `);
    expect(message).toContain(why);
    expect(hint).toContain("1-100");
  });

  test("a million", () => {
    expect(refusal(() => parseArraySpec("1-1000000")).message).toBe(
      "The array would have 1000000 jobs, and 100000 are allowed",
    );
    expect(refusal(() => parseArraySpec("0-999999999,1-100")).message).toContain("1000000100 jobs");
  });

  test("an index that comes twice", () => {
    expect(refusal(() => parseArraySpec("1-5,3")).message).toBe("The array has the index 3 twice");
    expect(
      refusal(() =>
        expandRanges([
          { from: 1, to: 1, step: 1 },
          { from: 0, to: 2, step: 1 },
        ]),
      ).message,
    ).toContain("the index 1 twice");
  });
});
