import { QueuectlError } from "../domain/errors.ts";
import { suggest } from "../domain/suggest.ts";
import type { WorkerRecord } from "../store/store.ts";
import type { ObservedWorker } from "../worker/observe-workers.ts";

/** A worker as `status --json` and `worker status --json` show it. */
export interface WorkerJson {
  id: string;
  pid: number;
  host: string;
  state: WorkerRecord["state"];
  pool: string | null;
  queues: readonly string[] | null;
  concurrency: number;
  current_jobs: readonly string[];
  started_at: string;
  heartbeat_at: string;
  jobs_done: number;
}

/** A worker's two names. */
export interface WorkerNameJson {
  id: string;
  pid: number;
}

export function toWorkerJson(worker: ObservedWorker): WorkerJson {
  return {
    id: worker.id,
    pid: worker.identity.pid,
    host: worker.host,
    state: worker.isAlive ? worker.state : "dead",
    pool: worker.pool?.id ?? null,
    queues: worker.queues,
    concurrency: worker.concurrency,
    current_jobs: worker.held.map(({ jobId }) => jobId),
    started_at: new Date(worker.startedAt).toISOString(),
    heartbeat_at: new Date(worker.heartbeatAt).toISOString(),
    jobs_done: worker.jobsDone,
  };
}

/** The two lines that name who is at work. */
export function activeWorkersText(workers: readonly ObservedWorker[]): string {
  const active = workers.filter(({ isAlive }) => isAlive);
  const pids = active.map(({ identity }) => identity.pid).join(", ");
  return `Active Workers: ${active.length}\n${active.length === 0 ? "" : `Worker PIDs: ${pids}\n`}`;
}

/** @param known the ids among which the mistyped one may be */
export function workerNotFound(wanted: string, known: readonly string[]): QueuectlError {
  const near = suggest(wanted, known);
  return new QueuectlError("worker_not_found", `There is no worker "${wanted}"`, {
    hint: near.length > 0 ? `Did you mean ${near.join(" or ")}?` : "The workers: queuectl worker status",
  });
}
