import type { NewJob } from "../../src/domain/job.ts";
import {
  duplicateSchedule,
  scheduleNamedLikeId,
  scheduleNotFound,
} from "../../src/domain/refuse-schedule.ts";
import { decideOverlap } from "../../src/domain/schedule.ts";
import type { FiredInstant, Firing, ScheduleRecord, ScheduleStore } from "../../src/store/schedule-store.ts";

type StoredSchedule = Omit<ScheduleRecord, "last"> & { firings: FiredInstant[] };

/** The schedules of a truth, by name. */
export type MemorySchedules = Map<string, StoredSchedule>;

/** What the model of schedules needs of the rest of the model; each step is done at once. */
export interface MemoryJobs {
  /** True when a job or a group of another kind has the id. */
  isTaken(id: string): boolean;
  /** Makes the group of a schedule's runs, or gives it another cap. */
  makeGroup(id: string, maxRunning: number | null, now: number): void;
  /** Ids of a group's unfinished jobs, in order of arrival. */
  unfinished(group: string): string[];
  exists(id: string): boolean;
  /** Adds one job. @returns why not */
  add(job: NewJob): string | undefined;
  cancel(ids: readonly string[], now: number): void;
  wake(): void;
}

/** The contract of schedules in memory: a model to compare with, made to be obviously right. */
export function memorySchedules(schedules: MemorySchedules, jobs: MemoryJobs): ScheduleStore {
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
      if (jobs.isTaken(schedule.name)) throw scheduleNamedLikeId(schedule.name);
      const { isPaused = false, firings = [] } = old ?? {};
      schedules.set(schedule.name, { ...schedule, isPaused, firings });
      jobs.makeGroup(schedule.name, schedule.overlap === "allow" ? null : 1, schedule.createdAt);
      jobs.wake();
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
      Object.assign(require(name), change);
      jobs.wake();
    },

    async remove(name) {
      require(name);
      schedules.delete(name);
    },

    async fire(firing) {
      const schedule = schedules.get(firing.name);
      const { expectedNextAt, nextAt } = firing;
      if (!schedule) return null;
      if (expectedNextAt !== undefined && (schedule.isPaused || schedule.nextAt !== expectedNextAt))
        return null;
      const fired = [...missed(schedule, firing), ...run(schedule, firing, jobs)];
      if (nextAt !== undefined) schedule.nextAt = nextAt;
      if (fired.some(({ outcome }) => outcome === "fired")) jobs.wake();
      return inOrder(fired);
    },

    async history(name, limit) {
      const firings = inOrder(schedules.get(name)?.firings ?? []);
      return structuredClone(firings.slice(-limit));
    },
  };
}

function missed(schedule: StoredSchedule, { missed: instants, now }: Firing): FiredInstant[] {
  return instants
    .filter((instant) => !schedule.firings.some((known) => known.instant === instant))
    .map((instant) => record(schedule, { instant, outcome: "missed", jobId: null, note: null, at: now }));
}

function run(schedule: StoredSchedule, { runs, now }: Firing, jobs: MemoryJobs): FiredInstant[] {
  const fired: FiredInstant[] = [];
  for (const { instant, job } of runs) {
    const known = schedule.firings.find((firing) => firing.instant === instant);
    if ((known && known.outcome !== "missed") || jobs.exists(job.id)) continue;
    const others = jobs.unfinished(schedule.name);
    const decision = decideOverlap(schedule.overlap, others.length);
    const refusal = decision === "skip" ? undefined : jobs.add(job);
    if (decision === "replace" && refusal === undefined) jobs.cancel(others, now);
    const quoted = others.map((id) => `"${id}"`);
    const what =
      decision === "skip"
        ? ({ outcome: "skipped", jobId: null, note: `job ${quoted[0]} is unfinished` } as const)
        : refusal === undefined
          ? ({
              outcome: "fired",
              jobId: job.id,
              note: decision === "replace" ? `replaced ${quoted.join(", ")}` : null,
            } as const)
          : ({ outcome: "refused", jobId: null, note: refusal } as const);
    fired.push(record(schedule, { instant, ...what, at: now }));
  }
  return fired;
}

function record(schedule: StoredSchedule, fired: FiredInstant): FiredInstant {
  schedule.firings = [...schedule.firings.filter(({ instant }) => instant !== fired.instant), fired];
  return fired;
}

function inOrder(fired: readonly FiredInstant[]): FiredInstant[] {
  return fired.toSorted((a, b) => a.instant - b.instant);
}

function shown({ firings, ...schedule }: StoredSchedule): ScheduleRecord {
  return structuredClone({ ...schedule, last: inOrder(firings).at(-1) ?? null });
}
