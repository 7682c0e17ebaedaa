import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { QueuectlError } from "../domain/errors.ts";
import type { PlacedInput } from "../queue/enqueue.ts";
import type { Io } from "./io.ts";
import {
  announceReading,
  cannotRead,
  type Line,
  type LineCount,
  ReadingProgress,
  readLines,
} from "./read-lines.ts";
import type { StreamSource } from "./read-source.ts";

/**
 * Reads jobs from a file, or from standard input for `-`: one JSON object a line, or one JSON array over any number of
 * lines. Lines are handed on as they are read; only an array has to be held whole.
 */
export async function readJobsFile(path: string, io: Io, isQuiet: boolean): Promise<StreamSource> {
  const name = path === "-" ? "standard input" : path;
  // Opened now: for a file that is not there no store is made.
  const chunks = path === "-" ? io.stdin() : await openFile(resolve(io.cwd, path), name);
  if (path === "-" && !isQuiet) announceReading(io);
  const lines: LineCount = { blankLines: [], isArray: false };
  const progress = new ReadingProgress(io, isQuiet);
  return { kind: "stream", lines, inputs: readInputs(readLines(chunks, name), name, lines, progress) };
}

async function openFile(path: string, name: string): Promise<AsyncIterable<Buffer>> {
  try {
    return (await open(path)).createReadStream();
  } catch (cause) {
    throw cannotRead(name, cause);
  }
}

async function* readInputs(
  lines: AsyncIterable<Line>,
  name: string,
  count: LineCount,
  progress: ReadingProgress,
): AsyncGenerator<PlacedInput> {
  for await (const { number, text } of lines) {
    if (text.trim() === "") {
      count.blankLines.push(number);
    } else if (progress.jobs === 0 && text.trimStart().startsWith("[")) {
      count.isArray = true;
      for (const input of await readArray(text, lines, name)) {
        yield { input, place: `Entry ${progress.count()}` };
      }
    } else {
      const input = parseLine(text, number, name);
      progress.count();
      yield { input, place: `Line ${number}` };
    }
  }
  progress.end();
  if (progress.jobs === 0)
    throw new QueuectlError("invalid_job", `There is no job in ${name}`, {
      hint: "It takes one JSON job a line.",
    });
}

async function readArray(first: string, more: AsyncIterable<Line>, name: string): Promise<unknown[]> {
  const parts = [first];
  for await (const { text } of more) parts.push(text);
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
