import type { CatchUpPolicy, OverlapPolicy } from "../domain/schedule.ts";
import type { Job, JobInput, Lacking } from "./job.ts";

/** Jobs by the clock. Any worker fires them, of this program or another; each instant is fired once. */
export interface Schedules {
  /**
   * Adds a schedule. Durable when it resolves.
   * @throws invalid_schedule, invalid_job naming what is wrong; duplicate_schedule unless it is to be replaced; duplicate_id
   *   when a job or a group is called like it
   */
  add(schedule: ScheduleInput): Promise<Schedule>;

  /** The schedule of exactly this name; undefined when there is none. */
  get(name: string): Promise<Schedule | undefined>;

  /** All of them, by name. */
  list(): Promise<Schedule[]>;

  /**
   * Its next instants, paused or not; fewer where there are fewer.
   * @throws schedule_not_found
   */
  next(name: string, options?: NextOptions): Promise<Date[]>;

  /**
   * What became of its newest instants, oldest of them first. A thousand are kept.
   * @throws schedule_not_found
   */
  history(name: string, options?: HistoryOptions): Promise<Firing[]>;

  /**
   * Runs its job now, paused or not, unless its policy for overlaps forbids that.
   * @throws schedule_not_found; not_finished when an earlier run stands in its way; what `enqueue` throws
   */
  run(name: string): Promise<Job>;

  /**
   * Lets its instants pass by.
   * @throws schedule_not_found
   */
  pause(name: string): Promise<Schedule>;

  /**
   * Lets it go on from its next instant; nothing is caught up.
   * @throws schedule_not_found
   */
  resume(name: string): Promise<Schedule>;

  /**
   * Removes it for good, with its history; its jobs stay.
   * @throws schedule_not_found
   */
  remove(name: string): Promise<void>;
}

/**
 * The job of a schedule. The id and the instant of each run come from there; an instant at which it expires would be past for
 * the next one, and other jobs that it waits for would be the same each time.
 */
export type ScheduledJob = JobInput &
  Lacking<"id" | "runAt" | "delayMs" | "expiresAt" | "dependsOn" | "afterAny" | "afterFail">;

export interface ScheduleInput {
  /** As a job's id, at most 100 characters: the ids of its jobs begin with it. */
  name: string;
  /** Five fields as in crontab, six with the seconds in front, or a name like `@daily`. */
  pattern: string;
  /** Whose clock counts: `Europe/Rome`. Unless given, that of this machine. */
  timeZone?: string | undefined;
  /** While an earlier job is unfinished; `skip` unless given, or `queue` with `catchUp: "all"`. */
  overlap?: OverlapPolicy | undefined;
  /** Of what came while no worker ran; `one` unless given. */
  catchUp?: CatchUpPolicy | undefined;
  /** Put it in the place of the one of this name; false unless given. */
  replace?: boolean | undefined;
  job: ScheduledJob;
}

export interface NextOptions {
  /** 1 unless given, at most 10,000. */
  count?: number | undefined;
}

export interface HistoryOptions {
  /** Only the newest so many. */
  newest?: number | undefined;
}

/** What its jobs have of their own, as a job has it. */
type JobOfSchedule = Pick<
  Job,
  | "command"
  | "argv"
  | "queue"
  | "priority"
  | "tags"
  | "cwd"
  | "timeoutMs"
  | "backoffBase"
  | "expiresAt"
  | "unique"
  | "key"
  | "env"
  | "stdin"
>;

/** A schedule as it stood when it was read. */
export interface Schedule extends JobOfSchedule {
  readonly name: string;
  readonly pattern: string;
  readonly timeZone: string;
  readonly overlap: OverlapPolicy;
  readonly catchUp: CatchUpPolicy;
  readonly isPaused: boolean;
  /** Null when it is paused, or never comes again. */
  readonly nextAt: Date | null;
  /** What became of its newest instant; null before the first. */
  readonly last: Firing | null;
  /** Null means that the setting `max-retries` decides, at each run. */
  readonly maxRetries: number | null;
  /** A run is dead if it was not started so long after it was enqueued; null means never. */
  readonly expiresInMs: number | null;
  /** An unfinished job of the unique name stands for a run. */
  readonly uniqueReturn: boolean;
  readonly keyLimit: number | null;
  /** Why no run can be made of it, as another version or a hand has left it; what is wrong in it is not there then. Else null. */
  readonly fault: string | null;
  readonly createdAt: Date;
}

/** What became of one instant of a schedule. */
export interface Firing {
  readonly instant: Date;
  /**
   * `skipped`: an earlier job was unfinished, or a newer one came with it; `missed`: nobody was there, or it was paused or
   * replaced first; `refused`: it could not be enqueued.
   */
  readonly outcome: "fired" | "skipped" | "missed" | "refused";
  readonly jobId: string | null;
  /** Why, or what it replaced, in one line. */
  readonly note: string | null;
  readonly decidedAt: Date;
}
