import type { Condition } from "../../src/domain/dependency.ts";
import type { NewGroup } from "../../src/domain/group.ts";
import { isFinished, type Job, type JobState } from "../../src/domain/job.ts";
import type { Lease } from "../../src/domain/lease.ts";
import type { PoolPlace } from "../../src/domain/pool.ts";
import { canMove } from "../../src/domain/transition.ts";
import type { ExecutionRecord, HeldClaim, WorkerRecord } from "../../src/store/store.ts";
import type { StoredGate } from "./memory-gates.ts";
import type { StoredSchedule } from "./memory-schedules.ts";

export type StoredJob = Job & { token: number | null };
export type StoredExecution = ExecutionRecord & { seq: number; isToBeCancelled: boolean };
export type StoredWorker = Omit<WorkerRecord, "lease" | "held"> & { lease: Lease; place: PoolPlace };

/** What several stores share as several programs share a file. */
export class MemoryTruth {
  readonly id: string = "memory";
  jobs: StoredJob[] = [];
  executions: StoredExecution[] = [];
  workers: StoredWorker[] = [];
  groups: NewGroup[] = [];
  /** Which job waits for which, by arrival number: the id of a group stood for the jobs that it had then. */
  conditions: { job: number; on: number; condition: Condition }[] = [];
  /** Only what somebody has set, by scope and name. */
  readonly gates: Map<string, StoredGate> = new Map<string, StoredGate>();
  /** The token of the last claim from each queue and priority. */
  readonly turns: Map<string, number> = new Map<string, number>();
  /** Jobs that moved, and of which something may follow. */
  readonly unsettled: Set<number> = new Set<number>();
  readonly schedules: Map<string, StoredSchedule> = new Map<string, StoredSchedule>();
  /** By group: how many of its jobs have died since somebody last brought one back. */
  fails: Map<string, number> = new Map<string, number>();
  readonly settings: Map<string, string> = new Map<string, string>();
  readonly listeners: Set<() => void> = new Set<() => void>();
  readonly finishedAt: number[] = [];
  lastSeq = 0;
  lastToken = 0;
  /** When somebody last asked for jobs. */
  claimedAt = 0;
  retainedAt = 0;
  /** How often it was asked for a mark. */
  looks = 0;
}

/** What the state machine does not know is a fault of the model, or of the contract. */
export function move(truth: MemoryTruth, job: StoredJob, to: JobState): void {
  if (!canMove(job.state, to)) throw new Error(`A job cannot go from ${job.state} to ${to}`);
  if (isFinished(job.state) || isFinished(to)) truth.unsettled.add(job.seq);
  const group = job.group?.id ?? "";
  if (to === "dead") truth.fails.set(group, (truth.fails.get(group) ?? 0) + 1);
  else if (isFinished(job.state)) truth.fails.delete(group);
  if (job.state === "blocked" && (to === "dead" || to === "cancelled")) passWaitsOn(truth, job);
  job.state = to;
}

/** Who waits behind a run of a schedule that ends before its turn, waits for those before it. */
function passWaitsOn(truth: MemoryTruth, { seq, group }: StoredJob): void {
  if (group?.kind !== "schedule") return;
  const ofGroup = truth.jobs.filter((job) => job.group?.id === group.id);
  const isBlocked = (wanted: number) => ofGroup.some((job) => job.seq === wanted && job.state === "blocked");
  const earlier = truth.conditions
    .filter(
      ({ job, on }) =>
        job === seq && truth.jobs.some((other) => other.seq === on && !isFinished(other.state)),
    )
    .map(({ on }) => on);
  const behind = truth.conditions.filter(
    ({ job, on, condition }) => on === seq && condition === "finished" && isBlocked(job),
  );
  for (const { job } of behind) {
    for (const on of earlier)
      if (!truth.conditions.some((known) => known.job === job && known.on === on))
        truth.conditions.push({ job, on, condition: "finished" });
    const own = truth.conditions.filter((known) => known.job === job).map(({ on }) => on);
    const dependsOn = truth.jobs
      .filter((other) => own.includes(other.seq))
      .map(({ id }) => ({ on: id, condition: "finished" as const }));
    Object.assign(truth.jobs.find((other) => other.seq === job) ?? {}, { dependsOn });
  }
}

/** Deletes jobs with all that is known of them; the tokens of their executions are returned. */
export function forget(truth: MemoryTruth, jobs: readonly StoredJob[]): number[] {
  const seqs = new Set(jobs.map(({ seq }) => seq));
  const gone = truth.executions.filter(({ seq }) => seqs.has(seq));
  truth.jobs = truth.jobs.filter(({ seq }) => !seqs.has(seq));
  truth.executions = truth.executions.filter(({ seq }) => !seqs.has(seq));
  truth.conditions = truth.conditions.filter(({ job, on }) => !seqs.has(job) && !seqs.has(on));
  forgetEmptied(
    truth,
    jobs.flatMap(({ group }) => group?.id ?? []),
  );
  return gone.map(({ token }) => token);
}

/** Groups whose last job went go too, but for those of schedules that are there. */
export function forgetEmptied(truth: MemoryTruth, groups: readonly string[]): void {
  const isEmptied = (id: string) =>
    groups.includes(id) && !truth.schedules.has(id) && !truth.jobs.some(({ group }) => group?.id === id);
  for (const { id } of truth.groups.filter((group) => isEmptied(group.id))) {
    truth.gates.delete(`group ${id}`);
    truth.fails.delete(id);
  }
  truth.groups = truth.groups.filter(({ id }) => !isEmptied(id));
}

/** What was made by the way for jobs that are gone. */
export function forgetUnused(truth: MemoryTruth): void {
  truth.groups = truth.groups.filter(
    ({ id }) => truth.schedules.has(id) || truth.jobs.some(({ group }) => group?.id === id),
  );
  for (const [name, gate] of truth.gates) {
    const isUsed = {
      queue: true,
      key: truth.jobs.some(({ key }) => key === gate.name),
      group: truth.groups.some(({ id }) => id === gate.name),
    }[gate.scope];
    if (!isUsed) truth.gates.delete(name);
  }
}

/** A job as callers see it: theirs to keep, without the fence. */
export function shown({ token: _, ...job }: StoredJob): Job {
  return structuredClone(job);
}

/** Waits for a worker, or would if its gates were open and its time had come. */
export function isWaiting({ state }: Pick<Job, "state">): boolean {
  return state === "pending" || state === "failed";
}

export function openExecution(truth: MemoryTruth, token: number | null): StoredExecution | undefined {
  return truth.executions.find((execution) => execution.token === token && execution.outcome === null);
}

export function closeExecution(
  truth: MemoryTruth,
  token: number | null,
  end: Partial<ExecutionRecord>,
): void {
  const open = openExecution(truth, token);
  if (open) Object.assign(open, end);
}

export function isHeldBy({ state, worker }: StoredJob, id: string): boolean {
  return state === "processing" && worker === id;
}

export function orphans(truth: MemoryTruth): StoredJob[] {
  const ids = truth.workers.map(({ id }) => id);
  return truth.jobs.filter(({ state, worker }) => state === "processing" && !ids.includes(worker ?? ""));
}

export function heldBy(truth: MemoryTruth, worker: string): HeldClaim[] {
  return truth.jobs.filter((job) => isHeldBy(job, worker)).flatMap((job) => heldClaim(truth, job));
}

export function heldClaim(truth: MemoryTruth, { token, id }: StoredJob): HeldClaim[] {
  const open = openExecution(truth, token);
  return open ? [{ token: open.token, jobId: id, isToBeCancelled: open.isToBeCancelled }] : [];
}
