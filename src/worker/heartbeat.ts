import { heartbeatEveryMs } from "../domain/lease.ts";

/**
 * When this worker's own heartbeats may be trusted to say something about those of others. After a long lock, or when
 * this process itself was paused, all rows look silent; only a worker that has itself been heard without a gap for one
 * whole lease may call another one's lease expired.
 */
export class HeartbeatRecord {
  #unbrokenSince: number | undefined;
  #lastAt = 0;
  readonly #leaseMs: number;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** How often to beat. */
  get everyMs(): number {
    return heartbeatEveryMs(this.#leaseMs);
  }

  /** A heartbeat was committed. @param nowMs monotonic */
  succeeded(nowMs: number): void {
    if (this.#unbrokenSince === undefined || nowMs - this.#lastAt >= this.#leaseMs)
      this.#unbrokenSince = nowMs;
    this.#lastAt = nowMs;
  }

  failed(): void {
    this.#unbrokenSince = undefined;
  }

  /** @param nowMs monotonic */
  mayJudgeLeases(nowMs: number): boolean {
    if (this.#unbrokenSince === undefined || nowMs - this.#lastAt >= this.#leaseMs) return false;
    return nowMs - this.#unbrokenSince >= this.#leaseMs;
  }
}
