import { QueuectlError } from "../domain/errors.ts";
import type { ObservedWorker } from "../worker/observe-workers.ts";

/** A worker as `status --json` and `worker status --json` show it. */
export function toWorkerJson(worker: ObservedWorker): object {
  return {
    id: worker.id,
    pid: worker.identity.pid,
    host: worker.host,
    state: worker.isAlive ? worker.state : "dead",
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

export function workerNotFound(wanted: string): QueuectlError {
  return new QueuectlError("worker_not_found", `There is no worker "${wanted}"`, {
    hint: "The workers: queuectl worker status",
  });
}
