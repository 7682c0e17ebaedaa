import { setTimeout as sleep } from "node:timers/promises";
import type { WorkerSettings } from "../domain/worker-settings.ts";
import type { WorkerRecord } from "../store/store.ts";
import { CurrentSettings } from "./current-settings.ts";
import { ScheduleLoop } from "./fire-schedules.ts";
import { Lookout } from "./lookout.ts";
import { Membership } from "./membership.ts";
import { Patience } from "./patience.ts";
import { WorkLoop } from "./work-loop.ts";
import type { WorkerOptions } from "./worker-options.ts";

const ASK_TO_RETAIN_WITHIN_MS = 600_000;

/**
 * One worker: claims jobs, runs up to `concurrency` of them at once, records how they ended. Design note:
 *
 * - One loop claims and finishes (`work-loop.ts`).
 * - Four side loops, the heartbeat, the lookout, the schedules and retention, only ring its bell, and end what it runs.
 * - It trusts its own claims only as long as its heartbeats are accepted. Once it was declared dead, its jobs may run
 *   elsewhere: it ends its own at once and goes on under a new id.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #settings: CurrentSettings;
  readonly #membership: Membership;
  readonly #work: WorkLoop;
  readonly #lookout: Lookout;
  readonly #schedules: ScheduleLoop | undefined;
  readonly #patience: Patience;
  readonly #over = new AbortController();
  /** The stop request that is being obeyed; it is seen again at every look. */
  #obeyed: number | null | undefined;

  private constructor(options: WorkerOptions, settings: WorkerSettings) {
    const { store, planner } = options;
    this.#options = options;
    this.#settings = new CurrentSettings(options, settings);
    this.#membership = new Membership(options, settings.leaseMs);
    this.#work = new WorkLoop(options, this.#settings, {
      id: () => this.id,
      isCaughtUp: () => this.#schedules?.isCaughtUp ?? true,
    });
    const news = () => this.#work.ring();
    const trouble = (error: unknown) => this.#work.meet(error);
    this.#lookout = new Lookout(
      options,
      {
        membership: this.#membership,
        settings: () => this.#settings.value,
        isStopping: () => this.#work.isStopping,
        isDue: (now) => this.#work.isDue(now) || this.#schedules?.isDue(now) === true,
      },
      { news, polled: () => this.#ring(), trouble, own: (row) => this.#readOwnRow(row) },
    );
    this.#schedules = planner && new ScheduleLoop(store, planner, { news, trouble });
    this.#patience = new Patience(() => this.#work.slots.interrupt());
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
      this.#ring();
      // A ring may also mean that somebody wants this worker to stop.
      this.#lookout.ring();
    });
    const sideLoops = [this.#beat(), this.#lookout.run(), this.#schedules?.run(), this.#retain()];
    try {
      onEvent({ kind: "polling" });
      await this.#work.run();
    } finally {
      this.#over.abort();
      this.#lookout.stop();
      this.#schedules?.stop();
      this.#patience.drop();
      endWakeups();
      await Promise.all(sideLoops);
    }
    if (this.#work.fatal) {
      // Who is ended by a damaged store is not replaced. That this cannot be written either is no news.
      await store.markStopping(this.id).catch(() => {});
      throw this.#work.fatal;
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
    const isFirst = !this.#work.isStopping;
    this.#work.stop();
    this.#schedules?.stop();
    void this.#stop(isFirst, graceMs);
  }

  async #stop(isFirst: boolean, given: number | null | undefined): Promise<void> {
    const { store, onEvent } = this.#options;
    const graceMs = given === undefined ? (await this.#settings.load()).stopGraceMs : given;
    if (isFirst) onEvent({ kind: "stopping", running: this.#work.slots.size, graceMs });
    this.#patience.limit(graceMs);
    if (isFirst)
      await store.markStopping(this.id).catch((error: unknown) => onEvent({ kind: "trouble", error }));
  }

  /** Side loop: keeps the lease, and learns what was taken away. */
  async #beat(): Promise<void> {
    const { slots } = this.#work;
    while (await this.#sleep(this.#membership.nextBeatInMs)) {
      try {
        // Taken before the beat: a claim that is made meanwhile is not among those that it reports.
        const running = slots.tokens();
        const { known, held } = await this.#membership.beat();
        slots.loseAllBut(held, running);
        slots.cancel(held);
        if (known) continue;
        await this.#membership.joinAnew();
        this.#work.ring();
      } catch (error) {
        this.#work.meet(error);
      }
    }
  }

  /** Side loop: asks whether it is its turn to remove what is old. At random, so that not all workers ask together. */
  async #retain(): Promise<void> {
    const { retain, onEvent } = this.#options;
    while (retain && (await this.#sleep(Math.random() * ASK_TO_RETAIN_WITHIN_MS)))
      await retain(this.#over.signal).catch((error: unknown) => onEvent({ kind: "trouble", error }));
  }

  /** There may be something to claim, or to fire. */
  #ring(): void {
    this.#work.ring();
    this.#schedules?.ring();
  }

  /** Obeys what was asked for in the store. */
  #readOwnRow({ stopRequest, held }: WorkerRecord): void {
    if (stopRequest && this.#obeyed !== stopRequest.graceMs) {
      this.#obeyed = stopRequest.graceMs;
      this.stop(stopRequest.graceMs);
    }
    this.#work.slots.cancel(held);
  }

  /** False as soon as the worker is over. */
  async #sleep(ms: number): Promise<boolean> {
    await sleep(ms, undefined, { signal: this.#over.signal }).catch(() => {});
    return !this.#over.signal.aborted;
  }
}
