import { serves } from "../domain/serves.ts";
import type { Store } from "../store/store.ts";
import { type ObservedWorker, seeWorkers } from "../worker/observe-workers.ts";
import type { Invocation } from "./command.ts";
import { giveHint, wantsHints } from "./hint.ts";
import type { Io } from "./io.ts";

/** Says how to start a worker when none that runs would take jobs of these queues. */
export async function hintWhenNobodyWorks(
  store: Store,
  queues: readonly string[],
  invocation: Invocation,
  io: Io,
): Promise<void> {
  if (!wantsHints(invocation)) return;
  const lack = lackOfWorkers(seeWorkers(await store.listWorkers()), queues);
  if (lack !== null) giveHint(lack, invocation, io);
}

/** The same for a verb that only looks: said when jobs wait. */
export async function hintWhenJobsWaitInVain(store: Store, invocation: Invocation, io: Io): Promise<void> {
  if (!wantsHints(invocation)) return;
  const waiting = (await store.listQueues()).filter(({ counts }) => counts.pending + counts.failed > 0);
  if (waiting.length > 0)
    await hintWhenNobodyWorks(
      store,
      waiting.map(({ gate }) => gate.name),
      invocation,
      io,
    );
}

/** Those of these queues that no worker takes jobs of. */
export function unservedQueues(workers: readonly ObservedWorker[], queues: readonly string[]): string[] {
  const working = workers.filter(({ isAlive, state }) => isAlive && state === "running");
  return queues.filter((queue) => !working.some(({ queues: served }) => serves(served, queue)));
}

/** How many queues are named. */
const MOST_NAMED = 3;

function lackOfWorkers(workers: readonly ObservedWorker[], queues: readonly string[]): string | null {
  const alive = workers.filter(({ isAlive }) => isAlive);
  if (alive.length === 0) return "No worker is running. Start one: queuectl worker start";
  if (alive.every(({ state }) => state === "stopping"))
    return "Every worker is stopping. Start one: queuectl worker start";
  const unserved = unservedQueues(workers, queues);
  const [first] = unserved;
  if (first === undefined) return null;
  const more = unserved.length > MOST_NAMED ? ", …" : "";
  const named = unserved.slice(0, MOST_NAMED).join(", ");
  return `No running worker serves the queue${unserved.length === 1 ? "" : "s"} ${named}${more}. Start one: queuectl worker start --queue ${first}`;
}
