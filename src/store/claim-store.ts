import type { Job } from "../domain/job.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { Transition } from "../domain/transition.ts";

/** How jobs are handed to workers, and how they come back: a part of the contract of a store. */
export interface ClaimStore {
  /**
   * Hands due jobs to a worker: higher priority first; between queues of equal priority by turns, the one that has waited
   * longest for a claim first; within a queue by earlier due time, then arrival. No two claims ever hold the same job at
   * once. Claims nothing for a worker that is not registered or was declared dead.
   *
   * What stands before a closed gate (`judgeGate`: its queue's, its key's, its group's) is passed over, and no claim ever
   * lets one too many through, whichever workers claim at once. The cost does not grow with what waits there.
   *
   * First of all it ends jobs that have expired, whatever gate they stand at.
   *
   * A suspect (`Job.suspicion`) is handed out alone: to a worker that holds nothing, which is then given nothing else
   * until it has ended. When it is a suspect's turn and no worker is empty, the one that holds least gets nothing more
   * until it is; the others are served past it.
   */
  claim(request: ClaimRequest): Promise<ClaimBatch>;

  /**
   * Records how executions of one worker ended, moves their jobs on, and claims anew in the same transaction.
   * A result whose claim is no longer current, or whose worker was declared dead, changes no job and is returned
   * in `stale`; an execution that has its outcome already keeps it, and of one that was lost the late result is noted
   * beside it. A job that is to be cancelled is not run again (`afterCancelRequest`), and its token is in `cancelled`. A
   * result clears a suspicion. Wakes the others when a job went back to the queue; one that goes back to a group in which as
   * many as `maxFails` have died since somebody last brought one back is cancelled instead.
   */
  finish(worker: string, results: readonly FinishedExecution[], next?: ClaimRequest): Promise<FinishReceipt>;

  /**
   * After the wall clock was set back: jobs that were last touched later than `now` wait from `now` on as long as they
   * were to wait from then. An instant that was given with a job stays. Harmless at any time; wakes the workers.
   * @returns how many there were
   */
  rebaseWaits(now: number): Promise<number>;

  /**
   * True when jobs of these queues are due but stand at a gate that others, or time, will open; a paused one is not.
   * @param queues null means every queue
   */
  isHeldBack(queues: readonly string[] | null): Promise<boolean>;
}

export interface ClaimRequest {
  worker: string;
  /** At most so many; 0 claims nothing. */
  limit: number;
  /** Null means every queue. */
  queues: readonly string[] | null;
  now: number;
  /** The cap for each output stream of the executions that begin; it is kept with them. */
  outputLimitBytes: number;
}

export interface ClaimBatch {
  claims: Claim[];
  /**
   * When the next job that may be claimed becomes due; null when none waits, and when this worker gets nothing more before
   * something of it has ended. Set only if fewer were claimed than asked.
   */
  nextDueAt: number | null;
}

/** A worker's right to run one execution of a job and to record its end. */
export interface Claim {
  /** Grows with every claim of the store. */
  token: number;
  /** Which execution of the job this is, from 1. */
  number: number;
  job: Job;
}

export interface FinishedExecution {
  claim: Claim;
  outcome: Outcome;
  transition: Transition;
  /** As `decideAfterLoss` says of one that was lost with its launcher; null, for a result clears a suspicion. */
  suspicion: number | null;
  finishedAt: number;
  /** On the monotonic clock. */
  durationMs: number;
  /** One line for people; null after a success. */
  error: string | null;
  usage: ResourceUsage | null;
  output: CapturedOutput;
}

/** What an execution cost: its first process and all that this one waited for. */
export interface ResourceUsage {
  /** User and system time together. */
  cpuMs: number;
  /** The greatest of one process. */
  maxRssKb: number;
}

/** What an execution printed. `tail` is the whole stream when `totalBytes` is its length; else a file holds head and tail. */
export interface CapturedOutput {
  stdout: CapturedStream;
  stderr: CapturedStream;
  /** In order of arrival, both streams together. */
  marks: readonly OutputMark[];
}

export interface CapturedStream {
  tail: Uint8Array;
  totalBytes: number;
}

/** "From this offset of this stream on, the bytes arrived at this instant (or a little later)." */
export interface OutputMark {
  stream: "stdout" | "stderr";
  offset: number;
  at: number;
}

export interface FinishReceipt {
  /** Tokens of the results that came too late and were not recorded. */
  stale: number[];
  /** Tokens of the results whose jobs are cancelled, whatever was given: a person had asked for it, or their group has failed. */
  cancelled: number[];
  claimed: ClaimBatch;
}
