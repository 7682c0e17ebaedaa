import { join } from "node:path";
import { openQueue } from "../src/index.ts";
import { type BenchStore, summary } from "./bench-store.ts";

const JOBS = 20_000;
const CONCURRENCY = 100;
const ROUNDS = 3;

/** What the store and the worker's loop can do when a job costs nothing: a handler that does nothing, in one process. */
export async function* drain({ directory }: BenchStore): AsyncGenerator<string> {
  await using queue = await openQueue({ db: join(directory, "drain.db") });
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await queue.enqueue(Array.from({ length: JOBS }, () => ({ command: "nothing", queue: "no-op" })));
    const startedMs = performance.now();
    const worker = await queue.work("no-op", () => {}, { concurrency: CONCURRENCY, drain: true });
    await worker.finished;
    rates.push(JOBS / ((performance.now() - startedMs) / 1_000));
  }
  yield `no-op handler, ${CONCURRENCY} at once, ${JOBS} jobs, one process: ${summary(rates, "jobs/s")}`;
}
