import { after } from "./timer.ts";

/** How long the jobs of a stopping worker are waited for: only ever less long than was said before. */
export class Patience {
  readonly #onEnd: () => void;
  #callOff: () => void = () => {};
  /** Monotonic. */
  #endsAtMs = Number.POSITIVE_INFINITY;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  /** @param graceMs from now on; null, as long as it takes */
  limit(graceMs: number | null): void {
    if (graceMs === null) return;
    const endsAtMs = performance.now() + graceMs;
    if (endsAtMs >= this.#endsAtMs) return;
    this.#endsAtMs = endsAtMs;
    this.#callOff();
    this.#callOff = after(graceMs, this.#onEnd);
  }

  /** There is nothing to wait for any more. */
  drop(): void {
    this.#callOff();
  }
}
