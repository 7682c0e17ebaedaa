import { describeExpiry, isExpired } from "../../src/domain/expiry.ts";
import { judgeGate } from "../../src/domain/gate.ts";
import type { Job } from "../../src/domain/job.ts";
import { mustMakeRoom } from "../../src/domain/suspect.ts";
import type { Claim, ClaimBatch, ClaimRequest } from "../../src/store/store.ts";
import { gatesOf, mayPass, readGate, recordStart } from "./memory-gates.ts";
import { laneOf, settle } from "./memory-settle.ts";
import {
  heldBy,
  isHeldBy,
  isWaiting,
  type MemoryTruth,
  move,
  type StoredJob,
  shown,
} from "./memory-truth.ts";

/** Ends what has expired, then hands out what is due and may pass. */
export function claimJobs(truth: MemoryTruth, request: ClaimRequest): ClaimBatch {
  const { worker, limit, queues, now } = request;
  const running = truth.workers.filter(({ state }) => state === "running");
  const own = truth.jobs.filter((job) => isHeldBy(job, worker));
  const mayClaim =
    running.some(({ id }) => id === worker) && own.every(({ suspicion }) => suspicion === null);
  if (!mayClaim || limit <= 0) return { claims: [], nextDueAt: null };
  truth.claimedAt = now;
  expireJobs(truth, now);
  const take = (jobs: StoredJob[]) => jobs.map((job) => takeJob(truth, job, request));

  const others = pickOthers(truth, request);
  const suspect = firstSuspect(truth, request);
  const before = suspect ? others.filter((job) => inOrder(job, suspect) < 0) : others;
  if (suspect && before.length < limit) {
    const held = own.length + before.length;
    if (held === 0) return { claims: take([suspect]), nextDueAt: null };
    const rivals = running
      .filter(({ id, queues }) => id !== worker && (queues === null || queues.includes(suspect.queue)))
      .map(({ id }) => ({ id, held: heldBy(truth, id).length }));
    if (mustMakeRoom({ id: worker, held }, rivals)) return { claims: take(before), nextDueAt: null };
  }
  const claims = take(others);
  return { claims, nextDueAt: claims.length < limit ? nextDueAt(truth, queues, now) : null };
}

function expireJobs(truth: MemoryTruth, now: number): void {
  for (const job of truth.jobs) {
    if (!isExpired(job, now)) continue;
    move(truth, job, "dead");
    const error = describeExpiry(job.expiresAt ?? 0);
    Object.assign(job, { reason: "expired", error, updatedAt: now });
  }
  settle(truth, now);
}

/** Those without suspicion that this claim would take: one at a time, each from the queue whose turn it is then. */
function pickOthers(truth: MemoryTruth, { limit, queues, now }: ClaimRequest): StoredJob[] {
  const picked: StoredJob[] = [];
  for (;;) {
    const turnOf = (job: StoredJob) => {
      const last = picked.findLastIndex((other) => laneOf(other) === laneOf(job));
      return last < 0 ? (truth.turns.get(laneOf(job)) ?? 0) : truth.lastToken + 1 + last;
    };
    const [next] = dueJobs(truth, queues, now)
      .filter((job) => job.suspicion === null && !picked.includes(job) && mayPass(truth, job, picked, now))
      .sort(
        (a, b) =>
          b.priority - a.priority ||
          turnOf(a) - turnOf(b) ||
          (a.queue === b.queue ? 0 : a.queue < b.queue ? -1 : 1) ||
          inOrder(a, b),
      );
    if (next === undefined || picked.length === limit) return picked;
    picked.push(next);
  }
}

function firstSuspect(truth: MemoryTruth, { queues, now }: ClaimRequest): StoredJob | undefined {
  const due = dueJobs(truth, queues, now).filter(({ suspicion }) => suspicion !== null);
  return due.filter((job) => mayPass(truth, job, [], now)).sort(inOrder)[0];
}

/** In the order of claiming, whether they are due or not. */
export function suspectsBefore(
  truth: MemoryTruth,
  job: Job,
): { seq: number; queue: string; dueAt: number }[] {
  return waitingJobs(truth, null)
    .filter((other) => other.suspicion !== null && inOrder(other, job) < 0)
    .sort(inOrder)
    .map(({ seq, queue, dueAt }) => ({ seq, queue, dueAt }));
}

/** It turns nobody away for good, and so counts all. */
export function countAhead(truth: MemoryTruth, job: Place & { queue: string }, now: number): number {
  const ahead = dueJobs(truth, [job.queue], now).filter(
    (other) => other.suspicion === null && inOrder(other, job) < 0,
  );
  return Math.min(ahead.length, 1_001);
}

type Place = Pick<Job, "seq" | "priority" | "dueAt">;

function inOrder(a: Place, b: Place): number {
  return b.priority - a.priority || a.dueAt - b.dueAt || a.seq - b.seq;
}

function waitingJobs(truth: MemoryTruth, queues: readonly string[] | null): StoredJob[] {
  return truth.jobs.filter((job) => isWaiting(job) && (queues === null || queues.includes(job.queue)));
}

function dueJobs(truth: MemoryTruth, queues: readonly string[] | null, now: number): StoredJob[] {
  return waitingJobs(truth, queues).filter(({ dueAt }) => dueAt <= now);
}

const NEVER = Number.POSITIVE_INFINITY;

/** When a job becomes due that may start then, a rate opens for one, or one expires: what time does by itself. */
function nextDueAt(truth: MemoryTruth, queues: readonly string[] | null, now: number): number | null {
  const instants = waitingJobs(truth, queues).map((job) => {
    const closures = gatesOf(job).flatMap((gate) => judgeGate(readGate(truth, gate), now) ?? []);
    const opensAt = closures.map((closure) => (closure.kind === "pace" ? closure.opensAt : NEVER));
    return Math.max(job.dueAt, ...opensAt);
  });
  const expiries = truth.jobs
    .filter(({ state, executions }) => (state === "pending" || state === "blocked") && executions === 0)
    .map(({ expiresAt }) => expiresAt ?? NEVER);
  const later = [...instants, ...expiries].filter((at) => at > now && at < NEVER);
  return later.length > 0 ? Math.min(...later) : null;
}

/** True when a job of these queues was due at the last claim and stood at gates, but not at that of a paused queue. */
export function isHeldBack(truth: MemoryTruth, queues: readonly string[] | null): boolean {
  return dueJobs(truth, queues, truth.claimedAt).some(
    (job) =>
      readGate(truth, ["queue", job.queue]).state !== "paused" && !mayPass(truth, job, [], truth.claimedAt),
  );
}

function takeJob(truth: MemoryTruth, job: StoredJob, { worker, now, outputLimitBytes }: ClaimRequest): Claim {
  const token = ++truth.lastToken;
  const number = job.executions + 1;
  truth.turns.set(laneOf(job), token);
  recordStart(truth, job, now);
  move(truth, job, "processing");
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
