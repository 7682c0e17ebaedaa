import type { Outcome } from "../domain/outcome.ts";
import type { Claim, ResourceUsage } from "../store/store.ts";
import type { OutputStream } from "./launcher.ts";

/**
 * How a worker runs what it claimed: as a command (`run-command.ts`), or by a function of the program that the worker
 * lives in (`run-handler.ts`). The rest of a worker does not know which.
 */
export type RunClaim = (claim: Claim, limits: RunLimits, onOutput: OnOutput) => ClaimRun;

export interface RunLimits {
  /** 0 means no limit. */
  timeoutMs: number;
  /** Between asking an execution to end and ending it. */
  killGraceMs: number;
}

/** Gets each piece of output as it comes. The promise, where there is one, is open while the disk is behind. */
export type OnOutput = (stream: OutputStream, bytes: Buffer) => Promise<void> | undefined;

/** Why an execution is ended from outside. */
export type StopCause = Extract<Outcome, { kind: "timed_out" | "cancelled" | "interrupted" | "lost" }>;

export interface ClaimRun {
  /** When its outcome is certain and its output is read. Never rejects. */
  readonly ended: Promise<RunEnd>;
  /** Asks it to end, and after the grace ends it. The first cause stands; a later call can only hurry. */
  stop(cause: StopCause, graceMs?: number): void;
}

export interface RunEnd {
  outcome: Outcome;
  /** What went wrong, where the outcome alone does not say it. */
  error: string | null;
  /** How many executions went with its launcher, this one included; of one that was lost in this way. */
  lostTogether?: number;
  /** Where the launcher can tell. */
  usage?: ResourceUsage | null;
}
