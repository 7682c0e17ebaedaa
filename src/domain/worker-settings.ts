import type { BackoffPolicy } from "./retry-policy.ts";

/** What a worker goes by. Read anew whenever an execution starts or fails, so that `config set` mends what is queued. */
export interface WorkerSettings {
  backoff: BackoffPolicy;
  /** For jobs without a timeout of their own; 0 means none. */
  jobTimeoutMs: number;
  killGraceMs: number;
  /** How long a stopping worker waits for its jobs; null means until they end. */
  stopGraceMs: number | null;
  leaseMs: number;
  /** How often in a row a job may be lost while it runs alone. */
  crashLimit: number;
  pollIntervalMs: number;
  outputLimitBytes: number;
}
