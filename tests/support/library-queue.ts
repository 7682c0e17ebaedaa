import { join } from "node:path";
import { expect, onTestFinished, vi } from "vitest";
import type { ErrorCode, JobInput, OutcomeKind, Queue } from "../../src/index.ts";
import { openQueue, QueuectlError } from "../../src/index.ts";
import { openStore } from "../../src/store/open-store.ts";
import type { ExecutionRecord, Store } from "../../src/store/store.ts";
import { type Home, homeForTest } from "./queuectl.ts";

/** A file of jobs in a home of its own, with the library over it, and the truth below it to look at. */
export class LibraryScene {
  readonly home: Home;
  readonly db: string;
  readonly store: Store;
  readonly queue: Queue;

  private constructor(home: Home, db: string, store: Store, queue: Queue) {
    this.home = home;
    this.db = db;
    this.store = store;
    this.queue = queue;
  }

  /** @param settings as `config set` would write them */
  static async open(settings: Readonly<Record<string, string>> = {}): Promise<LibraryScene> {
    const home = homeForTest();
    vi.stubEnv("QUEUECTL_HOME", home.path);
    const db = join(home.root, "queue.db");
    const store = await openStore(db);
    for (const [key, value] of Object.entries({ "backoff-base": "0", ...settings }))
      await store.writeSetting(key, value);
    const queue = await openQueue({ db });
    onTestFinished(async () => {
      await queue.close({ graceMs: 0 });
      await store.close();
      vi.unstubAllEnvs();
    });
    return new LibraryScene(home, db, store, queue);
  }

  /** Another queue on the same file. */
  async openAnother(): Promise<Queue> {
    const queue = await openQueue({ db: this.db });
    onTestFinished(() => queue.close({ graceMs: 0 }));
    return queue;
  }

  async history(id: string): Promise<ExecutionRecord[]> {
    const job = await this.store.getJob(id);
    if (!job) throw new Error(`There is no job ${id}`);
    return await this.store.listExecutions(job.seq);
  }

  /** The kinds of outcome of a job's executions, oldest first. */
  async outcomes(id: string): Promise<(OutcomeKind | null)[]> {
    return (await this.history(id)).map(({ outcome }) => outcome);
  }

  /** What the newest execution of a job has printed. */
  async output(id: string): Promise<{ stdout: string; stderr: string }> {
    const output = (await this.history(id)).at(-1)?.output;
    const text = (stream: "stdout" | "stderr") => Buffer.from(output?.[stream].tail ?? []).toString();
    return { stdout: text("stdout"), stderr: text("stderr") };
  }
}

/** A call that must be refused, and how. */
export async function expectRefused(
  call: () => unknown,
  wanted: { code: ErrorCode; says?: string | RegExp; remedy?: string | RegExp },
): Promise<void> {
  const error = await (async () => await call())().then(
    (value) => {
      throw new Error(`It was not refused, and gave ${JSON.stringify(value)}`);
    },
    (refusal: unknown) => refusal,
  );
  expect(error).toBeInstanceOf(QueuectlError);
  const { code, message, hint } = error as QueuectlError;
  expect.soft(message).toMatch(wanted.says ?? /./);
  expect.soft(hint ?? "").toMatch(wanted.remedy ?? "");
  expect(code).toBe(wanted.code);
}

/** The library as it is built: what another program imports. */
export const LIBRARY: string = new URL("../../dist/index.mjs", import.meta.url).href;

/** What a program without types could pass. */
export function untyped(value: unknown): never {
  return value as never;
}

/** Jobs for a handler's queue. */
export function jobsFor(queue: string, count: number): JobInput[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${queue}-${index}`,
    command: String(index),
    queue,
  }));
}

/** A promise that the test resolves: a gate for handlers. */
export function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
