import type { Job } from "../domain/job.ts";
import { KEPT_IN_ROW_BYTES } from "../store/output-layout.ts";
import type { ExecutionRecord, Store } from "../store/store.ts";
import { lastLinesOf, type OutputRange, type PerStream, rangesOf } from "./output-ranges.ts";
import { type StreamBytes, type StreamName, type StreamNow, StreamReader } from "./read-stream.ts";
import { unfinishedBytes, WholeCharacters } from "./whole-characters.ts";

export const STREAMS: readonly StreamName[] = ["stdout", "stderr"];

/** Some bytes of one stream that arrived together. */
export interface OutputPiece {
  stream: StreamName;
  at: number;
  bytes: Buffer;
  /** Bytes of this stream that are missing just before this piece. */
  droppedBefore: number;
}

/** What to read of an execution's output. */
export interface OutputChoice {
  streams: readonly StreamName[];
  /** Of what is there at first, only so many lines at the end. */
  tail?: number | undefined;
}

/** Reads what an execution printed, on from where it stopped the last time, in pieces of bounded size and whole characters. */
export class OutputReader {
  readonly #readers: PerStream<StreamReader>;
  readonly #streams: readonly StreamName[];
  readonly #characters = { stdout: new WholeCharacters(), stderr: new WholeCharacters() };
  /** How far each stream has been given. */
  readonly #given = { stdout: 0, stderr: 0 };
  #tail: number | undefined;
  #lastAt = 0;
  #seen: PerStream<StreamNow> | undefined;

  constructor(
    store: Pick<Store, "name" | "id">,
    execution: ExecutionRecord,
    { streams, tail }: OutputChoice,
  ) {
    this.#readers = readersOf(store, execution);
    this.#streams = streams;
    this.#tail = tail;
  }

  /** What of a stream is not there although the cap would have kept it, as of the last reading. */
  lack(stream: StreamName): StreamNow["lack"] {
    return this.#seen?.[stream].lack ?? null;
  }

  /** All that is there now and was not given yet. Once the record says that the execution has ended, that is the rest. */
  async *next(execution: ExecutionRecord): AsyncGenerator<OutputPiece> {
    const now = {
      stdout: await this.#readers.stdout.look(execution),
      stderr: await this.#readers.stderr.look(execution),
    };
    this.#seen = now;
    const all = rangesOf(now, execution.output?.marks ?? [], this.#given);
    const ranges = await this.#onlyTail(all.filter(({ stream }) => this.#streams.includes(stream)));
    for (const range of ranges) {
      for await (const read of this.#read(range)) yield* this.#give(range, read);
    }
    if (execution.finishedAt === null) return;
    for (const stream of this.#streams) yield* this.#finish(stream, now[stream].end);
  }

  /** Takes hold of the files that are there now. */
  async open(): Promise<void> {
    for (const stream of STREAMS) await this.#readers[stream].open();
  }

  async close(): Promise<void> {
    for (const stream of STREAMS) await this.#readers[stream].close();
  }

  async #onlyTail(ranges: OutputRange[]): Promise<OutputRange[]> {
    const most = this.#tail;
    this.#tail = undefined;
    if (most === undefined) return ranges;
    const kept = await lastLinesOf(ranges, most, (range) => this.#read(range));
    // What is cut off here is not missing: as if it had been given. A line that itself begins after a gap shows it.
    for (const stream of this.#streams) {
      const { headEnd = 0, tailFrom = 0, end = 0 } = this.#seen?.[stream] ?? {};
      const first = kept.find((range) => range.stream === stream)?.from ?? end;
      this.#given[stream] = first === tailFrom && first < end ? headEnd : first;
    }
    return kept;
  }

  async *#read({ stream, from, to }: OutputRange): AsyncGenerator<StreamBytes> {
    for (let offset = from; offset < to; ) {
      const read = await this.#readers[stream].read(offset, to);
      if (read.bytes.length > 0) yield read;
      // Nothing where something was: the file is shorter than it said.
      else if (read.from === offset) return;
      offset = read.from + read.bytes.length;
    }
  }

  *#give({ stream, at }: OutputRange, { from, bytes }: StreamBytes): Generator<OutputPiece> {
    const piece = this.#characters[stream].push(bytes, from - this.#given[stream]);
    this.#given[stream] = from + bytes.length;
    yield* this.#piece(stream, at, piece);
  }

  /** The last character, if the stream ended in the middle of it; and what is missing up to the end. */
  *#finish(stream: StreamName, end: number): Generator<OutputPiece> {
    const missing = end - this.#given[stream];
    if (missing > 0) this.#characters[stream].push(Buffer.alloc(0), missing);
    this.#given[stream] = end;
    const { bytes, droppedBefore } = this.#characters[stream].end();
    if (bytes.length > 0 || droppedBefore > 0) yield { stream, at: this.#lastAt, bytes, droppedBefore };
  }

  /** Instants never go back: what is seen while the job runs is stamped a little later than its mark will say. */
  *#piece(
    stream: StreamName,
    at: number,
    piece: { bytes: Buffer; droppedBefore: number },
  ): Generator<OutputPiece> {
    this.#lastAt = Math.max(this.#lastAt, at);
    if (piece.bytes.length > 0) yield { stream, at: this.#lastAt, ...piece };
  }
}

/** An execution, and what reads its output. */
export interface OpenOutput {
  execution: ExecutionRecord;
  reader: OutputReader;
}

/**
 * Begins to read what an execution printed. Of one that runs the files come first and its row once more after them: it
 * may end at any moment, and small files go with it. Taken the other way round, a tail would be one of nothing, and all
 * that the row then has would be new.
 */
export async function openOutput(
  store: Store,
  { seq }: Pick<Job, "seq">,
  { execution, ...choice }: OutputChoice & { execution: ExecutionRecord },
): Promise<OpenOutput> {
  const reader = new OutputReader(store, execution, choice);
  if (execution.finishedAt !== null) return { execution, reader };
  await reader.open();
  const now = (await store.listExecutions(seq)).find(({ number }) => number === execution.number);
  // One that was removed meanwhile is as it was.
  return { execution: now ?? execution, reader };
}

function readersOf(store: Pick<Store, "name" | "id">, execution: ExecutionRecord): PerStream<StreamReader> {
  return {
    stdout: new StreamReader(store, execution, "stdout"),
    stderr: new StreamReader(store, execution, "stderr"),
  };
}

/**
 * The executions with the end of what has been printed so far filled in for those that still run, or whose worker died:
 * their rows do not have it yet, their files may.
 */
export async function withOutputSoFar(
  store: Pick<Store, "name" | "id">,
  executions: readonly ExecutionRecord[],
): Promise<ExecutionRecord[]> {
  return await Promise.all(
    executions.map(async (execution) => {
      if (execution.output) return execution;
      const readers = readersOf(store, execution);
      const tailOf = async (stream: StreamName) => await readTail(readers[stream], execution);
      return {
        ...execution,
        output: { stdout: await tailOf("stdout"), stderr: await tailOf("stderr"), marks: [] },
      };
    }),
  );
}

async function readTail(
  reader: StreamReader,
  execution: ExecutionRecord,
): Promise<{ tail: Buffer; totalBytes: number }> {
  const { headEnd, tailFrom, end } = await reader.look(execution);
  const pieces: Buffer[] = [];
  const first = headEnd === end ? 0 : tailFrom;
  for (let from = Math.max(first, end - KEPT_IN_ROW_BYTES); from < end; ) {
    const read = await reader.read(from, end);
    if (read.bytes.length === 0) break;
    pieces.push(read.bytes);
    from = read.from + read.bytes.length;
  }
  await reader.close();
  const tail = Buffer.concat(pieces);
  // It still runs: the rest of the last character is under way.
  return { tail: tail.subarray(0, tail.length - unfinishedBytes(tail)), totalBytes: end };
}
