import { resumeQueues } from "../../queue/queues.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { showQueues } from "../show-queues.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const names = [...new Set(invocation.args)];
  // Nothing can be closed in a store that is not there, and none is made for it.
  await using store = await openForReading(invocation, io);
  await resumeQueues(store, names);
  await showQueues(store, names, () => "is open", invocation, io);
  return DONE;
}
