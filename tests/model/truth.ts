import type { JobState } from "../../src/domain/job.ts";
import type { OutcomeKind } from "../../src/domain/outcome.ts";
import type { Database } from "../../src/store/sqlite/database.ts";
import type { Claim } from "../../src/store/store.ts";

/** The tables as they stand, read past the code that writes them. */
export interface Truth {
  jobs: Map<string, JobRow>;
  executions: Map<number, ExecutionRow>;
  workers: Map<string, WorkerRow>;
  counters: { queue: string; state: JobState; jobs: number }[];
}

export interface JobRow {
  seq: number;
  id: string;
  state: JobState;
  reason: string | null;
  queue: string;
  attempts: number;
  max_retries: number;
  executions: number;
  suspicion: number | null;
  claim: number | null;
  worker: string | null;
  due_at: number;
  updated_at: number;
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
    SELECT seq, id, state, reason, queue, attempts, max_retries, executions, suspicion, claim, worker, due_at, updated_at
    FROM jobs`);
  const executions = all<ExecutionRow>(`
    SELECT token, job, number, worker, outcome, finished_at, exit_code, signal, error, cancel_requested_at, late_outcome,
           late_at
    FROM executions ORDER BY token`);
  const workers = all<WorkerRow>("SELECT id, state, boot_id FROM workers");
  return {
    jobs: new Map(jobs.map((job) => [job.id, job])),
    executions: new Map(executions.map((execution) => [execution.token, execution])),
    workers: new Map(workers.map((worker) => [worker.id, worker])),
    counters: all("SELECT queue, state, jobs FROM counters WHERE jobs <> 0 ORDER BY queue, state"),
  };
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
