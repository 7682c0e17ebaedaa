import { setImmediate as othersTurn, setTimeout as sleep } from "node:timers/promises";
import { QueuectlError, restate } from "../domain/errors.ts";
import type { DueFiring, ScheduleRecord } from "../store/schedule-store.ts";
import type { Store } from "../store/store.ts";
import { Bell } from "./bell.ts";
import { WallClock } from "./wall-clock.ts";

/** Each enqueue rings, and so does each firing: a stream of them must not become one of looks. */
const LOOK_AT_MOST_EVERY_MS = 100;
const LONGEST_WAIT_MS = 60_000;
/** After a failure: the safety net may hang far below. */
const RETRY_AFTER_MS = 2_000;

const retryAt = () => Date.now() + RETRY_AFTER_MS;

/** What a worker must be told about schedules: patterns and zones are read above it. */
export interface SchedulePlanner {
  /** Which instants of a schedule that is due are to be fired now, and with which jobs. */
  plan(schedule: ScheduleRecord, now: number): Promise<DueFiring>;
  /** Reads what planning needs, so that the first firing need not. */
  prepare(): Promise<void>;
  /** The first instant of a schedule after this one; null when there is none. */
  nextAt(schedule: ScheduleRecord, after: number): Promise<number | null>;
}

/**
 * Fires what is due of the schedules. Design note:
 *
 * - There is no leader. Every worker wakes at the next instant and plans it; the store lets one of them fire it.
 * - Between two instants it sleeps. A ring wakes it: a schedule was added or resumed, or the lookout has polled.
 * - After a clock was put back, schedules that believe themselves to be ahead look again from now on. What they have fired
 *   already, the store does not fire again.
 * - A schedule that cannot be planned (another version or a hand has written it) is in nobody's way.
 * - A long downtime is caught up batch by batch. Jobs are started and ended meanwhile, and only who drains waits for it.
 */
export class ScheduleLoop {
  readonly #store: Store;
  readonly #planner: SchedulePlanner;
  readonly #on: { news(): void; trouble(error: unknown): void };
  readonly #bell = new Bell();
  readonly #clock = new WallClock();
  readonly #over = new AbortController();
  /** Of what is due now: not tried again before all else has been. */
  readonly #failed = new Set<string>();
  #isCaughtUp = false;
  #wakesAt: number | null = null;
  #mustRearm = false;
  #isPrepared = false;

  constructor(
    store: Store,
    planner: SchedulePlanner,
    on: {
      /** There is something to claim, or nothing more to fire. */ news(): void;
      trouble(error: unknown): void;
    },
  ) {
    this.#store = store;
    this.#planner = planner;
    this.#on = on;
  }

  /** Whether all that was due at its start has been fired. */
  get isCaughtUp(): boolean {
    return this.#isCaughtUp;
  }

  /** Whether the next instant that it knows of has come. */
  isDue(now: number): boolean {
    return this.#wakesAt !== null && this.#wakesAt <= now;
  }

  ring(): void {
    this.#bell.ring();
  }

  /** Fires nothing more; `run` ends. */
  stop(): void {
    this.#over.abort();
    this.#bell.ring();
  }

  /** Looks and sleeps, until it is stopped. */
  async run(): Promise<void> {
    const { signal } = this.#over;
    const waitMs = (mostMs: number) =>
      Math.max(1, Math.min(mostMs, (this.#wakesAt ?? Number.POSITIVE_INFINITY) - Date.now()));
    while (!signal.aborted) {
      this.#wakesAt = await this.#look();
      const restEndsMs = performance.now() + LOOK_AT_MOST_EVERY_MS;
      const wasRung = await this.#bell.rung(waitMs(LONGEST_WAIT_MS));
      const restMs = restEndsMs - performance.now();
      if (wasRung && restMs > 0) await sleep(waitMs(restMs), undefined, { signal }).catch(() => {});
    }
  }

  /** Fires a batch of each that is due. @returns when to look again: at once where more may be due */
  async #look(): Promise<number | null> {
    try {
      await this.#rearm();
      const { schedules, nextDueAt } = await this.#store.schedules.due(Date.now());
      const due = schedules.filter(({ name }) => !this.#failed.has(name));
      if (due.length > 0) {
        await this.#fireAll(due);
        return Date.now();
      }
      const next =
        this.#failed.size === 0 ? nextDueAt : Math.min(nextDueAt ?? Number.POSITIVE_INFINITY, retryAt());
      this.#failed.clear();
      this.#catchUpEnds();
      if (next !== null) await this.#prepare();
      return next;
    } catch (error) {
      this.#on.trouble(error);
      return retryAt();
    }
  }

  async #fireAll(due: readonly ScheduleRecord[]): Promise<void> {
    for (const schedule of due) {
      if (this.#over.signal.aborted) return;
      try {
        const fired = await this.#store.schedules.fire(await this.#planner.plan(schedule, Date.now()));
        if (fired?.some(({ outcome }) => outcome === "fired")) this.#on.news();
      } catch (error) {
        this.#failed.add(schedule.name);
        this.#on.trouble(nameSchedule(error, schedule));
      }
      // A thousand instants may have been caught up; this process also has jobs to start and to end.
      await othersTurn();
    }
  }

  #catchUpEnds(): void {
    if (this.#isCaughtUp) return;
    this.#isCaughtUp = true;
    this.#on.news();
  }

  /** Once, in the quiet before the first instant: it takes tens of milliseconds, by which the first job would be late. */
  async #prepare(): Promise<void> {
    if (!this.#isPrepared) await this.#planner.prepare();
    this.#isPrepared = true;
  }

  /** Once after each step back of the clock; a store that is locked just then is asked again at the next look. */
  async #rearm(): Promise<void> {
    if (this.#clock.wasSetBack()) this.#mustRearm = true;
    if (!this.#mustRearm) return;
    for (const schedule of await this.#store.schedules.list()) {
      const { name, createdAt, isPaused, nextAt: expectedNextAt } = schedule;
      const now = Date.now();
      const nextAt = isPaused ? null : await this.#nextAt(schedule, now);
      if (nextAt !== null && (expectedNextAt === null || expectedNextAt > nextAt))
        await this.#store.schedules.fire({ kind: "set_back", name, createdAt, expectedNextAt, nextAt, now });
    }
    this.#mustRearm = false;
  }

  async #nextAt(schedule: ScheduleRecord, now: number): Promise<number | null> {
    try {
      return await this.#planner.nextAt(schedule, now);
    } catch (error) {
      this.#on.trouble(nameSchedule(error, schedule));
      return null;
    }
  }
}

/** Among many, which one it is. What an error means to a worker hangs by its code, and stays. */
function nameSchedule(error: unknown, { name }: ScheduleRecord): unknown {
  const message = `The schedule "${name}" could not be fired: ${error instanceof Error ? error.message : error}`;
  return error instanceof QueuectlError ? restate(error, message) : new Error(message, { cause: error });
}
