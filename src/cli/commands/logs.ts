import { QueuectlError } from "../../domain/errors.ts";
import type { Job, JobState } from "../../domain/job.ts";
import { formatSize } from "../../domain/size.ts";
import { findJob } from "../../queue/find-job.ts";
import { followOutput } from "../../queue/follow-output.ts";
import { type OutputPiece, type OutputReader, openOutput, STREAMS } from "../../queue/read-output.ts";
import type { StreamName } from "../../queue/read-stream.ts";
import type { ExecutionRecord, GroupRecord, Store } from "../../store/store.ts";
import { readCount } from "../arguments.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE, INTERRUPTED } from "../exit-codes.ts";
import { listenForSignals } from "../interruption.ts";
import type { Io } from "../io.ts";
import {
  bytesWriter,
  jsonWriter,
  type OutputWriter,
  terminalStamp,
  terminalWriter,
} from "../render/output-writers.ts";
import { painter } from "../render/style.ts";
import { isoTime } from "../render/time.ts";
import { visible } from "../render/visible.ts";

/** The output of one execution, or with --follow of all that come, for a terminal, a pipe or a program. */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { options } = invocation;
  const tail = readCount(options, "tail", { min: 0, max: Number.MAX_SAFE_INTEGER });
  const number = readCount(options, "attempt", { min: 1, max: Number.MAX_SAFE_INTEGER });
  await using store = await openForReading(invocation, io);
  const [id = ""] = invocation.args;
  const group = await store.getGroup(id);
  if (group) throw await refuseGroup(store, group);
  const job = await findJob(store, id);
  const screen = new Screen(invocation, io);
  if (options.has("follow")) return await follow(store, job, { number, tail, screen });
  const found = await findExecution(store, job, number);
  if (!found) {
    screen.say(`The job "${job.id}" has not run yet; it is ${job.state}.`);
    return DONE;
  }
  const choice = { streams: screen.streams, tail };
  const { execution, reader } = await openOutput(store, job, { execution: found, ...choice });
  for await (const piece of reader.next(execution)) screen.show(piece);
  screen.end(execution, reader);
  await reader.close();
  return DONE;
}

/** Those of which somebody wants to read first. */
const TELLING: readonly JobState[] = ["processing", "dead", "failed", "completed"];

const MOST_NAMED = 3;

/** Of many jobs the outputs would run into each other; some that have one are named. */
async function refuseGroup(store: Store, { id, kind }: GroupRecord): Promise<QueuectlError> {
  const named: string[] = [];
  for (const state of TELLING) {
    if (named.length === MOST_NAMED) break;
    for await (const job of store.listJobs({ group: id, state })) {
      if (job.executions > 0) named.push(`queuectl logs ${job.id} (${state})`);
      if (named.length === MOST_NAMED) break;
    }
  }
  const hint =
    named.length === 0
      ? `None of its jobs has run yet: queuectl explain ${id}`
      : `Ask for one of its jobs: ${named.join(", ")}. All of them: queuectl list --of ${id}`;
  return new QueuectlError("job_not_found", `"${id}" is no job, but a group of them (${kind})`, { hint });
}

interface Following {
  number: number | undefined;
  tail: number | undefined;
  screen: Screen;
}

async function follow(store: Store, job: Job, { number, tail, screen }: Following): Promise<number> {
  if (number !== undefined) await findExecution(store, job, number);
  using interruption = listenForSignals();
  const { signal } = interruption;
  for await (const event of followOutput(store, job, { number, tail, streams: screen.streams, signal })) {
    switch (event.kind) {
      case "waiting":
        screen.say(
          `The job "${job.id}" has not run yet; it is ${job.state}. Waiting for its first execution.`,
        );
        break;
      case "output":
        screen.show(event.piece);
        break;
      case "ended":
        screen.end(event.execution, event.reader);
        if (number === undefined) screen.say(betweenExecutions(event.execution, event.job));
        break;
      case "removed":
        screen.say(`The job "${job.id}" has been removed.`);
    }
  }
  return signal.aborted ? INTERRUPTED : DONE;
}

/** How it ended, and what comes next; empty when nothing does. */
function betweenExecutions({ number, outcome, error }: ExecutionRecord, job: Job): string {
  if (job.executions === number && !["pending", "failed", "blocked"].includes(job.state)) return "";
  const why = error === null ? "" : `: ${visible(error)}`;
  const due = job.state === "failed" ? `, due at ${isoTime(job.dueAt)}` : "";
  const next = job.executions > number ? "" : ` Waiting for execution ${number + 1}${due}.`;
  return `Execution ${number} has ended (${outcome}${why}).${next}`;
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

/** Where the output goes, and the talk about it. */
class Screen {
  readonly streams: readonly StreamName[];
  readonly #io: Io;
  readonly #isQuiet: boolean;
  /** On a terminal gaps are shown where they are. */
  readonly #showsGaps: boolean;
  readonly #writer: OutputWriter;
  readonly #dropped = { stdout: 0, stderr: 0 };

  constructor({ options }: Invocation, io: Io) {
    const isOne = options.has("stdout") !== options.has("stderr");
    this.streams = isOne ? [options.has("stdout") ? "stdout" : "stderr"] : STREAMS;
    this.#io = io;
    this.#isQuiet = options.has("quiet");
    this.#showsGaps = io.stdout.isTerminal && !options.has("json");
    const timestamps = options.has("timestamps");
    const paint = painter(io, options);
    if (options.has("json")) this.#writer = jsonWriter(io.stdout);
    else if (io.stdout.isTerminal)
      this.#writer = terminalWriter(io, timestamps ? terminalStamp((text) => paint("dim", text)) : undefined);
    // A stream that was chosen alone is the answer.
    else this.#writer = bytesWriter({ stdout: io.stdout, stderr: isOne ? io.stdout : io.stderr }, timestamps);
  }

  say(text: string): void {
    if (text !== "" && !this.#isQuiet) this.#io.stderr.write(`${text}\n`);
  }

  show(piece: OutputPiece): void {
    this.#dropped[piece.stream] += piece.droppedBefore;
    this.#writer.write(piece);
  }

  /** An execution is over: what is missing of it is said. */
  end(execution: ExecutionRecord, reader: OutputReader): void {
    this.#writer.end();
    for (const stream of this.streams) {
      const droppedBytes = this.#dropped[stream];
      this.#dropped[stream] = 0;
      const lack = reader.lack(stream);
      if (lack === "pruned")
        this.say(
          `The ${stream} of execution ${execution.number} has been removed by now (setting retain-logs).`,
        );
      else if (lack === "lost")
        this.say(`The log of ${stream} is gone, or was not written whole; this is what is left.`);
      else if (droppedBytes > 0 && !this.#showsGaps)
        this.say(
          `${formatSize(droppedBytes)} (${droppedBytes} bytes) were dropped from the middle of ${stream} (setting output-limit).`,
        );
    }
  }
}
