import { type Dependency, judgeDependency } from "../../src/domain/dependency.ts";
import { QueuectlError } from "../../src/domain/errors.ts";
import type { NewGroup } from "../../src/domain/group.ts";
import { countsOf, type Job, type JobState, type NewJob } from "../../src/domain/job.ts";
import { type Lease, leaseState } from "../../src/domain/lease.ts";
import { exitCodeOf, type Outcome } from "../../src/domain/outcome.ts";
import { newPlace, placeClaimed, placeTaken } from "../../src/domain/pool.ts";
import { decideAfterLoss } from "../../src/domain/suspect.ts";
import { afterCancelRequest } from "../../src/domain/transition.ts";
import type { Clock } from "../../src/store/sqlite/clock.ts";
import type {
  CapturedStream,
  ExpiredJobs,
  FinishedExecution,
  JobFilter,
  OutputCursor,
  StandingGroup,
  Store,
} from "../../src/store/store.ts";
import { claimJobs, countAhead, isHeldBack, suspectsBefore } from "./memory-claim.ts";
import { addJobs } from "./memory-enqueue.ts";
import { changeQueue, gatesOf, gateToSet, holdersOf, readGate } from "./memory-gates.ts";
import { cancelJobs, changeableMembers, requireChangeable, retryJobs } from "./memory-requeue.ts";
import { memorySchedules } from "./memory-schedules.ts";
import { settle, standingOf } from "./memory-settle.ts";
import {
  closeExecution,
  forget,
  forgetUnused,
  heldBy,
  heldClaim,
  isHeldBy,
  isWaiting,
  MemoryTruth,
  move,
  openExecution,
  orphans,
  type StoredWorker,
  shown,
} from "./memory-truth.ts";

export { MemoryTruth };

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

    async enqueue(jobs: Iterable<NewJob> | AsyncIterable<NewJob>, group?: NewGroup) {
      const given: NewJob[] = [];
      for await (const job of jobs) given.push(job);
      const receipt = addJobs(truth, given, group);
      wake();
      return receipt;
    },

    claim: async (request) => claimJobs(truth, request),

    async finish(id, results, next) {
      const recordedAs = results.map((result) => ({ result, end: recordResult(truth, id, result) }));
      settle(truth, results[0]?.finishedAt ?? 0);
      const ends = recordedAs.map(({ result, end }) => ({
        token: result.claim.token,
        end: end === "recorded" && isGivenBackInVain(truth, result) ? "cancelled" : end,
      }));
      const tokens = (wanted: End) => ends.filter(({ end }) => end === wanted).map(({ token }) => token);
      // Something may have been given back, released, or let through a gate.
      if (results.length > 0) wake();
      return {
        stale: tokens("stale"),
        cancelled: tokens("cancelled"),
        claimed: next ? claimJobs(truth, next) : { claims: [], nextDueAt: null },
      };
    },

    schedules: memorySchedules(truth, wake),
    isHeldBack: async (queues) => isHeldBack(truth, queues),

    async readWaits(seq) {
      const job = truth.jobs.find((candidate) => candidate.seq === seq);
      const gates = (job ? gatesOf(job) : []).map(([scope, name]) => ({
        ...readGate(truth, [scope, name]),
        holders: holdersOf(truth, [scope, name])
          .slice(0, 5)
          .map(({ id }) => id),
      }));
      const suspects = job ? suspectsBefore(truth, job).slice(0, 20) : [];
      const given = job?.dependsOn ?? [];
      const isNamed = ({ on, condition }: Dependency) =>
        given.some((each) => each.on === on && each.condition === condition);
      return {
        job: job && shown(job),
        gates,
        dependencies: standingOf(truth, seq).filter(isNamed),
        groups: given.flatMap((dependency) => standingGroup(truth, seq, dependency) ?? []),
        suspects,
      };
    },

    countAhead: async (job, now) => countAhead(truth, job, now),

    async getGroup(id) {
      const group = truth.groups.find((candidate) => candidate.id === id);
      return group && { ...structuredClone(group), counts: countStates(membersOf(truth, id)) };
    },

    async listGroups({ kind, newest }) {
      const found = truth.groups
        .filter((group) => group.kind === kind)
        .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
        .map((group) => ({ ...structuredClone(group), counts: countStates(membersOf(truth, group.id)) }));
      return found.slice(Math.max(0, found.length - (newest ?? found.length)));
    },

    async changeQueue(name, change) {
      changeQueue(truth, name, change);
      wake();
    },

    async changeKey(name, maxRunning) {
      if (!isKey(truth, name)) return false;
      gateToSet(truth, "key", name).maxRunning = maxRunning;
      wake();
      return true;
    },

    async listKeys(wanted) {
      const names = [...truth.gates.values()].filter(({ scope }) => scope === "key").map(({ name }) => name);
      return names
        .filter((name) => wanted?.includes(name) ?? true)
        .sort()
        .map((name) => ({ gate: readGate(truth, ["key", name]), waiting: waitingOf(truth, name) }));
    },

    async countBehindKeys(atMost) {
      const isFull = ({ key }: Job) => {
        const { maxRunning, running } = readGate(truth, ["key", key ?? ""]);
        return key !== null && maxRunning !== null && running >= maxRunning;
      };
      return Math.min(atMost, truth.jobs.filter((job) => isWaiting(job) && isFull(job)).length);
    },

    async listQueues(wanted) {
      const set = [...truth.gates.values()].filter(
        ({ scope, state, maxRunning, rate }) =>
          scope === "queue" && (state !== "open" || maxRunning !== null || rate !== null),
      );
      const names = new Set([...set.map(({ name }) => name), ...truth.jobs.map(({ queue }) => queue)]);
      const listed = [...names].filter((name) => wanted?.includes(name) ?? true);
      return listed.sort().map((name) => ({
        gate: readGate(truth, ["queue", name]),
        counts: countStates(truth.jobs.filter(({ queue }) => queue === name)),
      }));
    },

    async rebaseWaits(now) {
      const touchedLater = truth.jobs.filter(
        ({ state, updatedAt, dueAt, runAt }) =>
          updatedAt > now &&
          (state === "failed" || ((state === "pending" || state === "blocked") && dueAt !== runAt)),
      );
      for (const job of touchedLater)
        Object.assign(job, { dueAt: now + Math.max(0, job.dueAt - job.updatedAt), updatedAt: now });
      for (const gate of truth.gates.values()) gate.starts = gate.starts.map((at) => Math.min(at, now));
      if (touchedLater.length > 0) wake();
      return touchedLater.length;
    },

    async cancelJobs(ids, now) {
      const jobs = cancelJobs(truth, ids, now);
      wake();
      return jobs.flatMap((job) => heldClaim(truth, job));
    },

    async retryJobs(ids, options) {
      retryJobs(truth, ids, options);
      wake();
    },

    removeDead: async (ids) => forget(truth, requireChangeable(truth, ids, "removeDead")),

    async changeMembers(group, { change, after, limit, now }) {
      const members = changeableMembers(truth, group, change).filter(({ seq }) => seq > after);
      const changed = members.slice(0, limit);
      const ids = changed.map(({ id }) => id);
      const next = changed.length === limit ? (changed.at(-1)?.seq ?? null) : null;
      if (change === "cancel") cancelJobs(truth, ids, now);
      else if (change !== "removeDead") retryJobs(truth, ids, { change, now });
      const tokens = change === "removeDead" ? forget(truth, changed) : [];
      wake();
      const running = change === "cancel" ? changed.flatMap((job) => heldClaim(truth, job)) : [];
      return { ids, next, running, tokens };
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
      return countStates(counted);
    },

    async activity(now) {
      const within = (ms: number) => truth.finishedAt.filter((at) => at > now - ms).length;
      const due = truth.jobs.filter(({ state, dueAt }) => state === "pending" && dueAt <= now);
      return {
        oldestPendingAt: due.length === 0 ? null : Math.min(...due.map(({ dueAt }) => dueAt)),
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
      for (const job of lost) {
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
        const why = transition.to === "cancelled" ? openExecution(truth, job.token)?.error : null;
        closeExecution(truth, job.token, { outcome: "lost", finishedAt: now, error: "its worker died" });
        const { to, ...moved } = transition;
        move(truth, job, to);
        Object.assign(job, { reason: null, ...moved, suspicion, token: null, worker: null });
        Object.assign(job, { exitCode: null, error: why ?? error, updatedAt: now });
      }
      settle(truth, now);
      return lost.map(({ id, state }) => ({ jobId: id, to: state }));
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
      const removed = old.slice(0, limit);
      return { jobs: removed.length, tokens: forget(truth, removed) };
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
      forgetUnused(truth);
      return true;
    },

    readSettings: async () => Object.fromEntries(truth.settings),
    writeSetting: async (key, value) => void truth.settings.set(key, value),

    // Nothing here notices a change: it is always said that there may be one.
    changeMark: async () => String(truth.looks++),

    onWakeup(listener) {
      truth.listeners.add(listener);
      return () => void truth.listeners.delete(listener);
    },

    close: async () => {},
  };
}

type End = "recorded" | "cancelled" | "stale";

function recordResult(truth: MemoryTruth, id: string, result: FinishedExecution): End {
  const { claim, outcome, transition, finishedAt } = result;
  const worker = truth.workers.find((w) => w.id === id && w.state !== "dead");
  const job = truth.jobs.find(
    (held) => held.state === "processing" && held.token === claim.token && held.worker === id,
  );
  if (!worker || !job) {
    noteLateResult(truth, result);
    return "stale";
  }
  const execution = openExecution(truth, claim.token);
  const isToBeCancelled = execution?.isToBeCancelled && transition.to !== "completed";
  const error = (isToBeCancelled ? execution.error : null) ?? result.error;
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
  move(truth, job, to);
  Object.assign(job, { reason: null, ...moved, suspicion: result.suspicion, token: null, worker: null });
  Object.assign(job, { exitCode: exitCodeOf(outcome), error, updatedAt: finishedAt });
  worker.jobsDone += 1;
  truth.finishedAt.push(finishedAt);
  return isToBeCancelled ? "cancelled" : "recorded";
}

function isGivenBackInVain(truth: MemoryTruth, { claim, transition }: FinishedExecution): boolean {
  const job = truth.jobs.find(({ seq }) => seq === claim.job.seq);
  return transition.to === "pending" && job?.state === "cancelled";
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

function standingGroup(
  truth: MemoryTruth,
  seq: number,
  { on, condition }: Dependency,
): StandingGroup | undefined {
  const own = truth.conditions.filter((each) => each.job === seq && each.condition === condition);
  const members = membersOf(truth, on).filter((member) => own.some((each) => each.on === member.seq));
  if (members.length === 0) return undefined;
  const unmet = (["impossible", "waiting"] as const).flatMap((wanted) =>
    members.filter(({ state }) => judgeDependency(condition, state) === wanted),
  );
  return {
    on,
    condition,
    counts: countStates(members),
    unmet: unmet.slice(0, 5).map(({ id, state }) => ({ id, state })),
  };
}

function isKey(truth: MemoryTruth, name: string): boolean {
  return [...truth.gates.values()].some((gate) => gate.scope === "key" && gate.name === name);
}

function waitingOf(truth: MemoryTruth, name: string): number {
  return truth.jobs.filter((job) => job.key === name && (isWaiting(job) || job.state === "blocked")).length;
}

function membersOf(truth: MemoryTruth, group: string): Job[] {
  return truth.jobs.filter((job) => job.group?.id === group);
}

function countStates(jobs: readonly Job[]): Record<JobState, number> {
  return countsOf((state) => jobs.filter((job) => job.state === state).length);
}

function isExpired({ state, before }: ExpiredJobs): (job: Job) => boolean {
  return (job) => job.state === state && job.updatedAt < before;
}

function isOfDeadJob({ executions, jobs }: MemoryTruth, token: number): boolean {
  const execution = executions.find((each) => each.token === token);
  return jobs.some(({ seq, state }) => seq === execution?.seq && state === "dead");
}

function matching({ state, group, queues, seqs }: JobFilter): (job: Job) => boolean {
  return (job) =>
    (state === undefined || job.state === state) &&
    (group === undefined || job.group?.id === group) &&
    (queues === undefined || queues.includes(job.queue)) &&
    (seqs === undefined || (job.seq >= seqs.first && job.seq <= seqs.last));
}
