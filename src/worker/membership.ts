import type { HeartbeatReceipt } from "../store/store.ts";
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
  /** Whose place in the pool it takes when it registers: at first a dead sibling's, later its own. */
  #inPlaceOf: string | null;
  id: string;

  constructor(options: WorkerOptions, leaseMs: number) {
    this.#options = options;
    this.#leaseMs = leaseMs;
    this.#heartbeats = new HeartbeatRecord(leaseMs);
    this.#inPlaceOf = options.pool?.inPlaceOf ?? null;
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

  async join(formerId?: string): Promise<void> {
    const { store, identity, host, queues, concurrency } = this.#options;
    const leaseMs = this.#leaseMs;
    const pool = this.#options.pool && { id: this.#options.pool.id, inPlaceOf: this.#inPlaceOf };
    await store.registerWorker(
      { id: this.id, identity, host, queues, concurrency, leaseMs, pool, formerId },
      Date.now(),
    );
    this.#inPlaceOf = this.id;
    this.#heartbeats = new HeartbeatRecord(leaseMs);
    this.#heartbeats.succeeded(performance.now());
  }

  /** Renews the lease, and tells what is still held; see `Store.heartbeat`. */
  async beat(): Promise<HeartbeatReceipt> {
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

  /**
   * Under a new id, which is asked whatever the old one was, after the old one was declared dead.
   * @throws place_taken when its pool has replaced it meanwhile, or was stopped
   */
  async joinAnew(): Promise<void> {
    const formerId = this.id;
    this.id = this.#options.newId();
    this.#options.onEvent({ kind: "taken_for_dead", newId: this.id });
    await this.join(formerId);
  }
}
