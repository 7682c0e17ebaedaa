import { type FileHandle, open } from "node:fs/promises";
import { outputFile } from "../store/data-files.ts";
import { type Extent, placeOf, readExtent, TRAILER_BYTES } from "../store/output-layout.ts";
import type { CapturedStream, ExecutionRecord, Store } from "../store/store.ts";

export type StreamName = "stdout" | "stderr";

/** What can be read of a stream at one moment. */
export interface StreamNow extends Extent {
  /** When its last byte was written, as far as a file tells. */
  changedAt: number;
  /** Why a part of it is missing that the cap would have kept; null when nothing is. */
  lack: "lost" | "pruned" | null;
}

/** Some bytes, and the offset in the stream at which they stand. */
export interface StreamBytes {
  from: number;
  bytes: Buffer;
}

/** Nothing that is read at once is larger. */
export const BLOCK_BYTES = 65_536;

/**
 * One stream of one execution, read by its offsets wherever it stands at the moment: in its file, in the row, or, while
 * the job runs, in the file so far. The file stays open from its first sight on, so that it can be read to its end even
 * when it is removed.
 */
export class StreamReader {
  readonly #path: string;
  readonly #limitBytes: number;
  readonly #stream: StreamName;
  #file: FileHandle | undefined;
  /** The stream's share of the row, where that is what is read. */
  #row: CapturedStream | undefined;
  #isEnded = false;

  constructor(
    store: Pick<Store, "name" | "id">,
    { token, outputLimitBytes }: ExecutionRecord,
    stream: StreamName,
  ) {
    this.#path = outputFile({ store, token, stream });
    this.#limitBytes = outputLimitBytes;
    this.#stream = stream;
  }

  /** From now on its file, if there is one, can be read to its end. */
  async open(): Promise<void> {
    this.#file ??= await open(this.#path, "r").catch(nothingThere);
  }

  /** Looks anew. @param execution the record as it is now: once it has ended, it says how much there must be */
  async look({ output, startedAt, finishedAt }: ExecutionRecord): Promise<StreamNow> {
    this.#isEnded = finishedAt !== null;
    const kept = output?.[this.#stream];
    this.#row = kept;
    const whole = kept && kept.totalBytes <= kept.tail.length;
    const found = whole ? undefined : await this.#lookAtFile();
    if (found && (kept === undefined || kept.totalBytes === found.end)) {
      this.#row = undefined;
      return { ...found, lack: null };
    }
    if (!kept) return { headEnd: 0, tailFrom: 0, end: 0, changedAt: startedAt, lack: null };
    const { totalBytes: end, tail } = kept;
    const lack = whole ? null : tail.length === 0 ? "pruned" : "lost";
    return { headEnd: 0, tailFrom: end - tail.length, end, changedAt: finishedAt ?? startedAt, lack };
  }

  /** The bytes from an offset on, as many as stand in one place. Fewer, or none, where the job has overwritten them meanwhile. */
  async read(from: number, to: number): Promise<StreamBytes> {
    const most = Math.min(to, from + BLOCK_BYTES);
    if (this.#row) {
      const { tail, totalBytes } = this.#row;
      const first = totalBytes - tail.length;
      return { from, bytes: Buffer.from(tail.subarray(from - first, most - first)) };
    }
    const { position, length } = placeOf(from, this.#limitBytes);
    const bytes = Buffer.allocUnsafe(Math.min(most - from, length));
    const { bytesRead = 0 } = (await this.#file?.read(bytes, 0, bytes.length, position)) ?? {};
    const read = { from, bytes: bytes.subarray(0, bytesRead) };
    return this.#isEnded ? read : await this.#withoutOverwritten(read);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  /** While the job runs, the ring may have gone round between the look and the reading. */
  async #withoutOverwritten({ from, bytes }: StreamBytes): Promise<StreamBytes> {
    const { headEnd, tailFrom } = (await this.#lookAtFile()) ?? { headEnd: 0, tailFrom: 0 };
    if (from < headEnd || tailFrom <= from) return { from, bytes };
    return { from: tailFrom, bytes: bytes.subarray(Math.min(bytes.length, tailFrom - from)) };
  }

  async #lookAtFile(): Promise<(Extent & { changedAt: number }) | undefined> {
    await this.open();
    if (!this.#file) return undefined;
    const { size, mtimeMs } = await this.#file.stat();
    const trailer = Buffer.alloc(TRAILER_BYTES);
    const { bytesRead } = await this.#file.read(trailer, 0, TRAILER_BYTES, this.#limitBytes);
    const extent = readExtent(size, trailer.subarray(0, bytesRead), this.#limitBytes);
    return { ...extent, changedAt: Math.floor(mtimeMs) };
  }
}

function nothingThere(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}
