import fc from "fast-check";
import { expect, test } from "vitest";
import type { OutputMark } from "../store/store.ts";
import { lastLinesOf, type OutputRange, rangesOf } from "./output-ranges.ts";
import type { StreamName } from "./read-stream.ts";

/** What arrived, one write after another. */
const arbitraryWrites = fc.array(
  fc.record({
    stream: fc.constantFrom<StreamName>("stdout", "stderr"),
    text: fc.stringMatching(/^[ab\n]{1,9}$/),
  }),
  { maxLength: 12 },
);

type Write = { stream: StreamName; text: string };

const textOf = (writes: readonly Write[], stream: StreamName) =>
  writes.map((write) => (write.stream === stream ? write.text : "")).join("");

function marksOf(writes: readonly Write[]): OutputMark[] {
  const offsets = { stdout: 0, stderr: 0 };
  return writes.map(({ stream, text }, index) => {
    const offset = offsets[stream];
    offsets[stream] += text.length;
    return { stream, offset, at: index };
  });
}

const NOTHING = { stdout: 0, stderr: 0 };

function extents(writes: readonly Write[], keep = { head: 1_000, tail: 0 }) {
  const extent = (stream: StreamName) => {
    const end = textOf(writes, stream).length;
    const headEnd = Math.min(keep.head, end);
    return { headEnd, tailFrom: Math.max(headEnd, end - keep.tail), end, changedAt: 99 };
  };
  return { stdout: extent("stdout"), stderr: extent("stderr") };
}

const read = (writes: readonly Write[]) => (range: OutputRange) =>
  textOf(writes, range.stream).slice(range.from, range.to);

test("both streams are cut at their marks: the writes come back in the order of their arrival", () => {
  fc.assert(
    fc.property(arbitraryWrites, (writes) => {
      const ranges = rangesOf(extents(writes), marksOf(writes), NOTHING);
      expect(ranges.map((range) => ({ stream: range.stream, text: read(writes)(range) }))).toEqual(writes);
      expect(ranges.map(({ at }) => at)).toEqual(writes.map((_, index) => index));
    }),
  );
});

test("only what is left comes, and only beyond what was given", () => {
  const keep = fc.record({ head: fc.nat(40), tail: fc.nat(40) });
  const beyond = fc.record({ stdout: fc.nat(60), stderr: fc.nat(60) });
  fc.assert(
    fc.property(arbitraryWrites, keep, beyond, (writes, kept, given) => {
      const left = extents(writes, kept);
      const ranges = rangesOf(left, marksOf(writes), given);
      for (const stream of ["stdout", "stderr"] as const) {
        const places = ranges.filter((range) => range.stream === stream).flatMap(placesOf);
        const { headEnd, tailFrom, end } = left[stream];
        const wanted = Array.from({ length: end }, (_, place) => place).filter(
          (place) => place >= given[stream] && (place < headEnd || place >= tailFrom),
        );
        expect(places).toEqual(wanted);
      }
    }),
  );
});

const placesOf = ({ from, to }: OutputRange) => Array.from({ length: to - from }, (_, index) => from + index);

test("without marks, as while a job runs, one stream follows the other", () => {
  const writes = [
    { stream: "stderr", text: "err" },
    { stream: "stdout", text: "out" },
  ] as const;
  expect(rangesOf(extents(writes), [], NOTHING)).toEqual([
    { stream: "stdout", from: 0, to: 3, at: 99 },
    { stream: "stderr", from: 0, to: 3, at: 99 },
  ]);
});

test("the last lines are those that a simple look at the whole text finds", async () => {
  await fc.assert(
    fc.asyncProperty(
      arbitraryWrites,
      fc.nat(8),
      fc.integer({ min: 1, max: 4 }),
      async (writes, most, block) => {
        const ranges = rangesOf(extents(writes), marksOf(writes), NOTHING);
        const kept = await lastLinesOf(ranges, most, async function* (range) {
          const text = read(writes)(range);
          for (let at = 0; at < text.length; at += block)
            yield { from: range.from + at, bytes: Buffer.from(text.slice(at, at + block)) };
        });
        const lines =
          writes
            .map(({ text }) => text)
            .join("")
            .match(/[^\n]*\n|[^\n]+$/g) ?? [];
        expect(kept.map(read(writes)).join("")).toBe(most === 0 ? "" : lines.slice(-most).join(""));
      },
    ),
  );
});

test("the last lines of a long text are found without reading its beginning", async () => {
  const line = `${"x".repeat(99)}\n`;
  const range: OutputRange = { stream: "stdout", from: 0, to: 10_000_000, at: 0 };
  let bytesRead = 0;
  const [kept] = await lastLinesOf([range], 1_000, async function* ({ from, to }) {
    bytesRead += to - from;
    const bytes = Buffer.from(line.repeat(Math.ceil((to - from) / 100) + 1)).subarray(from % 100);
    yield { from, bytes: bytes.subarray(0, to - from) };
  });
  expect(kept).toEqual({ ...range, from: 10_000_000 - 100_000 });
  expect(bytesRead).toBeLessThan(200_000);
});
