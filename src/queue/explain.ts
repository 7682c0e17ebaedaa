import { isExpired } from "../domain/expiry.ts";
import { judgeGate } from "../domain/gate.ts";
import { allowedExecutions, isFinished, type Job } from "../domain/job.ts";
import { formatRate } from "../domain/rate.ts";
import { serves } from "../domain/serves.ts";
import type { LimitGate, StartGate, WorkerLack } from "../domain/start-gate.ts";
import { mustMakeRoom } from "../domain/suspect.ts";
import type { JobWaits, Store, WorkerRecord } from "../store/store.ts";
import { explainDependencies } from "./explain-dependencies.ts";

/** Why a job does not run yet. */
export interface Explanation {
  job: Job;
  /** In the order in which it passes them; none for a job that runs. */
  gates: StartGate[];
  /** See `Store.countAhead`; null of one that is not due, or does not wait for a worker. */
  ahead: number | null;
}

/** A worker as far as it matters here. */
export type SeenWorker = Pick<WorkerRecord, "id" | "state" | "queues" | "concurrency" | "held"> & {
  isAlive: boolean;
};

type Truth = Pick<Store, "getJob" | "readWaits" | "countAhead">;

/**
 * Every gate between a job and its start, judged by the functions that decide the claim.
 * @param found it is read again with its gates: between two readings somebody may have claimed it
 */
export async function explainJob(
  store: Truth,
  found: Job,
  { workers, now }: { workers: readonly SeenWorker[]; now: number },
): Promise<Explanation> {
  const waits = await store.readWaits(found.seq);
  const job = waits.job ?? found;
  if (job.state === "processing") return { job, gates: [], ahead: null };
  const others = await explainDependencies(store, job, waits);
  if (isFinished(job.state)) {
    const { state, reason, error } = job;
    const isHopeless = others.length > 0;
    return {
      job,
      gates: [{ kind: "finished", isClosed: true, state, reason, error, isHopeless }, ...others],
      ahead: null,
    };
  }
  const limits = waits.gates.map((gate) => explainLimit(gate, now));
  const serving = await explainWorkers(store, job, { suspects: waits.suspects, workers, now });
  const isInLine = job.state !== "blocked" && job.dueAt <= now && job.suspicion === null;
  const ahead = isInLine ? await store.countAhead(job, now) : null;
  return { job, gates: [...others, ...explainTimes(job, now), ...limits, ...serving], ahead };
}

function explainTimes(job: Job, now: number): StartGate[] {
  const gates: StartGate[] = [];
  if (job.dueAt > now && job.state !== "failed")
    gates.push({ kind: "run_at", isClosed: true, opensAt: job.dueAt });
  if (job.dueAt > now && job.state === "failed") {
    const { attempts, dueAt: opensAt } = job;
    gates.push({ kind: "backoff", isClosed: true, opensAt, attempts, allowed: allowedExecutions(job) });
  }
  if (job.expiresAt !== null && job.executions === 0)
    gates.push({ kind: "expires", isClosed: isExpired(job, now), expiresAt: job.expiresAt });
  return gates;
}

/** The gate of a queue, a key or a group, as a claim of now would judge it. */
export function explainLimit(gate: JobWaits["gates"][number], now: number): StartGate & LimitGate {
  const { scope: kind, name, state, running, maxRunning: concurrency, rate, holders } = gate;
  const closure = judgeGate(gate, now);
  return {
    kind,
    isClosed: closure !== null,
    name,
    state,
    cause: closure?.kind ?? null,
    running,
    concurrency,
    rate: rate && formatRate(rate),
    opensAt: closure?.kind === "pace" ? closure.opensAt : null,
    holders,
  };
}

async function explainWorkers(
  store: Truth,
  job: Job,
  {
    suspects,
    workers: seen,
    now,
  }: { suspects: JobWaits["suspects"]; workers: readonly SeenWorker[]; now: number },
): Promise<StartGate[]> {
  const alive = seen.filter(({ isAlive }) => isAlive);
  const workers = alive.filter(({ state }) => state === "running");
  const serving = workers.filter((worker) => serves(worker.queues, job.queue));
  const slots = serving.reduce((sum, { concurrency }) => sum + concurrency, 0);
  const busy = serving.reduce((sum, { held }) => sum + held.length, 0);
  const gate = (cause: WorkerLack | null): StartGate => {
    return { kind: "worker", isClosed: cause !== null, queue: job.queue, cause, slots, busy };
  };
  if (workers.length === 0) return [gate(alive.length === 0 ? "no_worker" : "all_stopping")];
  if (serving.length === 0) return [gate("none_serves_its_queue")];
  if (job.suspicion !== null) {
    const isClosed = serving.every(({ held }) => held.length > 0);
    const inWay = isClosed ? serving.find((worker) => makesRoom(worker, job.queue, workers)) : undefined;
    return [gate(null), { kind: "suspect", isClosed, makesRoom: inWay?.id ?? null }];
  }
  const free: SeenWorker[] = [];
  for (const worker of serving)
    if (worker.held.length < worker.concurrency && !(await holdsSuspect(store, worker))) free.push(worker);
  if (free.length === 0) return [gate("no_free_slot")];
  const due = await thatMayStart(store, suspects, now);
  const isKept = (worker: SeenWorker) => {
    const suspect = due.find(({ queue }) => serves(worker.queues, queue));
    return suspect !== undefined && makesRoom(worker, suspect.queue, workers);
  };
  return [gate(free.every(isKept) ? "kept_for_suspect" : null)];
}

/** Whether this is the worker that claims nothing more until it can run a suspect of a queue that it serves. */
function makesRoom(worker: SeenWorker, queue: string, workers: readonly SeenWorker[]): boolean {
  const candidate = ({ id, held }: SeenWorker) => ({ id, held: held.length });
  const rivals = workers.filter((other) => other.id !== worker.id && serves(other.queues, queue));
  return mustMakeRoom(candidate(worker), rivals.map(candidate));
}

/** Those suspects that wait for nothing but a worker. */
async function thatMayStart(
  store: Truth,
  suspects: JobWaits["suspects"],
  now: number,
): Promise<JobWaits["suspects"]> {
  const due = suspects.filter(({ dueAt }) => dueAt <= now);
  const waits = await Promise.all(due.map(({ seq }) => store.readWaits(seq)));
  return due.filter((_, index) => waits[index]?.gates.every((gate) => judgeGate(gate, now) === null));
}

/** Such a worker is given nothing else, however many slots it has. */
async function holdsSuspect(store: Truth, { held }: SeenWorker): Promise<boolean> {
  const [only, ...others] = held;
  if (!only || others.length > 0) return false;
  const job = await store.getJob(only.jobId);
  return job !== undefined && job.suspicion !== null;
}
