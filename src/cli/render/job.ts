import { allowedExecutions, type Job } from "../../domain/job.ts";
import type { Members } from "../../queue/change-jobs.ts";
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

/** The ids of people and schedules are shorter; a longer one is cut before all else is left out. */
const LONGEST_ID = 40;

/** Jobs on a terminal: aligned, coloured, the command cut where the line would be too long. */
export function jobTable(jobs: readonly Job[], { options }: Invocation, io: Io): string {
  const paint = painter(io, options);
  const now = Date.now();
  const columns = [
    { title: "ID", worth: LONGEST_ID },
    { title: "COMMAND", isFlexible: true, sparable: 1 },
    { title: "STATE" },
    { title: "ATTEMPTS", sparable: 2 },
    { title: "UPDATED", sparable: 3 },
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
  /** `has been cancelled`. */
  one: string;
  many: string;
}

/**
 * The answer of a verb that changed jobs: a line for each id, or all of the jobs that it changed as they are now.
 * @param members by the id of a group, those of its jobs that were changed
 */
export async function showChanged(
  store: Store,
  { ids, members }: { ids: readonly string[]; members: Members },
  textFor: (id: string) => ChangeText,
  { options }: Invocation,
  io: Io,
): Promise<void> {
  if (options.has("json"))
    return await writeJsonArray(
      io,
      mapAsync(
        listById(
          store,
          ids.flatMap((id) => members.get(id)?.ids ?? id),
        ),
        toJobJson,
      ),
    );
  if (options.has("quiet")) return;
  for (const id of ids) {
    const { one, many } = textFor(id);
    const changed = members.get(id);
    if (changed === undefined) io.stdout.write(`✅ Job ${id} ${one}.\n`);
    else {
      const { length } = changed.ids;
      io.stdout.write(`✅ ${jobsOf(length, changed.kind, id)} ${length === 1 ? one : many}.\n`);
    }
  }
}

/** `3 jobs of the array sweep`. */
export function jobsOf(count: number, kind: string, id: string): string {
  return `${count} ${count === 1 ? "job" : "jobs"} of the ${kind} ${id}`;
}

async function* listById(store: Store, ids: readonly string[]): AsyncGenerator<Job> {
  for (const id of new Set(ids)) {
    const job = await store.getJob(id);
    if (job) yield job;
  }
}
