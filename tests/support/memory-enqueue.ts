import { findCycle } from "../../src/domain/dependency.ts";
import { type ErrorCode, QueuectlError } from "../../src/domain/errors.ts";
import type { NewGroup } from "../../src/domain/group.ts";
import { firstDueAt, isFinished, type NewJob } from "../../src/domain/job.ts";
import { refuseEnqueue } from "../../src/domain/refuse-enqueue.ts";
import type { EnqueueReceipt } from "../../src/store/store.ts";
import { gateToSet } from "./memory-gates.ts";
import { moveDependant, settle } from "./memory-settle.ts";
import type { MemoryTruth, StoredJob } from "./memory-truth.ts";

interface Placed {
  job: NewJob;
  position: number;
}

/** Adds jobs and their group, all or none. */
export function addJobs(truth: MemoryTruth, jobs: readonly NewJob[], group?: NewGroup): EnqueueReceipt {
  const isTaken = (id: string) => [...truth.jobs, ...truth.groups].some((other) => other.id === id);
  if (group && isTaken(group.id)) throw refusal("duplicate_id", `The id "${group.id}" exists`);
  const { added, existing } = sortOut(truth, jobs);
  const firstSeq = truth.lastSeq + 1;
  const known = [...truth.jobs, ...added.map(({ job }, index) => ({ ...job, seq: firstSeq + index }))];
  for (const { job, position } of added)
    if (truth.gates.get(`queue ${job.queue}`)?.state === "draining")
      throw refusal("queue_draining", `"${job.id}" cannot be added: "${job.queue}" is draining`, position);
  for (const { job, position } of added)
    if (job.id === group?.id || truth.groups.some(({ id }) => id === job.id))
      throw refusal("duplicate_id", `The id "${job.id}" exists`, position);
  const conditions = added.flatMap(({ job, position }, index) =>
    job.dependsOn.flatMap(({ on, condition }) => {
      const one = known.filter(({ id }) => id === on);
      const found = one.length > 0 ? one : membersOf(truth, on, known);
      if (found.length === 0)
        throw refusal("unknown_dependency", `"${job.id}" cannot wait for "${on}"`, position);
      return found.map(({ seq }) => ({ job: firstSeq + index, on: seq, condition }));
    }),
  );
  refuseCycle(added, firstSeq, conditions);

  if (group) addGroup(truth, group);
  for (const { job } of added) truth.jobs.push(storedJob(job, ++truth.lastSeq));
  for (const { key, keyLimit } of added.map(({ job }) => job)) {
    if (key === null) continue;
    const isNew = !truth.gates.has(`key ${key}`);
    const gate = gateToSet(truth, "key", key);
    gate.maxRunning = keyLimit ?? (isNew ? 1 : gate.maxRunning);
  }
  for (const each of conditions)
    if (!truth.conditions.some((other) => isSame(other, each))) truth.conditions.push(each);
  const now = added.at(-1)?.job.createdAt ?? 0;
  for (const job of truth.jobs) if (job.seq >= firstSeq) moveDependant(truth, job, now);
  settle(truth, now);
  return { count: added.length, firstSeq, lastSeq: truth.lastSeq, existing };
}

/** The jobs that a group stands for: of a schedule, which has no end, what is unfinished of it, else its newest run. */
function membersOf<T extends Pick<StoredJob, "seq" | "group">>(
  truth: MemoryTruth,
  id: string,
  known: readonly T[],
): readonly T[] {
  const members = known.filter(({ group }) => group?.id === id);
  if (truth.groups.find((group) => group.id === id)?.kind !== "schedule") return members;
  const isEnded = ({ seq }: T) => truth.jobs.some((job) => job.seq === seq && isFinished(job.state));
  const unfinished = members.filter((member) => !isEnded(member));
  return unfinished.length > 0 ? unfinished : members.slice(-1);
}

/** Which jobs are new, and which are stood for by one that exists. */
function sortOut(truth: MemoryTruth, jobs: readonly NewJob[]) {
  const added: Placed[] = [];
  const existing: EnqueueReceipt["existing"] = [];
  for (const [index, job] of jobs.entries()) {
    const position = index + 1;
    const others = [...truth.jobs, ...added.map((each) => ({ ...each.job, state: "pending" as const }))];
    const { id, unique, uniqueReturn } = job;
    const namesake = others.find(
      (other) => unique !== null && other.unique === unique && !isFinished(other.state),
    );
    // The unique name first: whoever enqueues the same job twice and wants the first gets it.
    if (namesake && uniqueReturn) existing.push({ position, id: namesake.id });
    else if (namesake)
      throw refuseEnqueue(
        {
          kind: "not_unique",
          verb: "enqueue",
          id,
          unique: unique ?? "",
          other: namesake.id,
          isOfList: added.some((other) => other.job.id === namesake.id),
        },
        position,
      );
    else if (others.some((other) => other.id === id))
      throw refusal("duplicate_id", `The id "${id}" exists`, position);
    else added.push({ job, position });
  }
  return { added, existing };
}

function refuseCycle(
  added: readonly Placed[],
  firstSeq: number,
  conditions: MemoryTruth["conditions"],
): void {
  const idOf = (seq: number) => added[seq - firstSeq]?.job.id;
  const needs = new Map(
    added.map(({ job }, index) => [
      job.id,
      conditions
        .filter((condition) => condition.job === firstSeq + index)
        .map(({ on }) => on)
        .sort((a, b) => a - b)
        .flatMap((on) => idOf(on) ?? []),
    ]),
  );
  const cycle = findCycle(needs);
  if (cycle === null) return;
  const first = added.find(({ job }) => job.id === cycle[0]);
  throw refusal("dependency_cycle", `They wait in a circle: ${cycle.join(" → ")}`, first?.position);
}

function addGroup(truth: MemoryTruth, group: NewGroup): void {
  truth.groups.push(structuredClone(group));
  gateToSet(truth, "group", group.id).maxRunning = group.maxRunning;
}

function storedJob({ keyLimit: _, uniqueReturn: __, ...job }: NewJob, seq: number): StoredJob {
  return {
    ...structuredClone(job),
    seq,
    state: job.dependsOn.length === 0 ? "pending" : "blocked",
    reason: null,
    attempts: 0,
    executions: 0,
    dueAt: firstDueAt(job),
    token: null,
    worker: null,
    suspicion: null,
    exitCode: null,
    error: null,
    updatedAt: job.createdAt,
  };
}

function isSame(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function refusal(code: ErrorCode, message: string, position?: number): QueuectlError {
  return new QueuectlError(code, message, { position });
}
