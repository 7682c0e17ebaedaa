import { workerLogFiles } from "../../store/data-files.ts";
import { pause } from "../../worker/timer.ts";
import { readCount } from "../arguments.ts";
import type { Invocation } from "../command.ts";
import { openForReading, storeLocation } from "../context.ts";
import { DONE, INTERRUPTED } from "../exit-codes.ts";
import { listenForSignals } from "../interruption.ts";
import type { Io } from "../io.ts";
import { WorkerLogReader } from "../read-worker-log.ts";
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
  const files = workerLogFiles(storeLocation(invocation, io).path);
  const workers = args[0] === undefined ? [] : await readWorkers(invocation, io);
  // The row of one that is gone may be gone too, and its lines still be there.
  const known = workers.find(({ id, pid }) => id === args[0] || String(pid) === args[0])?.id;
  await using reader = new WorkerLogReader(files);
  const chosen = (lines: readonly string[]) => onlyOf(known ?? args[0], lines);
  const first = await reader.readNew();
  if (!first && !options.has("quiet")) io.stderr.write(`There is no worker log at ${files[0]} yet.\n`);
  const lines = chosen([...(first ?? []), ...(options.has("follow") ? [] : reader.takeRest())]);
  if (args[0] !== undefined && known === undefined && lines.length === 0) {
    throw workerNotFound(
      args[0],
      workers.map(({ id }) => id),
    );
  }
  show(tail === undefined ? lines : lines.slice(Math.max(0, lines.length - tail)), invocation, io);
  if (!options.has("follow")) return DONE;
  using interruption = listenForSignals();
  while (!interruption.signal.aborted) {
    await pause(LOOK_EVERY_MS);
    show(chosen((await reader.readNew()) ?? []), invocation, io);
  }
  return INTERRUPTED;
}

/** The lines that bear a worker's name; all of them when none is given. */
function onlyOf(worker: string | undefined, lines: readonly string[]): readonly string[] {
  return worker === undefined ? lines : lines.filter((line) => line.includes(`[Worker ${worker}]`));
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
