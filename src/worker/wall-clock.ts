/** Smaller steps are an NTP daemon's daily work, and cost a job no more than they are. */
const STEP_MS = 1_000;

/** Notices when somebody sets the wall clock back: what waits for an instant would wait longer than was meant. */
export class WallClock {
  readonly #now: () => number;
  readonly #monotonicMs: () => number;
  #aheadMs = Number.POSITIVE_INFINITY;

  constructor(now: () => number = Date.now, monotonicMs: () => number = () => performance.now()) {
    this.#now = now;
    this.#monotonicMs = monotonicMs;
  }

  /** Whether it was set back since the last call; true at the first one, for nobody knows. */
  wasSetBack(): boolean {
    const aheadMs = this.#now() - this.#monotonicMs();
    const wasSetBack = aheadMs < this.#aheadMs - STEP_MS;
    this.#aheadMs = aheadMs;
    return wasSetBack;
  }
}
