import { localZone } from "../config/local-zone.ts";
import { requireJob } from "../queue/find-job.ts";
import {
  addSchedule,
  CATCH_UPS,
  nextInstants,
  OVERLAPS,
  pauseSchedule,
  removeSchedule,
  runSchedule,
  scheduleHistory,
} from "../queue/schedule.ts";
import { jobOf } from "../queue/schedule-json.ts";
import type { FiredInstant, ScheduleRecord } from "../store/schedule-store.ts";
import { checkOptions, type OptionRule, oneOf, text, usage, wholeNumber, yesOrNo } from "./check-options.ts";
import type { Job } from "./job.ts";
import { FIELD_WORDS, toJob, toJobFields } from "./map-job.ts";
import type { QueueParts } from "./queue-parts.ts";
import type { Firing, HistoryOptions, NextOptions, Schedule, ScheduleInput, Schedules } from "./schedules.ts";

const NAME_A_ZONE = 'Say whose clock counts: timeZone: "Europe/Rome". Or set TZ to such a name.';

/** The part of a queue that is about its schedules. */
export class StoreSchedules implements Schedules {
  readonly #parts: QueueParts;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  add(schedule: ScheduleInput): Promise<Schedule> {
    return this.#parts.use(async () => {
      checkOptions("queue.schedules.add", schedule, INPUT_RULES);
      const { timeZone: zone = localZone(process.env, NAME_A_ZONE), job, ...rest } = schedule;
      for (const given of ["name", "pattern"] as const)
        if (rest[given] === undefined) throw usage(`queue.schedules.add was given no ${given}`);
      const context = { now: Date.now(), cwd: process.cwd(), words: FIELD_WORDS };
      return toSchedule(
        await addSchedule(this.#parts.store, { ...rest, zone, job: toJobFields(job) }, context),
      );
    });
  }

  get(name: string): Promise<Schedule | undefined> {
    return this.#about("get", name, async () => {
      const schedule = await this.#parts.store.schedules.get(name);
      return schedule && toSchedule(schedule);
    });
  }

  list(): Promise<Schedule[]> {
    return this.#parts.use(async () => (await this.#parts.store.schedules.list()).map(toSchedule));
  }

  next(name: string, options: NextOptions = {}): Promise<Date[]> {
    return this.#about("next", name, async () => {
      checkOptions("queue.schedules.next", options, { count: wholeNumber(1, 10_000) });
      const { count = 1 } = options;
      const instants = await nextInstants(this.#parts.store, name, { count, now: Date.now() });
      return instants.map((at) => new Date(at));
    });
  }

  history(name: string, options: HistoryOptions = {}): Promise<Firing[]> {
    return this.#about("history", name, async () => {
      checkOptions("queue.schedules.history", options, { newest: wholeNumber(1, Number.MAX_SAFE_INTEGER) });
      const { newest = Number.MAX_SAFE_INTEGER } = options;
      return (await scheduleHistory(this.#parts.store, name, newest)).map(toFiring);
    });
  }

  run(name: string): Promise<Job> {
    return this.#about("run", name, async () => {
      const maxRetries = await this.#parts.maxRetries();
      const { id } = await runSchedule(this.#parts.store, name, { now: Date.now(), maxRetries });
      return toJob(await requireJob(this.#parts.store, id));
    });
  }

  pause(name: string): Promise<Schedule> {
    return this.#about("pause", name, () => this.#setPaused(name, true));
  }

  resume(name: string): Promise<Schedule> {
    return this.#about("resume", name, () => this.#setPaused(name, false));
  }

  remove(name: string): Promise<void> {
    return this.#about("remove", name, () => removeSchedule(this.#parts.store, name));
  }

  async #setPaused(name: string, isPaused: boolean): Promise<Schedule> {
    return toSchedule(await pauseSchedule(this.#parts.store, name, { isPaused, now: Date.now() }));
  }

  #about<T>(method: string, name: string, work: () => Promise<T>): Promise<T> {
    return this.#parts.use(async () => {
      checkOptions(`queue.schedules.${method}`, { name }, { name: text });
      return await work();
    });
  }
}

const INPUT_RULES: Readonly<Record<keyof ScheduleInput, OptionRule>> = {
  name: text,
  pattern: text,
  timeZone: text,
  overlap: oneOf(OVERLAPS),
  catchUp: oneOf(CATCH_UPS),
  replace: yesOrNo,
  // Its own parser has more to say.
  job: { allows: () => true, text: "a job" },
};

function toSchedule(schedule: ScheduleRecord): Schedule {
  const { name, pattern, zone, overlap, catchUp, isPaused, nextAt, last, createdAt } = schedule;
  const job = jobOf(schedule);
  return {
    name,
    pattern,
    timeZone: zone,
    overlap,
    catchUp,
    isPaused,
    nextAt: isPaused || nextAt === null ? null : new Date(nextAt),
    last: last && toFiring(last),
    command: job.command,
    argv: job.argv,
    queue: job.queue,
    priority: job.priority,
    tags: job.tags,
    cwd: job.cwd,
    timeoutMs: job.timeoutMs,
    maxRetries: job.maxRetries,
    backoffBase: job.backoffBase,
    expiresInMs: job.expiresMs,
    expiresAt: job.expiresAt === null ? null : new Date(job.expiresAt),
    unique: job.unique,
    uniqueReturn: job.uniqueReturn,
    key: job.key,
    keyLimit: job.keyLimit,
    env: job.env,
    stdin: job.stdin,
    fault: job.fault,
    createdAt: new Date(createdAt),
  };
}

function toFiring({ instant, outcome, jobId, note, at }: FiredInstant): Firing {
  return { instant: new Date(instant), outcome, jobId, note, decidedAt: new Date(at) };
}
