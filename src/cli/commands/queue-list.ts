import { toQueueJson } from "../../queue/queue-json.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";
import { queueFacts, queueTable } from "../render/queue.ts";
import { painter } from "../render/style.ts";
import { timeFor } from "../render/time.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { options } = invocation;
  await using store = await openForReading(invocation, io);
  const queues = await store.listQueues();
  const now = Date.now();
  const time = timeFor(io, now);
  if (options.has("json"))
    writeJson(
      io,
      queues.map((queue) => toQueueJson(queue, now)),
    );
  else if (!io.stdout.isTerminal)
    io.stdout.write(queues.map((queue) => `${queueFacts(queue, { now, time }).join("\t")}\n`).join(""));
  else if (queues.length === 0) io.stdout.write("There are no queues.\n");
  else
    io.stdout.write(queueTable(queues, { now, time, width: io.stdout.columns, paint: painter(io, options) }));
  return DONE;
}
