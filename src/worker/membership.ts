import { HeartbeatRecord } from "./heartbeat.ts";
import type { WorkerOptions } from "./worker-options.ts";

/**
 * A worker's place among the workers of its store: its id, its row, its lease. The id changes when the worker was taken
 * for dead; whatever was claimed under the old one is somebody else's by then.
 */
export class Membership {
  readonly #options: WorkerOptions;
  /** The lease that was given at the start: a shorter one would run out before the next heartbeat of the old rhythm. */
  readonly #leaseMs: number;
  #heartbeats: HeartbeatRecord;
  id: string;

  constructor(options: WorkerOptions, leaseMs: number) {
    this.#options = options;
    this.#leaseMs = leaseMs;
    this.#heartbeats = new HeartbeatRecord(leaseMs);
    this.id = options.newId();
  }

  /** How long to wait for the next beat. */
  get nextBeatInMs(): number {
    return this.#heartbeats.nextInMs;
  }

  /** Whether the leases of others may be judged; see `HeartbeatRecord`. */
  get mayJudgeLeases(): boolean {
    return this.#heartbeats.mayJudgeLeases(performance.now());
  }

  async join(): Promise<void> {
    const { store, identity, host, queues, concurrency } = this.#options;
    const leaseMs = this.#leaseMs;
    await store.registerWorker({ id: this.id, identity, host, queues, concurrency, leaseMs }, Date.now());
    this.#heartbeats = new HeartbeatRecord(leaseMs);
    this.#heartbeats.succeeded(performance.now());
  }

  /** Renews the lease. @returns the tokens that are still held; `known` is false for one that was declared dead */
  async beat(): Promise<{ known: boolean; held: readonly number[] }> {
    try {
      const lease = { leaseMs: this.#leaseMs, now: Date.now() };
      const receipt = await this.#options.store.heartbeat(this.id, lease);
      this.#heartbeats.succeeded(performance.now());
      return receipt;
    } catch (error) {
      this.#heartbeats.failed();
      throw error;
    }
  }

  /** Under a new id, after the old one was declared dead. */
  async joinAnew(): Promise<void> {
    this.id = this.#options.newId();
    this.#options.onEvent({ kind: "taken_for_dead", newId: this.id });
    await this.join();
  }
}
