import fc from "fast-check";
import { expect, test } from "vitest";
import { textWidth } from "./text-width.ts";
import { renderDefinitions, wrap } from "./wrap.ts";

test("a paragraph is cut between words, and no line is wider than asked", () => {
  expect(wrap("one two three four", 9)).toEqual(["one two", "three", "four"]);
  expect(wrap("one", 9)).toEqual(["one"]);
});

test("a word that is wider than the line stands alone, whole", () => {
  expect(wrap("see https://example.org/long here", 10)).toEqual(["see", "https://example.org/long", "here"]);
});

test("wide characters count as the columns they take", () => {
  expect(wrap("漢字 漢字", 8)).toEqual(["漢字", "漢字"]);
  expect(wrap("漢字 漢字", 9)).toEqual(["漢字 漢字"]);
});

test("whatever the text and the width: no word is lost, and only single words are too wide", () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z漢]{1,12}$/)),
      fc.integer({ min: 1, max: 40 }),
      (words, width) => {
        const lines = wrap(words.join(" "), width);
        expect(lines.join(" ")).toBe(words.join(" "));
        for (const line of lines) expect(textWidth(line) <= width || !line.includes(" ")).toBe(true);
      },
    ),
  );
});

test("sentences stand beside their names and are wrapped in their own column", () => {
  const rows = [
    ["--id ID", "the job's id (default: a new one)"],
    ["--a-name-that-is-wider-than-the-column N", "below"],
  ] as const;
  expect(renderDefinitions(rows, 40)).toBe(
    `  --id ID  the job's id (default: a new
           one)
  --a-name-that-is-wider-than-the-column N
           below
`,
  );
  expect(renderDefinitions([["id", "its name"]], 40, [["longer", ""]])).toBe("  id      its name\n");
});
