import { toQueueJson } from "../../queue/queue-json.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";
import { queueFacts, queueTable } from "../render/queue.ts";
import { painter } from "../render/style.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { options } = invocation;
  await using store = await openForReading(invocation, io);
  const queues = await store.listQueues();
  const now = Date.now();
  if (options.has("json"))
    writeJson(
      io,
      queues.map((queue) => toQueueJson(queue, now)),
    );
  else if (!io.stdout.isTerminal)
    io.stdout.write(queues.map((queue) => `${queueFacts(queue, now).join("\t")}\n`).join(""));
  else if (queues.length === 0) io.stdout.write("There are no queues.\n");
  else io.stdout.write(queueTable(queues, { now, width: io.stdout.columns, paint: painter(io, options) }));
  return DONE;
}
