import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createDataDirectory, outputFolder } from "../../src/store/data-files.ts";
import { placeOf, readExtent } from "../../src/store/output-layout.ts";
import type { CapturedOutput, ExecutionRecord } from "../../src/store/store.ts";

/** A stream's file as a whole, for files that fit in the head: its beginning, how much is missing, its end. */
export function readLayout(
  file: Buffer,
  limitBytes: number,
): { head: Buffer; droppedBytes: number; tail: Buffer } {
  const { headEnd, tailFrom, end } = readExtent(file.length, file.subarray(limitBytes), limitBytes);
  const places = Array.from(
    { length: end - tailFrom },
    (_, index) => placeOf(tailFrom + index, limitBytes).position,
  );
  return {
    head: file.subarray(0, headEnd),
    droppedBytes: tailFrom - headEnd,
    tail: Buffer.from(places.map((position) => file[position] ?? 0)),
  };
}

/** A store's name, and a directory for its output. */
export function makeOutputStore(): { name: string; id: string } {
  const directory = mkdtempSync(join(tmpdir(), "queuectl-output-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const store = { name: join(directory, "queue.db"), id: "0a1b" };
  createDataDirectory(store.name, outputFolder(store));
  return store;
}

/** A job's only execution, which runs, or has ended with this output. */
export function buildExecution(
  token: number,
  output: CapturedOutput | null,
  outputLimitBytes = 1_024,
): ExecutionRecord {
  return {
    token,
    number: 1,
    worker: "w-1",
    startedAt: 0,
    finishedAt: output && 1,
    durationMs: output && 1,
    outcome: output && "succeeded",
    exitCode: null,
    signal: null,
    error: null,
    usage: null,
    late: null,
    outputLimitBytes,
    output,
  };
}

/** What a row keeps of one that printed on its standard output alone. */
export function stdoutOnly(tail: string, totalBytes: number = tail.length): CapturedOutput {
  return {
    stdout: { tail: Buffer.from(tail), totalBytes },
    stderr: { tail: new Uint8Array(), totalBytes: 0 },
    marks: [{ stream: "stdout", offset: 0, at: 0 }],
  };
}
