import type { Home, RunningCommand } from "../../support/queuectl.ts";
import { isRunning, kill } from "../../support/worker-processes.ts";

/** Foreground workers whose number is kept by hand: each is a process of its own, that a test may kill. */
export class WorkerFleet {
  readonly #home: Home;
  readonly #flags: readonly string[];
  #workers: RunningCommand[] = [];

  private constructor(home: Home, flags: readonly string[]) {
    this.#home = home;
    this.#flags = flags;
  }

  /** Starts so many, and resolves when all of them poll. */
  static async start(home: Home, count: number, ...flags: string[]): Promise<WorkerFleet> {
    const fleet = new WorkerFleet(home, flags);
    await fleet.#add(count);
    return fleet;
  }

  /** Kills one of them with SIGKILL and starts another in its place. */
  async killOne(random: () => number): Promise<void> {
    const victim = this.#workers.splice(Math.floor(random() * this.#workers.length), 1)[0];
    if (!victim) throw new Error("There is no worker left");
    kill(victim.pid);
    await victim.ended();
    await this.#add(1);
  }

  /** Starts another in the place of each that has died by now. */
  async replaceDead(): Promise<void> {
    const alive = this.#workers.filter(({ pid }) => isRunning(pid));
    const dead = this.#workers.length - alive.length;
    this.#workers = alive;
    await this.#add(dead);
  }

  /** Kills all of them at once. */
  async killAll(): Promise<void> {
    for (const { pid } of this.#workers) kill(pid);
    await Promise.all(this.#workers.map((worker) => worker.ended()));
    this.#workers = [];
  }

  async #add(count: number): Promise<void> {
    const added = await Promise.all(Array.from({ length: count }, () => this.#home.startWorker(this.#flags)));
    this.#workers.push(...added);
  }
}
