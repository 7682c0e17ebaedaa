import type { JobState } from "../domain/job.ts";

/** What a store keeps of the past, and for how long: a part of its contract. */
export interface RetentionStore {
  /** How many finished jobs there are that `removeExpired` would delete, without a limit. */
  countExpired(expired: ExpiredJobs): Promise<number>;

  /**
   * Deletes finished jobs with their history, the longest finished first, and at most `limit`: callers come again, and
   * let others at the store in between. One stays for the next time while it is being decided what follows from its end.
   */
  removeExpired(expired: ExpiredJobs, limit: number): Promise<RemovedJobs>;

  /**
   * Takes the output out of the history of executions that ended long ago; the history itself stays, and knows how much
   * there was. Dead jobs keep theirs: they wait for a person. Looks at no more than `limit` of them.
   */
  pruneOutput(request: PruneOutputRequest): Promise<PrunedOutput>;

  /**
   * Of these executions, those whose output files nobody needs: they are in no job's history any more, or ended before
   * an instant (never, when it is null) and are no dead job's.
   */
  findStrayOutput(tokens: readonly number[], before: number | null): Promise<number[]>;

  /** True for one caller within each such span of time: the one who is to apply retention. */
  takeRetentionTurn(now: number, everyMs: number): Promise<boolean>;
}

/** Jobs that reached this state, the last of their life, before an instant. */
export interface ExpiredJobs {
  state: ExpiringState;
  before: number;
}

export type ExpiringState = Extract<JobState, "completed" | "cancelled" | "dead">;

export interface RemovedJobs {
  jobs: number;
  /** Of the executions that went with them, whose output files may go too. */
  tokens: number[];
}

export interface PruneOutputRequest {
  before: number;
  /** Where the last call stopped; without it from the oldest on. */
  after?: OutputCursor | undefined;
  limit: number;
}

export interface PrunedOutput {
  /** Of the executions whose files may go too. */
  tokens: number[];
  /** Where to go on; null at the end. */
  next: OutputCursor | null;
}

export interface OutputCursor {
  finishedAt: number;
  token: number;
}
