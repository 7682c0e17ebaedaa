import { openGate } from "../domain/gate.ts";
import { countsOf, DEFAULT_QUEUE } from "../domain/job.ts";
import { toQueueJson } from "../queue/queue-json.ts";
import { similarQueues } from "../queue/queues.ts";
import type { QueueRecord, Store } from "../store/store.ts";
import type { Invocation } from "./command.ts";
import { giveHint, wantsHints } from "./hint.ts";
import type { Io } from "./io.ts";
import { writeJson } from "./render/json.ts";

/** The answer of a verb that changed queues: a line each, or all of them as they are now. */
export async function showQueues(
  store: Store,
  names: readonly string[],
  say: (queue: QueueRecord) => string,
  { options }: Invocation,
  io: Io,
): Promise<void> {
  const listed = await store.listQueues(names);
  // One that has no jobs, and of which nothing is set any more, is listed no longer; that is open, too.
  const queues = [...names]
    .sort()
    .map((name) => listed.find(({ gate }) => gate.name === name) ?? emptyQueue(name));
  const now = Date.now();
  if (options.has("json"))
    writeJson(
      io,
      queues.map((queue) => toQueueJson(queue, now)),
    );
  else if (!options.has("quiet"))
    io.stdout.write(queues.map((queue) => `✅ Queue ${queue.gate.name} ${say(queue)}.\n`).join(""));
}

function emptyQueue(name: string): QueueRecord {
  return { gate: openGate("queue", name), counts: countsOf(() => 0) };
}

/** Says of queues without any jobs that they have none: perhaps they were mistyped. */
export async function hintAtUnknown(
  store: Store,
  names: readonly string[],
  invocation: Invocation,
  io: Io,
): Promise<void> {
  if (!wantsHints(invocation)) return;
  const known = (await store.listQueues(names))
    .filter(({ counts }) => Object.values(counts).some((count) => count > 0))
    .map(({ gate }) => gate.name);
  const unknown = names.filter((name) => name !== DEFAULT_QUEUE && !known.includes(name));
  for (const name of unknown.sort()) {
    const near = await similarQueues(store, name);
    const meant = near.length > 0 ? ` Did you mean ${near.join(" or ")}?` : "";
    giveHint(`The queue ${name} has no jobs yet.${meant}`, invocation, io);
  }
}
