import { join } from "node:path";
import { enqueueJobs } from "../src/queue/enqueue.ts";
import { openStore } from "../src/store/open-store.ts";
import { type BenchStore, fromDate, readLines, summary, until } from "./bench-store.ts";

const ROUNDS = 100;

/** The enqueuer is this process, warm; the worker is another one and idle. `date` itself takes a millisecond or two. */
export async function* pickup({ directory, queuectl, startWorker }: BenchStore): AsyncGenerator<string> {
  const starts = join(directory, "starts");
  queuectl("config", "set", "poll-interval", "60");
  const store = await openStore(join(directory, "queue.db"));
  await startWorker();
  const waits: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const enqueuedAt = performance.timeOrigin + performance.now();
    const input = { command: `date +%s%N >> ${starts}` };
    await enqueueJobs(store, [{ input, place: "" }], { maxRetries: 0, cwd: directory, now: Date.now() });
    waits.push(fromDate(await until(() => readLines(starts)[round])) - enqueuedAt);
  }
  await store.close();
  yield `enqueue to the job's first instruction: ${summary(waits, "ms")}`;
}
