import { judgeDependency } from "../../src/domain/dependency.ts";
import {
  CHANGEABLE,
  type Change,
  GROUP_CHANGEABLE,
  refuseChange,
  refuseGroupChange,
  refuseHopeless,
} from "../../src/domain/refuse-change.ts";
import { refuseEnqueue } from "../../src/domain/refuse-enqueue.ts";
import { decideMove, settle, standingOf, unfinishedNamesake } from "./memory-settle.ts";
import { type MemoryTruth, move, openExecution, type StoredJob } from "./memory-truth.ts";

/** The jobs that are meant, each once; a group's id stands for those of its jobs that can be changed in this way. */
export function requireChangeable(truth: MemoryTruth, ids: readonly string[], change: Change): StoredJob[] {
  const jobs = ids.flatMap((id) => {
    if (!truth.groups.some((group) => group.id === id)) return [requireJob(truth, id, change)];
    const members = changeableMembers(truth, id, change);
    if (members.length === 0) throw refuseGroupChange(change, id);
    return members;
  });
  return [...new Set(jobs)];
}

/** Who was cancelled because what it waited for did not fail is still not needed. */
export function changeableMembers(truth: MemoryTruth, id: string, change: Change): StoredJob[] {
  const isUnneeded = ({ seq, state }: StoredJob) =>
    state === "cancelled" &&
    standingOf(truth, seq).some((other) => other.condition === "failed" && other.state === "completed");
  return truth.jobs.filter(
    (job) => job.group?.id === id && GROUP_CHANGEABLE[change].includes(job.state) && !isUnneeded(job),
  );
}

function requireJob(truth: MemoryTruth, id: string, change: Change): StoredJob {
  const job = truth.jobs.find((candidate) => candidate.id === id);
  if (!job || !CHANGEABLE[change].includes(job.state)) throw refuseChange(change, id, job?.state);
  return job;
}

/** Brings jobs back. All are brought back before any is judged: they may wait for each other. */
export function retryJobs(
  truth: MemoryTruth,
  ids: readonly string[],
  { change, now }: { change: "retry" | "retryDead"; now: number },
): void {
  const jobs = requireChangeable(truth, ids, change);
  undoIfRefused(truth, () => {
    for (const job of jobs) {
      const attempts = job.state === "failed" ? job.attempts : 0;
      move(truth, job, "pending");
      Object.assign(job, { reason: null, attempts, dueAt: now, expiresAt: null });
      Object.assign(job, { exitCode: null, error: null, updatedAt: now });
    }
    for (const job of jobs) {
      const other = unfinishedNamesake(truth, job);
      if (other)
        throw refuseEnqueue({
          kind: "not_unique",
          verb: "retry",
          id: job.id,
          unique: job.unique ?? "",
          other: other.id,
          isOfList: false,
        });
    }
    settle(truth, now);
    for (const job of jobs) {
      const hopeless = standingOf(truth, job.seq).find(
        ({ condition, state }) => judgeDependency(condition, state) === "impossible",
      );
      if (hopeless) throw refuseHopeless(job.id, { id: hopeless.on, state: hopeless.state });
      if (decideMove(truth, job).to === "blocked") job.state = "blocked";
    }
  });
}

/** Ends what does not run, and asks for the end of what does. */
export function cancelJobs(
  truth: MemoryTruth,
  ids: readonly string[],
  now: number,
  why: string | null = null,
): StoredJob[] {
  const jobs = requireChangeable(truth, ids, "cancel");
  for (const job of jobs) {
    const running = openExecution(truth, job.token);
    if (running) {
      running.error = running.isToBeCancelled ? running.error : why;
      running.isToBeCancelled = true;
    } else {
      move(truth, job, "cancelled");
      Object.assign(job, { reason: null, error: why ?? job.error, updatedAt: now });
    }
  }
  settle(truth, now);
  return jobs;
}

export function undoIfRefused<T>(truth: MemoryTruth, change: () => T): T {
  const { lastSeq, jobs, executions, fails, conditions } = truth;
  const before = structuredClone({ jobs, executions, fails, conditions });
  try {
    return change();
  } catch (error) {
    Object.assign(truth, before, { lastSeq });
    truth.unsettled.clear();
    throw error;
  }
}
