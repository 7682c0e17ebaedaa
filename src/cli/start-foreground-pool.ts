import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { newPlace, placeClaimed, placeTaken, START_MS } from "../domain/pool.ts";
import { monotonicMs } from "../store/machine.ts";

/**
 * Several workers in this terminal: this process starts them, passes signals on, and ends when they have. Their lines
 * come straight from them. One that is killed or fails is replaced while another lives. When none does, the pool ends
 * too: the store is gone or broken for all of them, and whoever started the pool decides.
 */
export async function startForegroundPool(count: number, isStoreThere: () => boolean): Promise<number> {
  const pool = new ForegroundPool(isStoreThere);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => pool.pass(signal));
  return Math.max(...(await Promise.all(Array.from({ length: count }, () => pool.keepPlace()))));
}

/** The same command for one worker: without what it says of how many there are, and where. */
export function argvOfMember(argv: readonly string[]): string[] {
  const isCount = (word: string | undefined) => word === "--count";
  const others = argv.filter(
    (word, index) =>
      !isCount(word) && !isCount(argv[index - 1]) && !word.startsWith("--count=") && word !== "--foreground",
  );
  return [...others, "--foreground", "--count=1"];
}

class ForegroundPool {
  readonly #argv = argvOfMember(process.argv.slice(1));
  readonly #living = new Set<ChildProcess>();
  readonly #over = new AbortController();
  readonly #isStoreThere: () => boolean;
  #isStopping = false;

  constructor(isStoreThere: () => boolean) {
    this.#isStoreThere = isStoreThere;
  }

  /** Once told to stop, nobody is replaced. */
  pass(signal: NodeJS.Signals): void {
    this.#isStopping = true;
    this.#over.abort();
    for (const child of this.#living) child.kill(signal);
  }

  /** One worker after the other; what went wrong, each says itself. @returns the exit code of the last */
  async keepPlace(): Promise<number> {
    const firstAtMs = monotonicMs();
    let place = newPlace(firstAtMs);
    for (let isFirst = true; ; isFirst = false) {
      const end = await this.#runWorker();
      if (end === 0) return 0;
      // What fails at its first start, by its flags or its store, would fail again; a replacement's trouble may pass.
      if (isFirst && end !== "killed" && monotonicMs() - firstAtMs < START_MS) return end;
      const waitMs = Math.max(0, place.opensAtMs - monotonicMs());
      await sleep(waitMs, undefined, { signal: this.#over.signal }).catch(() => {});
      if (this.#over.signal.aborted) return end === "killed" ? Number(!this.#isStopping) : end;
      // A replacement must not make a store where it was taken away.
      if (!this.#isStoreThere()) return end === "killed" ? 1 : end;
      place = placeTaken(placeClaimed(place, monotonicMs()) ?? place, monotonicMs());
    }
  }

  #runWorker(): Promise<number | "killed"> {
    const child = spawn(process.execPath, this.#argv, { stdio: "inherit" });
    this.#living.add(child);
    return new Promise((resolve) => {
      const end = (how: number | "killed"): void => {
        this.#living.delete(child);
        if (this.#living.size === 0) this.#over.abort();
        resolve(how);
      };
      child.once("exit", (code) => end(code ?? "killed"));
      child.once("error", () => end(1));
    });
  }
}
