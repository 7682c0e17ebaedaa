import { allowedExecutions, type Job } from "../../domain/job.ts";
import type { Invocation } from "../command.ts";
import type { Io } from "../io.ts";
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
