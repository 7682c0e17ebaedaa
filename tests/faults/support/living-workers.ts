import { expect } from "vitest";
import { type Home, type RunningCommand, type RunOptions, until } from "../../support/queuectl.ts";
import { byHand } from "../../support/sqlite-file.ts";
import { countJobs } from "../../support/worker-home.ts";
import { readHistory } from "./history.ts";

/** Workers that are busy for as long as a test takes, and that nobody may take for dead meanwhile. */
export class LivingWorkers {
  readonly #home: Home;
  readonly workers: readonly RunningCommand[];

  private constructor(home: Home, workers: readonly RunningCommand[]) {
    this.#home = home;
    this.workers = workers;
  }

  /** Starts so many, each with a job that does not end. The rest of the options is how each is run. */
  static async start(
    home: Home,
    count: number,
    { flags, ...options }: RunOptions & { flags: readonly string[] },
  ): Promise<LivingWorkers> {
    for (let job = 1; job <= count; job++) await home.ok("enqueue", "--timeout", "0", "sleep 3000");
    const workers = await Promise.all(Array.from({ length: count }, () => home.startWorker(flags, options)));
    await until(() => countJobs(home, "processing") === count, "all of them to be at work");
    return new LivingWorkers(home, workers);
  }

  /** Resolves when each has been heard so often again: whoever would take one for dead has had the time to. */
  async heard(times: number): Promise<void> {
    const before = this.#heartbeats();
    await until(() => {
      const now = this.#heartbeats();
      return [...before].every(([id, beats]) => (now.get(id) ?? Number.POSITIVE_INFINITY) >= beats + times);
    }, `every worker to be heard ${times} times`);
  }

  /** Each is who it was, and holds what it held. */
  expectUntouched(): void {
    for (const { stdout } of this.workers) expect(stdout).not.toMatch(/is dead|was taken for dead/);
    expect(readHistory(this.#home).filter(({ outcome }) => outcome === "lost")).toEqual([]);
    expect(this.#heartbeats().size).toBe(this.workers.length);
  }

  /** How often each was heard. */
  #heartbeats(): Map<string, number> {
    const rows = byHand(this.#home.db, (database) =>
      database.prepare("SELECT id, heartbeats FROM workers WHERE state <> 'dead'").all(),
    );
    return new Map(rows.map((row) => [row["id"] as string, row["heartbeats"] as number]));
  }
}
