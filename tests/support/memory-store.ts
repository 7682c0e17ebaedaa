import { QueuectlError } from "../../src/domain/errors.ts";
import { firstDueAt, JOB_STATES, type Job, type JobState, type NewJob } from "../../src/domain/job.ts";
import { type Lease, leaseState } from "../../src/domain/lease.ts";
import { exitCodeOf, type Outcome } from "../../src/domain/outcome.ts";
import { canMove } from "../../src/domain/transition.ts";
import type { Clock } from "../../src/store/sqlite/clock.ts";
import type {
  ClaimBatch,
  ClaimRequest,
  ExecutionRecord,
  FinishedExecution,
  HeldClaim,
  JobFilter,
  Store,
  WorkerRecord,
} from "../../src/store/store.ts";

type StoredJob = Job & { token: number | null };
type StoredExecution = ExecutionRecord & { seq: number };
type StoredWorker = Omit<WorkerRecord, "lease" | "held"> & { lease: Lease };

/** What several stores share as several programs share a file. */
export class MemoryTruth {
  readonly id: string = "memory";
  jobs: StoredJob[] = [];
  executions: StoredExecution[] = [];
  workers: StoredWorker[] = [];
  readonly settings: Map<string, string> = new Map<string, string>();
  readonly listeners: Set<() => void> = new Set<() => void>();
  readonly finishedAt: number[] = [];
  lastSeq = 0;
  lastToken = 0;
}

/**
 * The contract in memory: a model to compare with, made to be obviously right. Everything that changes the truth runs
 * to its end without waiting, and is a transaction by that; whatever may throw stands before the first change.
 */
export function memoryStore(truth: MemoryTruth, clock: Clock): Store {
  const wake = () => {
    for (const listener of truth.listeners) queueMicrotask(listener);
  };
  const worker = (id: string) => truth.workers.find((candidate) => candidate.id === id);
  const living = (id: string) => truth.workers.find((w) => w.id === id && w.state !== "dead");
  const leaseOf = (leaseMs: number): Lease => ({
    bootId: clock.bootId,
    deadlineMs: clock.monotonicMs() + leaseMs,
  });

  return {
    name: "memory",
    id: truth.id,

    async enqueue(jobs: Iterable<NewJob> | AsyncIterable<NewJob>) {
      const added: NewJob[] = [];
      for await (const job of jobs) added.push(job);
      const ids = new Set(truth.jobs.map(({ id }) => id));
      for (const [index, { id }] of added.entries()) {
        if (ids.has(id))
          throw new QueuectlError("duplicate_id", `The id "${id}" exists`, { position: index + 1 });
        ids.add(id);
      }
      const firstSeq = truth.lastSeq + 1;
      for (const job of added) truth.jobs.push(storedJob(job, ++truth.lastSeq));
      wake();
      return { count: added.length, firstSeq, lastSeq: truth.lastSeq };
    },

    claim: async (request) => claimJobs(truth, request),

    async finish(id, results, next) {
      const stale = results.filter((result) => !recordResult(truth, id, result));
      if (results.some(({ transition }) => transition.to === "pending")) wake();
      return {
        stale: stale.map(({ claim }) => claim.token),
        claimed: next ? claimJobs(truth, next) : { claims: [], nextDueAt: null },
      };
    },

    async retryDead(ids, now) {
      for (const job of requireDead(truth, ids)) {
        move(job, "pending");
        Object.assign(job, { reason: null, attempts: 0, dueAt: now });
        Object.assign(job, { exitCode: null, error: null, updatedAt: now });
      }
      wake();
    },

    async removeDead(ids) {
      const removed = new Set(requireDead(truth, ids).map(({ seq }) => seq));
      const gone = truth.executions.filter(({ seq }) => removed.has(seq));
      truth.jobs = truth.jobs.filter(({ seq }) => !removed.has(seq));
      truth.executions = truth.executions.filter(({ seq }) => !removed.has(seq));
      return gone.map(({ token }) => token);
    },

    async getJob(id) {
      const job = truth.jobs.find((candidate) => candidate.id === id);
      return job && shown(job);
    },

    async findIds(prefix, limit) {
      const ids = truth.jobs.map(({ id }) => id).filter((id) => id.startsWith(prefix));
      return ids.slice(0, limit);
    },

    async *listJobs(filter: JobFilter = {}) {
      const found = truth.jobs.filter(matching(filter)).map(shown);
      yield* found.slice(Math.max(0, found.length - (filter.newest ?? found.length)));
    },

    async listExecutions(seq) {
      const own = truth.executions.filter((execution) => execution.seq === seq);
      return own.map(({ seq: _, ...record }) => structuredClone(record));
    },

    async counts(queues) {
      const counted = truth.jobs.filter(({ queue }) => queues === null || queues.includes(queue));
      const inState = (state: JobState) => counted.filter((job) => job.state === state).length;
      return Object.fromEntries(JOB_STATES.map((state) => [state, inState(state)])) as Record<
        JobState,
        number
      >;
    },

    async activity(now) {
      const within = (ms: number) => truth.finishedAt.filter((at) => at > now - ms).length;
      const oldest = truth.jobs.find(({ state }) => state === "pending");
      return {
        oldestPendingAt: oldest?.createdAt ?? null,
        finishedLastMinute: within(60_000),
        finishedLastHour: within(3_600_000),
      };
    },

    async registerWorker({ leaseMs, ...registered }, now) {
      const isForgotten = (w: StoredWorker) =>
        w.state === "dead" && w.heartbeatAt < now - 86_400_000 && heldBy(truth, w.id).length === 0;
      truth.workers = truth.workers.filter((candidate) => !isForgotten(candidate));
      truth.workers.push({
        ...registered,
        state: "running",
        startedAt: now,
        heartbeatAt: now,
        heartbeats: 0,
        lease: leaseOf(leaseMs),
        jobsDone: 0,
        stopRequest: null,
      });
    },

    async heartbeat(id, { leaseMs, now }) {
      const beating = living(id);
      if (!beating) return { known: false, held: [] };
      beating.heartbeats += 1;
      beating.heartbeatAt = now;
      beating.lease = leaseOf(leaseMs);
      return { known: true, held: heldBy(truth, id).map(({ token }) => token) };
    },

    async listWorkers() {
      const records = truth.workers.map((w) => ({
        ...structuredClone(w),
        lease: leaseState(w.lease, { bootId: clock.bootId, monotonicMs: clock.monotonicMs() }),
        held: heldBy(truth, w.id),
      }));
      return records.sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
    },

    async requestStop(ids, request) {
      for (const asked of truth.workers) {
        if (asked.state !== "dead" && (ids === null || ids.includes(asked.id))) asked.stopRequest = request;
      }
      wake();
    },

    async markStopping(id) {
      const stopping = worker(id);
      if (stopping?.state === "running") stopping.state = "stopping";
    },

    async declareDead(id, seenHeartbeat) {
      const silent = living(id);
      if (silent?.heartbeats !== seenHeartbeat) return null;
      silent.state = "dead";
      return heldBy(truth, id);
    },

    async recoverJobs(id, now) {
      if (worker(id)?.state !== "dead") return [];
      const lost = heldBy(truth, id);
      for (const job of truth.jobs.filter((held) => held.state === "processing" && held.worker === id)) {
        const error = "its worker died";
        closeExecution(truth, job.token, { outcome: "lost", finishedAt: now, error });
        move(job, "pending");
        Object.assign(job, { token: null, worker: null });
        Object.assign(job, { exitCode: null, error, updatedAt: now });
      }
      wake();
      return lost;
    },

    async removeWorker(id) {
      if (heldBy(truth, id).length > 0) return;
      truth.workers = truth.workers.filter((candidate) => candidate.id !== id);
    },

    readSettings: async () => Object.fromEntries(truth.settings),
    writeSetting: async (key, value) => void truth.settings.set(key, value),

    onWakeup(listener) {
      truth.listeners.add(listener);
      return () => void truth.listeners.delete(listener);
    },

    close: async () => {},
  };
}

function storedJob(job: NewJob, seq: number): StoredJob {
  return {
    ...structuredClone(job),
    seq,
    state: "pending",
    reason: null,
    attempts: 0,
    executions: 0,
    dueAt: firstDueAt(job),
    token: null,
    worker: null,
    exitCode: null,
    error: null,
    updatedAt: job.createdAt,
  };
}

/** What the state machine does not know is a fault of the model, or of the contract. */
function move(job: StoredJob, to: JobState): void {
  if (!canMove(job.state, to)) throw new Error(`A job cannot go from ${job.state} to ${to}`);
  job.state = to;
}

/** A job as callers see it: theirs to keep, without the fence. */
function shown({ token: _, ...job }: StoredJob): Job {
  return structuredClone(job);
}

function claimJobs(truth: MemoryTruth, request: ClaimRequest): ClaimBatch {
  const { worker, limit, queues, now } = request;
  const mayClaim = truth.workers.some(({ id, state }) => id === worker && state === "running");
  if (!mayClaim || limit <= 0) return { claims: [], nextDueAt: null };
  const waiting = truth.jobs.filter(
    ({ state, queue }) =>
      (state === "pending" || state === "failed") && (queues === null || queues.includes(queue)),
  );
  const due = waiting.filter(({ dueAt }) => dueAt <= now);
  due.sort((a, b) => b.priority - a.priority || a.dueAt - b.dueAt || a.seq - b.seq);
  const claims = due.slice(0, limit).map((job) => takeJob(truth, job, request));
  const later = waiting.map(({ dueAt }) => dueAt).filter((dueAt) => dueAt > now);
  return { claims, nextDueAt: claims.length < limit && later.length > 0 ? Math.min(...later) : null };
}

function takeJob(truth: MemoryTruth, job: StoredJob, { worker, now, outputLimitBytes }: ClaimRequest) {
  const token = ++truth.lastToken;
  const number = job.executions + 1;
  move(job, "processing");
  Object.assign(job, { executions: number, token, worker, updatedAt: now });
  truth.executions.push({
    seq: job.seq,
    token,
    number,
    worker,
    startedAt: now,
    finishedAt: null,
    durationMs: null,
    outcome: null,
    exitCode: null,
    signal: null,
    error: null,
    usage: null,
    outputLimitBytes,
    output: null,
  });
  return { token, number, job: shown(job) };
}

/** @returns false when the claim is no longer current */
function recordResult(truth: MemoryTruth, id: string, result: FinishedExecution): boolean {
  const { claim, outcome, transition, finishedAt, error } = result;
  const worker = truth.workers.find((w) => w.id === id && w.state !== "dead");
  const job = truth.jobs.find(
    (held) => held.state === "processing" && held.token === claim.token && held.worker === id,
  );
  if (!worker || !job) return false;
  closeExecution(truth, claim.token, {
    outcome: outcome.kind,
    finishedAt,
    durationMs: Math.round(result.durationMs),
    exitCode: exitCodeOf(outcome),
    signal: signalOf(outcome),
    error,
    usage: structuredClone(result.usage),
    output: structuredClone(result.output),
  });
  const { to, ...moved } = transition;
  move(job, to);
  Object.assign(job, { reason: null, ...moved, token: null, worker: null });
  Object.assign(job, { exitCode: exitCodeOf(outcome), error, updatedAt: finishedAt });
  worker.jobsDone += 1;
  truth.finishedAt.push(finishedAt);
  return true;
}

function signalOf(outcome: Outcome): string | null {
  return outcome.kind === "signalled" ? outcome.signal : null;
}

function closeExecution(truth: MemoryTruth, token: number | null, end: Partial<ExecutionRecord>): void {
  const open = truth.executions.find((execution) => execution.token === token && execution.outcome === null);
  if (open) Object.assign(open, end);
}

function heldBy(truth: MemoryTruth, worker: string): HeldClaim[] {
  return truth.jobs.flatMap(({ state, worker: holder, token, id }) =>
    state === "processing" && holder === worker && token !== null ? [{ token, jobId: id }] : [],
  );
}

function requireDead(truth: MemoryTruth, ids: readonly string[]): StoredJob[] {
  return [...new Set(ids)].map((id) => {
    const job = truth.jobs.find((candidate) => candidate.id === id);
    if (!job) throw new QueuectlError("job_not_found", `There is no job "${id}"`);
    if (job.state !== "dead") throw new QueuectlError("not_dead", `The job "${id}" is ${job.state}`);
    return job;
  });
}

function matching({ state, seqs }: JobFilter): (job: Job) => boolean {
  return (job) =>
    (state === undefined || job.state === state) &&
    (seqs === undefined || (job.seq >= seqs.first && job.seq <= seqs.last));
}
