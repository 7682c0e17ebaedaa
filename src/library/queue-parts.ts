import type { Store } from "../store/store.ts";

/** What a queue shares with its parts. */
export interface QueueParts {
  store: Store;
  /** Runs a method's work, unless the queue is closed; one that is under way is not closed under its feet. */
  use<T>(work: () => Promise<T>): Promise<T>;
  /** What the setting says at the moment. */
  maxRetries(): Promise<number>;
  /** Aborted when the queue is closed. */
  closing: AbortSignal;
}
