import fc from "fast-check";
import { expect, test } from "vitest";
import { fakeIo } from "../../../tests/support/fake-io.ts";
import type { OutputPiece } from "../../queue/read-output.ts";
import { bytesWriter, jsonWriter, terminalWriter } from "./output-writers.ts";

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

function toLines(pieces: readonly OutputPiece[]): { stream: string; text: string; at: number }[] {
  const { stdout } = fakeIo();
  const writer = jsonWriter(stdout);
  for (const each of pieces) writer.write(each);
  writer.end();
  const lines = stdout.text.split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line)).map(({ at, ...line }) => ({ ...line, at: Date.parse(at) }));
}

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

test("a line without an end does not fill the memory: it comes in several objects", () => {
  const megabytes = Array.from({ length: 5 }, () => piece("stdout", "x".repeat(700_000)));
  const texts = toLines(megabytes).map(({ text }) => text);
  expect(texts.join("")).toHaveLength(3_500_000);
  expect(Math.max(...texts.map(({ length }) => length))).toBeLessThan(2_000_000);
});

/** What a terminal would show. */
function onTerminal(pieces: readonly OutputPiece[], stamp?: (at: number) => string): string {
  const io = fakeIo({ columns: 80 });
  const writer = terminalWriter(io, stamp);
  for (const each of pieces) writer.write(each);
  writer.end();
  return io.stdout.text;
}

test("a colour that is cut between pieces is still a colour; what never becomes one is made visible", () => {
  const red = "a\u001b[1;31mred\u001b[0m\n";
  for (let cut = 1; cut < red.length; cut++)
    expect(onTerminal([piece("stdout", red.slice(0, cut)), piece("stdout", red.slice(cut))])).toBe(red);
  expect(onTerminal([piece("stdout", "a\u001b[1"), piece("stderr", "b\n")])).toBe("a\\e[1b\n");
  expect(onTerminal([piece("stdout", "a\u001b")])).toBe("a\\e\n");
});

test("a terminal is told of a gap in a line of its own", () => {
  const pieces = [piece("stdout", "begin"), piece("stdout", "end\n", { droppedBefore: 2_048 })];
  expect(onTerminal(pieces)).toBe("begin\n[… 2 KiB of stdout were dropped here …]\nend\n");
});

test("on a terminal each line on the screen gets the instant at which it began", () => {
  const pieces = [
    piece("stdout", "one\ntwo", { at: 1 }),
    piece("stderr", "oops\n", { at: 2 }),
    piece("stdout", "\nlast", { at: 3 }),
  ];
  expect(onTerminal(pieces, (at) => `${at} `)).toBe("1 one\n1 twooops\n3 \n3 last\n");
});

test("in a pipe each line of a stream gets the instant of its first byte, and the bytes stay as they are", () => {
  const io = fakeIo();
  const writer = bytesWriter(io, true);
  const pieces = [
    piece("stdout", "one\ntw", { at: 1 }),
    piece("stderr", "oops", { at: 2 }),
    piece("stdout", Buffer.from([0x6f, 0x0a, 0xff]), { at: 3 }),
    piece("stdout", "", { at: 4 }),
  ];
  for (const each of pieces) writer.write(each);
  writer.end();
  expect(io.stdout.text).toBe(
    "1970-01-01T00:00:00.001Z one\n1970-01-01T00:00:00.001Z two\n1970-01-01T00:00:00.003Z \ufffd",
  );
  expect(io.stderr.text).toBe("1970-01-01T00:00:00.002Z oops");
});
