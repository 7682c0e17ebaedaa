import { QueuectlError, restate } from "../../domain/errors.ts";
import { checkInputs, enqueueJobs } from "../../queue/enqueue.ts";
import { openEmptyStore, storeExists } from "../../store/open-store.ts";
import type { Invocation } from "../command.ts";
import { openForWriting, readSetting, storeLocation } from "../context.ts";
import { answer, hint } from "../enqueue-answer.ts";
import { DONE } from "../exit-codes.ts";
import { wantsHints } from "../hint.ts";
import type { Io } from "../io.ts";
import { flagWords, withFlags } from "../job-flags.ts";
import type { LineCount } from "../read-lines.ts";
import { readSource, type Source } from "../read-source.ts";
import { usage } from "../usage.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const source = await readWhole(invocation, io);
  await checkBeforehand(source, invocation, io);
  await using store = await openForWriting(invocation, io);
  const maxRetries = (await readSetting(store, "max-retries", invocation, io)) as number;
  const group = source.kind === "array" ? source.group : undefined;
  const words = flagWords(invocation);
  const receipt = await placingPositions(source, () =>
    enqueueJobs(store, source.inputs, { maxRetries, cwd: io.cwd, now: Date.now(), words, group }),
  );
  await answer(store, receipt, source, invocation, io);
  if (wantsHints(invocation)) await hint(store, receipt, source, invocation, io);
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
  if (source.kind === "stream") return;
  const inputs = source.kind === "array" ? source.checkable : source.inputs;
  const context = { cwd: io.cwd, words: flagWords(invocation) };
  const jobs = checkInputs(inputs, context);
  const doWait = jobs.some(({ dependsOn }) => dependsOn.length > 0);
  if (!doWait || storeExists(storeLocation(invocation, io).path)) return;
  const store = await openEmptyStore();
  try {
    await placingPositions(source, () =>
      enqueueJobs(store, inputs, { ...context, maxRetries: 0, now: Date.now() }),
    );
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
    throw place === null ? error : restate(error, `${place}: ${error.message}`);
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
