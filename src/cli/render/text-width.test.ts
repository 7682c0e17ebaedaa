import fc from "fast-check";
import { expect, test } from "vitest";
import { textWidth, truncate } from "./text-width.ts";

test.each([
  ["", 0],
  ["plain", 5],
  ["é", 1],
  ["e\u0301", 1],
  ["番茄", 4],
  ["🍅", 2],
  ["❤️", 2],
  ["👨‍👩‍👧", 2],
  ["…", 1],
])("%j takes %i columns", (text, width) => {
  expect(textWidth(text)).toBe(width);
});

test("a cut text ends with an ellipsis at a whole character", () => {
  expect(truncate("hello", 5)).toBe("hello");
  expect(truncate("hello!", 5)).toBe("hell…");
  expect(truncate("番茄炒蛋", 6)).toBe("番茄…");
  expect(truncate("ab👨‍👩‍👧cd", 4)).toBe("ab…");
  expect(truncate("ab👨‍👩‍👧cd", 5)).toBe("ab👨‍👩‍👧…");
});

test("a cut text is never wider than allowed, and is the beginning of the whole", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 20 }), (text, width) => {
      const cut = truncate(text, width);
      expect(textWidth(cut)).toBeLessThanOrEqual(width);
      expect(text.startsWith(cut.replace(/…$/, ""))).toBe(true);
    }),
  );
});
