import { readFile } from "node:fs/promises";
import { outputFile } from "../store/data-files.ts";
import { KEPT_IN_ROW_BYTES, readLayout, type StoredOutput } from "../store/output-layout.ts";
import type { ExecutionRecord, OutputMark, Store } from "../store/store.ts";

export type StreamName = "stdout" | "stderr";

/** One stream of one execution, as far as it was kept. */
export interface StreamOutput extends StoredOutput {
  /** True when the file that should hold it is not there, or not whole: only a part is left. */
  isIncomplete: boolean;
}

/**
 * What an execution printed: from its row, from its file, or, while it runs, from its file so far.
 */
export async function readOutput(
  store: Pick<Store, "name" | "id">,
  execution: ExecutionRecord,
  stream: StreamName,
): Promise<StreamOutput> {
  const kept = execution.output?.[stream];
  if (kept && kept.totalBytes <= kept.tail.length) return whole(Buffer.from(kept.tail));
  try {
    const file = await readFile(outputFile({ store, token: execution.token, stream }));
    const read = readLayout(file, execution.outputLimitBytes);
    const bytes = read.head.length + read.droppedBytes + read.tail.length;
    return { ...read, isIncomplete: kept !== undefined && bytes !== kept.totalBytes };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    if (!kept) return whole(Buffer.alloc(0));
    const tail = Buffer.from(kept.tail);
    return { head: Buffer.alloc(0), droppedBytes: kept.totalBytes - tail.length, tail, isIncomplete: true };
  }
}

/**
 * The executions with what has been printed so far filled in for those that still run, or whose worker died: their rows
 * do not have it yet, their files may.
 */
export async function withOutputSoFar(
  store: Pick<Store, "name" | "id">,
  executions: readonly ExecutionRecord[],
): Promise<ExecutionRecord[]> {
  return await Promise.all(
    executions.map(async (execution) => {
      if (execution.output) return execution;
      const tailOf = async (stream: StreamName) => {
        const { head, droppedBytes, tail } = await readOutput(store, execution, stream);
        const end = tail.length > 0 ? tail : head;
        return {
          tail: end.subarray(-KEPT_IN_ROW_BYTES),
          totalBytes: head.length + droppedBytes + tail.length,
        };
      };
      return {
        ...execution,
        output: { stdout: await tailOf("stdout"), stderr: await tailOf("stderr"), marks: [] },
      };
    }),
  );
}

function whole(bytes: Buffer): StreamOutput {
  return { head: bytes, droppedBytes: 0, tail: Buffer.alloc(0), isIncomplete: false };
}

/** A run of bytes of one stream that arrived together. */
export interface OutputPiece {
  stream: StreamName;
  at: number;
  bytes: Buffer;
  /** Bytes of this stream that are missing just before this piece. */
  droppedBefore: number;
}

/** Both streams cut at their marks, in the order in which they arrived. */
export function mergeOutput(
  streams: Readonly<Record<StreamName, StoredOutput>>,
  marks: readonly OutputMark[],
  startedAt: number,
): OutputPiece[] {
  if (marks.length > 0)
    return marks.flatMap((mark, index) => cut(streams[mark.stream], mark, endOf(marks, index)));
  // An execution that still runs has no marks yet: one stream after the other.
  return (["stdout", "stderr"] as const).flatMap((stream) =>
    cut(streams[stream], { stream, offset: 0, at: startedAt }, Number.POSITIVE_INFINITY),
  );
}

/** Where the bytes of a mark end: at the next mark of its stream. */
function endOf(marks: readonly OutputMark[], index: number): number {
  for (let next = index + 1; next < marks.length; next++) {
    if (marks[next]?.stream === marks[index]?.stream) return marks[next]?.offset ?? 0;
  }
  return Number.POSITIVE_INFINITY;
}

function cut(
  { head, droppedBytes, tail }: StoredOutput,
  { stream, offset, at }: OutputMark,
  end: number,
): OutputPiece[] {
  const tailFrom = head.length + droppedBytes;
  const inHead = head.subarray(Math.min(offset, head.length), Math.min(end, head.length));
  const inTail = tail.subarray(Math.max(0, offset - tailFrom), Math.max(0, end - tailFrom));
  const holdsGap = droppedBytes > 0 && offset <= tailFrom && end > tailFrom;
  const pieces: OutputPiece[] = [];
  if (inHead.length > 0) pieces.push({ stream, at, bytes: inHead, droppedBefore: 0 });
  if (inTail.length > 0)
    pieces.push({ stream, at, bytes: inTail, droppedBefore: holdsGap ? droppedBytes : 0 });
  return pieces;
}
