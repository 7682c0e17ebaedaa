import { serves } from "../../domain/serves.ts";
import { findQueue, leftIn, startDrain, waitingIn } from "../../queue/queues.ts";
import type { QueueRecord, Store } from "../../store/store.ts";
import { seeWorkers } from "../../worker/observe-workers.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE, INTERRUPTED } from "../exit-codes.ts";
import { giveHint } from "../hint.ts";
import { listenForSignals } from "../interruption.ts";
import type { Io } from "../io.ts";
import { showQueues } from "../show-queues.ts";
import { sayWhileWaiting } from "../wait.ts";

/** Ctrl-C ends the waiting; the queue goes on draining, and that is said. */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  const name = args[0] ?? "";
  const again = `To open it again: queuectl queue resume ${name}`;
  await using store = await openForReading(invocation, io);
  await startDrain(store, name);
  if (!options.has("no-wait")) {
    using interruption = listenForSignals();
    await sayWhileWaiting(() => describeWait(store, name), invocation, io, interruption.signal);
    if (interruption.signal.aborted) {
      giveHint(`It goes on draining. ${again}`, invocation, io);
      return INTERRUPTED;
    }
  }
  await showQueues(store, [name], describe, invocation, io);
  giveHint(again, invocation, io);
  return DONE;
}

function describe(queue: QueueRecord): string {
  const left = leftIn(queue);
  return left === 0 ? "is drained" : `takes no new jobs; ${left} ${left === 1 ? "is" : "are"} left in it`;
}

/** What is still waited for; undefined when nothing is. */
async function describeWait(store: Store, name: string): Promise<string | undefined> {
  const queue = await findQueue(store, name);
  if (!queue || leftIn(queue) === 0) return undefined;
  const { gate, counts } = queue;
  const living = seeWorkers(await store.listWorkers()).filter(({ isAlive }) => isAlive);
  const parts = [
    ...(counts.processing > 0 ? [`${counts.processing} running`] : []),
    ...(waitingIn(counts) > 0 ? [`${waitingIn(counts)} waiting`] : []),
  ];
  const nobody = living.some(({ queues }) => serves(queues, name)) ? "" : "; no worker serves it";
  const opened = gate.state === "draining" ? "" : `; somebody has made it ${gate.state}`;
  return `Waiting for the jobs of ${name}: ${parts.join(", ")}${nobody}${opened}`;
}
