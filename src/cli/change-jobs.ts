import type { Change } from "../domain/refuse-change.ts";
import { type Changed, changeNamed, findNamed, listNamed, type Named } from "../queue/change-jobs.ts";
import { type JobJson, toJobJson } from "../queue/job-json.ts";
import type { Store } from "../store/store.ts";
import type { Invocation } from "./command.ts";
import { confirm } from "./confirm.ts";
import { DONE } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import { jobsOf } from "./render/job.ts";
import { writeJsonArray } from "./render/json.ts";

const VERBS: Readonly<Record<Change, string>> = {
  cancel: "Cancel",
  retry: "Retry",
  retryDead: "Retry",
  removeDead: "Remove",
};

/**
 * Does what a verb does to what was named. Who names a group may not know how many jobs that are: on a terminal they are
 * asked, if there are several. What cannot be undone is done nowhere without a yes.
 * @returns undefined when the answer was no
 */
export async function changeJobs(
  store: Store,
  ids: readonly string[],
  change: Change,
  invocation: Invocation,
  io: Io,
): Promise<Changed | undefined> {
  const named = await findNamed(store, ids, change);
  const forGood = change === "removeDead" ? " with their history and output" : "";
  const question = `${VERBS[change]} ${whatIsNamed(named)}${forGood}?`;
  const mustAsk = change === "removeDead" || (io.canAsk && !invocation.options.has("json"));
  if (mustAsk && countOf(named) > 1 && !(await confirm(question, invocation, io))) return undefined;
  return await changeNamed(store, named, { change, now: Date.now() }, progress(change, invocation, io));
}

/** `--dry-run`: what the verb would change, as it is now. */
export async function showWhatWouldChange(
  store: Store,
  ids: readonly string[],
  change: Exclude<Change, "removeDead">,
  { options }: Invocation,
  io: Io,
): Promise<number> {
  const named = await findNamed(store, ids, change);
  if (options.has("json")) await writeJsonArray(io, readJobs(store, await listNamed(store, named, change)));
  else if (!options.has("quiet"))
    io.stdout.write(`Would ${VERBS[change].toLowerCase()} ${whatIsNamed(named)}.\n`);
  return DONE;
}

async function* readJobs(store: Store, ids: readonly string[]): AsyncGenerator<JobJson, void, undefined> {
  for (const id of ids) {
    const job = await store.getJob(id);
    if (job) yield toJobJson(job);
  }
}

function countOf({ groups }: Named): number {
  return groups.reduce((sum, { count }) => sum + count, 0);
}

/** `3 jobs of the array sweep, 1 other job`. */
export function whatIsNamed({ jobs, groups }: Named): string {
  const parts = groups.map(({ group, count }) => jobsOf(count, group.kind, group.id));
  const other = groups.length === 0 ? "" : "other ";
  if (jobs.length > 0) parts.push(`${jobs.length} ${other}${jobs.length === 1 ? "job" : "jobs"}`);
  return parts.join(", ");
}

/** One line that changes, and is gone when the work is done. */
function progress(
  change: Change,
  { options }: Invocation,
  io: Io,
): ((group: string, done: number, total: number) => void) | undefined {
  if (!io.stderr.isTerminal || options.has("quiet")) return undefined;
  return (group, done, total) =>
    io.stderr.write(done < total ? `\r${VERBS[change]} ${group}: ${done} of ${total}` : "\r\u001b[K");
}
