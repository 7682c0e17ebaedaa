import { allowedExecutions, type Job } from "../../domain/job.ts";
import { toJobJson } from "../../queue/job-json.ts";
import type { Store } from "../../store/store.ts";
import type { Invocation } from "../command.ts";
import type { Io } from "../io.ts";
import { mapAsync } from "../map-async.ts";
import { writeJsonArray } from "./json.ts";
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

/** What was done to jobs, in words. */
export interface ChangeText {
  /** Which jobs of a group it is done to. */
  jobs: string;
  /** `has been cancelled`. */
  one: string;
  many: string;
}

/** The answer of a verb that changed jobs: a line for each id, or all of the jobs as they are now. */
export async function showChanged(
  store: Store,
  ids: readonly string[],
  textFor: (id: string) => ChangeText,
  { options }: Invocation,
  io: Io,
): Promise<void> {
  if (options.has("json")) return await writeJsonArray(io, mapAsync(listNamed(store, ids), toJobJson));
  if (options.has("quiet")) return;
  for (const id of ids) {
    const { jobs, one, many } = textFor(id);
    const group = await store.getGroup(id);
    io.stdout.write(
      group ? `✅ The ${jobs} jobs of the ${group.kind} ${id} ${many}.\n` : `✅ Job ${id} ${one}.\n`,
    );
  }
}

/** The jobs that are named; by the id of a group, all of its. */
async function* listNamed(store: Store, ids: readonly string[]): AsyncGenerator<Job> {
  for (const id of ids) {
    const job = await store.getJob(id);
    if (job) yield job;
    else yield* store.listJobs({ group: id });
  }
}
