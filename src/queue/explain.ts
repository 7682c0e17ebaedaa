import { type Condition, type Judgement, judgeDependency } from "../domain/dependency.ts";
import { type Closure, type Gate, type GateScope, judgeGate } from "../domain/gate.ts";
import {
  allowedExecutions,
  type DeadReason,
  isExpired,
  isFinished,
  type Job,
  type JobState,
} from "../domain/job.ts";
import { mustMakeRoom } from "../domain/suspect.ts";
import type { JobWaits, Store, WorkerRecord } from "../store/store.ts";

/**
 * One thing between a job and its start: closed, or open and able to close again. Judged by the functions that decide the
 * claim, so that what is said here is what will happen.
 */
export type StartGate = { isClosed: boolean } & (
  | FinishedGate
  | DependencyGate
  | { kind: "run_at"; opensAt: number }
  /** `attempts` of `allowed` executions have failed. */
  | { kind: "backoff"; opensAt: number; attempts: number; allowed: number }
  /** Closed when it is too late to begin: the next claim of any worker ends the job. */
  | { kind: "expires"; expiresAt: number }
  | LimitGate
  | SuspectGate
  | WorkerGate
);

/** Nothing starts it but a person. */
export interface FinishedGate {
  kind: "finished";
  state: JobState;
  reason: DeadReason | null;
  error: string | null;
}

/** Another job of which something must become first. */
export interface DependencyGate {
  kind: "dependency";
  on: string;
  condition: Condition;
  state: JobState;
  judgement: Judgement;
  /** Of one that waits or died itself for others: where that chain begins. Null for another, and beyond a limit. */
  root: { id: string; state: JobState } | null;
}

/** The gate of its queue, its key or its group. */
export interface LimitGate extends Pick<Gate, "name" | "state" | "running" | "maxRunning" | "rate"> {
  kind: GateScope;
  closure: Closure | null;
  /** Ids of jobs that run behind it: some of them. */
  holders: readonly string[];
}

/** It was lost with a worker, and is run alone: in a worker that holds nothing. */
export interface SuspectGate {
  kind: "suspect";
  /** The worker that claims nothing more until it is empty; null when none has to. */
  makesRoom: string | null;
}

/** A worker must serve its queue and have a slot for it. */
export interface WorkerGate {
  kind: "worker";
  queue: string;
  lack: WorkerLack | null;
  /** Of the workers that serve the queue, together. */
  slots: number;
  busy: number;
}

export type WorkerLack = "no_worker" | "none_serves_its_queue" | "no_free_slot";

export interface Explanation {
  job: Job;
  /** In the order in which it passes them; none for a job that runs. */
  gates: StartGate[];
}

/** A worker as far as it matters here. */
export type SeenWorker = Pick<WorkerRecord, "id" | "state" | "queues" | "concurrency" | "held"> & {
  isAlive: boolean;
};

type Truth = Pick<Store, "getJob" | "readWaits">;

/** Why a job does not run yet: every gate between it and its start. */
export async function explainJob(
  store: Truth,
  job: Job,
  { workers, now }: { workers: readonly SeenWorker[]; now: number },
): Promise<Explanation> {
  if (job.state === "processing") return { job, gates: [] };
  const { gates, dependencies } = await store.readWaits(job.seq);
  const others = await explainDependencies(store, job, dependencies);
  if (isFinished(job.state)) {
    const { state, reason, error } = job;
    return { job, gates: [{ kind: "finished", isClosed: true, state, reason, error }, ...others] };
  }
  const limits = gates.map((gate) => explainLimit(gate, now));
  const serving = await explainWorkers(store, job, workers);
  return { job, gates: [...others, ...explainTimes(job, now), ...limits, ...serving] };
}

/** Those that wait, and what they wait for in turn. Of a finished job only what it died of is of interest. */
async function explainDependencies(
  store: Truth,
  job: Job,
  dependencies: JobWaits["dependencies"],
): Promise<StartGate[]> {
  const roots = new Roots(store);
  const gates: StartGate[] = [];
  for (const { on, condition, state } of dependencies) {
    const judgement = judgeDependency(condition, state);
    if (isFinished(job.state) && judgement !== "impossible") continue;
    const root = judgement === "met" ? null : await roots.of(on, state);
    gates.push({ kind: "dependency", isClosed: judgement !== "met", on, condition, state, judgement, root });
  }
  return gates;
}

/** How many chains are followed, and how far: an answer for people, about a job that may wait for thousands. */
const MOST_CHAINS = 20;
const LONGEST_CHAIN = 1_000;

/** Follows chains of jobs that wait for each other to where they begin. */
class Roots {
  readonly #store: Truth;
  #chains = 0;

  constructor(store: Truth) {
    this.#store = store;
  }

  async of(id: string, state: JobState): Promise<DependencyGate["root"]> {
    if ((state !== "blocked" && state !== "dead") || this.#chains === MOST_CHAINS) return null;
    this.#chains += 1;
    let root: DependencyGate["root"] = null;
    let next: string | undefined = id;
    for (let step = 0; step < LONGEST_CHAIN && next !== undefined; step += 1) {
      const job: Job | undefined = await this.#store.getJob(next);
      if (!job) break;
      if (job.id !== id) root = { id: job.id, state: job.state };
      next = await this.#firstUnmet(job);
    }
    return root;
  }

  /** What a job waits for, or died of. */
  async #firstUnmet(job: Job): Promise<string | undefined> {
    if (job.state !== "blocked" && job.reason !== "dependency") return undefined;
    const { dependencies } = await this.#store.readWaits(job.seq);
    const judged = dependencies.map((each) => ({
      ...each,
      how: judgeDependency(each.condition, each.state),
    }));
    return (judged.find(({ how }) => how === "impossible") ?? judged.find(({ how }) => how === "waiting"))
      ?.on;
  }
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

function explainLimit(gate: JobWaits["gates"][number], now: number): StartGate {
  const { scope: kind, name, state, running, maxRunning, rate, holders } = gate;
  const closure = judgeGate(gate, now);
  return { kind, isClosed: closure !== null, name, state, running, maxRunning, rate, closure, holders };
}

async function explainWorkers(store: Truth, job: Job, seen: readonly SeenWorker[]): Promise<StartGate[]> {
  const workers = seen.filter(({ isAlive, state }) => isAlive && state === "running");
  const serving = workers.filter(({ queues }) => queues?.includes(job.queue) ?? true);
  const candidates = serving.map(({ id, held }) => ({ id, held: held.length }));
  const slots = serving.reduce((sum, { concurrency }) => sum + concurrency, 0);
  const busy = candidates.reduce((sum, { held }) => sum + held, 0);
  const worker = (lack: WorkerLack | null): StartGate => {
    return { kind: "worker", isClosed: lack !== null, queue: job.queue, lack, slots, busy };
  };
  if (workers.length === 0) return [worker("no_worker")];
  if (serving.length === 0) return [worker("none_serves_its_queue")];
  if (job.suspicion !== null) {
    const isClosed = candidates.every(({ held }) => held > 0);
    const inWay = candidates.find((each) =>
      mustMakeRoom(
        each,
        candidates.filter(({ id }) => id !== each.id),
      ),
    );
    return [worker(null), { kind: "suspect", isClosed, makesRoom: isClosed ? (inWay?.id ?? null) : null }];
  }
  for (const each of serving)
    if (each.held.length < each.concurrency && !(await holdsSuspect(store, each))) return [worker(null)];
  return [worker("no_free_slot")];
}

/** Such a worker is given nothing else, however many slots it has. */
async function holdsSuspect(store: Truth, { held }: SeenWorker): Promise<boolean> {
  const [only, ...others] = held;
  if (!only || others.length > 0) return false;
  const job = await store.getJob(only.jobId);
  return job !== undefined && job.suspicion !== null;
}
