import { checkId } from "./check-options.ts";
import type { Group, Groups } from "./groups.ts";
import type { QueueParts } from "./queue-parts.ts";

/** The part of a queue that is about jobs that were made together. */
export class StoreGroups implements Groups {
  readonly #parts: QueueParts;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  get(id: string): Promise<Group | undefined> {
    return this.#parts.use(async () => {
      checkId("queue.groups.get", id, "group");
      const group = await this.#parts.store.getGroup(id);
      if (!group) return undefined;
      const { kind, name, maxRunning: concurrency, maxFails, counts, createdAt } = group;
      return { id, kind, name, concurrency, maxFails, counts, createdAt: new Date(createdAt) };
    });
  }
}
