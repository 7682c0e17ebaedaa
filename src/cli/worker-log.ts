import { type FileHandle, mkdir, open, rename, rmdir, stat } from "node:fs/promises";

/** A log of this size is put aside. */
const LIMIT_BYTES = 10 * 1_048_576;

/** What may wait for a slow disk; what comes on top is lost. */
const MOST_QUEUED_BYTES = 1_048_576;

/**
 * The log that background workers share. Design note:
 *
 * Each writes whole lines by the log's path, and the system appends them (O_APPEND) without mixing two. Whoever finds
 * it full puts it aside: a rename, which moves the file and loses nothing. The others see at their next line that the
 * path leads to another file. A line that is written between somebody's look and the rename stands at the end of the
 * file that was put aside, where `worker logs` reads it too.
 *
 * Only one may put aside at a time, or a second would put the new, nearly empty log aside, and with it drop the oldest
 * one early: a directory is the lock, for there is no other that Node can take. Who does not get it writes on.
 */
export class WorkerLog {
  readonly #files: readonly string[];
  readonly #limitBytes: number;
  #file: FileHandle | undefined;
  #queue: string[] = [];
  #queuedBytes = 0;
  #writing: Promise<void> | undefined;

  /** @param files the log, and the names under which it is put aside, newest first */
  constructor(files: readonly string[], { limitBytes = LIMIT_BYTES }: { limitBytes?: number } = {}) {
    this.#files = files;
    this.#limitBytes = limitBytes;
  }

  /** Writes whole lines, in their order, and does not wait. */
  post(lines: string): void {
    if (this.#queuedBytes > MOST_QUEUED_BYTES) return;
    this.#queue.push(lines);
    this.#queuedBytes += lines.length;
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when what was posted is written, or lost. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#file?.close();
    this.#file = undefined;
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const bytes = Buffer.from(this.#queue.join(""));
      this.#queue = [];
      this.#queuedBytes = 0;
      // A log that cannot be written costs its lines, never a job.
      await this.#append(bytes).catch(() => {});
    }
  }

  async #append(bytes: Buffer): Promise<void> {
    if ((await this.#isFull(bytes.length)) && (await this.#lock())) {
      try {
        // Again under the lock: another one may have been faster.
        if (await this.#isFull(bytes.length)) await this.#putAside();
      } finally {
        // Gone when somebody took it for stale.
        await rmdir(this.#lockPath).catch(() => {});
      }
    }
    const file = await this.#open();
    await file.write(bytes);
  }

  /** The file to which the path leads now. */
  async #open(): Promise<FileHandle> {
    const [path = ""] = this.#files;
    const there = await stat(path).catch(() => undefined);
    const mine = await this.#file?.stat();
    if (this.#file && mine && there?.ino === mine.ino) return this.#file;
    await this.#file?.close();
    this.#file = undefined;
    this.#file = await open(path, "a", 0o600);
    return this.#file;
  }

  async #isFull(more: number): Promise<boolean> {
    const there = await stat(this.#files[0] ?? "").catch(() => undefined);
    return there !== undefined && there.size > 0 && there.size + more > this.#limitBytes;
  }

  /** Each to the next name, the oldest first; that of the last name is gone by it. */
  async #putAside(): Promise<void> {
    for (let index = this.#files.length - 2; index >= 0; index--)
      await rename(this.#files[index] ?? "", this.#files[index + 1] ?? "").catch(nothingThere);
  }

  get #lockPath(): string {
    return `${this.#files[0]}.lock`;
  }

  async #lock(): Promise<boolean> {
    try {
      await mkdir(this.#lockPath, { mode: 0o700 });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      await this.#breakStaleLock();
      return false;
    }
  }

  /** Left by a worker that was killed in the middle; putting aside takes a millisecond. */
  async #breakStaleLock(): Promise<void> {
    const lock = await stat(this.#lockPath).catch(() => undefined);
    if (lock && Date.now() - lock.mtimeMs > STALE_AFTER_MS) await rmdir(this.#lockPath).catch(() => {});
  }
}

const STALE_AFTER_MS = 60_000;

function nothingThere(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}
