import { open } from "node:fs/promises";
import { workerLogFile } from "../../store/data-files.ts";
import { pause } from "../../worker/timer.ts";
import { readCount } from "../arguments.ts";
import type { Invocation } from "../command.ts";
import { storeLocation } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";
import { visibleOutput } from "../render/visible.ts";

const LOOK_EVERY_MS = 200;

/** The log that the background workers share; for one of them, the lines that bear its name. */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { options, args } = invocation;
  const tail = readCount(options, "tail", { min: 0, max: Number.MAX_SAFE_INTEGER });
  const path = workerLogFile(storeLocation(invocation, io).path);
  const reader = new LogReader(path, args[0]);
  const lines = await reader.readNew();
  if (lines === undefined && !options.has("quiet"))
    io.stderr.write(`There is no worker log at ${path} yet.\n`);
  show(
    tail === undefined ? (lines ?? []) : (lines ?? []).slice(lines ? Math.max(0, lines.length - tail) : 0),
    invocation,
    io,
  );
  while (options.has("follow")) {
    await pause(LOOK_EVERY_MS);
    show((await reader.readNew()) ?? [], invocation, io);
  }
  return DONE;
}

function show(lines: readonly string[], { options }: Invocation, io: Io): void {
  for (const line of lines) {
    if (options.has("json")) writeJson(io, { line });
    else io.stdout.write(`${io.stdout.isTerminal ? visibleOutput(line) : line}\n`);
  }
}

/** Reads a growing file from where it left off, in whole lines. */
class LogReader {
  readonly #path: string;
  readonly #only: string | undefined;
  #offset = 0;
  #rest = "";

  constructor(path: string, worker: string | undefined) {
    this.#path = path;
    this.#only = worker && `[Worker ${worker}]`;
  }

  /** The lines that came since the last call; undefined when there is no file. */
  async readNew(): Promise<string[] | undefined> {
    const file = await open(this.#path, "r").catch(() => undefined);
    if (!file) return undefined;
    try {
      const { size } = await file.stat();
      // Replaced by a shorter one: from its beginning.
      if (size < this.#offset) this.#offset = 0;
      const bytes = Buffer.alloc(size - this.#offset);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, this.#offset);
      this.#offset += bytesRead;
      const lines = (this.#rest + bytes.toString("utf8", 0, bytesRead)).split("\n");
      this.#rest = lines.pop() ?? "";
      return this.#only === undefined ? lines : lines.filter((line) => line.includes(this.#only ?? ""));
    } finally {
      await file.close();
    }
  }
}
