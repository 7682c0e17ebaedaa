import { changeJobs, showWhatWouldChange } from "../change-jobs.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { showChanged } from "../render/job.ts";

/** `retry`, and `dlq retry`, which is for dead jobs only. */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  // Nothing can have ended in a store that is not there, and none is made for it.
  await using store = await openForReading(invocation, io);
  const ids = [...new Set(invocation.args)];
  const change = invocation.command.path[0] === "dlq" ? "retryDead" : "retry";
  if (invocation.options.has("dry-run")) return await showWhatWouldChange(store, ids, change, invocation, io);
  const changed = await changeJobs(store, ids, change, invocation, io);
  if (changed === undefined) return DONE;
  const text = {
    one: "has been re-queued for retry",
    many: "have been re-queued for retry",
  };
  await showChanged(store, { ids, members: changed.members }, () => text, invocation, io);
  return DONE;
}
