import { type Condition, type Judgement, judgeDependency } from "../../src/domain/dependency.ts";
import type { GateScope } from "../../src/domain/gate.ts";
import type { DeadReason, JobState } from "../../src/domain/job.ts";
import type { OutcomeKind } from "../../src/domain/outcome.ts";
import type { Database } from "../../src/store/sqlite/database.ts";
import type { Claim } from "../../src/store/store.ts";

/** The tables as they stand, read past the code that writes them. */
export interface Truth {
  jobs: Map<string, JobRow>;
  executions: Map<number, ExecutionRow>;
  workers: Map<string, WorkerRow>;
  counters: { queue: string; state: JobState; jobs: number }[];
  gates: GateRow[];
  groups: { id: string; max_fails: number | null; fails: number }[];
  /** By the arrival number of the job that waits: the job that it waits for, and how. */
  dependencies: Map<number, { on: JobRow; condition: Condition }[]>;
}

export interface JobRow {
  seq: number;
  id: string;
  state: JobState;
  reason: DeadReason | null;
  queue: string;
  priority: number;
  unique_name: string | null;
  limit_key: string | null;
  group_id: string | null;
  expires_at: number | null;
  attempts: number;
  max_retries: number;
  executions: number;
  suspicion: number | null;
  claim: number | null;
  worker: string | null;
  due_at: number;
  updated_at: number;
}

export interface GateRow {
  scope: GateScope;
  name: string;
  state: string;
  max_running: number | null;
  running: number;
  rate_starts: number | null;
  rate_period_ms: number | null;
}

export interface ExecutionRow {
  token: number;
  job: number;
  number: number;
  worker: string;
  outcome: OutcomeKind | null;
  finished_at: number | null;
  exit_code: number | null;
  signal: string | null;
  error: string | null;
  cancel_requested_at: number | null;
  late_outcome: string | null;
  late_at: number | null;
}

export interface WorkerRow {
  id: string;
  state: "running" | "stopping" | "dead";
  boot_id: string;
}

/** Where nothing happens to a job any more unless a person wants it. */
export const ENDED: ReadonlySet<JobState> = new Set(["completed", "dead", "cancelled"]);

export function readTruth(db: Database): Truth {
  const all = <Row>(sql: string) => db.prepare(sql).all() as unknown as Row[];
  const jobs = all<JobRow>(`
    SELECT seq, id, state, reason, queue, priority, unique_name, limit_key, group_id, expires_at, attempts, max_retries,
           executions, suspicion, claim, worker, due_at, updated_at
    FROM jobs`);
  const executions = all<ExecutionRow>(`
    SELECT token, job, number, worker, outcome, finished_at, exit_code, signal, error, cancel_requested_at, late_outcome,
           late_at
    FROM executions ORDER BY token`);
  const workers = all<WorkerRow>("SELECT id, state, boot_id FROM workers");
  const bySeq = new Map(jobs.map((job) => [job.seq, job]));
  const dependencies = all<{ job: number; on_job: number; condition: Condition }>(
    "SELECT job, on_job, condition FROM dependencies",
  ).flatMap(({ job, on_job, condition }) => {
    const on = bySeq.get(on_job);
    return on ? [{ job, on, condition }] : [];
  });
  return {
    jobs: new Map(jobs.map((job) => [job.id, job])),
    executions: new Map(executions.map((execution) => [execution.token, execution])),
    workers: new Map(workers.map((worker) => [worker.id, worker])),
    counters: all("SELECT queue, state, jobs FROM counters WHERE jobs <> 0 ORDER BY queue, state"),
    gates: all("SELECT scope, name, state, max_running, running, rate_starts, rate_period_ms FROM gates"),
    groups: all("SELECT id, max_fails, fails FROM job_groups"),
    dependencies: Map.groupBy(dependencies, ({ job }) => job),
  };
}

/** The jobs that a gate is about. */
export function isBehind({ scope, name }: Pick<GateRow, "scope" | "name">, job: JobRow): boolean {
  return { queue: job.queue, key: job.limit_key, group: job.group_id }[scope] === name;
}

/** How the conditions of a job stand. */
export function judgementsOf(job: JobRow, { dependencies }: Truth): Judgement[] {
  const own = dependencies.get(job.seq) ?? [];
  return own.map(({ on, condition }) => judgeDependency(condition, on.state));
}

export function isAlive(worker: string, { workers }: Pick<Truth, "workers">): boolean {
  return (workers.get(worker)?.state ?? "dead") !== "dead";
}

/** Whether a claim holds its job, as far as this worker may say. */
export function isCurrent({ token, job }: Claim, worker: string, { jobs, workers }: Truth): boolean {
  const held = jobs.get(job.id);
  return (
    isAlive(worker, { workers }) &&
    held?.state === "processing" &&
    held.claim === token &&
    held.worker === worker
  );
}

/** What a recovery of this worker may take: nothing of the living; for null, what is held under no row. */
export function heldBy(worker: string | null, { jobs, workers }: Truth): JobRow[] {
  const running = [...jobs.values()].filter(({ state }) => state === "processing");
  if (worker === null) return running.filter((job) => !workers.has(job.worker ?? ""));
  return workers.get(worker)?.state === "dead" ? running.filter((job) => job.worker === worker) : [];
}

export function isToBeCancelled(job: JobRow, { executions }: Truth): boolean {
  return (executions.get(job.claim ?? 0)?.cancel_requested_at ?? null) !== null;
}
