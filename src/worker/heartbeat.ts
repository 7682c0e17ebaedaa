import { heartbeatEveryMs } from "../domain/lease.ts";

/** A lease runs on while heartbeats fail: the next attempt must not wait for its turn. */
const AGAIN_AFTER_MS = 250;

/**
 * When this worker's own heartbeats may be trusted to say something about those of others. After a long lock, or when
 * this process itself was paused, all rows look silent; only a worker that has itself been heard without a gap for one
 * whole lease may call another one's lease expired.
 *
 * A gap is as long as two heartbeats. Whoever lives is silent for a whole lease only when the store was locked for the
 * last two thirds of it, and then this worker has had no heartbeat through for so long either. To wait for a whole lease
 * would be too late: of two workers that a lock keeps silent, the one that beat last would call the other dead.
 */
export class HeartbeatRecord {
  readonly #leaseMs: number;
  readonly #everyMs: number;
  #unbrokenSince: number | undefined;
  #lastAt = 0;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
    this.#everyMs = heartbeatEveryMs(leaseMs);
  }

  /** How long to wait for the next beat: a third of the lease; less after a failure. */
  get nextInMs(): number {
    return this.#unbrokenSince === undefined ? Math.min(AGAIN_AFTER_MS, this.#everyMs) : this.#everyMs;
  }

  /** A heartbeat was committed. @param nowMs monotonic */
  succeeded(nowMs: number): void {
    if (this.#unbrokenSince === undefined || this.#isGap(nowMs)) this.#unbrokenSince = nowMs;
    this.#lastAt = nowMs;
  }

  failed(): void {
    this.#unbrokenSince = undefined;
  }

  /** @param nowMs monotonic */
  mayJudgeLeases(nowMs: number): boolean {
    if (this.#unbrokenSince === undefined || this.#isGap(nowMs)) return false;
    return nowMs - this.#unbrokenSince >= this.#leaseMs;
  }

  #isGap(nowMs: number): boolean {
    return nowMs - this.#lastAt >= 2 * this.#everyMs;
  }
}
