import fc from "fast-check";
import { expect, test } from "vitest";
import type { OutputPiece } from "../../queue/read-output.ts";
import { joinNeighbours, keepLastLines, toLines } from "./output-lines.ts";

const piece = (
  stream: "stdout" | "stderr",
  text: string | Uint8Array,
  given: Partial<OutputPiece> = {},
): OutputPiece => ({
  stream,
  at: 0,
  bytes: Buffer.from(text as string),
  droppedBefore: 0,
  ...given,
});

const arbitraryPieces = fc.array(
  fc
    .record({
      stream: fc.constantFrom("stdout" as const, "stderr" as const),
      text: fc.stringMatching(/^[ab\n]{1,6}$/),
    })
    .map(({ stream, text }) => piece(stream, text)),
  { maxLength: 8 },
);

const textOf = (pieces: readonly OutputPiece[]) => Buffer.concat(pieces.map(({ bytes }) => bytes)).toString();

test("the last lines are those that a simple look at the whole text finds", () => {
  fc.assert(
    fc.property(arbitraryPieces, fc.integer({ min: 0, max: 8 }), (pieces, most) => {
      const lines = textOf(pieces).match(/[^\n]*\n|[^\n]+$/g) ?? [];
      const kept = keepLastLines(pieces, most);
      expect(textOf(kept)).toBe(most === 0 ? "" : lines.slice(-most).join(""));
      // Each byte is still of its stream.
      for (const stream of ["stdout", "stderr"] as const) {
        const all = textOf(pieces.filter((each) => each.stream === stream));
        expect(all.endsWith(textOf(kept.filter((each) => each.stream === stream)))).toBe(true);
      }
    }),
  );
});

test("without a number all pieces are kept; a gap that is cut off is not spoken of", () => {
  const pieces = [piece("stdout", "head\n"), piece("stdout", "rest\nlast\n", { droppedBefore: 9 })];
  expect(keepLastLines(pieces, undefined)).toEqual(pieces);
  expect(keepLastLines(pieces, 1)).toMatchObject([{ droppedBefore: 0 }]);
  expect(keepLastLines(pieces, 2)).toMatchObject([{ droppedBefore: 9 }]);
});

test("the lines of a stream are its text cut at line breaks, whatever pieces it came in", () => {
  fc.assert(
    fc.property(arbitraryPieces, (pieces) => {
      const lines = toLines(pieces);
      for (const stream of ["stdout", "stderr"] as const) {
        const text = textOf(pieces.filter((each) => each.stream === stream));
        const wanted = text.split("\n").slice(0, text.endsWith("\n") || text === "" ? -1 : undefined);
        expect(lines.filter((line) => line.stream === stream).map((line) => line.text)).toEqual(wanted);
      }
    }),
  );
});

test("lines stand in the order in which they were completed, with the instant of their first byte", () => {
  const pieces = [
    piece("stdout", "one", { at: 1 }),
    piece("stderr", "oops\nmo", { at: 2 }),
    piece("stdout", " line\ntwo", { at: 3 }),
    piece("stderr", "re", { at: 4 }),
  ];
  expect(toLines(pieces)).toEqual([
    { stream: "stderr", text: "oops", at: 2 },
    { stream: "stdout", text: "one line", at: 1 },
    { stream: "stdout", text: "two", at: 3 },
    { stream: "stderr", text: "more", at: 2 },
  ]);
});

test("a character that was cut between pieces is whole; one that never ended is marked", () => {
  const tomato = Buffer.from("🍅");
  const cut = [
    piece("stdout", tomato.subarray(0, 2)),
    piece("stderr", "x\n"),
    piece("stdout", tomato.subarray(2)),
  ];
  expect(toLines(cut).map(({ text }) => text)).toEqual(["x", "🍅"]);
  expect(toLines([piece("stdout", tomato.subarray(0, 2))]).map(({ text }) => text)).toEqual(["\ufffd"]);
  expect(toLines([piece("stdout", "\ufeffmark\n")]).map(({ text }) => text)).toEqual(["\ufeffmark"]);
});

test("what is missing ends a line: its beginning and another's end are not one line", () => {
  const pieces = [piece("stdout", "begin"), piece("stdout", "end\n", { droppedBefore: 5, at: 7 })];
  expect(toLines(pieces)).toEqual([
    { stream: "stdout", text: "begin", at: 0 },
    { stream: "stdout", text: "end", at: 7 },
  ]);
});

test("neighbours are joined, but neither over a gap nor over the other stream", () => {
  const pieces = [
    piece("stdout", "a", { droppedBefore: 3 }),
    piece("stdout", "b"),
    piece("stderr", "c"),
    piece("stdout", "d"),
    piece("stdout", "e", { droppedBefore: 2 }),
  ];
  const joined = joinNeighbours(pieces).map(({ stream, bytes, droppedBefore }) => [
    stream,
    `${bytes}`,
    droppedBefore,
  ]);
  expect(joined).toEqual([
    ["stdout", "ab", 3],
    ["stderr", "c", 0],
    ["stdout", "d", 0],
    ["stdout", "e", 2],
  ]);
});
