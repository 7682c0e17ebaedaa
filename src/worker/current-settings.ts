import type { WorkerSettings } from "../domain/worker-settings.ts";
import type { WorkerOptions } from "./worker-options.ts";

/** The settings by which a worker goes. */
export class CurrentSettings {
  readonly #options: Pick<WorkerOptions, "loadSettings" | "onEvent">;
  /** As they were read last. */
  value: WorkerSettings;

  constructor(options: Pick<WorkerOptions, "loadSettings" | "onEvent">, value: WorkerSettings) {
    this.#options = options;
    this.value = value;
  }

  /** Of this moment. They are read often; a store that is locked just now must not cost a result. */
  async load(): Promise<WorkerSettings> {
    try {
      this.value = await this.#options.loadSettings();
    } catch (error) {
      this.#options.onEvent({ kind: "trouble", error });
    }
    return this.value;
  }
}
