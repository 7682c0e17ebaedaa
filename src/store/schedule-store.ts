import type { NewJob } from "../domain/job.ts";
import type { CatchUpPolicy, OverlapPolicy } from "../domain/schedule.ts";

/**
 * The schedules of a store: a part of its contract. The rules (which instants there are, what is missed) live above; here
 * stands what must hold between competing workers.
 */
export interface ScheduleStore {
  /**
   * Adds a schedule, or puts it in the place of another (whose history stays); wakes the workers.
   * @param replaces null when there must be none
   * @returns false when the one to be replaced is not what it was: then nothing has happened
   * @throws duplicate_schedule when there is one and none is to be replaced; duplicate_id
   */
  put(schedule: NewSchedule, replaces: StoppedSchedule | null): Promise<boolean>;

  get(name: string): Promise<ScheduleRecord | undefined>;

  /** All of them, by name. */
  list(): Promise<ScheduleRecord[]>;

  /** Those that are due at an instant, and when the next of the others is. Paused ones are in neither. */
  due(now: number): Promise<{ schedules: ScheduleRecord[]; nextDueAt: number | null }>;

  /**
   * Pauses or resumes; wakes the workers.
   * @param change `nextAt`: its next instant from now on
   * @returns false when the schedule is not what it was: then nothing has happened
   * @throws schedule_not_found
   */
  setPaused(name: string, change: PauseChange): Promise<boolean>;

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

/** A schedule as somebody saw it who stops it there. */
export interface StoppedSchedule {
  createdAt: number;
  nextAt: number | null;
  /** Instants that had come, oldest first, and that nobody will fire any more. */
  missed: readonly number[];
}

export interface PauseChange {
  was: StoppedSchedule;
  isPaused: boolean;
  nextAt: number | null;
  now: number;
}

/** What is done to a schedule by whoever has planned it. */
export type Firing = DueFiring | FiringByHand | ClockSetBack;

interface PlannedFiring {
  name: string;
  /** Of the schedule that was planned: another one of its name has other instants, and another job. */
  createdAt: number;
  now: number;
}

/** Instants have come. */
export interface DueFiring extends PlannedFiring {
  kind: "due";
  /** What the schedule's `nextAt` must still be. */
  expectedNextAt: number | null;
  /** What comes next. */
  nextAt: number | null;
  /** Oldest first. */
  runs: readonly ScheduledRun[];
  missed: readonly number[];
  /** Those whose job cannot be made, and why. */
  refused: readonly { instant: number; note: string }[];
}

/** A person wants a run, besides the instants: it moves nothing, and a pause does not forbid it. */
export interface FiringByHand extends PlannedFiring {
  kind: "by_hand";
  run: ScheduledRun;
}

/**
 * A clock had been wrong, and is no longer: from `nextAt` on, what was not fired may be yet. `decidedUntil` keeps how far the
 * schedule had come.
 */
export interface ClockSetBack extends PlannedFiring {
  kind: "set_back";
  expectedNextAt: number | null;
  nextAt: number;
}

export interface ScheduledRun {
  instant: number;
  job: NewJob;
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
