import { QueuectlError } from "../../domain/errors.ts";
import { isJobState, JOB_STATES, type JobState } from "../../domain/job.ts";
import { suggest } from "../../domain/suggest.ts";
import { requireGroup } from "../../queue/find-job.ts";
import { toJobJson } from "../../queue/job-json.ts";
import type { JobFilter, Store } from "../../store/store.ts";
import { readCount, readQueues } from "../arguments.ts";
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
import { hintAtUnknown } from "../show-queues.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { options } = invocation;
  const state = readState(options.text("state"));
  const limit = readCount(options, "limit", { min: 1, max: Number.MAX_SAFE_INTEGER });
  const queues = readQueues(options) ?? undefined;
  await using store = await openForReading(invocation, io);
  const group = options.text("of");
  if (group !== undefined) await requireGroup(store, group);
  const filter = { state, group, queues, newest: limit };
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
  if (queues !== undefined) await hintAtUnknown(store, queues, invocation, io);
  return DONE;
}

async function listOnTerminal(
  store: Store,
  filter: JobFilter,
  invocation: Invocation,
  io: Io,
): Promise<void> {
  const { state, newest } = filter;
  const jobs = await Array.fromAsync(store.listJobs({ ...filter, newest: newest ?? MOST_ON_TERMINAL }));
  if (jobs.length === 0) {
    const where = filter.queues === undefined ? "" : " in these queues";
    io.stdout.write(`There are no ${state === undefined ? "" : `${state} `}jobs${where}.\n`);
  } else io.stdout.write(jobTable(jobs, invocation, io));
  if (newest !== undefined || jobs.length < MOST_ON_TERMINAL) return;
  const older = await howManyOlder(store, filter, jobs.length);
  if (older !== 0)
    io.stdout.write(
      `and ${older === null ? "perhaps" : older} older ones; all of them: ${sameList(filter)} | less, or --limit N\n`,
    );
}

/** By kept counters; null where none is kept. */
async function howManyOlder(
  store: Store,
  { state, group, queues }: JobFilter,
  shown: number,
): Promise<number | null> {
  if (group !== undefined && queues !== undefined) return null;
  const counts =
    group === undefined ? await store.counts(queues ?? null) : (await requireGroup(store, group)).counts;
  const all =
    state === undefined ? Object.values(counts).reduce((sum, count) => sum + count, 0) : counts[state];
  return Math.max(0, all - shown);
}

function sameList({ state, group, queues = [] }: JobFilter): string {
  const flags = [
    ...(state === undefined ? [] : [`--state ${state}`]),
    ...(group === undefined ? [] : [`--of ${group}`]),
    ...queues.map((queue) => `--queue ${queue}`),
  ];
  return ["queuectl list", ...flags].join(" ");
}

function readState(text: string | undefined): JobState | undefined {
  if (text === undefined || isJobState(text)) return text;
  const near = suggest(text, JOB_STATES);
  throw new QueuectlError("invalid_usage", `There is no state "${text}"`, {
    hint: `${near.length > 0 ? `Did you mean ${near.join(" or ")}? ` : ""}The states: ${JOB_STATES.join(", ")}.`,
  });
}
