import { findNamed, listNamed } from "../../queue/change-jobs.ts";
import { getFlow } from "../../queue/find-flow.ts";
import { removeOutputFiles } from "../../queue/prune.ts";
import type { Store } from "../../store/store.ts";
import { changeJobs, whatIsNamed } from "../change-jobs.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import type { RemovedJson } from "../removed-json.ts";
import { showChanged } from "../render/job.ts";
import { writeJson } from "../render/json.ts";

/** The answer of `dlq remove --json`. */
export interface RemovedJobsJson extends RemovedJson {
  dry_run: boolean;
}

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  // Nothing can be dead in a store that is not there, and none is made for it.
  await using store = await openForReading(invocation, io);
  const ids = [...new Set(args)];
  if (options.has("dry-run")) return await showWhatWouldGo(store, ids, invocation, io);
  const changed = await changeJobs(store, ids, "removeDead", invocation, io);
  if (changed === undefined) return DONE;
  const { members, tokens } = changed;
  // After the commit: a log without a job is litter, a job without its log would be a loss.
  await removeOutputFiles(store, tokens);
  if (options.has("json")) {
    const removed = new Set(ids.flatMap((id) => members.get(id)?.ids ?? id));
    writeJson(io, { removed: [...removed], dry_run: false } satisfies RemovedJobsJson);
  } else {
    const text = { one: "has been removed", many: "have been removed" };
    await showChanged(store, { ids, members }, () => text, invocation, io);
    // It may look completed now.
    for (const id of ids)
      if (!options.has("quiet") && (await getFlow(store, id)))
        io.stderr.write(`The flow ${id} lacks these steps now: how it stands is told of the others.\n`);
  }
  return DONE;
}

async function showWhatWouldGo(
  store: Store,
  ids: readonly string[],
  { options }: Invocation,
  io: Io,
): Promise<number> {
  const named = await findNamed(store, ids, "removeDead");
  if (options.has("json")) {
    const removed = await listNamed(store, named, "removeDead");
    writeJson(io, { removed, dry_run: true } satisfies RemovedJobsJson);
  } else if (!options.has("quiet")) io.stdout.write(`Would remove ${whatIsNamed(named)}.\n`);
  return DONE;
}
