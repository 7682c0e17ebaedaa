import { judgeDependency } from "../domain/dependency.ts";
import { isExpired } from "../domain/expiry.ts";
import { judgeGate } from "../domain/gate.ts";
import { allowedExecutions, isFinished, type Job, type JobState } from "../domain/job.ts";
import { formatRate } from "../domain/rate.ts";
import type { DependencyGate, StartGate, WorkerLack } from "../domain/start-gate.ts";
import { mustMakeRoom } from "../domain/suspect.ts";
import type { JobWaits, Store, WorkerRecord } from "../store/store.ts";

/** Why a job does not run yet. */
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

/** Every gate between a job and its start, judged by the functions that decide the claim. */
export async function explainJob(
  store: Truth,
  job: Job,
  { workers, now }: { workers: readonly SeenWorker[]; now: number },
): Promise<Explanation> {
  if (job.state === "processing") return { job, gates: [] };
  const { gates, dependencies, suspects } = await store.readWaits(job.seq);
  const others = await explainDependencies(store, job, dependencies);
  if (isFinished(job.state)) {
    const { state, reason, error } = job;
    const isHopeless = others.length > 0;
    return {
      job,
      gates: [{ kind: "finished", isClosed: true, state, reason, error, isHopeless }, ...others],
    };
  }
  const limits = gates.map((gate) => explainLimit(gate, now));
  const serving = await explainWorkers(store, job, { suspects, workers, now });
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

/** So many jobs are read to follow chains: an answer for people, about a job that may wait for thousands. */
const MOST_READ = 2_000;

/** Follows chains of jobs that wait for each other to where they begin. */
class Roots {
  readonly #store: Truth;
  #readsLeft = MOST_READ;

  constructor(store: Truth) {
    this.#store = store;
  }

  async of(id: string, state: JobState): Promise<DependencyGate["root"]> {
    if (state !== "blocked" && state !== "dead") return null;
    let root: DependencyGate["root"] = null;
    for (let next: string | undefined = id; next !== undefined; this.#readsLeft -= 1) {
      const job: Job | undefined = this.#readsLeft > 0 ? await this.#store.getJob(next) : undefined;
      if (!job) return null;
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
  const workers = seen.filter(({ isAlive, state }) => isAlive && state === "running");
  const serving = workers.filter((worker) => serves(worker, job.queue));
  const slots = serving.reduce((sum, { concurrency }) => sum + concurrency, 0);
  const busy = serving.reduce((sum, { held }) => sum + held.length, 0);
  const gate = (cause: WorkerLack | null): StartGate => {
    return { kind: "worker", isClosed: cause !== null, queue: job.queue, cause, slots, busy };
  };
  if (workers.length === 0) return [gate("no_worker")];
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
    const suspect = due.find(({ queue }) => serves(worker, queue));
    return suspect !== undefined && makesRoom(worker, suspect.queue, workers);
  };
  return [gate(free.every(isKept) ? "kept_for_suspect" : null)];
}

function serves({ queues }: SeenWorker, queue: string): boolean {
  return queues?.includes(queue) ?? true;
}

/** Whether this is the worker that claims nothing more until it can run a suspect of a queue that it serves. */
function makesRoom(worker: SeenWorker, queue: string, workers: readonly SeenWorker[]): boolean {
  const candidate = ({ id, held }: SeenWorker) => ({ id, held: held.length });
  const rivals = workers.filter((other) => other.id !== worker.id && serves(other, queue));
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
