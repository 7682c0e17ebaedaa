import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { enqueueJobs } from "../src/queue/enqueue.ts";
import { openStore } from "../src/store/open-store.ts";
import { type BenchStore, fromDate, readLines, summary, until } from "./bench-store.ts";

const JOBS = 100;
const APART_MS = 150;

/**
 * Jobs that are due one after the other, enqueued beforehand; the worker is idle between them, and polls once a minute.
 * Beside it a timer of this process for the same instants: what the machine adds by itself.
 */
export async function* due({ directory, queuectl, startWorker }: BenchStore): AsyncGenerator<string> {
  const starts = join(directory, "starts");
  queuectl("config", "set", "poll-interval", "60");
  await startWorker();
  const firstAt = Date.now() + 1_000;
  const dueAt = Array.from({ length: JOBS }, (_, index) => firstAt + index * APART_MS);
  const store = await openStore(join(directory, "queue.db"));
  const inputs = dueAt.map((at) => ({
    input: { command: `date +%s%N >> ${starts}`, run_at: new Date(at).toISOString() },
    place: "",
  }));
  await enqueueJobs(store, inputs, { maxRetries: 0, cwd: directory, now: Date.now() });
  const timers: number[] = [];
  for (const at of dueAt) {
    await sleep(at - Date.now());
    timers.push(performance.timeOrigin + performance.now() - at);
  }
  const lines = await until(() => {
    const seen = readLines(starts);
    return seen.length === JOBS ? seen : undefined;
  });
  const claims: number[] = [];
  for await (const { seq, runAt } of store.listJobs())
    for (const { startedAt } of await store.listExecutions(seq)) claims.push(startedAt - (runAt ?? 0));
  await store.close();
  const late = lines.map((line, index) => fromDate(line) - (dueAt[index] ?? 0));
  yield `a timer of this process: ${summary(timers, "ms late")}`;
  yield `claimed: ${summary(claims, "ms late")}`;
  yield `the job's first instruction: ${summary(late, "ms late")}`;
}
