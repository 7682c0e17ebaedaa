import { allowedExecutions, type Job } from "../../domain/job.ts";
import { toJobJson } from "../../queue/job-json.ts";
import type { Store } from "../../store/store.ts";
import type { Invocation } from "../command.ts";
import type { Io } from "../io.ts";
import { writeJson } from "./json.ts";
import { type Paint, painter, STATE_COLOURS } from "./style.ts";
import { renderTable } from "./table.ts";
import { isoTime, relativeTime } from "./time.ts";
import { visible } from "./visible.ts";

/** Failed of allowed executions: `2/4`. */
function attemptsText(job: Job): string {
  return `${job.attempts}/${allowedExecutions(job)}`;
}

/** A job in a pipe: nothing cut, fields apart by tabs, which are visible in texts. */
export function jobLine(job: Job, paint: Paint): string {
  const state = paint(STATE_COLOURS[job.state], job.state);
  return `${[visible(job.id), visible(job.command), state, attemptsText(job), isoTime(job.updatedAt)].join("\t")}\n`;
}

/** Jobs on a terminal: aligned, coloured, the command cut where the line would be too long. */
export function jobTable(jobs: readonly Job[], { options }: Invocation, io: Io): string {
  const paint = painter(io, options);
  const now = Date.now();
  const columns = [
    { title: "ID" },
    { title: "COMMAND", isFlexible: true },
    { title: "STATE" },
    { title: "ATTEMPTS" },
    { title: "UPDATED" },
  ];
  const rows = jobs.map((job) => [
    { text: visible(job.id) },
    { text: visible(job.command) },
    { text: job.state, paint: (text: string) => paint(STATE_COLOURS[job.state], text) },
    { text: attemptsText(job) },
    { text: relativeTime(job.updatedAt, now) },
  ]);
  return renderTable(columns, rows, io.stdout.columns);
}

/** The answer of a verb that changed jobs: a line each, or all of them as they are now. */
export async function showChanged(
  store: Store,
  ids: readonly string[],
  say: (id: string) => string,
  { options }: Invocation,
  io: Io,
): Promise<void> {
  if (options.has("json")) {
    const jobs = await Promise.all(ids.map((id) => store.getJob(id)));
    writeJson(
      io,
      jobs.flatMap((job) => (job ? [toJobJson(job)] : [])),
    );
  } else if (!options.has("quiet")) {
    io.stdout.write(ids.map((id) => `✅ Job ${id} ${say(id)}.\n`).join(""));
  }
}
