import { requireJobs } from "../../queue/find-job.ts";
import { removeOutputFiles } from "../../queue/prune.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { showChanged } from "../render/job.ts";
import { writeJson } from "../render/json.ts";

/** The answer of `dlq remove --json`. */
export interface RemovedJson {
  removed: readonly string[];
}

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  // Nothing can be dead in a store that is not there, and none is made for it.
  await using store = await openForReading(invocation, io);
  const ids = [...new Set(args)];
  await requireJobs(store, ids);
  const tokens = await store.removeDead(ids);
  // After the commit: a log without a job is litter, a job without its log would be a loss.
  await removeOutputFiles(store, tokens);
  if (options.has("json")) writeJson(io, { removed: ids } satisfies RemovedJson);
  else {
    const text = { jobs: "dead", one: "has been removed", many: "have been removed" };
    await showChanged(store, ids, () => text, invocation, io);
  }
  return DONE;
}
