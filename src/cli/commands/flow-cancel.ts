import { cancelFlow } from "../../queue/flow.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { showChangedFlow } from "../show-flow.ts";
import { waitForEnds } from "./cancel.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  const id = args[0] ?? "";
  await using store = await openForReading(invocation, io);
  const running = await cancelFlow(store, id, Date.now());
  const isOver = !options.has("no-wait") || running.length === 0;
  if (isOver) await waitForEnds(store, running, invocation, io);
  await showChangedFlow(store, id, isOver ? "has been cancelled" : "is being cancelled", invocation, io);
  return DONE;
}
