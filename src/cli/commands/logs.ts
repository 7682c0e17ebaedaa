import { QueuectlError } from "../../domain/errors.ts";
import type { Job } from "../../domain/job.ts";
import { formatSize } from "../../domain/size.ts";
import { findJob } from "../../queue/find-job.ts";
import {
  mergeOutput,
  type OutputPiece,
  readOutput,
  type StreamName,
  type StreamOutput,
} from "../../queue/read-output.ts";
import type { ExecutionRecord, Store } from "../../store/store.ts";
import { readCount } from "../arguments.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { joinNeighbours, keepLastLines, streamDecoders, toLines } from "../render/output-lines.ts";
import { isoTime } from "../render/time.ts";
import { visibleOutput } from "../render/visible.ts";

/** A line of `logs --json`. */
export interface LogLineJson {
  stream: StreamName;
  text: string;
  at: string;
}

/** The output of one execution, for a terminal, a pipe or a program. */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { options } = invocation;
  const chosen = chooseStreams(invocation);
  const tail = readCount(options, "tail", { min: 0, max: Number.MAX_SAFE_INTEGER });
  const number = readCount(options, "attempt", { min: 1, max: Number.MAX_SAFE_INTEGER });
  await using store = await openForReading(invocation, io);
  const job = await findJob(store, invocation.args[0] ?? "");
  const execution = await findExecution(store, job, number);
  if (!execution) {
    if (!options.has("quiet")) io.stderr.write(`The job "${job.id}" has not run yet; it is ${job.state}.\n`);
    return DONE;
  }
  const read = (stream: StreamName) => readOutput(store, execution, stream);
  const streams = { stdout: await read("stdout"), stderr: await read("stderr") };
  const merged = mergeOutput(streams, execution.output?.marks ?? [], execution.startedAt);
  const pieces = keepLastLines(
    merged.filter(({ stream }) => chosen.includes(stream)),
    tail,
  );
  if (options.has("json")) writeLines(pieces, io);
  else if (io.stdout.isTerminal) writeToTerminal(pieces, io);
  else writeBytes(pieces, chosen, io);
  if (!options.has("quiet")) sayWhatIsMissing(streams, chosen, io);
  return DONE;
}

function chooseStreams({ options }: Invocation): StreamName[] {
  if (options.has("stdout") === options.has("stderr")) return ["stdout", "stderr"];
  return [options.has("stdout") ? "stdout" : "stderr"];
}

async function findExecution(
  store: Store,
  job: Job,
  number: number | undefined,
): Promise<ExecutionRecord | undefined> {
  const executions = await store.listExecutions(job.seq);
  if (number === undefined) return executions.at(-1);
  const found = executions.find((execution) => execution.number === number);
  if (found) return found;
  const hint =
    executions.length === 0
      ? "It has not run yet."
      : `It has had ${executions.length}: --attempt 1 to ${executions.length}.`;
  throw new QueuectlError("execution_not_found", `The job "${job.id}" has no execution ${number}`, { hint });
}

/** The exact bytes, each stream on its own; one that was chosen alone, on stdout. */
function writeBytes(pieces: readonly OutputPiece[], chosen: readonly StreamName[], io: Io): void {
  for (const { stream, bytes } of pieces)
    (chosen.length === 1 || stream === "stdout" ? io.stdout : io.stderr).write(bytes);
}

function writeToTerminal(pieces: readonly OutputPiece[], io: Io): void {
  const decoders = streamDecoders();
  let last = "\n";
  const show = (text: string) => {
    io.stdout.write(text);
    last = text.at(-1) ?? last;
  };
  const endLine = () => show(last === "\n" ? "" : "\n");
  for (const { stream, bytes, droppedBefore } of joinNeighbours(pieces)) {
    if (droppedBefore > 0) {
      endLine();
      show(`[… ${formatSize(droppedBefore)} of ${stream} were dropped here …]\n`);
    }
    show(visibleOutput(decoders[stream].decode(bytes, { stream: true })));
  }
  // What is left of a character that was never completed.
  for (const decoder of Object.values(decoders)) show(decoder.decode());
  endLine();
}

function writeLines(pieces: readonly OutputPiece[], io: Io): void {
  for (const { stream, text, at } of toLines(pieces))
    io.stdout.write(`${JSON.stringify({ stream, text, at: isoTime(at) } satisfies LogLineJson)}\n`);
}

/** On a terminal the gap is shown where it is. */
function sayWhatIsMissing(
  streams: Record<StreamName, StreamOutput>,
  chosen: readonly StreamName[],
  io: Io,
): void {
  for (const stream of chosen) {
    const { droppedBytes, isIncomplete } = streams[stream];
    if (isIncomplete)
      io.stderr.write(`The log of ${stream} is gone, or was not written whole; this is what is left.\n`);
    else if (droppedBytes > 0 && !io.stdout.isTerminal) {
      io.stderr.write(
        `${formatSize(droppedBytes)} (${droppedBytes} bytes) were dropped from the middle of ${stream} (setting output-limit).\n`,
      );
    }
  }
}
