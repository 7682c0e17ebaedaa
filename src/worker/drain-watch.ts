import { judgeGate } from "../domain/gate.ts";
import { serves } from "../domain/serves.ts";
import type { WorkerOptions } from "./worker-options.ts";

/** A shorter wait for a rate is over before anybody wonders. */
const WORTH_TELLING_MS = 2_000;

/** What a worker that drains waits for. */
export class DrainWatch {
  readonly #options: Pick<WorkerOptions, "store" | "queues" | "onEvent">;
  /** What holds the jobs back until then has been said. */
  #isToldUntil = Number.NEGATIVE_INFINITY;
  /** Jobs that may not start, when it was last looked. */
  waiting = 0;

  constructor(options: Pick<WorkerOptions, "store" | "queues" | "onEvent">) {
    this.#options = options;
  }

  /** Something was claimed: the next wait is another one. */
  claimed(): void {
    this.#isToldUntil = Number.NEGATIVE_INFINITY;
  }

  /** Whether nothing is due that may start, now or by itself, and nothing runs anywhere or waits for a retry. */
  async isOver(): Promise<boolean> {
    const { store, queues } = this.#options;
    const { processing, failed, pending, blocked } = await store.counts(queues);
    // A retry in a paused queue comes when somebody resumes it, like any other job there.
    const paused = failed > 0 ? await this.#countPaused() : 0;
    this.waiting = pending + blocked + paused;
    const isHeldBack = await store.isHeldBack(queues);
    if (isHeldBack && processing === 0) await this.#tellWhatHoldsBack();
    return processing + failed - paused === 0 && !isHeldBack;
  }

  async #countPaused(): Promise<number> {
    const { store, queues } = this.#options;
    return (await store.listQueues())
      .filter(({ gate }) => gate.state === "paused" && serves(queues, gate.name))
      .reduce((sum, { counts }) => sum + counts.failed, 0);
  }

  /** Once for each wait, and not for those that are over before anybody wonders. */
  async #tellWhatHoldsBack(): Promise<void> {
    const now = Date.now();
    if (now < this.#isToldUntil) return;
    const { store, queues, onEvent } = this.#options;
    const held = (await store.listQueues()).flatMap(({ gate, counts }) => {
      const closure = counts.pending > 0 && serves(queues, gate.name) ? judgeGate(gate, now) : null;
      if (closure === null || closure.kind === "paused") return [];
      return [{ queue: gate.name, until: closure.kind === "pace" ? closure.opensAt : null }];
    });
    const [first = { queue: null, until: null }] = held.sort(
      (a, b) => (a.until ?? Number.POSITIVE_INFINITY) - (b.until ?? Number.POSITIVE_INFINITY),
    );
    if (first.until !== null && first.until < now + WORTH_TELLING_MS) return;
    this.#isToldUntil = first.until ?? Number.POSITIVE_INFINITY;
    onEvent({ kind: "held_back", ...first });
  }
}
