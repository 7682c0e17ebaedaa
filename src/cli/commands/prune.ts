import { toRetention } from "../../config/retention.ts";
import { QueuectlError } from "../../domain/errors.ts";
import type { Retention } from "../../domain/retention.ts";
import { applyRetention, type OldJobs, type Pruned, removeJobs } from "../../queue/prune.ts";
import type { ExpiringState, Store } from "../../store/store.ts";
import { readDuration } from "../arguments.ts";
import type { Invocation } from "../command.ts";
import { confirm } from "../confirm.ts";
import { openForReading, readAllSettings } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";

/** The answer of `prune --json`. */
export interface PrunedJson {
  /** Jobs by state. */
  removed: Record<ExpiringState, number>;
  /** Executions that lost their output and stay in the history. */
  outputs_removed: number;
  dry_run: boolean;
}

const STATES: readonly ExpiringState[] = ["completed", "cancelled", "dead"];

/**
 * Removes what is older than it is to be kept. Without --older it does only what the workers would do by themselves, so
 * it asks nothing; with it, it goes beyond what was agreed on, and asks first. Dead jobs go no other way.
 */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { options } = invocation;
  const chosen = readState(invocation);
  const olderMs = readDuration(options, "older");
  if (chosen === "dead" && olderMs === undefined)
    throw new QueuectlError("invalid_usage", "Dead jobs are kept until a person removes them", {
      hint: "Say which: queuectl prune --state dead --older 90d, or queuectl dlq remove ID",
    });
  await using store = await openForReading(invocation, io);
  const retention = toRetention(await readAllSettings(store, invocation, io));
  const now = Date.now();
  const states = chosen ? [chosen] : STATES.filter((state) => state !== "dead");
  const old = states.map((state) => ({ state, olderMs: olderMs ?? retentionOf(retention, state), now }));
  const found = await countAll(store, old);
  if (options.has("dry-run")) return report("Would remove", { jobs: found, outputs: 0 }, invocation, io);
  const question = `Remove ${describe(found)} with their history and output?`;
  if (olderMs !== undefined && sum(found) > 0 && !(await confirm(question, invocation, io))) return DONE;
  const isAll = chosen === undefined && olderMs === undefined;
  const pruned = isAll ? await applyRetention(store, retention) : await removeAll(store, old);
  return report("Removed", pruned, invocation, io);
}

function readState({ options }: Invocation): ExpiringState | undefined {
  const text = options.text("state");
  const state = STATES.find((each) => each === text);
  if (text === undefined || state) return state;
  throw new QueuectlError("invalid_usage", `--state cannot be "${text}"`, {
    hint: `Only finished jobs are removed: ${STATES.join(", ")}.`,
  });
}

function retentionOf({ completedMs, cancelledMs }: Retention, state: ExpiringState): number | null {
  if (state === "dead") return null;
  return state === "completed" ? completedMs : cancelledMs;
}

async function countAll(store: Store, old: readonly OldJobs[]): Promise<Pruned["jobs"]> {
  const found = { completed: 0, cancelled: 0, dead: 0 };
  for (const { state, olderMs, now } of old)
    if (olderMs !== null) found[state] = await store.countExpired({ state, before: now - olderMs });
  return found;
}

async function removeAll(store: Store, old: readonly OldJobs[]): Promise<Pruned> {
  const jobs = { completed: 0, cancelled: 0, dead: 0 };
  for (const each of old) jobs[each.state] = await removeJobs(store, each);
  return { jobs, outputs: 0 };
}

function report(did: string, { jobs, outputs }: Pruned, { options }: Invocation, io: Io): number {
  if (options.has("json"))
    writeJson(io, {
      removed: jobs,
      outputs_removed: outputs,
      dry_run: options.has("dry-run"),
    } satisfies PrunedJson);
  else if (!options.has("quiet")) {
    const older = outputs === 0 ? "" : `, and the output of ${outputs} older executions`;
    io.stdout.write(`${did} ${describe(jobs)}${older}.\n`);
  }
  return DONE;
}

function describe(jobs: Pruned["jobs"]): string {
  const total = sum(jobs);
  const parts = STATES.filter((state) => jobs[state] > 0).map((state) => `${jobs[state]} ${state}`);
  const which = parts.length === 0 ? "" : ` (${parts.join(", ")})`;
  return `${total} ${total === 1 ? "job" : "jobs"}${which}`;
}

function sum(jobs: Pruned["jobs"]): number {
  return jobs.completed + jobs.cancelled + jobs.dead;
}
