import { openGate } from "../domain/gate.ts";
import { JOB_STATES } from "../domain/job.ts";
import { toQueueJson } from "../queue/queue-json.ts";
import { similarQueues } from "../queue/queues.ts";
import type { QueueRecord, Store } from "../store/store.ts";
import type { Invocation } from "./command.ts";
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
  const counts = Object.fromEntries(JOB_STATES.map((state) => [state, 0])) as QueueRecord["counts"];
  return { gate: openGate("queue", name), counts };
}

/** Says of queues without any jobs that they have none: perhaps they were mistyped. */
export async function hintAtUnknown(
  store: Store,
  names: readonly string[],
  { options }: Invocation,
  io: Io,
): Promise<void> {
  if (options.has("quiet") || options.has("json")) return;
  const known = new Map((await store.listQueues(names)).map(({ gate, counts }) => [gate.name, counts]));
  for (const name of names) {
    if (Object.values(known.get(name) ?? {}).some((count) => count > 0)) continue;
    const near = await similarQueues(store, name);
    const meant = near.length > 0 ? ` Did you mean ${near.join(" or ")}?` : "";
    io.stderr.write(`The queue ${name} has no jobs yet.${meant}\n`);
  }
}
