import { refuseGroupChange } from "../../domain/refuse-change.ts";
import { changeNamed, findNamed } from "../../queue/change-jobs.ts";
import { requireFlow } from "../../queue/find-flow.ts";
import { readFlow } from "../../queue/flow.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { showChangedFlow } from "../show-flow.ts";
import { waitForEnds } from "./cancel.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const id = invocation.args[0] ?? "";
  await using store = await openForReading(invocation, io);
  const flow = await requireFlow(store, id);
  // No question: who names a flow to this verb means all of it.
  const named = await findNamed(store, [id], "cancel");
  const changed = await changeNamed(store, named, { change: "cancel", now: Date.now() });
  const isOver = !invocation.options.has("no-wait") || changed.running.length === 0;
  if (isOver) await waitForEnds(store, changed.running, invocation, io);
  // Its last steps may have been quicker, and then it is done.
  if (isOver && (await readFlow(store, (await store.getGroup(id)) ?? flow)).state === "completed")
    throw refuseGroupChange("cancel", id);
  await showChangedFlow(store, id, isOver ? "has been cancelled" : "is being cancelled", invocation, io);
  return DONE;
}
