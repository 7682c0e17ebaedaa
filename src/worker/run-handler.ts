import { inspect } from "node:util";
import { QueuectlError } from "../domain/errors.ts";
import type { Job } from "../domain/job.ts";
import type { ClaimRun, OnOutput, RunClaim, RunEnd, RunLimits, StopCause } from "./run-claim.ts";
import { after } from "./timer.ts";

/** A function of this program that does a job's work. What it returns, once it is settled, means success. */
export type Handler = (job: Job, tools: HandlerTools) => unknown;

export interface HandlerTools {
  /** Aborted, with a reason, when the execution is to end: a handler cannot be killed, only asked. */
  signal: AbortSignal;
  /** Number of this execution of the job, from 1. */
  attempt: number;
  /** Writes a line to the execution's captured stdout. After its end nothing is kept. */
  log(text: string): void;
}

/** Lines are handed over together, at the latest so many characters of them: one by one they would cost far more. */
const GATHERED_CHARS = 65_536;

/** What a handler that threw is shown as, like a program that ended badly. */
const FAILED_EXIT_CODE = 1;

/** Runs claims by calling a function with them. */
export function handlerRunner(handler: Handler): RunClaim {
  return ({ job, number }, limits, onOutput) => {
    const run = new HandlerRun(limits, onOutput);
    run.call((tools) => handler(job, { ...tools, attempt: number }));
    return run;
  };
}

/**
 * One call of a handler. It ends when the handler settles or, once it was asked to stop, when its grace is over: then
 * the execution is recorded without it, and whatever it does afterwards is no longer heard.
 */
class HandlerRun implements ClaimRun {
  readonly ended: Promise<RunEnd>;
  readonly #limits: RunLimits;
  readonly #onOutput: OnOutput;
  readonly #abort = new AbortController();
  readonly #callOffTimeout: () => void;
  #callOffGrace: () => void = () => {};
  #end: (end: RunEnd) => void = () => {};
  #deadlineMs = Number.POSITIVE_INFINITY;
  /** The first cause wins: it is what the execution ended for, however the handler takes it. */
  #cause: StopCause | undefined;
  #isOver = false;
  #lines: string[] = [];
  #gatheredChars = 0;

  constructor(limits: RunLimits, onOutput: OnOutput) {
    this.#limits = limits;
    this.#onOutput = onOutput;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    const { timeoutMs } = limits;
    this.#callOffTimeout =
      timeoutMs > 0 ? after(timeoutMs, () => this.stop({ kind: "timed_out", afterMs: timeoutMs })) : () => {};
  }

  call(handler: (tools: Omit<HandlerTools, "attempt">) => unknown): void {
    const log = (text: string): void => this.#log(text);
    // In an async function, so that what is thrown at once is a failure like any other.
    const called = (async () => await handler({ signal: this.#abort.signal, log }))();
    called.then(
      () => this.#settle({ outcome: { kind: "succeeded" }, error: null }),
      (thrown: unknown) => this.#fail(thrown),
    );
  }

  stop(cause: StopCause, graceMs: number = this.#limits.killGraceMs): void {
    if (this.#isOver) return;
    const deadlineMs = performance.now() + graceMs;
    if (deadlineMs < this.#deadlineMs) {
      this.#deadlineMs = deadlineMs;
      this.#callOffGrace();
      this.#callOffGrace = after(graceMs, () => this.#settle({ outcome: cause, error: null }));
    }
    if (this.#cause) return;
    this.#cause = cause;
    this.#abort.abort(abortReason(cause));
  }

  #fail(thrown: unknown): void {
    if (this.#isOver) return;
    const { line, whole } = describeFailure(thrown);
    this.#flush();
    if (!this.#cause) this.#print("stderr", `${whole}\n`);
    this.#settle({ outcome: { kind: "failed", exitCode: FAILED_EXIT_CODE }, error: line });
  }

  #settle(end: RunEnd): void {
    if (this.#isOver) return;
    this.#flush();
    this.#isOver = true;
    this.#callOffTimeout();
    this.#callOffGrace();
    this.#end(this.#cause ? { outcome: this.#cause, error: null } : end);
  }

  /** Gathers the lines of one turn of the event loop. */
  #log(text: string): void {
    if (this.#isOver) return;
    if (this.#lines.length === 0) setImmediate(() => this.#flush());
    const line = `${text}\n`;
    this.#lines.push(line);
    this.#gatheredChars += line.length;
    if (this.#gatheredChars >= GATHERED_CHARS) this.#flush();
  }

  #flush(): void {
    if (this.#lines.length === 0) return;
    const text = this.#lines.join("");
    this.#lines = [];
    this.#gatheredChars = 0;
    this.#print("stdout", text);
  }

  #print(stream: "stdout" | "stderr", text: string): void {
    // A call cannot be held back like a program that writes to a pipe; the capture bounds what waits for the disk.
    void this.#onOutput(stream, Buffer.from(text));
  }
}

/** What a handler finds in `signal.reason`: the code says which of the ways to end it is. */
function abortReason(cause: StopCause): QueuectlError {
  return new QueuectlError(`job_${cause.kind}`, REASONS[cause.kind]);
}

const REASONS: Readonly<Record<StopCause["kind"], string>> = {
  timed_out: "The job has run for longer than its timeout",
  interrupted: "The worker is stopping, and waits for the job no longer",
  cancelled: "The job was cancelled",
  lost: "The worker was taken for dead, and the job may be running elsewhere",
};

/** One line for `info` and lists; the stack, and the causes below it, for the log. */
function describeFailure(thrown: unknown): { line: string; whole: string } {
  try {
    const whole = typeof thrown === "string" ? thrown : inspect(thrown);
    const text = thrown instanceof Error ? String(thrown.message || thrown.name) : whole;
    return { line: text.split("\n", 1)[0] ?? "", whole };
  } catch {
    // Anything can be thrown, even what throws when it is looked at; the execution has failed all the same.
    return { line: "an error that cannot be shown", whole: "an error that cannot be shown" };
  }
}
