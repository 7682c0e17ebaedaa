import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { type BenchStore, fromDate, readLines, summary, until } from "./bench-store.ts";

const ROUNDS = 10;

/** From the kill to the job's next first instruction. */
export async function* recovery(store: BenchStore): AsyncGenerator<string> {
  const withSibling: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const victim = await store.startWorker();
    const starts = await startLongJob(store, `sibling${round}`);
    const sibling = await store.startWorker();
    withSibling.push(await killAndWait(victim, starts));
    await stop(store, sibling);
  }
  yield `another worker alive: ${summary(withSibling, "ms")}`;
  const alone: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const victim = await store.startWorker();
    const starts = await startLongJob(store, `alone${round}`);
    victim.kill("SIGKILL");
    await exit(victim);
    const startedAt = Date.now();
    const next = await store.startWorker();
    const again = await until(() => readLines(starts)[1]);
    alone.push(fromDate(again) - startedAt);
    await stop(store, next);
  }
  yield `none alive, from the next \`worker start\` on, its own start included: ${summary(alone, "ms")}`;
}

/** A job that notes its start and then sleeps for so long only the first time. */
async function startLongJob({ directory, queuectl }: BenchStore, id: string): Promise<string> {
  const starts = join(directory, id);
  queuectl("enqueue", "--id", id, `date +%s%N >> ${starts}; [ $QUEUECTL_ATTEMPT -gt 1 ] || sleep 600`);
  await until(() => readLines(starts)[0]);
  return starts;
}

async function killAndWait(victim: ChildProcess, starts: string): Promise<number> {
  const killedAt = performance.timeOrigin + performance.now();
  victim.kill("SIGKILL");
  return fromDate(await until(() => readLines(starts)[1])) - killedAt;
}

async function stop({ queuectl }: BenchStore, worker: ChildProcess): Promise<void> {
  const gone = exit(worker);
  queuectl("worker", "stop");
  await gone;
}

function exit(worker: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => worker.once("exit", resolve));
}
