import { writeFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { buildExecution, makeOutputStore, stdoutOnly } from "../../tests/support/stored-output.ts";
import { outputFile } from "../store/data-files.ts";
import { filePieces } from "../store/output-layout.ts";
import type { CapturedOutput, ExecutionRecord } from "../store/store.ts";
import { OutputCapture } from "../worker/capture-output.ts";
import { type OutputPiece, OutputReader, STREAMS, withOutputSoFar } from "./read-output.ts";
import type { StreamName } from "./read-stream.ts";

const LIMIT_BYTES = 10;

const execution = (token: number, output: CapturedOutput | null, limitBytes = LIMIT_BYTES) =>
  buildExecution(token, output, limitBytes);

async function readWhole(store: ReturnType<typeof makeOutputStore>, record: ExecutionRecord, tail?: number) {
  const reader = new OutputReader(store, record, { streams: STREAMS, tail });
  const pieces = await Array.fromAsync(reader.next(record));
  await reader.close();
  const shown = pieces.map(
    ({ bytes, droppedBefore }) => `${droppedBefore > 0 ? `[${droppedBefore}]` : ""}${bytes}`,
  );
  return { text: shown.join(""), lack: reader.lack("stdout") };
}

test("a stream is read from its row, or from its file, or as far as its row goes when the file is gone", async () => {
  const store = makeOutputStore();
  const bytes = Buffer.from("0123456789abcdefghij");
  const file = Buffer.alloc(26);
  for (const { position, bytes: part } of filePieces({ offset: 0, bytes, limitBytes: LIMIT_BYTES }))
    part.copy(file, position);

  expect(await readWhole(store, execution(1, stdoutOnly("small")))).toEqual({ text: "small", lack: null });

  writeFileSync(outputFile({ store, token: 2, stream: "stdout" }), file);
  const capped = { text: "01234[10]fghij", lack: null };
  expect(await readWhole(store, execution(2, stdoutOnly("fghij", 20)))).toEqual(capped);
  expect(await readWhole(store, execution(2, null)), "while it runs").toEqual(capped);

  const gone = execution(3, stdoutOnly("fghij", 20));
  expect(await readWhole(store, gone)).toEqual({ text: "[15]fghij", lack: "lost" });
  expect(await readWhole(store, execution(3, stdoutOnly("", 20)))).toEqual({ text: "[20]", lack: "pruned" });
  expect(await readWhole(store, execution(4, null))).toEqual({ text: "", lack: null });
});

test("a gap is spoken of before the last lines only when the first of them begins in it", async () => {
  const store = makeOutputStore();
  const record = execution(1, stdoutOnly("9\nab\ncd\n", 30));
  expect(await readWhole(store, record, 2)).toEqual({ text: "ab\ncd\n", lack: "lost" });
  expect(await readWhole(store, record, 3)).toEqual({ text: "[22]9\nab\ncd\n", lack: "lost" });
  expect((await readWhole(store, record, 0)).text).toBe("");
});

test("characters are whole on both sides of what was dropped, and at the end of what is printed so far", async () => {
  const store = makeOutputStore();
  for (let shift = 0; shift < 4; shift++) {
    const bytes = Buffer.from("a".repeat(shift) + "🍅".repeat(20));
    const file = Buffer.alloc(33 + 16);
    const token = 10 + shift;
    for (const { position, bytes: part } of filePieces({ offset: 0, bytes, limitBytes: 33 }))
      part.copy(file, position);
    writeFileSync(outputFile({ store, token, stream: "stdout" }), file);
    const ended = execution(token, stdoutOnly(bytes.subarray(-8).toString("latin1"), bytes.length), 33);
    expect((await readWhole(store, ended)).text).toMatch(/^a*🍅+\[\d+\]🍅+$/u);

    const running = execution(20 + shift, null, 1_024);
    writeFileSync(
      outputFile({ store, token: running.token, stream: "stdout" }),
      bytes.subarray(0, 10 + shift),
    );
    const [sofar] = await withOutputSoFar(store, [running]);
    expect(Buffer.from(sofar?.output?.stdout.tail ?? []).toString()).toMatch(/^a*🍅+$/u);
  }
});

const arbitrarySteps = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant("print" as const),
      stream: fc.constantFrom<StreamName>("stdout", "stderr"),
      length: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 12_000 })),
    }),
    fc.constant({ do: "look" as const }),
    fc.constant({ do: "getOld" as const }),
  ),
  { maxLength: 25 },
);

test("whoever looks again and again gets every byte once, and knows of each that the ring has lost", async () => {
  const store = makeOutputStore();
  let token = 100;
  const property = fc.asyncProperty(
    arbitrarySteps,
    fc.constantFrom(1_024, 20_000),
    async (steps, limitBytes) => {
      token += 1;
      const name = (stream: StreamName) => outputFile({ store, token, stream });
      const capture = new OutputCapture({ limitBytes, fileOf: name, now: Date.now });
      const running = execution(token, null, limitBytes);
      const reader = new OutputReader(store, running, { streams: STREAMS });
      const printed = { stdout: "", stderr: "" };
      const seen: Record<StreamName, OutputPiece[]> = { stdout: [], stderr: [] };
      const look = async (record: ExecutionRecord) => {
        for await (const piece of reader.next(record)) seen[piece.stream].push(piece);
      };
      for (const step of steps) {
        if (step.do === "look") await look(running);
        else if (step.do === "getOld") capture.moveToFiles();
        else {
          const text = "aé🍅€".repeat(step.length).slice(0, step.length);
          printed[step.stream] += text;
          await capture.write(step.stream, Buffer.from(text));
        }
      }
      const output = await capture.finish();
      await look(execution(token, output, limitBytes));
      await reader.close();
      for (const stream of STREAMS) {
        const whole = Buffer.from(printed[stream]);
        let offset = 0;
        for (const { bytes, droppedBefore } of seen[stream]) {
          offset += droppedBefore;
          expect(bytes.equals(whole.subarray(offset, offset + bytes.length))).toBe(true);
          offset += bytes.length;
        }
        expect(offset).toBe(whole.length);
        if (whole.length <= limitBytes)
          expect(Buffer.concat(seen[stream].map(({ bytes }) => bytes)).equals(whole)).toBe(true);
      }
    },
  );
  await fc.assert(property, { numRuns: 150 });
});
