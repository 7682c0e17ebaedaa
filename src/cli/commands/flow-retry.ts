import { changeNamed, findNamed } from "../../queue/change-jobs.ts";
import { requireFlow } from "../../queue/find-flow.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { showChangedFlow } from "../show-flow.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const id = invocation.args[0] ?? "";
  await using store = await openForReading(invocation, io);
  await requireFlow(store, id);
  const named = await findNamed(store, [id], "retry");
  const changed = await changeNamed(store, named, { change: "retry", now: Date.now() });
  const count = changed.members.get(id)?.ids.length ?? 0;
  const steps = `${count} ${count === 1 ? "step" : "steps"}`;
  await showChangedFlow(store, id, `has been re-queued for retry: ${steps}`, invocation, io);
  return DONE;
}
