import { findQueue, leftIn, startDrain, waitingIn } from "../../queue/queues.ts";
import type { QueueRecord, Store } from "../../store/store.ts";
import { seeWorkers } from "../../worker/observe-workers.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE, INTERRUPTED } from "../exit-codes.ts";
import { listenForSignals } from "../interruption.ts";
import type { Io } from "../io.ts";
import { showQueues } from "../show-queues.ts";
import { sayWhileWaiting } from "../wait.ts";

/** Ctrl-C ends the waiting; the queue goes on draining, and that is said. */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  const name = args[0] ?? "";
  await using store = await openForReading(invocation, io);
  await startDrain(store, name);
  if (!options.has("no-wait")) {
    using interruption = listenForSignals();
    await sayWhileWaiting(() => describeWait(store, name), invocation, io, interruption.signal);
    if (interruption.signal.aborted) {
      if (!options.has("quiet") && !options.has("json"))
        io.stderr.write(
          `The queue ${name} goes on draining. To open it again: queuectl queue resume ${name}\n`,
        );
      return INTERRUPTED;
    }
  }
  await showQueues(store, [name], describe, invocation, io);
  return DONE;
}

function describe(queue: QueueRecord): string {
  const left = leftIn(queue);
  return left === 0
    ? `is drained. It takes new jobs again after: queuectl queue resume ${queue.gate.name}`
    : `takes no new jobs; ${left} of it still wait or run`;
}

/** What is still waited for; undefined when nothing is. */
async function describeWait(store: Store, name: string): Promise<string | undefined> {
  const queue = await findQueue(store, name);
  if (!queue || leftIn(queue) === 0) return undefined;
  const { gate, counts } = queue;
  const held = seeWorkers(await store.listWorkers()).filter(({ isAlive }) => isAlive);
  const parts = [
    ...(counts.processing > 0 ? [`${counts.processing} that run`] : []),
    ...(waitingIn(counts) > 0 ? [`${waitingIn(counts)} that wait`] : []),
  ];
  const nobody = held.some(({ queues }) => queues?.includes(name) ?? true) ? "" : "; no worker serves it";
  const opened = gate.state === "draining" ? "" : `; somebody has made it ${gate.state}`;
  return `Waiting for the jobs of ${name}: ${parts.join(" and ")}${nobody}${opened}`;
}
