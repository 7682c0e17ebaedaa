import type { Extent } from "../store/output-layout.ts";
import type { OutputMark } from "../store/store.ts";
import { BLOCK_BYTES, type StreamBytes, type StreamName } from "./read-stream.ts";

/** A run of bytes of one stream that arrived together, by their place in the stream. */
export interface OutputRange {
  stream: StreamName;
  from: number;
  to: number;
  at: number;
}

export type PerStream<T> = Readonly<Record<StreamName, T>>;

/** What is left of both streams beyond these offsets, cut at the marks, in the order in which it arrived. */
export function rangesOf(
  extents: PerStream<Extent & { changedAt: number }>,
  marks: readonly OutputMark[],
  beyond: PerStream<number>,
): OutputRange[] {
  // An execution that still runs has no marks yet: one stream after the other, no later than its last change.
  const cuts =
    marks.length > 0
      ? withEnds(marks)
      : (["stdout", "stderr"] as const).map((stream) => whole(stream, extents));
  return cuts.flatMap(({ stream, from, to, at }) => {
    const { headEnd, tailFrom, end } = extents[stream];
    const least = Math.max(from, beyond[stream]);
    return [
      { stream, from: least, to: Math.min(to, headEnd), at },
      { stream, from: Math.max(least, tailFrom), to: Math.min(to, end), at },
    ].filter((range) => range.from < range.to);
  });
}

function whole(stream: StreamName, extents: PerStream<{ changedAt: number }>): OutputRange {
  return { stream, from: 0, to: Number.POSITIVE_INFINITY, at: extents[stream].changedAt };
}

/** The bytes of a mark end at the next mark of its stream. */
function withEnds(marks: readonly OutputMark[]): OutputRange[] {
  const next = { stdout: Number.POSITIVE_INFINITY, stderr: Number.POSITIVE_INFINITY };
  const ranges = marks.toReversed().map(({ stream, offset, at }) => {
    const range = { stream, from: offset, to: next[stream], at };
    next[stream] = offset;
    return range;
  });
  return ranges.reverse();
}

const NEWLINE = 0x0a;

/**
 * The ranges that hold the last `most` lines. They are read from their end, block by block, and no further than needed.
 * @param read the bytes of a range; fewer where it has been overwritten meanwhile
 */
export async function lastLinesOf(
  ranges: readonly OutputRange[],
  most: number,
  read: (range: OutputRange) => AsyncIterable<StreamBytes>,
): Promise<OutputRange[]> {
  const kept: OutputRange[] = [];
  let missing = most;
  for (const range of ranges.toReversed()) {
    if (missing <= 0) break;
    let from = range.from;
    for (let end = range.to; missing > 0 && end > range.from; end -= BLOCK_BYTES) {
      const block = { ...range, from: Math.max(range.from, end - BLOCK_BYTES), to: end };
      const breaks = await lineBreaks(read(block));
      // The last one of all ends the last line; it does not begin another.
      if (kept.length === 0 && end === range.to && breaks.at(-1) === end - 1) breaks.pop();
      if (breaks.length >= missing) from = (breaks.at(-missing) ?? 0) + 1;
      missing -= breaks.length;
    }
    if (from < range.to) kept.unshift({ ...range, from });
  }
  return kept;
}

/** Where in the stream the line breaks among these bytes stand. */
async function lineBreaks(pieces: AsyncIterable<StreamBytes>): Promise<number[]> {
  const found: number[] = [];
  for await (const { from, bytes } of pieces) {
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1))
      found.push(from + at);
  }
  return found;
}
