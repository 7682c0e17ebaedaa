import { formatDuration } from "../../domain/duration.ts";
import { allowedExecutions, type Job } from "../../domain/job.ts";
import { maskSecrets } from "../../domain/secrets.ts";
import { formatSize } from "../../domain/size.ts";
import { findJob } from "../../queue/find-job.ts";
import { toGroupJson } from "../../queue/group-json.ts";
import { isOutputPruned, lastLines, toInfoJson } from "../../queue/info-json.ts";
import { nextRunAt } from "../../queue/job-json.ts";
import { withOutputSoFar } from "../../queue/read-output.ts";
import type { ExecutionRecord, Store } from "../../store/store.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { type Facts, renderFacts } from "../render/facts.ts";
import { groupText } from "../render/group.ts";
import { writeJson } from "../render/json.ts";
import { painter, STATE_COLOURS } from "../render/style.ts";
import { describeTies } from "../render/ties.ts";
import { timeText } from "../render/time.ts";
import { visible, visibleWithoutColour } from "../render/visible.ts";
import { foldLines, widthOf } from "../render/wrap.ts";

const SHOWN_LINES = 5;

export async function run(invocation: Invocation, io: Io): Promise<number> {
  await using store = await openForReading(invocation, io);
  const [id = ""] = invocation.args;
  const isJson = invocation.options.has("json");
  const group = await store.getGroup(id);
  if (group) {
    if (isJson) writeJson(io, toGroupJson(group));
    else io.stdout.write(groupText(group, io));
    return DONE;
  }
  const job = await findJob(store, id);
  const executions = await withOutputSoFar(store, await store.listExecutions(job.seq));
  const keyLimit = await readKeyLimit(store, job);
  if (isJson) writeJson(io, toInfoJson(job, executions, keyLimit));
  else {
    const ties = await describeTies(store, job);
    io.stdout.write(toText({ job, keyLimit, executions, ties }, invocation, io));
  }
  return DONE;
}

/** What was given last with any job of the key holds for all. */
async function readKeyLimit(store: Store, { key, seq }: Job): Promise<number | null> {
  if (key === null) return null;
  const { gates } = await store.readWaits(seq);
  return gates.find(({ scope }) => scope === "key")?.maxRunning ?? null;
}

interface Known {
  job: Job;
  keyLimit: number | null;
  executions: readonly ExecutionRecord[];
  ties: Facts;
}

function toText(known: Known, { options }: Invocation, io: Io): string {
  const { job, executions, ties } = known;
  const paint = painter(io, options);
  const state = paint(STATE_COLOURS[job.state], job.state) + (job.reason === null ? "" : ` (${job.reason})`);
  const width = widthOf(io.stdout);
  const facts = renderFacts(
    [
      ["Id", visible(job.id)],
      ["Command", visible(job.command)],
      ["State", state],
      ...describe(known, io),
      ...ties,
    ],
    width,
  );
  const history = executions.flatMap((execution) => describeExecution(execution, io));
  return `${[...facts, ...history.map((text) => foldLines(text, width))].join("\n")}\n`;
}

/** The facts that hold for this job. */
function describe({ job, keyLimit }: Known, io: Io): Facts {
  const at = (instant: number | null) => (instant === null ? null : timeText(instant, io));
  const env = Object.entries(maskSecrets(job.env)).map(([name, value]) => `${name}=${value}`);
  return [
    ["Attempts", `${job.attempts}/${allowedExecutions(job)} (failed of allowed executions)`],
    ["Queue", job.queue],
    ["Priority", job.priority === 0 ? null : String(job.priority)],
    ["Tags", job.tags.length === 0 ? null : visible(job.tags.join(", "))],
    ["Directory", job.cwd === null ? null : visible(job.cwd)],
    ["Environment", env.length === 0 ? null : visible(env.join(" "))],
    ["Timeout", job.timeoutMs === null ? null : job.timeoutMs === 0 ? "none" : formatDuration(job.timeoutMs)],
    ["Backoff base", job.backoffBase === null ? null : String(job.backoffBase)],
    ["Stdin", job.stdin === null ? null : formatSize(Buffer.byteLength(job.stdin))],
    ["Created", at(job.createdAt)],
    ["Updated", at(job.updatedAt)],
    ["Run at", at(job.runAt)],
    ["Expires", at(job.expiresAt)],
    ["Unique", job.unique === null ? null : visible(job.unique)],
    ["Key", job.key === null ? null : visible(job.key) + limitText(keyLimit)],
    ["Next retry", at(nextRunAt(job))],
    ["Worker", job.worker],
    ["Suspect", job.suspicion === null ? null : describeSuspicion(job.suspicion)],
    ["Exit code", job.exitCode === null ? null : String(job.exitCode)],
    ["Error", job.error === null ? null : visible(job.error)],
  ];
}

function limitText(limit: number | null): string {
  return limit === null ? "" : ` (at most ${limit} at once)`;
}

function describeSuspicion(crashes: number): string {
  const alone =
    crashes === 0 ? "" : `, and ${crashes === 1 ? "once" : `${crashes} times`} while it ran alone`;
  return `lost with its worker${alone}; it runs alone until it has a result`;
}

function describeExecution(execution: ExecutionRecord, io: Io): string[] {
  const { number, startedAt, durationMs, outcome, worker, error, late, usage } = execution;
  const took = durationMs === null ? "" : `, took ${formatDuration(durationMs)}`;
  const why = error === null || error === outcome || outcome === "succeeded" ? "" : `: ${visible(error)}`;
  const cost =
    usage === null
      ? ""
      : `, ${formatDuration(usage.cpuMs)} of CPU, at most ${formatSize(usage.maxRssKb * 1_024)} in memory`;
  const head = `\nExecution ${number}: ${outcome ?? "running"}${why}\n  started ${timeText(startedAt, io)}${took}${cost}, by ${worker}`;
  const output = (["stdout", "stderr"] as const).flatMap((stream) => {
    const text = lastLines(execution.output?.[stream].tail, SHOWN_LINES);
    if (text === "") return [];
    return visibleWithoutColour(text.replace(/\n$/, ""))
      .split("\n")
      .map((line) => `  ${stream}: ${line}`);
  });
  const tooLate =
    late === null ? [] : [`  ended late, and not counted: ${late.outcome} ${timeText(late.at, io)}`];
  const pruned = isOutputPruned(execution) ? ["  its output has been removed (setting retain-logs)"] : [];
  return [head, ...tooLate, ...output, ...pruned];
}
