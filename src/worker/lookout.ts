import { setTimeout as sleep } from "node:timers/promises";
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

/** What the lookout must know of its worker. */
export interface LookoutState {
  membership: Membership;
  isStopping(): boolean;
  /** The setting, as it was read last. */
  crashLimit(): number;
}

/** What the lookout tells its worker. */
export interface LookoutListener {
  /** Its own row: a stop may be asked for there, or a cancel of what it runs. */
  own(row: WorkerRecord): void;
  /** There may be something to claim; to who drains: all may be done. */
  news(): void;
  trouble(error: unknown): void;
}

/**
 * Side loop of a worker: takes back the jobs of dead siblings and replaces them in the pool, obeys what was asked for in the
 * store, and mends waits after the clock was set back.
 */
export class Lookout {
  readonly #options: WorkerOptions;
  readonly #state: LookoutState;
  readonly #on: LookoutListener;
  readonly #bell = new Bell();
  readonly #clock = new WallClock();
  readonly #over = new AbortController();
  #mustRebase = false;

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
    this.#over.abort();
    this.#bell.ring();
  }

  /** Looks and waits, until it is stopped. */
  async run(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        await this.#mendWaits();
        await this.#look();
        if (this.#options.drain) this.#on.news();
      } catch (error) {
        this.#on.trouble(error);
      }
      await sleep(LOOK_AT_MOST_EVERY_MS, undefined, { signal }).catch(() => {});
      await this.#bell.rung(LOOK_EVERY_MS - LOOK_AT_MOST_EVERY_MS);
    }
  }

  async #look(): Promise<void> {
    const { store, identity, onEvent } = this.#options;
    const { id, mayJudgeLeases: trustLeases } = this.#state.membership;
    await lookAfterSiblings(
      store,
      { id, identity, trustLeases, crashLimit: this.#state.crashLimit() },
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
  }
}
