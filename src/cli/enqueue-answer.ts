import type { Job } from "../domain/job.ts";
import { listEnqueued } from "../queue/enqueue.ts";
import { toJobJson } from "../queue/job-json.ts";
import type { EnqueueReceipt, JobFilter, Store } from "../store/store.ts";
import type { Invocation } from "./command.ts";
import type { Io } from "./io.ts";
import { mapAsync } from "./map-async.ts";
import { hintWhenNobodyWorks } from "./no-worker-hint.ts";
import type { Source } from "./read-source.ts";
import { writeJson, writeJsonArray } from "./render/json.ts";
import { visible } from "./render/visible.ts";
import { sayInheritedTimeout } from "./say-timeout.ts";

/** The answer of `enqueue`, in the shape in which the jobs were given. */
export async function answer(
  store: Store,
  receipt: EnqueueReceipt,
  source: Source,
  { options }: Invocation,
  io: Io,
): Promise<void> {
  const jobs = listEnqueued(store, receipt);
  const isQuiet = options.has("quiet");
  if (options.has("json")) {
    if (source.kind !== "one")
      return await writeJsonArray(
        io,
        mapAsync(jobs, ({ job }) => toJobJson(job)),
      );
    for await (const { job } of jobs) writeJson(io, toJobJson(job));
  } else if (source.kind === "array") {
    const { id, maxRunning } = source.group;
    const cap = maxRunning === null ? "" : `, at most ${maxRunning} at once`;
    const text = `✅ Array enqueued successfully. ID: ${id} (${countText(receipt.count)}${cap})`;
    io.stdout.write(`${isQuiet ? id : text}\n`);
  } else if (source.kind === "stream" && !isQuiet) {
    const old = receipt.existing.length > 0 ? ` ${receipt.existing.length} existed already.` : "";
    io.stdout.write(`✅ ${countText(receipt.count)} enqueued successfully.${old}\n`);
  } else {
    for await (const { job, isNew } of jobs) {
      const text = isNew ? "Job enqueued successfully" : "Job exists already";
      const why = isNew ? whyBornDead(job) : null;
      const answer = why === null ? `✅ ${text}` : `Job enqueued, but ${job.state} at once: ${why}`;
      io.stdout.write(isQuiet ? `${job.id}\n` : `${answer}. ID: ${job.id}\n`);
    }
  }
}

/** Why a job that was just added will not run; null when it may. */
function whyBornDead({ state, reason, error, executions }: Job): string | null {
  const isBornDead = executions === 0 && (reason === "dependency" || state === "cancelled");
  return isBornDead ? visible(error ?? state) : null;
}

function countText(count: number): string {
  return `${count} ${count === 1 ? "job" : "jobs"}`;
}

/** What is to be known beyond the answer, about what was added. */
export async function hint(
  store: Store,
  receipt: EnqueueReceipt,
  { kind }: Source,
  invocation: Invocation,
  io: Io,
): Promise<void> {
  const { firstSeq, lastSeq } = receipt;
  const first = await firstOf(store, { seqs: { first: firstSeq, last: Math.min(firstSeq, lastSeq) } });
  if (first) {
    const fate = kind === "one" ? describeFate(first) : await describeFates(store, receipt);
    if (fate !== null) io.stderr.write(`${fate}\n`);
    // Of one that will not run, that is all there is to say.
    if (kind === "one" && whyBornDead(first) !== null) return;
    const isInherited = first.timeoutMs === null && (kind === "one" || kind === "array");
    const whose = kind === "one" ? "It" : "Each";
    if (isInherited) await sayInheritedTimeout(store, { whose, change: "--timeout" }, invocation, io);
  }
  await hintWhenNobodyWorks(store, first ? [first.queue] : [], invocation, io);
}

/** A word about a job that does not simply wait for a worker. */
function describeFate(job: Job): string | null {
  if (job.state === "blocked") return `It waits for other jobs: queuectl info ${job.id}`;
  return job.state === "dead" && whyBornDead(job) !== null ? `What helps: queuectl explain ${job.id}` : null;
}

async function describeFates(store: Store, { firstSeq, lastSeq }: EnqueueReceipt): Promise<string | null> {
  const seqs = { first: firstSeq, last: lastSeq };
  for (const state of ["dead", "cancelled"] as const) {
    const job = await firstOf(store, { state, seqs });
    if (job && whyBornDead(job) !== null) return `Some of them will not run: queuectl list --state ${state}`;
  }
  return (await firstOf(store, { state: "blocked", seqs }))
    ? "Some of them wait for other jobs: queuectl list --state blocked"
    : null;
}

async function firstOf(store: Store, filter: JobFilter): Promise<Job | undefined> {
  for await (const job of store.listJobs(filter)) return job;
  return undefined;
}
