import { type FileHandle, open, unlink } from "node:fs/promises";
import { outputFile } from "../store/data-files.ts";
import { filePieces, isKept, KEPT_IN_ROW_BYTES, tailBytes } from "../store/output-layout.ts";
import type { CapturedOutput, CapturedStream, FinishedExecution, OutputMark, Store } from "../store/store.ts";
import type { OutputStream } from "./launcher.ts";
import { after } from "./timer.ts";

/** From this age on, a job with output has a file, so that others can read what it has printed so far. */
const FILE_AFTER_MS = 250;

/** Marks nearer than this are one: what two pipes delivered within it has no true order anyway. */
const MARK_EVERY_MS = 10;
const MOST_MARKS = 2_000;

export interface CaptureOptions {
  /** Cap for each stream. */
  limitBytes: number;
  /** Where a stream's file goes; asked only when it comes to that. */
  fileOf(stream: OutputStream): string;
  now(): number;
}

/**
 * Keeps what an execution prints, within bounds. Small output stays in memory and is stored with the result; more goes
 * to a file of at most the cap (`output-layout.ts`). A file that cannot be written costs the log, never the job.
 */
export class OutputCapture {
  readonly #streams: Record<OutputStream, StreamCapture>;
  readonly #now: () => number;
  readonly #stopTimer: () => void;
  #marks: OutputMark[] = [];

  constructor({ limitBytes, fileOf, now }: CaptureOptions) {
    this.#now = now;
    this.#streams = {
      stdout: new StreamCapture(limitBytes, () => fileOf("stdout")),
      stderr: new StreamCapture(limitBytes, () => fileOf("stderr")),
    };
    this.#stopTimer = after(FILE_AFTER_MS, () => this.moveToFiles());
  }

  /** For readers of a job that still runs: from now on all that it prints is in files. */
  moveToFiles(): void {
    this.#streams.stdout.moveToFile();
    this.#streams.stderr.moveToFile();
  }

  /** Takes a piece. The promise, where there is one, is open while the disk is behind. */
  write(stream: OutputStream, bytes: Buffer): Promise<void> | undefined {
    this.#mark(stream);
    return this.#streams[stream].write(bytes);
  }

  /** All that was kept, when nothing more comes. */
  async finish(): Promise<CapturedOutput> {
    this.#stopTimer();
    const [stdout, stderr] = await Promise.all([
      this.#streams.stdout.finish(),
      this.#streams.stderr.finish(),
    ]);
    return { stdout, stderr, marks: this.#marks };
  }

  #mark(stream: OutputStream): void {
    const at = this.#now();
    const last = this.#marks.at(-1);
    if (last && last.stream === stream && at - last.at < MARK_EVERY_MS) return;
    this.#marks.push({ stream, offset: this.#streams[stream].totalBytes, at });
    if (this.#marks.length > MOST_MARKS) this.#marks = everySecond(this.#marks);
  }
}

/**
 * The times of a chatty job become coarser, its memory does not grow. Counted by stream: of two that take turns one
 * would else lose all its marks, the first included, by which a reader finds its beginning.
 */
function everySecond(marks: readonly OutputMark[]): OutputMark[] {
  const seen = { stdout: 0, stderr: 0 };
  return marks.filter(({ stream }) => seen[stream]++ % 2 === 0);
}

/**
 * To be called once results are recorded: a file whose whole content stands in the row by now goes. Not before: until
 * the commit it is all that others can read.
 */
export async function removeSmallFiles(
  store: Pick<Store, "name" | "id">,
  results: readonly FinishedExecution[],
): Promise<void> {
  for (const { claim, durationMs, output } of results) {
    // A shorter one had no time to get a file: the timer was set a moment before the clock was read.
    if (durationMs < FILE_AFTER_MS / 2) continue;
    for (const stream of ["stdout", "stderr"] as const) {
      const { tail, totalBytes } = output[stream];
      if (totalBytes > 0 && totalBytes === tail.length)
        await unlink(outputFile({ store, token: claim.token, stream })).catch(() => {});
    }
  }
}

/** What may wait for the disk before the job is held back. Written together, it costs a fraction of its pieces one by one. */
const MOST_QUEUED_BYTES = 524_288;

/** Some bytes of a stream that wait to be written. */
interface Piece {
  offset: number;
  bytes: Buffer;
}

/** One stream. Until it needs a file, `#tail` is all of it; afterwards its last bytes. */
class StreamCapture {
  readonly #limitBytes: number;
  readonly #locate: () => string;
  /** Where its file is, or was to be: it is made once, for one made later would lack the beginning. */
  #path: string | undefined;
  #tail: Buffer = Buffer.alloc(0);
  #total = 0;
  /** Goes on while there is something to write; undefined while there is no file. */
  #writing: Promise<void> | undefined;
  #isWriting = false;
  /** In order. What is missing between two of them would not be kept anyway. */
  #queue: Piece[] = [];
  #queuedBytes = 0;
  #file: FileHandle | undefined;
  #isSmallButOld = false;

  constructor(limitBytes: number, locate: () => string) {
    this.#limitBytes = limitBytes;
    this.#locate = locate;
  }

  get totalBytes(): number {
    return this.#total;
  }

  write(bytes: Buffer): Promise<void> | undefined {
    this.#total += bytes.length;
    if (this.#writing) this.#append(bytes);
    else if (!this.#fitsRow() || this.#isSmallButOld) this.#append(Buffer.concat([this.#tail, bytes]));
    this.#keepTail(bytes);
    return this.#queuedBytes > MOST_QUEUED_BYTES ? this.#writing : undefined;
  }

  moveToFile(): void {
    this.#isSmallButOld = true;
    if (!this.#writing && this.#total > 0) this.#append(this.#tail);
  }

  async finish(): Promise<CapturedStream> {
    await this.#writing;
    await this.#file?.close().catch(() => {});
    const most = this.#fitsRow() ? this.#total : tailBytes(this.#limitBytes);
    return { tail: this.#tail.subarray(Math.max(0, this.#tail.length - most)), totalBytes: this.#total };
  }

  #fitsRow(): boolean {
    return this.#total <= Math.min(KEPT_IN_ROW_BYTES, this.#limitBytes);
  }

  #keepTail(bytes: Buffer): void {
    const joined = bytes.length >= KEPT_IN_ROW_BYTES ? bytes : Buffer.concat([this.#tail, bytes]);
    // A copy: a view would keep the whole 64 KiB piece alive.
    this.#tail =
      joined.length > KEPT_IN_ROW_BYTES ? Buffer.from(joined.subarray(-KEPT_IN_ROW_BYTES)) : joined;
  }

  /** Takes the newest bytes of the stream. */
  #append(bytes: Buffer): void {
    this.#queue.push({ offset: this.#total - bytes.length, bytes });
    this.#queuedBytes += bytes.length;
    this.#dropMiddle();
    if (!this.#isWriting) this.#writing = this.#drain().catch(() => this.#giveUp());
  }

  /** A writer that cannot be held back fills the memory with twice what its file would keep, and no more. */
  #dropMiddle(): void {
    if (this.#queuedBytes <= 2 * this.#limitBytes) return;
    const stream = { totalBytes: this.#total, limitBytes: this.#limitBytes };
    this.#queue = this.#queue.filter(({ offset, bytes }) =>
      isKept({ from: offset, to: offset + bytes.length }, stream),
    );
    this.#queuedBytes = this.#queue.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  async #drain(): Promise<void> {
    this.#isWriting = true;
    if (this.#path === undefined) await this.#create();
    while (this.#queuedBytes > 0) {
      const pieces = this.#queue;
      this.#queue = [];
      this.#queuedBytes = 0;
      for (const piece of joinNeighbours(pieces)) await this.#writeFile(piece);
    }
    this.#isWriting = false;
  }

  async #create(): Promise<void> {
    this.#path = "";
    this.#path = this.#locate();
    const path = this.#path;
    // Exclusive, and not through a link: the name is ours alone.
    const create = () => open(path, "wx", 0o600);
    this.#file = await create().catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
      // Tokens come again after a backup was restored: this is an execution's of which nobody knows any more.
      await unlink(path);
      return await create();
    });
  }

  async #writeFile(whole: Piece): Promise<void> {
    for (const piece of filePieces({ ...whole, limitBytes: this.#limitBytes })) {
      // A full disk or a limit may take less than all; the next call then says why.
      for (let written = 0; this.#file && written < piece.bytes.length; ) {
        const rest = piece.bytes.length - written;
        written += (await this.#file.write(piece.bytes, written, rest, piece.position + written))
          .bytesWritten;
      }
    }
  }

  async #giveUp(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => {});
    await unlink(this.#path ?? "").catch(() => {});
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#isWriting = false;
  }
}

/** What follows directly on one another is written as one. */
function joinNeighbours(pieces: readonly Piece[]): Piece[] {
  const gap = pieces.findIndex(({ offset }, index) => {
    const before = pieces[index - 1];
    return before !== undefined && before.offset + before.bytes.length !== offset;
  });
  const runs = gap < 0 ? [pieces] : [pieces.slice(0, gap), pieces.slice(gap)];
  return runs.map((run) => ({
    offset: run[0]?.offset ?? 0,
    bytes: run.length === 1 ? (run[0] as Piece).bytes : Buffer.concat(run.map(({ bytes }) => bytes)),
  }));
}
