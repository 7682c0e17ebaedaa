import { after } from "./timer.ts";

/** Wakes one waiter; a ring that nobody waits for is kept for the next. */
export class Bell {
  #isRung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  /** Resolves at the next ring (or at once, if it has rung meanwhile), or after `ms`. @returns whether it was a ring */
  async rung(ms: number): Promise<boolean> {
    if (!this.#isRung) {
      await new Promise<void>((resolve) => {
        const callOff = after(ms, resolve);
        this.#wake = () => {
          callOff();
          resolve();
        };
      });
    }
    this.#wake = undefined;
    const wasRung = this.#isRung;
    this.#isRung = false;
    return wasRung;
  }
}
