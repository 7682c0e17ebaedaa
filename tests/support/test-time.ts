import type { Clock } from "../../src/store/sqlite/clock.ts";

/** A test's own time: a wall clock that moves by a millisecond at each look, and a monotonic clock that is turned. */
export class TestTime implements Clock {
  bootId = "boot-1";
  #monotonicMs = 1_000_000;
  /** Long after now: what a store takes from the real clock is told by it. */
  #epochMs = 4_000_000_000_000;

  /** The next instant. No two are alike, so that every change of a job can be told from the one before. */
  now(): number {
    this.#epochMs += 1;
    return this.#epochMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** Lets time pass on both clocks. */
  pass(ms: number): void {
    this.#monotonicMs += ms;
    this.#epochMs += ms;
  }

  /** Somebody sets the wall clock; nothing else notices. */
  stepWallClock(ms: number): void {
    this.#epochMs += ms;
  }

  reboot(bootId: string): void {
    this.bootId = bootId;
    this.#monotonicMs = 0;
  }
}
