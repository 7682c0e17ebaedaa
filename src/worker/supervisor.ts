import { setTimeout as sleep } from "node:timers/promises";
import { type ErrorCode, QueuectlError } from "../domain/errors.ts";
import { judgeGate } from "../domain/gate.ts";
import { serves } from "../domain/serves.ts";
import { toCancelled } from "../domain/transition.ts";
import type { WorkerSettings } from "../domain/worker-settings.ts";
import type { ClaimBatch, FinishedExecution, FinishReceipt, HeldClaim } from "../store/store.ts";
import { Bell } from "./bell.ts";
import { removeSmallFiles } from "./capture-output.ts";
import { ScheduleLoop } from "./fire-schedules.ts";
import { lookAfterSiblings } from "./maintenance.ts";
import { Membership } from "./membership.ts";
import { type Slot, startSlot } from "./slot.ts";
import { after, pause } from "./timer.ts";
import { WallClock } from "./wall-clock.ts";
import type { WorkerOptions } from "./worker-options.ts";

/** How often siblings, and one's own row for a stop request, are looked at. */
const LOOK_EVERY_MS = 500;
/** Each enqueue rings; a look costs a row a worker, so a stream of enqueues must not become one of looks. */
const LOOK_AT_MOST_EVERY_MS = 100;

/** A shorter wait for a rate is over before anybody wonders. */
const WORTH_TELLING_MS = 2_000;

const ASK_TO_RETAIN_WITHIN_MS = 600_000;

/** The waits after a failing store, doubling between these. */
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2_000;

/**
 * One worker: claims jobs, runs up to `concurrency` of them at once, records how they ended. Design note:
 *
 * - One loop owns the store's claims and finishes. In each turn all results that are ready and the next claim share one
 *   commit; nothing else claims or finishes, so no two of its transactions interleave.
 * - Four side loops, the heartbeat, the look after the siblings, the schedules and retention, only read the loop's state and
 *   ring its bell.
 * - A store that fails (locked, full) costs time, never a result: what could not be recorded is kept and tried again.
 * - It trusts its own claims only as long as its heartbeats are accepted. Once it was declared dead, its jobs may run
 *   elsewhere: it ends its own at once and goes on under a new id.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #slots = new Map<number, Slot>();
  readonly #bell = new Bell();
  readonly #lookBell = new Bell();
  readonly #over = new AbortController();
  readonly #membership: Membership;
  readonly #clock = new WallClock();
  readonly #schedules: ScheduleLoop | undefined;
  #mustRebase = false;
  #settings: WorkerSettings;
  #results: FinishedExecution[] = [];
  #nextDueAt: number | null = null;
  #isStopping = false;
  #isInterrupting = false;
  #failures = 0;
  /** Jobs that may not start, when it was last looked whether it is drained. */
  #waiting = 0;
  /** What holds the jobs back until then has been said. */
  #isToldUntil = Number.NEGATIVE_INFINITY;
  /** Waited for at the end only: a file that stays a moment longer is in nobody's way. */
  #tidied: Promise<unknown> = Promise.resolve();
  #callOffInterrupt: () => void = () => {};
  /** Monotonic. */
  #interruptAtMs = Number.POSITIVE_INFINITY;
  #fatal: unknown;
  /** The stop request that is being obeyed; it is seen again at every look. */
  #obeyed: number | null | undefined;

  private constructor(options: WorkerOptions, settings: WorkerSettings) {
    this.#options = options;
    this.#settings = settings;
    this.#membership = new Membership(options, settings.leaseMs);
    this.#schedules =
      options.planner &&
      new ScheduleLoop(options.store, options.planner, {
        news: () => this.#bell.ring(),
        trouble: (error) => (isFatal(error) ? this.#fail(error) : this.#trouble(error)),
      });
  }

  /** Registers a worker with its store. */
  static async start(options: WorkerOptions): Promise<Worker> {
    const worker = new Worker(options, await options.loadSettings());
    await worker.#membership.join();
    options.onEvent({ kind: "started", pid: options.identity.pid });
    return worker;
  }

  get id(): string {
    return this.#membership.id;
  }

  /**
   * Works until it is stopped or drained.
   * @throws store_removed when the database was taken away under it, store_newer when it was upgraded
   */
  async run(): Promise<void> {
    const { store, onEvent } = this.#options;
    const endWakeups = store.onWakeup(() => {
      this.#bell.ring();
      // A ring may also mean that somebody wants this worker to stop.
      this.#lookBell.ring();
      this.#schedules?.ring();
    });
    const sideLoops = [this.#beat(), this.#look(), this.#retain(), this.#fireSchedules()];
    try {
      onEvent({ kind: "polling" });
      await this.#work();
    } finally {
      this.#over.abort();
      this.#lookBell.ring();
      this.#schedules?.stop();
      this.#callOffInterrupt();
      endWakeups();
      await Promise.all([...sideLoops, this.#tidied]);
    }
    if (this.#fatal) {
      // Who is ended by a damaged store is not replaced. That this cannot be written either is no news.
      await store.markStopping(this.id).catch(() => {});
      throw this.#fatal;
    }
    // A row that stays is seen as dead by the next look at its process.
    await store.removeWorker(this.id).catch((error: unknown) => onEvent({ kind: "trouble", error }));
    onEvent({ kind: "stopped" });
  }

  /**
   * Claims nothing more from now on, and ends when its jobs have. May be called again, to be less patient.
   * @param graceMs how long the jobs may take; null means as long as they do; 0 interrupts them now; without it, what
   *   the setting stop-grace says at this moment
   */
  stop(graceMs?: number | null): void {
    const isFirst = !this.#isStopping;
    this.#isStopping = true;
    this.#schedules?.stop();
    this.#bell.ring();
    void this.#stop(isFirst, graceMs);
  }

  async #stop(isFirst: boolean, given: number | null | undefined): Promise<void> {
    const graceMs = given === undefined ? (await this.#loadSettings()).stopGraceMs : given;
    if (isFirst) this.#options.onEvent({ kind: "stopping", running: this.#slots.size, graceMs });
    if (graceMs !== null) this.#interruptBy(performance.now() + graceMs);
    if (isFirst)
      await this.#options.store.markStopping(this.id).catch((error: unknown) => this.#trouble(error));
  }

  async #work(): Promise<void> {
    while (!this.#fatal) {
      await this.#turn();
      // After a failure it has waited already, and what rang meanwhile may have been what it could not claim.
      if (this.#results.length > 0 || (this.#failures > 0 && !this.#isStopping)) continue;
      if (this.#slots.size === 0 && (this.#isStopping || (await this.#isDrained()))) return;
      await this.#bell.rung(this.#waitMs());
      // All processes that ended in this round of the event loop share the next commit.
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const slot of this.#slots.values()) slot.stop({ kind: "lost" }, 0);
    await Promise.all([...this.#slots.values()].map(({ finished }) => finished));
  }

  /** One commit: the results that are ready, and a claim for the slots that are free. */
  async #turn(): Promise<void> {
    const { store, concurrency, queues } = this.#options;
    const freeSlots = () => (this.#isStopping || this.#fatal ? 0 : concurrency - this.#slots.size);
    if (this.#results.length === 0 && freeSlots() === 0) return;
    // Before the claim: what it takes is run, and its output capped, by the settings of this moment.
    if (freeSlots() > 0) await this.#loadSettings();
    const results = this.#results;
    this.#results = [];
    const limit = freeSlots();
    const { outputLimitBytes } = this.#settings;
    const next = { worker: this.id, limit, queues, now: Date.now(), outputLimitBytes };
    let receipt: FinishReceipt;
    try {
      receipt = await store.finish(this.id, results, limit > 0 ? next : undefined);
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
    const settings = this.#settings;
    if (claims.length > 0) this.#isToldUntil = Number.NEGATIVE_INFINITY;
    for (const claim of claims) {
      this.#options.onEvent({ kind: "claimed", job: claim.job, number: claim.number });
      const slot = startSlot(claim, settings, { ...this.#options, loadSettings: () => this.#loadSettings() });
      this.#slots.set(claim.token, slot);
      // Its claim was under way when the others were interrupted.
      if (this.#isInterrupting) slot.stop({ kind: "interrupted" });
      void slot.finished.then((result) => {
        this.#slots.delete(claim.token);
        this.#results.push(result);
        this.#bell.ring();
      });
    }
  }

  #waitMs(): number {
    const { pollIntervalMs } = this.#settings;
    if (this.#isStopping || this.#slots.size === this.#options.concurrency) return LONGEST_WAIT_MS;
    if (this.#nextDueAt === null) return pollIntervalMs;
    return Math.min(pollIntervalMs, Math.max(1, this.#nextDueAt - Date.now()));
  }

  /**
   * Two looks in a row, with a claim in between: jobs of a dead sibling that were given back after the first claim
   * were pending too late for it, and no longer processing when they were counted.
   */
  async #isDrained(): Promise<boolean> {
    if (!this.#options.drain || !(await this.#isIdle())) return false;
    await this.#turn();
    if (this.#slots.size > 0 || !(await this.#isIdle())) return false;
    this.#options.onEvent({ kind: "drained", waiting: this.#waiting });
    return true;
  }

  /** Whether nothing is due that may start, now or by itself, and nothing runs anywhere or waits for a retry. */
  async #isIdle(): Promise<boolean> {
    if (this.#failures > 0 || (this.#nextDueAt !== null && this.#nextDueAt <= Date.now())) return false;
    // What came due while nobody was there is due now.
    if (this.#schedules?.isCaughtUp === false) return false;
    const { store, queues } = this.#options;
    try {
      const { processing, failed, pending, blocked } = await store.counts(queues);
      this.#waiting = pending + blocked;
      const isHeldBack = await store.isHeldBack(queues);
      if (isHeldBack && processing === 0) await this.#tellWhatHoldsBack();
      return processing + failed === 0 && !isHeldBack;
    } catch (error) {
      await this.#backOff(error);
      return false;
    }
  }

  /** Once for each wait, and not for those that are over before anybody wonders. */
  async #tellWhatHoldsBack(): Promise<void> {
    const now = Date.now();
    if (now < this.#isToldUntil) return;
    const { store, queues, onEvent } = this.#options;
    const held = (await store.listQueues()).flatMap(({ gate, counts }) => {
      const closure = counts.pending > 0 && serves(queues, gate.name) ? judgeGate(gate, now) : null;
      if (closure === null || closure.kind === "paused") return [];
      return [{ queue: gate.name, until: closure.kind === "pace" ? closure.opensAt : null }];
    });
    const [first = { queue: null, until: null }] = held.sort(
      (a, b) => (a.until ?? Number.POSITIVE_INFINITY) - (b.until ?? Number.POSITIVE_INFINITY),
    );
    if (first.until !== null && first.until < now + WORTH_TELLING_MS) return;
    this.#isToldUntil = first.until ?? Number.POSITIVE_INFINITY;
    onEvent({ kind: "held_back", ...first });
  }

  /** Only ever sooner: whoever asks again does not take back what was promised before. */
  #interruptBy(atMs: number): void {
    if (atMs >= this.#interruptAtMs) return;
    this.#interruptAtMs = atMs;
    this.#callOffInterrupt();
    this.#callOffInterrupt = after(atMs - performance.now(), () => this.#interruptAll());
  }

  #interruptAll(): void {
    this.#isInterrupting = true;
    for (const slot of this.#slots.values()) slot.stop({ kind: "interrupted" });
  }

  /** Side loop: keeps the lease, and learns what was taken away. */
  async #beat(): Promise<void> {
    while (await this.#sleep(this.#membership.nextBeatInMs)) {
      try {
        // Taken before the beat: a claim that is made meanwhile is not among those that it reports.
        const running = [...this.#slots.values()];
        const { known, held } = await this.#membership.beat();
        const tokens = held.map(({ token }) => token);
        for (const slot of running) if (!tokens.includes(slot.claim.token)) slot.stop({ kind: "lost" }, 0);
        this.#cancel(held);
        if (known) continue;
        await this.#membership.joinAnew();
        this.#bell.ring();
      } catch (error) {
        if (isFatal(error)) this.#fail(error);
        else this.#trouble(error);
      }
    }
  }

  /** Side loop: takes back the jobs of dead siblings, and obeys a stop that was asked for in the store. */
  async #look(): Promise<void> {
    while (!this.#over.signal.aborted) {
      try {
        const { store, identity, drain } = this.#options;
        await this.#mendWaits();
        const self = {
          id: this.id,
          identity,
          trustLeases: this.#membership.mayJudgeLeases,
          crashLimit: this.#settings.crashLimit,
        };
        await lookAfterSiblings(store, self, {
          self: ({ stopRequest, held }) => {
            if (stopRequest) this.#obey(stopRequest.graceMs);
            this.#cancel(held);
          },
          recovered: (deadWorker, jobs) => {
            this.#options.onEvent({ kind: "recovered", deadWorker, jobs });
            this.#bell.ring();
          },
          vacant: (deadWorker) => this.#replace(deadWorker),
        });
        if (drain) this.#bell.ring();
      } catch (error) {
        if (isFatal(error)) this.#fail(error);
        else this.#trouble(error);
      }
      await this.#sleep(LOOK_AT_MOST_EVERY_MS);
      await this.#lookBell.rung(LOOK_EVERY_MS - LOOK_AT_MOST_EVERY_MS);
    }
  }

  /** Side loop: asks whether it is its turn to remove what is old. At random, so that not all workers ask together. */
  async #retain(): Promise<void> {
    const { retain } = this.#options;
    while (retain && (await this.#sleep(Math.random() * ASK_TO_RETAIN_WITHIN_MS)))
      await retain(this.#over.signal).catch((error: unknown) => this.#trouble(error));
  }

  /** Side loop: fires what is due of the schedules. */
  async #fireSchedules(): Promise<void> {
    await this.#schedules?.run(() => this.#settings.pollIntervalMs);
  }

  /** Once after each step of the clock; a store that is locked just then is asked again at the next look. */
  async #mendWaits(): Promise<void> {
    if (this.#clock.wasSetBack()) this.#mustRebase = true;
    if (!this.#mustRebase) return;
    await this.#options.store.rebaseWaits(Date.now());
    this.#mustRebase = false;
  }

  /** Keeps the pool's size. Of the siblings that see a death, one may. */
  async #replace(deadWorker: string): Promise<void> {
    const { store, pool, onEvent } = this.#options;
    if (!pool || this.#isStopping || !(await store.claimReplacement({ dead: deadWorker, by: this.id })))
      return;
    onEvent({ kind: "replacing", deadWorker });
    pool.startReplacement(deadWorker);
  }

  #obey(graceMs: number | null): void {
    if (this.#obeyed === graceMs) return;
    this.#obeyed = graceMs;
    this.stop(graceMs);
  }

  /** Ends what a person wants ended. Seen again at every look; the first cause stands. */
  #cancel(held: readonly HeldClaim[]): void {
    for (const { token, isToBeCancelled } of held)
      if (isToBeCancelled) this.#slots.get(token)?.stop({ kind: "cancelled" });
  }

  #fail(error: unknown): void {
    this.#fatal = error;
    this.#bell.ring();
  }

  /** Settings are read often; a store that is locked just now must not cost a result. */
  async #loadSettings(): Promise<WorkerSettings> {
    try {
      this.#settings = await this.#options.loadSettings();
    } catch (error) {
      this.#trouble(error);
    }
    return this.#settings;
  }

  async #backOff(error: unknown): Promise<void> {
    if (isFatal(error)) return this.#fail(error);
    this.#trouble(error);
    await pause(Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LONGEST_RETRY_MS));
    this.#failures += 1;
  }

  #trouble(error: unknown): void {
    this.#options.onEvent({ kind: "trouble", error });
  }

  /** False as soon as the worker is over. */
  async #sleep(ms: number): Promise<boolean> {
    await sleep(ms, undefined, { signal: this.#over.signal }).catch(() => {});
    return !this.#over.signal.aborted;
  }
}

const LONGEST_WAIT_MS = 60_000;

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
