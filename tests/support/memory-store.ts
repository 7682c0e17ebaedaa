import { QueuectlError } from "../../src/domain/errors.ts";
import {
  firstDueAt,
  isFinished,
  JOB_STATES,
  type Job,
  type JobState,
  type NewJob,
} from "../../src/domain/job.ts";
import { type Lease, leaseState } from "../../src/domain/lease.ts";
import { exitCodeOf, type Outcome } from "../../src/domain/outcome.ts";
import { newPlace, type PoolPlace, placeClaimed, placeTaken } from "../../src/domain/pool.ts";
import { CHANGEABLE, type Change, refuseChange } from "../../src/domain/refuse-change.ts";
import { decideAfterLoss, mustMakeRoom } from "../../src/domain/suspect.ts";
import { afterCancelRequest, canMove } from "../../src/domain/transition.ts";
import type { Clock } from "../../src/store/sqlite/clock.ts";
import type {
  CapturedStream,
  ClaimBatch,
  ClaimRequest,
  ExecutionRecord,
  ExpiredJobs,
  FinishedExecution,
  HeldClaim,
  JobFilter,
  OutputCursor,
  Store,
  WorkerRecord,
} from "../../src/store/store.ts";

import { type MemorySchedules, memorySchedules } from "./memory-schedules.ts";

type StoredJob = Job & { token: number | null };
type StoredExecution = ExecutionRecord & { seq: number; isToBeCancelled: boolean };
type StoredWorker = Omit<WorkerRecord, "lease" | "held"> & { lease: Lease; place: PoolPlace };

/** What several stores share as several programs share a file. */
export class MemoryTruth {
  readonly id: string = "memory";
  jobs: StoredJob[] = [];
  executions: StoredExecution[] = [];
  workers: StoredWorker[] = [];
  readonly settings: Map<string, string> = new Map<string, string>();
  readonly schedules: MemorySchedules = new Map();
  readonly listeners: Set<() => void> = new Set<() => void>();
  readonly finishedAt: number[] = [];
  lastSeq = 0;
  lastToken = 0;
  retainedAt = 0;
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
  const leaseOf = (leaseMs: number, bootId: string): Lease => ({
    bootId,
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
      return { count: added.length, firstSeq, lastSeq: truth.lastSeq, existing: [] };
    },

    claim: async (request) => claimJobs(truth, request),

    async finish(id, results, next) {
      const ends = results.map((result) => ({
        token: result.claim.token,
        end: recordResult(truth, id, result),
      }));
      const tokens = (wanted: End) => ends.filter(({ end }) => end === wanted).map(({ token }) => token);
      if (results.some(({ transition }) => transition.to === "pending")) wake();
      return {
        stale: tokens("stale"),
        cancelled: tokens("cancelled"),
        claimed: next ? claimJobs(truth, next) : { claims: [], nextDueAt: null },
      };
    },

    schedules: memorySchedules(truth.schedules, {
      isTaken: (id) => truth.jobs.some((job) => job.id === id),
      makeGroup: () => {},
      unfinished: (group) =>
        truth.jobs.filter((job) => job.group?.id === group && !isFinished(job.state)).map(({ id }) => id),
      exists: (id) => truth.jobs.some((job) => job.id === id),
      add: (job) => void truth.jobs.push(storedJob(job, ++truth.lastSeq)),
      cancel: (ids, now) => cancelAll(truth, ids, now),
      wake,
    }),
    isHeldBack: async () => false,
    readWaits: async () => ({ gates: [], dependencies: [] }),
    getGroup: async () => undefined,
    listGroups: async () => [],
    changeQueue: async () => {},
    listQueues: async () => [],

    async rebaseWaits(now) {
      const touchedLater = truth.jobs.filter(
        ({ state, updatedAt, dueAt, runAt }) =>
          updatedAt > now && (state === "failed" || (state === "pending" && dueAt !== runAt)),
      );
      for (const job of touchedLater)
        Object.assign(job, { dueAt: now + Math.max(0, job.dueAt - job.updatedAt), updatedAt: now });
      if (touchedLater.length > 0) wake();
      return touchedLater.length;
    },

    async cancelJobs(ids, now) {
      const jobs = cancelAll(truth, ids, now);
      wake();
      return jobs.flatMap((job) => heldClaim(truth, job));
    },

    async retryJobs(ids, { change, now }) {
      for (const job of requireChangeable(truth, ids, change)) {
        const attempts = job.state === "failed" ? job.attempts : 0;
        move(job, "pending");
        Object.assign(job, { reason: null, attempts, dueAt: now });
        Object.assign(job, { exitCode: null, error: null, updatedAt: now });
      }
      wake();
    },

    async removeDead(ids) {
      const removed = new Set(requireChangeable(truth, ids, "removeDead").map(({ seq }) => seq));
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
      return own.map(({ seq: _, isToBeCancelled: __, ...record }) => structuredClone(record));
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

    async registerWorker({ leaseMs, pool, formerId, ...registered }, now) {
      const nowMs = clock.monotonicMs();
      const before = pool?.inPlaceOf ? worker(pool.inPlaceOf) : undefined;
      if (pool?.inPlaceOf) {
        if (before?.state !== "dead" || before.pool?.id !== pool.id || !before.pool.holdsPlace)
          throw new QueuectlError("place_taken", `The place of ${pool.inPlaceOf} is taken`);
        before.pool.holdsPlace = false;
      }
      const isForgotten = (w: StoredWorker) =>
        w.state === "dead" && w.heartbeatAt < now - 86_400_000 && heldBy(truth, w.id).length === 0;
      truth.workers = truth.workers.filter((candidate) => !isForgotten(candidate));
      truth.workers.push({
        ...registered,
        pool: pool && { id: pool.id, holdsPlace: true },
        place: before ? placeTaken(before.place, nowMs) : newPlace(nowMs),
        state: "running",
        startedAt: now,
        heartbeatAt: now,
        heartbeats: 0,
        lease: leaseOf(leaseMs, registered.identity.bootId),
        jobsDone: 0,
        stopRequest: (formerId && worker(formerId)?.stopRequest) || null,
      });
    },

    async heartbeat(id, { leaseMs, now }) {
      const beating = living(id);
      if (!beating) return { known: false, held: [] };
      beating.heartbeats += 1;
      beating.heartbeatAt = now;
      beating.lease = leaseOf(leaseMs, beating.identity.bootId);
      return { known: true, held: heldBy(truth, id) };
    },

    async listWorkers() {
      const records = truth.workers.map(({ place: _, ...w }) => ({
        ...structuredClone(w),
        lease: leaseState(w.lease, { bootId: clock.bootId, monotonicMs: clock.monotonicMs() }),
        held: heldBy(truth, w.id),
      }));
      return records.sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
    },

    async requestStop(ids, request) {
      for (const asked of truth.workers) {
        if (ids !== null && !ids.includes(asked.id)) continue;
        asked.stopRequest = request;
        if (asked.pool) asked.pool.holdsPlace = false;
      }
      wake();
    },

    async markStopping(id) {
      const stopping = worker(id);
      if (stopping?.state !== "running") return;
      stopping.state = "stopping";
      if (stopping.pool) stopping.pool.holdsPlace = false;
    },

    async declareDead(id, seenHeartbeat) {
      const silent = living(id);
      if (silent?.heartbeats !== seenHeartbeat) return null;
      silent.state = "dead";
      return heldBy(truth, id);
    },

    async recoverJobs(id, { now, crashLimit }) {
      const dead = id === null ? undefined : worker(id);
      if (id !== null && dead?.state !== "dead") return [];
      const lost = id === null ? orphans(truth) : truth.jobs.filter((job) => isHeldBy(job, id));
      wake();
      return lost.map((job) => {
        const { transition, suspicion, error } = decideAfterLoss(
          {
            suspicion: job.suspicion,
            attempts: job.attempts,
            lostTogether: lost.length,
            what: "worker",
            mayBeItsFault: dead?.identity.bootId === clock.bootId,
            isToBeCancelled: openExecution(truth, job.token)?.isToBeCancelled ?? false,
          },
          crashLimit,
        );
        closeExecution(truth, job.token, { outcome: "lost", finishedAt: now, error: "its worker died" });
        const { to, ...moved } = transition;
        move(job, to);
        Object.assign(job, { reason: null, ...moved, suspicion, token: null, worker: null });
        Object.assign(job, { exitCode: null, error, updatedAt: now });
        return { jobId: job.id, to };
      });
    },

    async claimReplacement({ dead, by }) {
      const [gone, sibling] = [worker(dead), worker(by)];
      if (gone?.state !== "dead" || !gone.pool?.holdsPlace || gone.pool.id !== sibling?.pool?.id)
        return false;
      if (sibling.state !== "running" || sibling.stopRequest) return false;
      const place = placeClaimed(gone.place, clock.monotonicMs());
      if (place) gone.place = place;
      return place !== undefined;
    },

    listOrphans: async () => orphans(truth).flatMap((job) => heldClaim(truth, job)),

    async removeWorker(id) {
      if (heldBy(truth, id).length > 0) return;
      truth.workers = truth.workers.filter((candidate) => candidate.id !== id);
    },

    countExpired: async (expired) => truth.jobs.filter(isExpired(expired)).length,

    async removeExpired(expired, limit) {
      const old = truth.jobs.filter(isExpired(expired));
      old.sort((a, b) => a.updatedAt - b.updatedAt || a.seq - b.seq);
      const removed = new Set(old.slice(0, limit).map(({ seq }) => seq));
      const gone = truth.executions.filter(({ seq }) => removed.has(seq));
      truth.jobs = truth.jobs.filter(({ seq }) => !removed.has(seq));
      truth.executions = truth.executions.filter(({ seq }) => !removed.has(seq));
      return { jobs: removed.size, tokens: gone.map(({ token }) => token) };
    },

    async pruneOutput({ before, after, limit }) {
      const isAfter = ({ finishedAt, token }: OutputCursor) =>
        !after || finishedAt > after.finishedAt || (finishedAt === after.finishedAt && token > after.token);
      const old = truth.executions
        .filter(({ output }) => output && output.stdout.tail.length + output.stderr.tail.length > 0)
        .map(({ token, finishedAt }) => ({ token, finishedAt: finishedAt ?? Number.POSITIVE_INFINITY }))
        .filter((cursor) => cursor.finishedAt < before && isAfter(cursor))
        .sort((a, b) => a.finishedAt - b.finishedAt || a.token - b.token);
      const looked = old.slice(0, limit);
      const pruned = looked.filter(({ token }) => !isOfDeadJob(truth, token));
      for (const execution of truth.executions) {
        const { output, token } = execution;
        if (!output || !pruned.some((each) => each.token === token)) continue;
        const empty = ({ totalBytes }: CapturedStream) => ({ tail: new Uint8Array(), totalBytes });
        execution.output = { stdout: empty(output.stdout), stderr: empty(output.stderr), marks: [] };
      }
      const next = looked.length === limit ? (looked.at(-1) ?? null) : null;
      return { tokens: pruned.map(({ token }) => token), next };
    },

    async findStrayOutput(tokens, before) {
      return tokens.filter((token) => {
        const execution = truth.executions.find((each) => each.token === token);
        if (!execution) return true;
        const isOld = before !== null && execution.finishedAt !== null && execution.finishedAt < before;
        return isOld && !isOfDeadJob(truth, token);
      });
    },

    async takeRetentionTurn(now, everyMs) {
      if (truth.retainedAt > now - everyMs && truth.retainedAt <= now) return false;
      truth.retainedAt = now;
      return true;
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
    suspicion: null,
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
  const running = truth.workers.filter(({ state }) => state === "running");
  const own = truth.jobs.filter((job) => isHeldBy(job, worker));
  const mayClaim =
    running.some(({ id }) => id === worker) && own.every(({ suspicion }) => suspicion === null);
  if (!mayClaim || limit <= 0) return { claims: [], nextDueAt: null };
  const waiting = truth.jobs.filter(
    ({ state, queue }) =>
      (state === "pending" || state === "failed") && (queues === null || queues.includes(queue)),
  );
  const due = waiting.filter(({ dueAt }) => dueAt <= now);
  due.sort((a, b) => b.priority - a.priority || a.dueAt - b.dueAt || a.seq - b.seq);
  const take = (jobs: StoredJob[]) => jobs.slice(0, limit).map((job) => takeJob(truth, job, request));

  const turn = due.findIndex(({ suspicion }) => suspicion !== null);
  const suspect = due[turn];
  const others = due.filter(({ suspicion }) => suspicion === null);
  if (suspect && turn < limit) {
    const held = own.length + turn;
    if (held === 0) return { claims: take([suspect]), nextDueAt: null };
    const rivals = running
      .filter(({ id, queues }) => id !== worker && (queues === null || queues.includes(suspect.queue)))
      .map(({ id }) => ({ id, held: heldBy(truth, id).length }));
    if (mustMakeRoom({ id: worker, held }, rivals))
      return { claims: take(due.slice(0, turn)), nextDueAt: null };
  }
  const later = waiting
    .filter(({ dueAt, suspicion }) => dueAt > now && (suspicion === null || !suspect))
    .map(({ dueAt }) => dueAt);
  const claims = take(others);
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
    late: null,
    usage: null,
    outputLimitBytes,
    output: null,
    isToBeCancelled: false,
  });
  return { token, number, job: shown(job) };
}

type End = "recorded" | "cancelled" | "stale";

function recordResult(truth: MemoryTruth, id: string, result: FinishedExecution): End {
  const { claim, outcome, transition, finishedAt, error } = result;
  const worker = truth.workers.find((w) => w.id === id && w.state !== "dead");
  const job = truth.jobs.find(
    (held) => held.state === "processing" && held.token === claim.token && held.worker === id,
  );
  if (!worker || !job) {
    noteLateResult(truth, result);
    return "stale";
  }
  const isToBeCancelled = openExecution(truth, claim.token)?.isToBeCancelled && transition.to !== "completed";
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
  const { to, ...moved } = isToBeCancelled ? afterCancelRequest(transition) : transition;
  move(job, to);
  Object.assign(job, { reason: null, ...moved, suspicion: result.suspicion, token: null, worker: null });
  Object.assign(job, { exitCode: exitCodeOf(outcome), error, updatedAt: finishedAt });
  worker.jobsDone += 1;
  truth.finishedAt.push(finishedAt);
  return isToBeCancelled ? "cancelled" : "recorded";
}

function noteLateResult(truth: MemoryTruth, result: FinishedExecution): void {
  const { kind } = result.outcome;
  const own = truth.executions.find((execution) => execution.token === result.claim.token);
  if (!own || own.late !== null || kind === "lost") return;
  const isHolderAlive = truth.workers.some(({ id, state }) => id === own.worker && state !== "dead");
  if (own.outcome === "lost" || (own.outcome === null && !isHolderAlive))
    own.late = { outcome: kind, at: result.finishedAt };
}

function signalOf(outcome: Outcome): string | null {
  return outcome.kind === "signalled" ? outcome.signal : null;
}

function openExecution(truth: MemoryTruth, token: number | null): StoredExecution | undefined {
  return truth.executions.find((execution) => execution.token === token && execution.outcome === null);
}

function closeExecution(truth: MemoryTruth, token: number | null, end: Partial<ExecutionRecord>): void {
  const open = openExecution(truth, token);
  if (open) Object.assign(open, end);
}

function isHeldBy({ state, worker }: StoredJob, id: string): boolean {
  return state === "processing" && worker === id;
}

function orphans(truth: MemoryTruth): StoredJob[] {
  const ids = truth.workers.map(({ id }) => id);
  return truth.jobs.filter(({ state, worker }) => state === "processing" && !ids.includes(worker ?? ""));
}

function heldBy(truth: MemoryTruth, worker: string): HeldClaim[] {
  return truth.jobs.filter((job) => isHeldBy(job, worker)).flatMap((job) => heldClaim(truth, job));
}

function heldClaim(truth: MemoryTruth, { token, id }: StoredJob): HeldClaim[] {
  const open = openExecution(truth, token);
  return open ? [{ token: open.token, jobId: id, isToBeCancelled: open.isToBeCancelled }] : [];
}

function cancelAll(truth: MemoryTruth, ids: readonly string[], now: number): StoredJob[] {
  const jobs = requireChangeable(truth, ids, "cancel");
  for (const job of jobs) {
    const running = openExecution(truth, job.token);
    if (running) running.isToBeCancelled = true;
    else {
      move(job, "cancelled");
      Object.assign(job, { reason: null, updatedAt: now });
    }
  }
  return jobs;
}

function requireChangeable(truth: MemoryTruth, ids: readonly string[], change: Change): StoredJob[] {
  return [...new Set(ids)].map((id) => {
    const job = truth.jobs.find((candidate) => candidate.id === id);
    if (!job || !CHANGEABLE[change].includes(job.state)) throw refuseChange(change, id, job?.state);
    return job;
  });
}

function isExpired({ state, before }: ExpiredJobs): (job: Job) => boolean {
  return (job) => job.state === state && job.updatedAt < before;
}

function isOfDeadJob({ executions, jobs }: MemoryTruth, token: number): boolean {
  const execution = executions.find((each) => each.token === token);
  return jobs.some(({ seq, state }) => seq === execution?.seq && state === "dead");
}

function matching({ state, seqs }: JobFilter): (job: Job) => boolean {
  return (job) =>
    (state === undefined || job.state === state) &&
    (seqs === undefined || (job.seq >= seqs.first && job.seq <= seqs.last));
}
