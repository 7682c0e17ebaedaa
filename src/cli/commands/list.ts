import { QueuectlError } from "../../domain/errors.ts";
import { isJobState, JOB_STATES, type JobState } from "../../domain/job.ts";
import { suggest } from "../../domain/suggest.ts";
import { requireGroup } from "../../queue/find-job.ts";
import { toJobJson } from "../../queue/job-json.ts";
import type { JobFilter, Store } from "../../store/store.ts";
import { readCount } from "../arguments.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { mapAsync } from "../map-async.ts";
import { hintWhenJobsWaitInVain } from "../no-worker-hint.ts";
import { jobLine, jobTable } from "../render/job.ts";
import { writeJsonArray } from "../render/json.ts";
import { painter } from "../render/style.ts";
import { MOST_ON_TERMINAL } from "../render/table.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { options } = invocation;
  const state = readState(options.text("state"));
  const limit = readCount(options, "limit", { min: 1, max: Number.MAX_SAFE_INTEGER });
  await using store = await openForReading(invocation, io);
  const group = options.text("of");
  if (group !== undefined) await requireGroup(store, group);
  const filter = { state, group, newest: limit };
  if (options.has("json")) {
    await writeJsonArray(io, mapAsync(store.listJobs(filter), toJobJson));
  } else if (io.stdout.isTerminal) {
    await listOnTerminal(store, filter, invocation, io);
  } else {
    const paint = painter(io, options);
    for await (const job of store.listJobs(filter)) io.stdout.write(jobLine(job, paint));
  }
  if (state === undefined || state === "pending" || state === "failed")
    await hintWhenJobsWaitInVain(store, invocation, io);
  return DONE;
}

async function listOnTerminal(
  store: Store,
  filter: JobFilter,
  invocation: Invocation,
  io: Io,
): Promise<void> {
  const { state, group, newest } = filter;
  const jobs = await Array.fromAsync(store.listJobs({ ...filter, newest: newest ?? MOST_ON_TERMINAL }));
  const counts = group === undefined ? await store.counts(null) : (await requireGroup(store, group)).counts;
  const all =
    state === undefined ? Object.values(counts).reduce((sum, count) => sum + count, 0) : counts[state];
  if (jobs.length === 0)
    io.stdout.write(state === undefined ? "There are no jobs.\n" : `There are no ${state} jobs.\n`);
  else io.stdout.write(jobTable(jobs, invocation, io));
  if (newest === undefined && all > jobs.length)
    io.stdout.write(
      `and ${all - jobs.length} older ones; all of them: queuectl list${group === undefined ? "" : ` --of ${group}`} | less, or --limit N\n`,
    );
}

function readState(text: string | undefined): JobState | undefined {
  if (text === undefined || isJobState(text)) return text;
  const near = suggest(text, JOB_STATES);
  throw new QueuectlError("invalid_usage", `There is no state "${text}"`, {
    hint: `${near.length > 0 ? `Did you mean ${near.join(" or ")}? ` : ""}The states: ${JOB_STATES.join(", ")}.`,
  });
}
