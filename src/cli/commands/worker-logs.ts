import { open } from "node:fs/promises";
import { workerLogFile } from "../../store/data-files.ts";
import { pause } from "../../worker/timer.ts";
import { readCount } from "../arguments.ts";
import type { Invocation } from "../command.ts";
import { openForReading, storeLocation } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { visibleOutput } from "../render/visible.ts";
import { workerNotFound } from "../worker-json.ts";

const LOOK_EVERY_MS = 200;

/** A line of `worker logs --json`. */
export interface WorkerLogLineJson {
  line: string;
}

/** The log that the background workers share; for one of them, the lines that bear its name. */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { options, args } = invocation;
  const tail = readCount(options, "tail", { min: 0, max: Number.MAX_SAFE_INTEGER });
  const path = workerLogFile(storeLocation(invocation, io).path);
  const workers = args[0] === undefined ? [] : await readWorkers(invocation, io);
  // The row of one that is gone may be gone too, and its lines still be there.
  const known = workers.find(({ id, pid }) => id === args[0] || String(pid) === args[0])?.id;
  const reader = new LogReader(path, known ?? args[0]);
  const lines = await reader.readNew();
  if (lines === undefined && !options.has("quiet"))
    io.stderr.write(`There is no worker log at ${path} yet.\n`);
  if (args[0] !== undefined && known === undefined && !lines?.length) {
    throw workerNotFound(
      args[0],
      workers.map(({ id }) => id),
    );
  }
  const rest = options.has("follow") ? [] : reader.takeRest();
  const all = [...(lines ?? []), ...rest];
  show(tail === undefined ? all : all.slice(Math.max(0, all.length - tail)), invocation, io);
  while (options.has("follow")) {
    await pause(LOOK_EVERY_MS);
    show((await reader.readNew()) ?? [], invocation, io);
  }
  return DONE;
}

async function readWorkers(invocation: Invocation, io: Io): Promise<{ id: string; pid: number }[]> {
  await using store = await openForReading(invocation, io);
  return (await store.listWorkers()).map(({ id, identity }) => ({ id, pid: identity.pid }));
}

function show(lines: readonly string[], { options }: Invocation, io: Io): void {
  for (const line of lines) {
    // One object a line: a follower can read them as they come.
    if (options.has("json")) io.stdout.write(`${JSON.stringify({ line } satisfies WorkerLogLineJson)}\n`);
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

  /** What was written without a line break at its end: the last word of a worker that crashed. */
  takeRest(): string[] {
    const rest = this.#rest;
    this.#rest = "";
    return rest === "" ? [] : this.#chosen([rest]);
  }

  #chosen(lines: string[]): string[] {
    return this.#only === undefined ? lines : lines.filter((line) => line.includes(this.#only ?? ""));
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
      return this.#chosen(lines);
    } finally {
      await file.close();
    }
  }
}
