import type { NewGroup } from "../../src/domain/group.ts";
import type { Job, NewJob } from "../../src/domain/job.ts";
import type { Outcome } from "../../src/domain/outcome.ts";
import { type Transition, toCompleted } from "../../src/domain/transition.ts";
import type {
  CapturedOutput,
  Claim,
  FinishedExecution,
  HeldClaim,
  NewWorker,
  ResourceUsage,
} from "../../src/store/store.ts";

let built = 0;

/** A job that is due from the epoch on; whatever a test cares about is given. */
export function buildJob(given: Partial<NewJob> = {}): NewJob {
  built += 1;
  return {
    id: `job-${built}`,
    command: "true",
    argv: null,
    queue: "default",
    priority: 0,
    tags: [],
    cwd: null,
    env: {},
    stdin: null,
    maxRetries: 3,
    backoffBase: null,
    timeoutMs: null,
    runAt: null,
    expiresAt: null,
    unique: null,
    uniqueReturn: false,
    key: null,
    keyLimit: null,
    dependsOn: [],
    group: null,
    createdAt: 0,
    ...given,
  };
}

/** A job as a store holds it, before its first execution; whatever a test cares about is given. */
export function buildStoredJob(given: Partial<Job> = {}): Job {
  const { keyLimit: _, uniqueReturn: __, ...spec } = buildJob();
  return {
    ...spec,
    seq: built,
    state: "pending",
    reason: null,
    attempts: 0,
    executions: 0,
    dueAt: 0,
    worker: null,
    suspicion: null,
    exitCode: null,
    error: null,
    updatedAt: 0,
    ...given,
  };
}

/** An array without rules; whatever a test cares about is given. */
export function buildGroup(given: Partial<NewGroup> = {}): NewGroup {
  return { id: "g", kind: "array", name: "true", maxRunning: null, maxFails: null, createdAt: 0, ...given };
}

/** A worker of this id, serving every queue under a lease of 15 seconds. */
export function buildWorker(id: string, given: Partial<NewWorker> = {}): NewWorker {
  return {
    id,
    identity: { pid: 4321, startTime: "100", bootId: "boot-1", pidNamespace: "pid:[1]" },
    host: "here",
    queues: null,
    concurrency: 1,
    leaseMs: 15_000,
    pool: null,
    ...given,
  };
}

/** A claim as its holder's row shows it. */
export function heldClaim({ token, job }: Claim, isToBeCancelled = false): HeldClaim {
  return { token, jobId: job.id, isToBeCancelled };
}

const NO_OUTPUT: CapturedOutput = {
  stdout: { tail: new Uint8Array(), totalBytes: 0 },
  stderr: { tail: new Uint8Array(), totalBytes: 0 },
  marks: [],
};

/** How an execution ended: well, unless the test says otherwise. */
export function buildResult(
  claim: Claim,
  finishedAt: number,
  given: {
    outcome?: Outcome;
    transition?: Transition;
    suspicion?: number;
    error?: string;
    usage?: ResourceUsage;
    output?: CapturedOutput;
  } = {},
): FinishedExecution {
  return {
    claim,
    outcome: given.outcome ?? { kind: "succeeded" },
    transition: given.transition ?? toCompleted(),
    suspicion: given.suspicion ?? null,
    finishedAt,
    durationMs: 10,
    error: given.error ?? null,
    usage: given.usage ?? null,
    output: given.output ?? NO_OUTPUT,
  };
}
