import type { Job } from "../../domain/job.ts";
import { lastLines } from "../../queue/info-json.ts";
import { type JobJson, toJobJson } from "../../queue/job-json.ts";
import type { CapturedStream, Store } from "../../store/store.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJsonArray } from "../render/json.ts";
import { renderTable } from "../render/table.ts";
import { isoTime, relativeTime } from "../render/time.ts";
import { visible } from "../render/visible.ts";

/** A dead job and the last line it printed, as it was. */
interface DeadJob {
  job: Job;
  lastLine: string;
}

/** A dead job as `dlq list --json` shows it. */
export interface DeadJobJson extends JobJson {
  last_line: string;
}

export async function run(invocation: Invocation, io: Io): Promise<number> {
  await using store = await openForReading(invocation, io);
  if (invocation.options.has("json")) {
    await writeJsonArray(io, toJson(store));
  } else if (io.stdout.isTerminal) {
    listOnTerminal(await Array.fromAsync(deadJobs(store)), invocation, io);
  } else {
    for await (const dead of deadJobs(store)) {
      io.stdout.write(`${[...facts(dead), isoTime(dead.job.updatedAt)].join("\t")}\n`);
    }
  }
  return DONE;
}

async function* deadJobs(store: Store): AsyncGenerator<DeadJob> {
  for await (const job of store.listJobs({ state: "dead" })) {
    const last = (await store.listExecutions(job.seq)).at(-1);
    const { stderr, stdout } = last?.output ?? {};
    yield { job, lastLine: lastSaid(stderr) ?? lastSaid(stdout) ?? job.error ?? "" };
  }
}

/** The last line that says anything. */
function lastSaid(stream: CapturedStream | undefined): string | undefined {
  const lines = lastLines(stream?.tail, Number.POSITIVE_INFINITY).split("\n");
  return lines.findLast((line) => line.trim() !== "")?.trim();
}

/** What a person sees of one, in a table or a pipe. */
function facts({ job, lastLine }: DeadJob): string[] {
  return [visible(job.id), visible(job.command), job.reason ?? "", visible(lastLine)];
}

async function* toJson(store: Store): AsyncGenerator<DeadJobJson> {
  for await (const { job, lastLine } of deadJobs(store)) yield { ...toJobJson(job), last_line: lastLine };
}

function listOnTerminal(dead: readonly DeadJob[], { options }: Invocation, io: Io): void {
  if (dead.length === 0) {
    io.stdout.write("The dead letter queue is empty.\n");
    return;
  }
  const columns = [
    { title: "ID" },
    { title: "COMMAND", isFlexible: true, sparable: 1 },
    { title: "REASON" },
    { title: "LAST OUTPUT", isFlexible: true },
    { title: "UPDATED", sparable: 2 },
  ];
  const now = Date.now();
  const rows = dead.map((each) =>
    [...facts(each), relativeTime(each.job.updatedAt, now)].map((text) => ({ text })),
  );
  io.stdout.write(renderTable(columns, rows, io.stdout.columns));
  if (!options.has("quiet"))
    io.stderr.write(
      `\nWhy: queuectl info ${dead[0]?.job.id}   Again: queuectl dlq retry ${dead[0]?.job.id}\n`,
    );
}
