import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ID_RULE, idFromRandomBytes, isId, JOB_ID_LENGTH, MIN_PREFIX_LENGTH } from "./id.ts";

describe("a generated id", () => {
  test("has a character for each byte, of the alphabet without i, l, o and u, and is an id", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 128 }), (bytes) => {
        const id = idFromRandomBytes(bytes);
        expect(id).toMatch(/^[0123456789abcdefghjkmnpqrstvwxyz]+$/);
        expect(id).toHaveLength(bytes.length);
        expect(isId(id)).toBe(true);
      }),
    );
  });

  test("gives every character of the alphabet the same share of the bytes", () => {
    const shares = new Map<string, number>();
    for (const character of idFromRandomBytes(Uint8Array.from({ length: 256 }, (_, byte) => byte)))
      shares.set(character, (shares.get(character) ?? 0) + 1);
    expect([...shares.keys()].join("")).toBe("0123456789abcdefghjkmnpqrstvwxyz");
    expect([...new Set(shares.values())]).toEqual([8]);
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
