import { type ErrorCode, QueuectlError } from "../domain/errors.ts";
import { toCancelled } from "../domain/transition.ts";
import type { ClaimBatch, FinishedExecution, FinishReceipt } from "../store/store.ts";
import { Bell } from "./bell.ts";
import { removeSmallFiles } from "./capture-output.ts";
import type { CurrentSettings } from "./current-settings.ts";
import { DrainWatch } from "./drain-watch.ts";
import { Slots } from "./slots.ts";
import { pause } from "./timer.ts";
import type { WorkerOptions } from "./worker-options.ts";

/** The waits after a failing store, doubling between these. */
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2_000;

const LONGEST_WAIT_MS = 60_000;

/** What the loop must know of its worker. */
export interface WorkLoopState {
  /** The worker's id: another one, after it was taken for dead. */
  id(): string;
  /** Whether all that was due of the schedules at its start has been fired. */
  isCaughtUp(): boolean;
}

/**
 * The loop that owns a worker's claims and finishes. In each turn all results that are ready and the next claim share one
 * commit; nothing else claims or finishes, so no two of its transactions interleave. A store that fails costs time, never
 * a result: what could not be recorded is kept and tried again.
 */
export class WorkLoop {
  readonly slots: Slots;
  readonly #options: WorkerOptions;
  readonly #state: WorkLoopState;
  readonly #settings: CurrentSettings;
  readonly #drain: DrainWatch | undefined;
  readonly #bell = new Bell();
  #results: FinishedExecution[] = [];
  #nextDueAt: number | null = null;
  #failures = 0;
  #isStopping = false;
  #fatal: unknown;
  /** Waited for at the end only: a file that stays a moment longer is in nobody's way. */
  #tidied: Promise<unknown> = Promise.resolve();

  constructor(options: WorkerOptions, settings: CurrentSettings, state: WorkLoopState) {
    this.#options = options;
    this.#settings = settings;
    this.#state = state;
    this.#drain = options.drain ? new DrainWatch(options) : undefined;
    this.slots = new Slots({ ...options, loadSettings: () => settings.load() }, (result) => {
      this.#results.push(result);
      this.#bell.ring();
    });
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** What it met that ended it. */
  get fatal(): unknown {
    return this.#fatal;
  }

  /** Whether the next job that it knows of is due. */
  isDue(now: number): boolean {
    return this.#nextDueAt !== null && this.#nextDueAt <= now;
  }

  /** There may be something to claim. */
  ring(): void {
    this.#bell.ring();
  }

  /** Claims nothing more, and ends when its jobs have. */
  stop(): void {
    this.#isStopping = true;
    this.#bell.ring();
  }

  /** An error of the store, wherever in the worker it was met: its end, or trouble that passes. */
  meet(error: unknown): void {
    if (isFatal(error)) {
      this.#fatal = error;
      this.#bell.ring();
    } else {
      this.#options.onEvent({ kind: "trouble", error });
    }
  }

  /** Until it is stopped or drained, or met what is fatal: then its jobs have been ended. */
  async run(): Promise<void> {
    try {
      await this.#work();
    } finally {
      await this.#tidied;
    }
  }

  async #work(): Promise<void> {
    while (!this.#fatal) {
      await this.#turn();
      // After a failure it has waited already, and what rang meanwhile may have been what it could not claim.
      if (this.#results.length > 0 || (this.#failures > 0 && !this.#isStopping)) continue;
      if (this.slots.size === 0 && (this.#isStopping || (await this.#isDrained()))) return;
      await this.#bell.rung(this.#waitMs());
      // All processes that ended in this round of the event loop share the next commit.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await this.slots.loseAll();
  }

  /** One commit: the results that are ready, and a claim for the slots that are free. */
  async #turn(): Promise<void> {
    const { store, concurrency, queues } = this.#options;
    const freeSlots = () => (this.#isStopping || this.#fatal ? 0 : concurrency - this.slots.size);
    if (this.#results.length === 0 && freeSlots() === 0) return;
    // Before the claim: what it takes is run, and its output capped, by the settings of this moment.
    if (freeSlots() > 0) await this.#settings.load();
    const results = this.#results;
    this.#results = [];
    const worker = this.#state.id();
    const limit = freeSlots();
    const { outputLimitBytes } = this.#settings.value;
    const next = { worker, limit, queues, now: Date.now(), outputLimitBytes };
    let receipt: FinishReceipt;
    try {
      receipt = await store.finish(worker, results, limit > 0 ? next : undefined);
    } catch (error) {
      this.#results = [...results, ...this.#results];
      return await this.#backOff(error);
    }
    this.#failures = 0;
    this.#report(results, receipt);
    this.#startAll(receipt.claimed);
    const recorded = results.filter(({ claim }) => !receipt.stale.includes(claim.token));
    this.#tidied = Promise.all([this.#tidied, removeSmallFiles(store, recorded)]);
  }

  #report(results: readonly FinishedExecution[], { stale, cancelled }: FinishReceipt): void {
    for (const { claim, outcome, transition: decided, error } of results) {
      const { job, token } = claim;
      const transition = cancelled.includes(token) ? toCancelled() : decided;
      this.#options.onEvent(
        stale.includes(token)
          ? { kind: "stale_result", job, outcome }
          : { kind: "finished", job, outcome, transition, error },
      );
    }
  }

  #startAll({ claims, nextDueAt }: ClaimBatch): void {
    this.#nextDueAt = nextDueAt;
    const settings = this.#settings.value;
    if (claims.length > 0) this.#drain?.claimed();
    for (const claim of claims) {
      this.#options.onEvent({ kind: "claimed", job: claim.job, number: claim.number });
      this.slots.start(claim, settings);
    }
  }

  /** Until the next job is due; whatever else there may be to do, rings. */
  #waitMs(): number {
    const isFull = this.slots.size === this.#options.concurrency;
    if (this.#isStopping || isFull || this.#nextDueAt === null) return LONGEST_WAIT_MS;
    return Math.min(LONGEST_WAIT_MS, Math.max(1, this.#nextDueAt - Date.now()));
  }

  /**
   * Two looks in a row, with a claim in between: jobs of a dead sibling that were given back after the first claim
   * were pending too late for it, and no longer processing when they were counted.
   */
  async #isDrained(): Promise<boolean> {
    if (!this.#drain || !(await this.#isIdle(this.#drain))) return false;
    await this.#turn();
    if (this.slots.size > 0 || !(await this.#isIdle(this.#drain))) return false;
    this.#options.onEvent({ kind: "drained", waiting: this.#drain.waiting });
    return true;
  }

  async #isIdle(drain: DrainWatch): Promise<boolean> {
    if (this.#failures > 0 || this.isDue(Date.now())) return false;
    // What came due while nobody was there is due now.
    if (!this.#state.isCaughtUp()) return false;
    try {
      return await drain.isOver();
    } catch (error) {
      await this.#backOff(error);
      return false;
    }
  }

  async #backOff(error: unknown): Promise<void> {
    this.meet(error);
    if (this.#fatal) return;
    await pause(Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LONGEST_RETRY_MS));
    this.#failures += 1;
  }
}

/**
 * A store that is not the one it was (what is written there would be lost, or not be understood), or a pool that is full.
 */
const FATAL_CODES: ReadonlySet<ErrorCode> = new Set([
  "store_removed",
  "store_corrupt",
  "store_newer",
  "place_taken",
]);

function isFatal(error: unknown): boolean {
  return error instanceof QueuectlError && FATAL_CODES.has(error.code);
}
