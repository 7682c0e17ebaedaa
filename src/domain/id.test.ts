import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ID_RULE, isId, JOB_ID_LENGTH, MIN_PREFIX_LENGTH, randomId } from "./id.ts";

describe("a generated id", () => {
  test("is made of the alphabet without i, l, o and u, is as long as was asked for, and is an id", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 128 }), (length) => {
        const id = randomId(length, Math.random);
        expect(id).toMatch(/^[0123456789abcdefghjkmnpqrstvwxyz]+$/);
        expect(id).toHaveLength(length);
        expect(isId(id)).toBe(true);
      }),
    );
  });

  test("gives every character of the alphabet the same share of the random numbers", () => {
    let next = 0;
    const id = randomId(256, () => next++ / 256);
    const shares = Map.groupBy(id, (character) => character);
    expect([...shares.keys()].join("")).toBe("0123456789abcdefghjkmnpqrstvwxyz");
    expect([...shares.values()].map(({ length }) => length)).toEqual(Array(32).fill(8));
  });

  test("of a job has ten characters, more than the shortest prefix", () => {
    expect(JOB_ID_LENGTH).toBe(10);
    expect(MIN_PREFIX_LENGTH).toBeLessThan(JOB_ID_LENGTH);
  });
});

describe("an id", () => {
  test.each(["a", "Z", "0", "job1", "a.b_c:d-e", "x".repeat(128)])("may be %j", (text) => {
    expect(isId(text)).toBe(true);
  });

  test.each(["", ".", "-a", "_a", ":a", "a b", "a\n", "\na", "a/b", "@last", "é", "x".repeat(129)])(
    "is not %j",
    (text) => {
      expect(isId(text)).toBe(false);
    },
  );

  test("has a rule that can end a sentence", () => {
    expect(ID_RULE).toContain("1 to 128");
    expect(ID_RULE).not.toMatch(/[.]$/);
  });
});
