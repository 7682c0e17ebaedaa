import { QueuectlError } from "../domain/errors.ts";
import type { Io } from "./io.ts";

export interface Line {
  /** From 1. */
  number: number;
  /** Without its end. */
  text: string;
}

/** Where jobs stand among lines, for the place of an error that the store reports by position. */
export interface LineCount {
  /** Numbers of the lines that held nothing. */
  blankLines: number[];
  /** One array: its entries are counted, not its lines. */
  isArray: boolean;
}

/** The lines of a file or of standard input, one by one as they come. */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  name: string,
): AsyncGenerator<Line, void, undefined> {
  let number = 0;
  for await (const bytes of splitLines(readable(chunks, name))) {
    number += 1;
    yield { number, text: decodeText(bytes, `Line ${number} of ${name}`, "invalid_json") };
  }
}

/** The pieces of a file or of standard input; a fault of reading is put in our words. */
export async function* readable(
  chunks: AsyncIterable<Buffer>,
  name: string,
  hint?: string,
): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } catch (cause) {
    throw cannotRead(name, cause, hint);
  }
}

/** The faults of reading in our words. */
export function cannotRead(
  name: string,
  cause: unknown,
  hint = "Name a file with one JSON job a line.",
): QueuectlError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a directory" : message;
  return new QueuectlError("invalid_file", `Cannot read ${name}: ${why}`, { hint, cause });
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** The text of bytes without a byte order mark. @throws `code`, when they are none */
export function decodeText(bytes: Buffer, what: string, code: "invalid_json" | "invalid_flow"): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    const hint = "Nothing was enqueued. Save it as UTF-8.";
    throw new QueuectlError(code, `${what} is not valid UTF-8`, { hint, cause });
  }
}

const NEWLINE = 0x0a;

async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...rest, chunk.subarray(from, at)]);
      rest = [];
      from = at + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}

/** Tells a person at a terminal that they are waited for. */
export function announceReading(io: Io): void {
  if (io.canAsk) io.stderr.write("Reading lines; Ctrl-D ends.\n");
}

/** How often the progress line changes. */
const PROGRESS_EVERY = 10_000;

/** How many jobs have been read so far, on a terminal. */
export class ReadingProgress {
  #jobs = 0;
  readonly #write: (text: string) => void;

  constructor(io: Io, isQuiet: boolean) {
    this.#write = isQuiet || !io.stderr.isTerminal ? () => {} : (text) => io.stderr.write(text);
  }

  get jobs(): number {
    return this.#jobs;
  }

  /** One more; gives how many there are. */
  count(): number {
    this.#jobs += 1;
    if (this.#jobs % PROGRESS_EVERY === 0) this.#write(`\r${this.#jobs} jobs read`);
    return this.#jobs;
  }

  /** Takes the line away. */
  end(): void {
    if (this.#jobs >= PROGRESS_EVERY) this.#write("\r\u001b[K");
  }
}
