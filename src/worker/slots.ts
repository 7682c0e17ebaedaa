import type { WorkerSettings } from "../domain/worker-settings.ts";
import type { Claim, FinishedExecution, HeldClaim } from "../store/store.ts";
import { type Slot, type SlotContext, startSlot } from "./slot.ts";

/** What a worker runs at this moment, by claim. */
export class Slots {
  readonly #running = new Map<number, Slot>();
  readonly #context: SlotContext;
  readonly #onEnd: (result: FinishedExecution) => void;
  #isInterrupting = false;

  /** @param onEnd gets each result, whose slot is free by then */
  constructor(context: SlotContext, onEnd: (result: FinishedExecution) => void) {
    this.#context = context;
    this.#onEnd = onEnd;
  }

  get size(): number {
    return this.#running.size;
  }

  start(claim: Claim, settings: WorkerSettings): void {
    const slot = startSlot(claim, settings, this.#context);
    this.#running.set(claim.token, slot);
    // Its claim was under way when the others were interrupted.
    if (this.#isInterrupting) slot.stop({ kind: "interrupted" });
    void slot.finished.then((result) => {
      this.#running.delete(claim.token);
      this.#onEnd(result);
    });
  }

  /** All that run, and all that are started from now on. */
  interrupt(): void {
    this.#isInterrupting = true;
    for (const slot of this.#running.values()) slot.stop({ kind: "interrupted" });
  }

  /** Ends what a person wants ended. Seen again at every look; the first cause stands. */
  cancel(held: readonly HeldClaim[]): void {
    for (const { token, isToBeCancelled } of held)
      if (isToBeCancelled) this.#running.get(token)?.stop({ kind: "cancelled" });
  }

  /** The claims of what runs now; for `loseAllBut`, later. */
  tokens(): number[] {
    return [...this.#running.keys()];
  }

  /** Of these claims, ends at once what is not held any more: it may run elsewhere. */
  loseAllBut(held: readonly HeldClaim[], among: readonly number[]): void {
    const isHeld = new Set(held.map(({ token }) => token));
    for (const token of among) if (!isHeld.has(token)) this.#running.get(token)?.stop({ kind: "lost" }, 0);
  }

  /** Ends everything at once; resolves when nothing runs. */
  async loseAll(): Promise<void> {
    const all = [...this.#running.values()];
    for (const slot of all) slot.stop({ kind: "lost" }, 0);
    await Promise.all(all.map(({ finished }) => finished));
  }
}
