import { QueuectlError } from "../../src/domain/errors.ts";
import { isFinished, type NewJob } from "../../src/domain/job.ts";
import {
  duplicateSchedule,
  scheduleNamedLikeId,
  scheduleNotFound,
} from "../../src/domain/refuse-schedule.ts";
import { decideOverlap, replacedBy, replacing, skippedFor, stoodForBy } from "../../src/domain/schedule.ts";
import type { FiredInstant, Firing, ScheduleRecord, ScheduleStore } from "../../src/store/schedule-store.ts";

import { addJobs } from "./memory-enqueue.ts";
import { gateToSet } from "./memory-gates.ts";
import { cancelJobs, undoIfRefused } from "./memory-requeue.ts";
import { forgetEmptied, type MemoryTruth } from "./memory-truth.ts";

export type StoredSchedule = Omit<ScheduleRecord, "last"> & { firings: FiredInstant[] };

/** The contract of schedules in memory: a model to compare with, made to be obviously right. */
export function memorySchedules(truth: MemoryTruth, wake: () => void): ScheduleStore {
  const { schedules } = truth;
  const require = (name: string): StoredSchedule => {
    const schedule = schedules.get(name);
    if (!schedule) throw scheduleNotFound(name);
    return schedule;
  };
  const byName = () => [...schedules.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    async put(schedule, { replace }) {
      const old = schedules.get(schedule.name);
      if (old && !replace) throw duplicateSchedule(schedule.name);
      const { name, overlap, createdAt } = schedule;
      const group = truth.groups.find(({ id }) => id === name);
      if (truth.jobs.some(({ id }) => id === name) || (group && group.kind !== "schedule"))
        throw scheduleNamedLikeId(name);
      const { isPaused = false, firings = [] } = old ?? {};
      schedules.set(schedule.name, { ...schedule, isPaused, decidedUntil: null, firings });
      const maxRunning = overlap === "allow" ? null : 1;
      if (group) group.maxRunning = maxRunning;
      else truth.groups.push({ id: name, kind: "schedule", name, maxRunning, maxFails: null, createdAt });
      gateToSet(truth, "group", name).maxRunning = maxRunning;
      wake();
    },

    async get(name) {
      const schedule = schedules.get(name);
      return schedule && shown(schedule);
    },

    list: async () => byName().map(shown),

    async due(now) {
      const waiting = byName().filter(({ isPaused, nextAt }) => !isPaused && nextAt !== null);
      const at = ({ nextAt }: StoredSchedule) => nextAt as number;
      const due = waiting.filter((schedule) => at(schedule) <= now).sort((a, b) => at(a) - at(b));
      const later = waiting.map(at).filter((nextAt) => nextAt > now);
      return { schedules: due.map(shown), nextDueAt: later.length > 0 ? Math.min(...later) : null };
    },

    async setPaused(name, change) {
      Object.assign(require(name), change, { decidedUntil: null });
      wake();
    },

    async remove(name) {
      require(name);
      schedules.delete(name);
      forgetEmptied(truth, [name]);
    },

    async fire(firing) {
      const schedule = schedules.get(firing.name);
      const { createdAt, expectedNextAt, nextAt } = firing;
      if (schedule?.createdAt !== createdAt) return null;
      if (expectedNextAt !== undefined && (schedule.isPaused || schedule.nextAt !== expectedNextAt))
        return null;
      const fired = fireAll(truth, schedule, firing);
      if (nextAt !== undefined) schedule.nextAt = nextAt;
      if (typeof nextAt === "number" && typeof expectedNextAt === "number" && nextAt < expectedNextAt) {
        schedule.decidedUntil = Math.max(schedule.decidedUntil ?? 0, expectedNextAt);
        schedule.firings = schedule.firings.filter(
          ({ instant, outcome }) => instant < nextAt || outcome === "fired",
        );
      }
      if (fired.some(({ outcome }) => outcome === "fired")) wake();
      return inOrder(fired);
    },

    async history(name, limit) {
      const firings = inOrder(schedules.get(name)?.firings ?? []);
      return structuredClone(firings.slice(-limit));
    },
  };
}

/** All of it, or nothing where a person's run is refused. */
function fireAll(truth: MemoryTruth, schedule: StoredSchedule, firing: Firing): FiredInstant[] {
  const before = [...schedule.firings];
  try {
    return undoIfRefused(truth, () => [...missed(schedule, firing), ...run(truth, schedule, firing)]);
  } catch (refusal) {
    schedule.firings = before;
    throw refusal;
  }
}

function missed(schedule: StoredSchedule, { missed: instants, now }: Firing): FiredInstant[] {
  return instants
    .filter((instant) => !schedule.firings.some((known) => known.instant === instant))
    .map((instant) => record(schedule, { instant, outcome: "missed", jobId: null, note: null, at: now }));
}

function run(truth: MemoryTruth, schedule: StoredSchedule, firing: Firing): FiredInstant[] {
  const fired: FiredInstant[] = [];
  for (const { instant, job } of firing.runs) {
    const isDecided = schedule.firings.some((other) => other.instant === instant);
    const hasRun = truth.jobs.some(({ id, group }) => id === job.id && group?.id === schedule.name);
    if (isDecided || hasRun) continue;
    fired.push(record(schedule, { instant, ...enqueueRun(truth, schedule, job, firing), at: firing.now }));
  }
  return fired;
}

function enqueueRun(
  truth: MemoryTruth,
  { name, overlap }: StoredSchedule,
  job: NewJob,
  { now, expectedNextAt }: Firing,
): Pick<FiredInstant, "outcome" | "jobId" | "note"> {
  const others = truth.jobs
    .filter(({ group, state }) => group?.id === name && !isFinished(state))
    .map(({ id }) => id);
  const decision = decideOverlap(overlap, others.length);
  if (decision === "skip") return { outcome: "skipped", jobId: null, note: skippedFor(others[0] ?? "") };
  try {
    const [standIn] = undoIfRefused(truth, () => {
      if (decision === "replace") cancelJobs(truth, others, now, replacedBy(job.id));
      return addJobs(truth, [job]).existing;
    });
    if (standIn) return { outcome: "skipped", jobId: standIn.id, note: stoodForBy(standIn.id) };
  } catch (error) {
    if (expectedNextAt === undefined || !(error instanceof QueuectlError)) throw error;
    return { outcome: "refused", jobId: null, note: error.message };
  }
  const note = decision === "replace" ? replacing(others) : null;
  return { outcome: "fired", jobId: job.id, note };
}

function record(schedule: StoredSchedule, fired: FiredInstant): FiredInstant {
  schedule.firings.push(fired);
  return fired;
}

function inOrder(fired: readonly FiredInstant[]): FiredInstant[] {
  return fired.toSorted((a, b) => a.instant - b.instant);
}

function shown({ firings, ...schedule }: StoredSchedule): ScheduleRecord {
  return structuredClone({ ...schedule, last: inOrder(firings).at(-1) ?? null });
}
