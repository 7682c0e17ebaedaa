import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { QueuectlError } from "../domain/errors.ts";
import type { PlacedInput } from "../queue/enqueue.ts";
import type { Io } from "./io.ts";

export interface JobsFile {
  kind: "stream";
  inputs: AsyncIterable<PlacedInput>;
  /** Filled while the inputs are read. */
  lines: LineCount;
}

/** Where the jobs of a file stand, for the place of an error that the store reports by position. */
export interface LineCount {
  /** Numbers of the lines that held nothing. */
  blankLines: number[];
  /** One array: its entries are counted, not its lines. */
  isArray: boolean;
}

/** How often the progress line changes. */
const PROGRESS_EVERY = 10_000;

/**
 * Reads jobs from a file, or from standard input for `-`: one JSON object a line, or one JSON array over any number of
 * lines. Lines are handed on as they are read; only an array has to be held whole.
 */
export async function readJobsFile(path: string, io: Io, isQuiet: boolean): Promise<JobsFile> {
  const name = path === "-" ? "standard input" : path;
  // Opened now: for a file that is not there no store is made.
  const chunks = path === "-" ? io.stdin() : await openFile(resolve(io.cwd, path), name);
  const lines: LineCount = { blankLines: [], isArray: false };
  const progress = isQuiet || !io.stderr.isTerminal ? () => {} : (text: string) => io.stderr.write(text);
  return { kind: "stream", lines, inputs: readInputs(readable(chunks, name), name, lines, progress) };
}

async function openFile(path: string, name: string): Promise<AsyncIterable<Buffer>> {
  try {
    return (await open(path)).createReadStream();
  } catch (cause) {
    throw cannotRead(name, cause);
  }
}

async function* readable(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } catch (cause) {
    throw cannotRead(name, cause);
  }
}

/** The faults of reading in our words. */
function cannotRead(name: string, cause: unknown): QueuectlError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a directory" : message;
  const hint = "Name a file with one JSON job a line.";
  return new QueuectlError("invalid_file", `Cannot read ${name}: ${why}`, { hint, cause });
}

async function* readInputs(
  chunks: AsyncIterable<Buffer>,
  name: string,
  count: LineCount,
  progress: (text: string) => void,
): AsyncGenerator<PlacedInput> {
  let jobs = 0;
  let number = 0;
  const lines = splitLines(chunks);
  for await (const bytes of lines) {
    number += 1;
    const line = decode(bytes, number, name);
    if (line.trim() === "") {
      count.blankLines.push(number);
    } else if (jobs === 0 && line.trimStart().startsWith("[")) {
      count.isArray = true;
      for (const input of await readArray(line, lines, number, name)) {
        jobs += 1;
        yield { input, place: `Entry ${jobs}` };
      }
    } else {
      jobs += 1;
      yield { input: parseLine(line, number, name), place: `Line ${number}` };
    }
    if (jobs > 0 && jobs % PROGRESS_EVERY === 0) progress(`\r${jobs} jobs read`);
  }
  if (jobs >= PROGRESS_EVERY) progress("\r\u001b[K");
  if (jobs === 0)
    throw new QueuectlError("invalid_job", `There is no job in ${name}`, {
      hint: "It takes one JSON job a line.",
    });
}

async function readArray(
  first: string,
  more: AsyncIterable<Buffer>,
  number: number,
  name: string,
): Promise<unknown[]> {
  const parts = [first];
  for await (const bytes of more) parts.push(decode(bytes, number, name));
  try {
    return JSON.parse(parts.join("\n")) as unknown[];
  } catch (cause) {
    throw new QueuectlError(
      "invalid_json",
      `The array in ${name} is not valid JSON: ${(cause as Error).message}`,
      {
        hint: "Nothing was enqueued. The whole is one JSON array, or else each line is one JSON object.",
        cause,
      },
    );
  }
}

function parseLine(line: string, number: number, name: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new QueuectlError(
      "invalid_json",
      `Line ${number} of ${name} is not valid JSON: ${(cause as Error).message}`,
      {
        hint: "Nothing was enqueued. Each line is one JSON object.",
        cause,
      },
    );
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Buffer, number: number, name: string): string {
  try {
    // Drops a byte order mark too.
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new QueuectlError("invalid_json", `Line ${number} of ${name} is not valid UTF-8`, {
      hint: "Nothing was enqueued. Save it as UTF-8.",
      cause,
    });
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
