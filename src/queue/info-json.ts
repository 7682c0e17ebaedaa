import type { Job } from "../domain/job.ts";
import type { OutcomeKind } from "../domain/outcome.ts";
import { maskSecrets } from "../domain/secrets.ts";
import type { ExecutionRecord } from "../store/store.ts";
import { type JobJson, toIso, toJobJson, toSeconds } from "./job-json.ts";

/** The answer of `info`: the job, its variables with secrets masked, its history. */
export interface InfoJson extends JobJson {
  /** How often in a row it was lost with its worker while it ran alone; null when it is no suspect. */
  suspicion: number | null;
  /** How many jobs of its key may run at once now; null without a key. */
  key_limit: number | null;
  env: Readonly<Record<string, string>>;
  executions: readonly ExecutionJson[];
}

export interface ExecutionJson {
  number: number;
  worker: string;
  started_at: string;
  finished_at: string | null;
  duration: number | null;
  outcome: OutcomeKind | null;
  exit_code: number | null;
  signal: string | null;
  error: string | null;
  /** What came of it after its claim was lost, and when; it counted for nothing. */
  late_outcome: OutcomeKind | null;
  late_at: string | null;
  cpu_seconds: number | null;
  max_rss_kb: number | null;
  stdout_tail: string;
  stderr_tail: string;
  /** True once its output was removed (setting retain-logs). */
  output_pruned: boolean;
}

/** @param keyLimit of its key, as it is now */
export function toInfoJson(
  job: Job,
  executions: readonly ExecutionRecord[],
  keyLimit: number | null,
): InfoJson {
  const { suspicion } = job;
  return {
    ...toJobJson(job),
    suspicion,
    key_limit: keyLimit,
    env: maskSecrets(job.env),
    executions: executions.map(toExecutionJson),
  };
}

function toExecutionJson(execution: ExecutionRecord): ExecutionJson {
  return {
    number: execution.number,
    worker: execution.worker,
    started_at: new Date(execution.startedAt).toISOString(),
    finished_at: toIso(execution.finishedAt),
    duration: toSeconds(execution.durationMs),
    outcome: execution.outcome,
    exit_code: execution.exitCode,
    signal: execution.signal,
    error: execution.error,
    late_outcome: execution.late?.outcome ?? null,
    late_at: toIso(execution.late?.at ?? null),
    cpu_seconds: toSeconds(execution.usage?.cpuMs ?? null),
    max_rss_kb: execution.usage?.maxRssKb ?? null,
    stdout_tail: lastLines(execution.output?.stdout.tail),
    stderr_tail: lastLines(execution.output?.stderr.tail),
    output_pruned: isOutputPruned(execution),
  };
}

/** True when it has printed something of which its row holds nothing any more. */
export function isOutputPruned({ output }: ExecutionRecord): boolean {
  if (!output) return false;
  const { stdout, stderr } = output;
  return stdout.totalBytes + stderr.totalBytes > 0 && stdout.tail.length + stderr.tail.length === 0;
}

const TAIL_LINES = 20;

/** The last lines of a stream. Bytes that are no UTF-8 become U+FFFD, but not a character that the cut went through. */
export function lastLines(tail: Uint8Array = new Uint8Array(), most: number = TAIL_LINES): string {
  const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;
  const start = [0, 1, 2].find((index) => !isContinuation(tail[index])) ?? 3;
  const text = new TextDecoder().decode(tail.subarray(start));
  const body = text.endsWith("\n") ? text.slice(0, -1) : text;
  const lines = body.split("\n");
  return lines.length <= most ? text : lines.slice(-most).join("\n") + (text.endsWith("\n") ? "\n" : "");
}
