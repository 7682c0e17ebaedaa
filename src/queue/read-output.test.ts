import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { createDataDirectory, outputFile, outputFolder } from "../store/data-files.ts";
import { filePieces } from "../store/output-layout.ts";
import type { ExecutionRecord, OutputMark } from "../store/store.ts";
import { mergeOutput, readOutput, type StreamName } from "./read-output.ts";

/** What arrived, one write after another. */
const arbitraryWrites = fc.array(
  fc.record({
    stream: fc.constantFrom<StreamName>("stdout", "stderr"),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
  }),
  { maxLength: 12 },
);

type Write = { stream: StreamName; bytes: Uint8Array };

const bytesOf = (writes: readonly Write[], stream: StreamName) =>
  Buffer.concat(writes.filter((write) => write.stream === stream).map(({ bytes }) => bytes));

function marksOf(writes: readonly Write[]): OutputMark[] {
  const offsets = { stdout: 0, stderr: 0 };
  return writes.map(({ stream, bytes }, index) => {
    const offset = offsets[stream];
    offsets[stream] += bytes.length;
    return { stream, offset, at: index };
  });
}

test("merged output gives back each stream's bytes in order, and the writes in the order of their arrival", () => {
  fc.assert(
    fc.property(arbitraryWrites, (writes) => {
      const whole = (stream: StreamName) => ({
        head: bytesOf(writes, stream),
        droppedBytes: 0,
        tail: Buffer.alloc(0),
      });
      const pieces = mergeOutput({ stdout: whole("stdout"), stderr: whole("stderr") }, marksOf(writes), 0);
      expect(pieces).toEqual(
        writes.map(({ stream, bytes }, at) => ({ stream, at, bytes: Buffer.from(bytes), droppedBefore: 0 })),
      );
    }),
  );
});

test("of a stream whose middle was dropped, head and tail come back, and the gap is spoken of once", () => {
  const split = fc.record({ head: fc.nat(40), tail: fc.integer({ min: 1, max: 40 }) });
  fc.assert(
    fc.property(arbitraryWrites, split, (writes, keep) => {
      const cut = (stream: StreamName) => {
        const bytes = bytesOf(writes, stream);
        const droppedBytes = Math.max(0, bytes.length - keep.head - keep.tail);
        return droppedBytes === 0
          ? { head: bytes, droppedBytes, tail: Buffer.alloc(0) }
          : {
              head: bytes.subarray(0, keep.head),
              droppedBytes,
              tail: bytes.subarray(keep.head + droppedBytes),
            };
      };
      const streams = { stdout: cut("stdout"), stderr: cut("stderr") };
      const pieces = mergeOutput(streams, marksOf(writes), 0);
      for (const stream of ["stdout", "stderr"] as const) {
        const mine = pieces.filter((piece) => piece.stream === stream);
        const { head, tail, droppedBytes } = streams[stream];
        expect(Buffer.concat(mine.map(({ bytes }) => bytes))).toEqual(Buffer.concat([head, tail]));
        const gaps = mine.filter(({ droppedBefore }) => droppedBefore > 0);
        expect(gaps.map(({ droppedBefore }) => droppedBefore)).toEqual(
          droppedBytes > 0 ? [droppedBytes] : [],
        );
        const before = mine.slice(
          0,
          mine.findIndex(({ droppedBefore }) => droppedBefore > 0),
        );
        if (droppedBytes > 0) expect(Buffer.concat(before.map(({ bytes }) => bytes))).toEqual(head);
      }
      expect(pieces.map(({ at }) => at)).toEqual(pieces.map(({ at }) => at).toSorted((a, b) => a - b));
    }),
  );
});

test("without marks, as while a job runs, one stream follows the other", () => {
  const whole = (text: string) => ({ head: Buffer.from(text), droppedBytes: 0, tail: Buffer.alloc(0) });
  const pieces = mergeOutput({ stdout: whole("out"), stderr: whole("err") }, [], 5);
  expect(pieces.map(({ stream, at, bytes }) => [stream, at, String(bytes)])).toEqual([
    ["stdout", 5, "out"],
    ["stderr", 5, "err"],
  ]);
});

/** An execution whose row holds this of its stdout. */
function execution(token: number, stdout: { tail: Uint8Array; totalBytes: number } | null): ExecutionRecord {
  const none = { tail: new Uint8Array(), totalBytes: 0 };
  return {
    token,
    number: 1,
    worker: "w-1",
    startedAt: 0,
    finishedAt: stdout && 1,
    durationMs: stdout && 1,
    outcome: stdout && "succeeded",
    exitCode: null,
    signal: null,
    error: null,
    usage: null,
    outputLimitBytes: 10,
    output: stdout && { stdout, stderr: none, marks: [] },
  };
}

test("a stream is read from its row, or from its file, or as far as its row goes when the file is gone", async () => {
  const directory = mkdtempSync(join(tmpdir(), "queuectl-output-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const store = { name: join(directory, "queue.db"), id: "0a1b" };
  createDataDirectory(store.name, outputFolder(store));
  const bytes = Buffer.from("0123456789abcdefghij");
  const file = Buffer.alloc(18);
  for (const { position, bytes: part } of filePieces({ offset: 0, bytes, limitBytes: 10 }))
    part.copy(file, position);

  const row = execution(1, { tail: Buffer.from("small"), totalBytes: 5 });
  expect(await readOutput(store, row, "stdout")).toMatchObject({
    head: Buffer.from("small"),
    droppedBytes: 0,
  });

  writeFileSync(outputFile({ store, token: 2, stream: "stdout" }), file);
  const capped = {
    head: Buffer.from("01234"),
    droppedBytes: 10,
    tail: Buffer.from("fghij"),
    isIncomplete: false,
  };
  const ended = execution(2, { tail: Buffer.from("fghij"), totalBytes: 20 });
  expect(await readOutput(store, ended, "stdout")).toEqual(capped);
  expect(await readOutput(store, execution(2, null), "stdout"), "while it runs").toEqual(capped);

  const gone = execution(3, { tail: Buffer.from("fghij"), totalBytes: 20 });
  expect(await readOutput(store, gone, "stdout")).toEqual({
    head: Buffer.alloc(0),
    droppedBytes: 15,
    tail: Buffer.from("fghij"),
    isIncomplete: true,
  });
  const silent = await readOutput(store, execution(4, null), "stdout");
  expect(silent).toMatchObject({ head: Buffer.alloc(0), droppedBytes: 0, isIncomplete: false });
});
