import { retryFlow } from "../../queue/flow.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { showChangedFlow } from "../show-flow.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const id = invocation.args[0] ?? "";
  await using store = await openForReading(invocation, io);
  await retryFlow(store, id, Date.now());
  await showChangedFlow(store, id, "has been re-queued for retry", invocation, io);
  return DONE;
}
