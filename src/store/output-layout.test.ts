import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readLayout } from "../../tests/support/stored-output.ts";
import { filePieces, KEPT_IN_ROW_BYTES, tailBytes } from "./output-layout.ts";

/** What a reader must see of a stream under a cap: computed from the whole of it, without the file. */
function expected(stream: Buffer, limitBytes: number): ReturnType<typeof readLayout> {
  if (stream.length <= limitBytes) return { head: stream, droppedBytes: 0, tail: Buffer.alloc(0) };
  const headBytes = Math.floor(limitBytes / 2);
  return {
    head: stream.subarray(0, headBytes),
    droppedBytes: stream.length - limitBytes,
    tail: stream.subarray(stream.length - (limitBytes - headBytes)),
  };
}

/** A file in memory: as long as the last byte that was written. */
class MemoryFile {
  content: Buffer = Buffer.alloc(0);

  write({ position, bytes }: { position: number; bytes: Buffer }): void {
    const longer = Buffer.alloc(Math.max(this.content.length, position + bytes.length));
    this.content.copy(longer);
    bytes.copy(longer, position);
    this.content = longer;
  }
}

/** Numbered bytes, so that each place of a stream can be told from its neighbours. */
function streamOf(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (index * 7 + Math.floor(index / 251)) % 256));
}

const lengths = fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 12 });

describe("the file of a stream", () => {
  test("gives back head, exact number of dropped bytes and tail, after every write of any sequence", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), lengths, (limitBytes, writes) => {
        const stream = streamOf(writes.reduce((sum, length) => sum + length, 0));
        const file = new MemoryFile();
        let offset = 0;
        for (const length of writes) {
          const bytes = stream.subarray(offset, offset + length);
          for (const piece of filePieces({ offset, bytes, limitBytes })) file.write(piece);
          offset += length;
          expect(readLayout(file.content, limitBytes)).toEqual(
            expected(stream.subarray(0, offset), limitBytes),
          );
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("never holds a wrong byte for a reader who comes in the middle of a write", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), lengths, (limitBytes, writes) => {
        const stream = streamOf(writes.reduce((sum, length) => sum + length, 0));
        const file = new MemoryFile();
        let offset = 0;
        for (const length of writes) {
          const bytes = stream.subarray(offset, offset + length);
          for (const piece of filePieces({ offset, bytes, limitBytes })) {
            const { head, droppedBytes, tail } = readLayout(file.content, limitBytes);
            expect(head).toEqual(stream.subarray(0, head.length));
            const tailFrom = head.length + droppedBytes;
            expect(tail).toEqual(stream.subarray(tailFrom, tailFrom + tail.length));
            file.write(piece);
          }
          offset += length;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("does not depend on how the stream was cut", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), lengths, (limitBytes, writes) => {
        const stream = streamOf(writes.reduce((sum, length) => sum + length, 0));
        const whole = new MemoryFile();
        for (const piece of filePieces({ offset: 0, bytes: stream, limitBytes })) whole.write(piece);
        expect(readLayout(whole.content, limitBytes)).toEqual(expected(stream, limitBytes));
      }),
    );
  });

  test("never grows beyond the cap and the two totals", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), lengths, (limitBytes, writes) => {
        let offset = 0;
        for (const length of writes) {
          const pieces = filePieces({ offset, bytes: streamOf(length), limitBytes });
          offset += length;
          for (const { position, bytes } of pieces)
            expect(position + bytes.length).toBeLessThanOrEqual(
              offset > limitBytes ? limitBytes + 16 : limitBytes,
            );
        }
      }),
    );
  });

  test("counts streams that are larger than 32 bits can say", () => {
    const limitBytes = 1_024;
    const bytes = streamOf(limitBytes);
    const offset = 5 * 2 ** 32 + 3;
    const file = new MemoryFile();
    for (const piece of filePieces({ offset: 0, bytes, limitBytes })) file.write(piece);
    for (const piece of filePieces({ offset, bytes, limitBytes })) file.write(piece);
    const read = readLayout(file.content, limitBytes);
    expect(read.droppedBytes).toBe(offset);
    expect(read.tail).toEqual(bytes.subarray(512));
  });

  test("of an empty write nothing is written", () => {
    expect(filePieces({ offset: 0, bytes: Buffer.alloc(0), limitBytes: 10 })).toEqual([]);
  });
});

test("the row keeps no more of the end than the cap does, and never more than its own share", () => {
  expect(tailBytes(1_024)).toBe(512);
  expect(tailBytes(1_025)).toBe(513);
  expect(tailBytes(10 * 1_048_576)).toBe(KEPT_IN_ROW_BYTES);
});
