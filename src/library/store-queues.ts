import { toQueueJson } from "../queue/queue-json.ts";
import { drainQueue, pauseQueues, resumeQueues, setQueue } from "../queue/queues.ts";
import type { QueueRecord } from "../store/store.ts";
import {
  checkOptions,
  numberOrNull,
  queueName,
  queueNames,
  textOrNull,
  WAIT_RULES,
} from "./check-options.ts";
import type { WaitOptions } from "./queue.ts";
import type { QueueParts } from "./queue-parts.ts";
import type { QueueLimits, QueueState, Queues } from "./queues.ts";

/** The part of a queue that is about its queues. */
export class StoreQueues implements Queues {
  readonly #parts: QueueParts;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  list(): Promise<QueueState[]> {
    return this.#parts.use(async () => {
      const now = Date.now();
      return (await this.#parts.store.listQueues()).map((queue) => toQueueState(queue, now));
    });
  }

  set(name: string, limits: QueueLimits): Promise<void> {
    return this.#parts.use(async () => {
      checkOptions("queue.queues.set", { name }, { name: queueName });
      checkOptions("queue.queues.set", limits, LIMIT_RULES);
      await setQueue(this.#parts.store, name, limits);
    });
  }

  pause(names: string | readonly string[]): Promise<void> {
    return this.#parts.use(() => pauseQueues(this.#parts.store, checkNames("queue.queues.pause", names)));
  }

  resume(names: string | readonly string[]): Promise<void> {
    return this.#parts.use(() => resumeQueues(this.#parts.store, checkNames("queue.queues.resume", names)));
  }

  drain(name: string, options: WaitOptions = {}): Promise<void> {
    return this.#parts.use(async () => {
      checkOptions("queue.queues.drain", { name }, { name: queueName });
      checkOptions("queue.queues.drain", options, WAIT_RULES);
      const { timeoutMs, signal } = options;
      const either = AbortSignal.any([this.#parts.closing, ...(signal ? [signal] : [])]);
      await drainQueue(this.#parts.store, name, { timeoutMs, signal: either });
    });
  }
}

const LIMIT_RULES = { concurrency: numberOrNull, rate: textOrNull };

/** One name or several, as a list. @throws invalid_usage */
function checkNames(call: string, names: string | readonly string[]): string[] {
  const list = [...new Set([names].flat())];
  checkOptions(call, { names: list }, { names: queueNames });
  return list;
}

function toQueueState(record: QueueRecord, now: number): QueueState {
  const { opens_at: opensAt, ...state } = toQueueJson(record, now);
  return { ...state, opensAt: opensAt === null ? null : new Date(opensAt) };
}
