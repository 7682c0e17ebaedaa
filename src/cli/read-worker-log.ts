import { type FileHandle, open } from "node:fs/promises";

/** A file, and how far it has been read. */
interface OpenLog {
  file: FileHandle;
  offset: number;
  /** The beginning of a line that is not complete yet. */
  rest: Buffer;
}

/**
 * Reads the log of the workers from where it left off, in whole lines, those that were put aside included. A file is
 * known by its inode, which it keeps when it is put aside; and it is held open, so that a late line in it is read, and
 * no new file can have its inode.
 */
export class WorkerLogReader implements AsyncDisposable {
  readonly #files: readonly string[];
  /** By inode, oldest first. */
  #open = new Map<number, OpenLog>();

  /** @param files the log, and the names under which it is put aside, newest first */
  constructor(files: readonly string[]) {
    this.#files = files;
  }

  /** The lines that came since the last call, oldest first; undefined when there is no log. */
  async readNew(): Promise<string[] | undefined> {
    const gone = await this.#look();
    const lines: string[] = [];
    for (const log of [...gone, ...this.#open.values()])
      for await (const line of readLines(log)) lines.push(line);
    for (const { file } of gone) await file.close();
    return this.#open.size === 0 && gone.length === 0 ? undefined : lines;
  }

  /** What was written without a line break at its end: the last word of a worker that crashed. */
  takeRest(): string[] {
    const rests = [...this.#open.values()].flatMap((log) => {
      const { rest } = log;
      log.rest = Buffer.alloc(0);
      return rest.length === 0 ? [] : [rest.toString("utf8")];
    });
    return rests;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { file } of this.#open.values()) await file.close();
    this.#open = new Map();
  }

  /**
   * Opens what is new, and gives what is no longer there. From the newest name on, for that is how files move: one that
   * is put aside meanwhile is met twice, and none is missed.
   */
  async #look(): Promise<OpenLog[]> {
    const found: [number, OpenLog][] = [];
    for (const path of this.#files) {
      const file = await open(path, "r").catch(() => undefined);
      if (!file) continue;
      const { ino } = await file.stat();
      const known = this.#open.get(ino);
      const isMet = found.some(([inode]) => inode === ino);
      if (known || isMet) await file.close();
      if (!isMet) found.push([ino, known ?? { file, offset: 0, rest: Buffer.alloc(0) }]);
    }
    const there = new Map(found.reverse());
    const gone = [...this.#open].filter(([inode]) => !there.has(inode)).map(([, log]) => log);
    this.#open = there;
    return gone;
  }
}

const BLOCK_BYTES = 65_536;

async function* readLines(log: OpenLog): AsyncGenerator<string> {
  // Somebody emptied it.
  if ((await log.file.stat()).size < log.offset) log.offset = 0;
  const bytes = Buffer.alloc(BLOCK_BYTES);
  for (;;) {
    const { bytesRead } = await log.file.read(bytes, 0, BLOCK_BYTES, log.offset);
    if (bytesRead === 0) return;
    log.offset += bytesRead;
    // Cut at line breaks only: a character may be cut by the block.
    const whole = Buffer.concat([log.rest, bytes.subarray(0, bytesRead)]);
    const end = whole.lastIndexOf(NEWLINE) + 1;
    log.rest = whole.subarray(end);
    if (end > 0) yield* whole.toString("utf8", 0, end - 1).split("\n");
  }
}

const NEWLINE = 0x0a;
