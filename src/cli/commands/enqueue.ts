import { formatDuration } from "../../domain/duration.ts";
import { QueuectlError } from "../../domain/errors.ts";
import type { Job } from "../../domain/job.ts";
import { checkInputs, enqueueJobs, listEnqueued } from "../../queue/enqueue.ts";
import { toJobJson } from "../../queue/job-json.ts";
import { openEmptyStore, storeExists } from "../../store/open-store.ts";
import type { EnqueueReceipt, JobFilter, Store } from "../../store/store.ts";
import type { Invocation } from "../command.ts";
import { openForWriting, readSetting, storeLocation } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { withFlags } from "../job-flags.ts";
import { mapAsync } from "../map-async.ts";
import { hintWhenNobodyWorks } from "../no-worker-hint.ts";
import type { LineCount } from "../read-lines.ts";
import { readSource, type Source, usage } from "../read-source.ts";
import { writeJson, writeJsonArray } from "../render/json.ts";
import { visible } from "../render/visible.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const source = await readWhole(invocation, io);
  await checkBeforehand(source, invocation, io);
  await using store = await openForWriting(invocation, io);
  const maxRetries = (await readSetting(store, "max-retries", invocation, io)) as number;
  const group = source.kind === "array" ? source.group : undefined;
  const receipt = await placingPositions(source, () =>
    enqueueJobs(store, source.inputs, { maxRetries, cwd: io.cwd, now: Date.now(), group }),
  );
  await answer(store, receipt, source, invocation, io);
  if (!invocation.options.has("quiet")) await hint(store, receipt, source, invocation, io);
  return DONE;
}

async function readWhole(invocation: Invocation, io: Io): Promise<Source> {
  const { options } = invocation;
  const source = withFlags(await readSource(invocation, io), invocation, io);
  if (options.has("array") || options.has("each-line"))
    return (await import("../read-array.ts")).readArray(source, invocation, io);
  if (options.has("max-fails"))
    throw usage("--max-fails is for arrays only", "Give --array or --each-line too.");
  return source;
}

/**
 * Refuses what can be refused without the store, and before it is opened: nothing that is refused may leave an empty
 * database behind. Where there is none, nothing is there that a job could wait for.
 */
async function checkBeforehand(source: Source, invocation: Invocation, io: Io): Promise<void> {
  if (Symbol.asyncIterator in source.inputs) return;
  const jobs = checkInputs(source.inputs, io.cwd);
  const doWait = jobs.some(({ dependsOn }) => dependsOn.length > 0);
  if (!doWait || storeExists(storeLocation(invocation, io).path)) return;
  const store = await openEmptyStore();
  try {
    await placingPositions(source, () => store.enqueue(jobs));
  } finally {
    await store.close();
  }
}

/** The store knows what it refuses by its position among the jobs; people know entries and lines. */
async function placingPositions<T>(source: Source, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof QueuectlError) || error.position === undefined) throw error;
    const place = placeOf(error.position, source);
    throw place === null
      ? error
      : new QueuectlError(error.code, `${place}: ${error.message}`, { hint: error.hint });
  }
}

/** Null where there is but one, and for an index, which ends the id that the message names. */
function placeOf(position: number, source: Source): string | null {
  if (!("lines" in source)) return source.kind === "one" ? null : `Entry ${position}`;
  const { lines } = source;
  if (lines === null) return null;
  return lines.isArray ? `Entry ${position}` : `Line ${lineOf(position, lines)}`;
}

function lineOf(position: number, { blankLines }: LineCount): number {
  let line = position;
  for (const blank of blankLines) if (blank <= line) line += 1;
  return line;
}

async function answer(
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
      io.stdout.write(isQuiet ? `${job.id}\n` : `✅ ${text}. ID: ${job.id}\n`);
    }
  }
}

function countText(count: number): string {
  return `${count} ${count === 1 ? "job" : "jobs"}`;
}

/** What is to be known beyond the answer, about what was added. */
async function hint(
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
    const isInherited = first.timeoutMs === null && (kind === "one" || kind === "array");
    const inherited = isInherited ? ((await readSetting(store, "job-timeout", invocation, io)) as number) : 0;
    if (inherited > 0)
      io.stderr.write(
        `${kind === "one" ? "It" : "Each"} may run for ${formatDuration(inherited)} (setting job-timeout); --timeout changes that.\n`,
      );
  }
  await hintWhenNobodyWorks(store, io);
}

/** A word about a job that does not simply wait for a worker. */
function describeFate({ id, state, reason, error }: Job): string | null {
  if (state === "blocked") return `It waits for other jobs: queuectl info ${id}`;
  const isBornDead = reason === "dependency" || state === "cancelled";
  return isBornDead ? `It will not run: ${visible(error ?? state)}` : null;
}

async function describeFates(store: Store, { firstSeq, lastSeq }: EnqueueReceipt): Promise<string | null> {
  const seqs = { first: firstSeq, last: lastSeq };
  for (const state of ["dead", "cancelled"] as const) {
    const job = await firstOf(store, { state, seqs });
    if (job && describeFate(job) !== null) return `Some of them will not run: queuectl list --state ${state}`;
  }
  return (await firstOf(store, { state: "blocked", seqs }))
    ? "Some of them wait for other jobs: queuectl list --state blocked"
    : null;
}

async function firstOf(store: Store, filter: JobFilter): Promise<Job | undefined> {
  for await (const job of store.listJobs(filter)) return job;
  return undefined;
}
