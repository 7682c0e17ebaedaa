import type { WorkerSettings } from "../domain/worker-settings.ts";
import type { WorkerRecord } from "../store/store.ts";
import { Bell } from "./bell.ts";
import { lookAfterSiblings } from "./maintenance.ts";
import type { Membership } from "./membership.ts";
import { WallClock } from "./wall-clock.ts";
import type { WorkerOptions } from "./worker-options.ts";

/** How often siblings, and one's own row for a stop request, are looked at. */
const LOOK_EVERY_MS = 500;
/** Each enqueue rings; a look costs a row a worker, so a stream of enqueues must not become one of looks. */
const LOOK_AT_MOST_EVERY_MS = 100;
/** What is due so soon shares a wake-up: for an idle worker, waking is the greater part of the cost. */
const SHARED_WITHIN_MS = 20;

/** What the lookout must know of its worker. */
export interface LookoutState {
  membership: Membership;
  /** As they were read last. */
  settings(): WorkerSettings;
  isStopping(): boolean;
  /** Whether something that the worker knows of is due by the wall clock: its timers do not see that clock put forward. */
  isDue(now: number): boolean;
}

/** What the lookout tells its worker. */
export interface LookoutListener {
  /** Its own row: a stop may be asked for there, or a cancel of what it runs. */
  own(row: WorkerRecord): void;
  /** Jobs were given back; to who drains: all may be done. */
  news(): void;
  /** Something may have changed of which no ring told. */
  polled(): void;
  trouble(error: unknown): void;
}

/**
 * Side loop of a worker: takes back the jobs of dead siblings and replaces them in the pool, obeys what was asked for in the
 * store, mends waits after the clock was set back, and is the safety net below the doorbell. Design note:
 *
 * - An idle worker wakes for this and its heartbeat only, and asks the store first whether anything was changed. If not, it
 *   polls nothing, and looks only where something may come about without a change: a sibling that lives may die.
 * - The mark is taken before the look: what changes meanwhile is seen by the next one. After one that fails, none is kept.
 * - Its own heartbeats are changes too: by them alone, it looks and polls every few seconds, whatever the mark is worth.
 */
export class Lookout {
  readonly #options: WorkerOptions;
  readonly #state: LookoutState;
  readonly #on: LookoutListener;
  readonly #bell = new Bell();
  readonly #clock = new WallClock();
  #isOver = false;
  #isRung = false;
  #mustRebase = false;
  /** Of the store, when it was last looked; undefined, when the next look must not be left out. */
  #seen: string | undefined;
  /** The same of the last poll. */
  #polled: string | undefined;
  // Monotonic.
  #lookedMs = Number.NEGATIVE_INFINITY;
  #polledMs = performance.now();

  constructor(options: WorkerOptions, state: LookoutState, on: LookoutListener) {
    this.#options = options;
    this.#state = state;
    this.#on = on;
  }

  /** Looks soon. */
  ring(): void {
    this.#bell.ring();
  }

  /** Looks no more; `run` ends. */
  stop(): void {
    this.#isOver = true;
    this.#bell.ring();
  }

  /** Looks, polls and waits, until it is stopped. */
  async run(): Promise<void> {
    while (!this.#isOver) {
      await this.#attend();
      const nextMs = Math.min(this.#lookAtMs, this.#pollAtMs);
      if (await this.#bell.rung(nextMs - performance.now())) this.#isRung = true;
    }
  }

  get #lookAtMs(): number {
    return this.#lookedMs + (this.#isRung ? LOOK_AT_MOST_EVERY_MS : LOOK_EVERY_MS);
  }

  get #pollAtMs(): number {
    return this.#polledMs + this.#state.settings().pollIntervalMs;
  }

  async #attend(): Promise<void> {
    const nowMs = performance.now();
    const isLook = nowMs + SHARED_WITHIN_MS >= this.#lookAtMs;
    const isPoll = nowMs + SHARED_WITHIN_MS >= this.#pollAtMs;
    if (!isLook && !isPoll) return;
    if (isLook) {
      this.#lookedMs = nowMs;
      this.#isRung = false;
    }
    if (isPoll) this.#polledMs = nowMs;
    try {
      const mark = await this.#options.store.changeMark();
      if (isLook) await this.#look(mark);
      if (isPoll) this.#poll(mark);
    } catch (error) {
      this.#on.trouble(error);
    }
  }

  #poll(mark: string): void {
    if (mark === this.#polled && !this.#state.isDue(Date.now())) return;
    this.#polled = mark;
    this.#on.polled();
  }

  async #look(mark: string): Promise<void> {
    await this.#mendWaits();
    if (mark !== this.#seen) {
      this.#seen = undefined;
      if (!(await this.#lookAfterSiblings())) this.#seen = mark;
    }
    if (this.#options.drain) this.#on.news();
  }

  async #lookAfterSiblings(): Promise<boolean> {
    const { store, identity, onEvent } = this.#options;
    const { membership, settings } = this.#state;
    const { id, mayJudgeLeases: trustLeases } = membership;
    return await lookAfterSiblings(
      store,
      { id, identity, trustLeases, crashLimit: settings().crashLimit },
      {
        self: (row) => this.#on.own(row),
        recovered: (deadWorker, jobs) => {
          onEvent({ kind: "recovered", deadWorker, jobs });
          this.#on.news();
        },
        vacant: (deadWorker) => this.#replace(deadWorker),
      },
    );
  }

  /** Keeps the pool's size. Of the siblings that see a death, one may. */
  async #replace(deadWorker: string): Promise<void> {
    const { store, pool, onEvent } = this.#options;
    const by = this.#state.membership.id;
    if (!pool || this.#state.isStopping() || !(await store.claimReplacement({ dead: deadWorker, by })))
      return;
    onEvent({ kind: "replacing", deadWorker });
    pool.startReplacement(deadWorker);
  }

  /** Once after each step of the clock; a store that is locked just then is asked again at the next look. */
  async #mendWaits(): Promise<void> {
    if (this.#clock.wasSetBack()) this.#mustRebase = true;
    if (!this.#mustRebase) return;
    await this.#options.store.rebaseWaits(Date.now());
    this.#mustRebase = false;
    // Schedules, too, may believe themselves to be ahead, of which no row tells.
    this.#polled = undefined;
  }
}
