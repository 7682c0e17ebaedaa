import type { Job } from "../../domain/job.ts";
import { lastLines, toJobJson } from "../../queue/job-json.ts";
import type { Store } from "../../store/store.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJsonArray } from "../render/json.ts";
import { renderTable } from "../render/table.ts";
import { isoTime, relativeTime } from "../render/time.ts";
import { visible } from "../render/visible.ts";

/** A dead job and the last thing it printed. */
interface DeadJob {
  job: Job;
  lastLine: string;
}

export async function run(invocation: Invocation, io: Io): Promise<number> {
  await using store = await openForReading(invocation, io);
  if (invocation.options.has("json")) {
    await writeJsonArray(io, toJson(store));
  } else if (io.stdout.isTerminal) {
    listOnTerminal(await Array.fromAsync(deadJobs(store)), invocation, io);
  } else {
    for await (const { job, lastLine } of deadJobs(store)) {
      io.stdout.write(
        `${[job.id, visible(job.command), job.reason ?? "", lastLine, isoTime(job.updatedAt)].join("\t")}\n`,
      );
    }
  }
  return DONE;
}

async function* deadJobs(store: Store): AsyncGenerator<DeadJob> {
  for await (const job of store.listJobs({ state: "dead" })) {
    const last = (await store.listExecutions(job.seq)).at(-1);
    const line =
      lastLines(last?.output?.stderr.tail, 1).trim() ||
      lastLines(last?.output?.stdout.tail, 1).trim() ||
      (job.error ?? "");
    yield { job, lastLine: visible(line) };
  }
}

async function* toJson(store: Store): AsyncGenerator<object> {
  for await (const { job, lastLine } of deadJobs(store)) yield { ...toJobJson(job), last_line: lastLine };
}

function listOnTerminal(dead: readonly DeadJob[], { options }: Invocation, io: Io): void {
  if (dead.length === 0) {
    io.stdout.write("The dead letter queue is empty.\n");
    return;
  }
  const columns = [
    { title: "ID" },
    { title: "COMMAND", isFlexible: true },
    { title: "REASON" },
    { title: "LAST OUTPUT", isFlexible: true },
    { title: "UPDATED" },
  ];
  const now = Date.now();
  const rows = dead.map(({ job, lastLine }) =>
    [job.id, visible(job.command), job.reason ?? "", lastLine, relativeTime(job.updatedAt, now)].map(
      (text) => ({ text }),
    ),
  );
  io.stdout.write(renderTable(columns, rows, io.stdout.columns));
  if (!options.has("quiet"))
    io.stderr.write(
      `\nWhy: queuectl info ${dead[0]?.job.id}   Again: queuectl dlq retry ${dead[0]?.job.id}\n`,
    );
}
