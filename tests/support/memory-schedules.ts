import { QueuectlError } from "../../src/domain/errors.ts";
import { isFinished } from "../../src/domain/job.ts";
import {
  duplicateSchedule,
  scheduleNamedLikeId,
  scheduleNotFound,
} from "../../src/domain/refuse-schedule.ts";
import {
  decideOverlap,
  OUTPACED,
  replacedBy,
  replacing,
  skippedFor,
  stoodForBy,
} from "../../src/domain/schedule.ts";
import type {
  FiredInstant,
  Firing,
  ScheduledRun,
  ScheduleRecord,
  ScheduleStore,
  StoppedSchedule,
} from "../../src/store/schedule-store.ts";

import { addJobs } from "./memory-enqueue.ts";
import { gateToSet } from "./memory-gates.ts";
import { cancelJobs, undoIfRefused } from "./memory-requeue.ts";
import { forgetEmptied, type MemoryTruth, type StoredJob } from "./memory-truth.ts";

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
    async put(schedule, replaces) {
      const { name, overlap, createdAt } = schedule;
      const old = schedules.get(name);
      if (replaces && !stop(old, replaces, createdAt)) return false;
      if (old && !replaces) throw duplicateSchedule(name);
      const group = truth.groups.find(({ id }) => id === name);
      if (truth.jobs.some(({ id }) => id === name) || (group && group.kind !== "schedule"))
        throw scheduleNamedLikeId(name);
      const { isPaused = false, firings = [] } = old ?? {};
      schedules.set(name, { ...schedule, isPaused, decidedUntil: null, firings });
      const maxRunning = overlap === "allow" ? null : 1;
      if (group) group.maxRunning = maxRunning;
      else truth.groups.push({ id: name, kind: "schedule", name, maxRunning, maxFails: null, createdAt });
      gateToSet(truth, "group", name).maxRunning = maxRunning;
      wake();
      return true;
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

    async setPaused(name, { was, isPaused, nextAt, now }) {
      const schedule = require(name);
      if (!stop(schedule, was, now)) return false;
      Object.assign(schedule, { isPaused, nextAt, decidedUntil: null });
      wake();
      return true;
    },

    async remove(name) {
      require(name);
      schedules.delete(name);
      forgetEmptied(truth, [name]);
    },

    async fire(firing) {
      const schedule = schedules.get(firing.name);
      if (schedule?.createdAt !== firing.createdAt) return null;
      if (firing.kind !== "by_hand" && (schedule.isPaused || schedule.nextAt !== firing.expectedNextAt))
        return null;
      const fired = fireAll(truth, schedule, firing);
      if (fired.some(({ outcome }) => outcome === "fired")) wake();
      return inOrder(fired);
    },

    async history(name, limit) {
      const firings = inOrder(schedules.get(name)?.firings ?? []);
      return structuredClone(firings.slice(-limit));
    },
  };
}

/** False when it is not what it was. */
function stop(schedule: StoredSchedule | undefined, was: StoppedSchedule, now: number): boolean {
  if (schedule?.createdAt !== was.createdAt || schedule.nextAt !== was.nextAt) return false;
  missed(schedule, was.missed, now);
  return true;
}

/** All of it, or nothing where a person's run is refused. */
function fireAll(truth: MemoryTruth, schedule: StoredSchedule, firing: Firing): FiredInstant[] {
  const before = [...schedule.firings];
  try {
    return undoIfRefused(truth, () => carryOut(truth, schedule, firing));
  } catch (refusal) {
    schedule.firings = before;
    throw refusal;
  }
}

function carryOut(truth: MemoryTruth, schedule: StoredSchedule, firing: Firing): FiredInstant[] {
  const { kind, now } = firing;
  if (kind === "by_hand") return run(truth, schedule, firing, firing.run);
  const { expectedNextAt, nextAt } = firing;
  schedule.nextAt = nextAt;
  if (kind === "due")
    return [
      ...missed(schedule, firing.missed, now),
      ...firing.refused.flatMap(({ instant, note }) =>
        record(schedule, { instant, outcome: "refused", jobId: null, note, at: now }),
      ),
      ...firing.runs.flatMap((each, index) =>
        run(truth, schedule, firing, each, schedule.overlap === "replace" && index < firing.runs.length - 1),
      ),
    ];
  if (expectedNextAt !== null) schedule.decidedUntil = Math.max(schedule.decidedUntil ?? 0, expectedNextAt);
  schedule.firings = schedule.firings.filter(
    ({ instant, outcome }) => instant < firing.nextAt || outcome === "fired",
  );
  return [];
}

function missed(schedule: StoredSchedule, instants: readonly number[], now: number): FiredInstant[] {
  return instants.flatMap((instant) =>
    record(schedule, { instant, outcome: "missed", jobId: null, note: null, at: now }),
  );
}

function run(
  truth: MemoryTruth,
  schedule: StoredSchedule,
  firing: Firing,
  planned: ScheduledRun,
  isOutpaced = false,
): FiredInstant[] {
  const { instant, job } = planned;
  const isDecided = schedule.firings.some((other) => other.instant === instant);
  const hasRun = truth.jobs.some(({ id, group }) => id === job.id && group?.id === schedule.name);
  if (isDecided || hasRun) return [];
  const decision = isOutpaced ? OUTPACED : enqueueRun(truth, schedule, planned, firing);
  return record(schedule, { instant, ...decision, at: firing.now });
}

function enqueueRun(
  truth: MemoryTruth,
  { name, overlap }: StoredSchedule,
  { instant, job }: ScheduledRun,
  { now, kind }: Firing,
): Pick<FiredInstant, "outcome" | "jobId" | "note"> {
  const earlier = truth.jobs.filter(
    ({ group, state, executions, runAt }) =>
      group?.id === name && !isFinished(state) && (executions > 0 || (runAt ?? 0) <= instant),
  );
  const others = earlier.map(({ id }) => id);
  const decision = decideOverlap(overlap, others.length);
  if (decision === "skip") return { outcome: "skipped", jobId: null, note: skippedFor(others[0] ?? "") };
  const awaited = overlap === "queue" ? endsToAwait(earlier) : [];
  const dependsOn = awaited.map(({ id }) => ({ on: id, condition: "finished" as const }));
  try {
    const [standIn] = undoIfRefused(truth, () => {
      if (decision === "replace") cancelJobs(truth, others, now, replacedBy(job.id));
      return addJobs(truth, [{ ...job, dependsOn }]).existing;
    });
    if (standIn) return { outcome: "skipped", jobId: standIn.id, note: stoodForBy(standIn.id) };
  } catch (error) {
    if (kind === "by_hand" || !(error instanceof QueuectlError)) throw error;
    return { outcome: "refused", jobId: null, note: error.message };
  }
  const note = decision === "replace" ? replacing(others) : null;
  return { outcome: "fired", jobId: job.id, note };
}

/** Those that have begun, and the newest that waits. */
function endsToAwait(earlier: readonly StoredJob[]): StoredJob[] {
  const hasBegun = ({ state }: StoredJob) => state === "processing" || state === "failed";
  return [...earlier.filter(hasBegun), ...earlier.filter((job) => !hasBegun(job)).slice(-1)];
}

/** Unless it is there already. */
function record(schedule: StoredSchedule, fired: FiredInstant): FiredInstant[] {
  if (schedule.firings.some(({ instant }) => instant === fired.instant)) return [];
  schedule.firings.push(fired);
  return [fired];
}

function inOrder(fired: readonly FiredInstant[]): FiredInstant[] {
  return fired.toSorted((a, b) => a.instant - b.instant);
}

function shown({ firings, ...schedule }: StoredSchedule): ScheduleRecord {
  return structuredClone({ ...schedule, last: inOrder(firings).at(-1) ?? null });
}
