import type { NewJob } from "../domain/job.ts";
import type { CatchUpPolicy, OverlapPolicy } from "../domain/schedule.ts";

/**
 * The schedules of a store: a part of its contract. The rules (which instants there are, what is missed) live above; here
 * stands what must hold between competing workers.
 */
export interface ScheduleStore {
  /**
   * Adds a schedule, or replaces it (its history stays); wakes the workers.
   * @throws duplicate_schedule when it exists and is not to be replaced
   */
  put(schedule: NewSchedule, options: { replace: boolean }): Promise<void>;

  get(name: string): Promise<ScheduleRecord | undefined>;

  /** All of them, by name. */
  list(): Promise<ScheduleRecord[]>;

  /** Those that are due at an instant, and when the next of the others is. Paused ones are in neither. */
  due(now: number): Promise<{ schedules: ScheduleRecord[]; nextDueAt: number | null }>;

  /**
   * Pauses or resumes; wakes the workers.
   * @param change `nextAt`: its next instant from now on
   * @throws schedule_not_found
   */
  setPaused(name: string, change: { isPaused: boolean; nextAt: number | null }): Promise<void>;

  /**
   * Removes a schedule and its history; its runs stay, as jobs.
   * @throws schedule_not_found
   */
  remove(name: string): Promise<void>;

  /**
   * Fires instants of a schedule: each is recorded once, whoever is first, and its job enqueued as the overlap policy says,
   * all in one transaction. Wakes the workers.
   * @returns what became of each; null when the schedule is not what it was (another worker was faster, it was paused,
   *   changed or removed): then nothing has happened
   * @throws only for a run that a person asks for: what `enqueue` would throw; else that instant is `refused`
   */
  fire(firing: Firing): Promise<FiredInstant[] | null>;

  /** The newest firings, oldest of them first. */
  history(name: string, limit: number): Promise<FiredInstant[]>;
}

export interface NewSchedule {
  name: string;
  /** Five fields, or six with seconds in front. */
  pattern: string;
  /** An IANA name. */
  zone: string;
  overlap: OverlapPolicy;
  catchUp: CatchUpPolicy;
  /** The job to enqueue, as an input object of snake_case fields, JSON. */
  job: string;
  createdAt: number;
  /** Null when it never comes again. */
  nextAt: number | null;
}

export interface ScheduleRecord extends NewSchedule {
  isPaused: boolean;
  /** After a step back of the clock: what comes before this was decided once already. Null while there is no doubt. */
  decidedUntil: number | null;
  /** The newest firing. */
  last: FiredInstant | null;
}

export interface Firing {
  name: string;
  /** Of the schedule that was planned: another one of its name has other instants, and another job. */
  createdAt: number;
  /** What the schedule's `nextAt` must still be; undefined for a run that a person asks for. */
  expectedNextAt: number | null | undefined;
  /**
   * What comes next; undefined leaves it. One that is before `expectedNextAt` says that a clock had been wrong: what was
   * not fired from there on may be yet, and `decidedUntil` keeps how far the schedule had come.
   */
  nextAt: number | null | undefined;
  runs: readonly { instant: number; job: NewJob }[];
  missed: readonly number[];
  now: number;
}

export type FiringOutcome = "fired" | "skipped" | "missed" | "refused";

export interface FiredInstant {
  instant: number;
  outcome: FiringOutcome;
  /** Of the job, where there is one. */
  jobId: string | null;
  /** One line for people: why it was skipped, what it replaced. */
  note: string | null;
  /** When it was decided. */
  at: number;
}
