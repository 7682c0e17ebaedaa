import fc from "fast-check";
import { expect, test } from "vitest";
import { visible, visibleOutput, visibleWithoutColour } from "./visible.ts";

test.each([
  ["plain text, é and 番茄", "plain text, é and 番茄"],
  ["a\nb\r\tc", "a\\nb\\r\\tc"],
  ["\u001b[31mred", "\\e[31mred"],
  ["\u001b]0;title\u0007", "\\e]0;title\\x07"],
  ["\u0000\u007f\u009b", "\\x00\\x7f\\x9b"],
  ["\u202eevil\u2066", "\\u202eevil\\u2066"],
  ["a\u200bb\ufeff\u2028", "a\\u200bb\\ufeff\\u2028"],
])("%j is shown as %s", (text, shown) => {
  expect(visible(text)).toBe(shown);
});

test("output keeps its colours, tabs and line breaks, and nothing else that controls", () => {
  expect(visibleOutput("\u001b[1;38:5:1mred\u001b[0m\t\u001b[m\n")).toBe(
    "\u001b[1;38:5:1mred\u001b[0m\t\u001b[m\n",
  );
  expect(visibleOutput("\u001b[2J\u001b[31\u001b[1A\r")).toBe("\\e[2J\\e[31\\e[1A\\r");
  expect(visibleWithoutColour("\u001b[31mred\u001b[0m\t\u001b[2J")).toBe("red\t\\e[2J");
});

test("whatever the text, no control or reordering character comes through", () => {
  const nasty = fc.constantFrom(
    "\u001b",
    "[",
    "0",
    "m",
    ";",
    "\u009b",
    "\u202e",
    "\u0000",
    "\r",
    "\u2069",
    "x",
  );
  fc.assert(
    fc.property(fc.string({ unit: nasty }), (text) => {
      expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
      const withoutColour = visibleOutput(text).replace(/\u001b\[[0-9;:]*m/g, "");
      expect(withoutColour).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(visibleWithoutColour(text)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }),
  );
});
