import { toQueueJson } from "../queue/queue-json.ts";
import { drainQueue, pauseQueues, resumeQueues, setQueue } from "../queue/queues.ts";
import type { QueueRecord, Store } from "../store/store.ts";
import {
  checkOptions,
  numberOrNull,
  queueName,
  queueNames,
  textOrNull,
  WAIT_RULES,
} from "./check-options.ts";
import type { WaitOptions } from "./queue.ts";
import type { QueueLimits, QueueState, Queues } from "./queues.ts";

/** The part of a queue that is about its queues. */
export class StoreQueues implements Queues {
  readonly #store: Store;
  readonly #use: <T>(work: () => Promise<T>) => Promise<T>;
  readonly #closing: AbortSignal;

  /**
   * @param use runs a method's work, unless the queue is closed
   * @param closing aborted when it is
   */
  constructor(store: Store, use: <T>(work: () => Promise<T>) => Promise<T>, closing: AbortSignal) {
    this.#store = store;
    this.#use = use;
    this.#closing = closing;
  }

  list(): Promise<QueueState[]> {
    return this.#use(async () => {
      const now = Date.now();
      return (await this.#store.listQueues()).map((queue) => toQueueState(queue, now));
    });
  }

  set(name: string, limits: QueueLimits): Promise<void> {
    return this.#use(async () => {
      checkOptions("queue.queues.set", { name }, { name: queueName });
      checkOptions("queue.queues.set", limits, LIMIT_RULES);
      await setQueue(this.#store, name, limits);
    });
  }

  pause(names: string | readonly string[]): Promise<void> {
    return this.#use(() => pauseQueues(this.#store, checkNames("queue.queues.pause", names)));
  }

  resume(names: string | readonly string[]): Promise<void> {
    return this.#use(() => resumeQueues(this.#store, checkNames("queue.queues.resume", names)));
  }

  drain(name: string, options: WaitOptions = {}): Promise<void> {
    return this.#use(async () => {
      checkOptions("queue.queues.drain", { name }, { name: queueName });
      checkOptions("queue.queues.drain", options, WAIT_RULES);
      const { timeoutMs, signal } = options;
      const either = AbortSignal.any([this.#closing, ...(signal ? [signal] : [])]);
      await drainQueue(this.#store, name, { timeoutMs, signal: either });
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
