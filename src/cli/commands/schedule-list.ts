import { jobOf, toScheduleJson } from "../../queue/schedule-json.ts";
import type { ScheduleRecord } from "../../store/schedule-store.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";
import { renderTable } from "../render/table.ts";
import { isoTime, relativeTime } from "../render/time.ts";
import { visible } from "../render/visible.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  await using store = await openForReading(invocation, io);
  const schedules = await store.schedules.list();
  if (invocation.options.has("json")) {
    writeJson(io, schedules.map(toScheduleJson));
  } else if (io.stdout.isTerminal) {
    io.stdout.write(
      schedules.length === 0 ? "There are no schedules.\n" : table(schedules, io.stdout.columns),
    );
  } else {
    for (const schedule of schedules) io.stdout.write(`${facts(schedule, isoTime).join("\t")}\n`);
  }
  return DONE;
}

/** From here on there is room for the policies. */
const WIDE = 120;

function table(schedules: readonly ScheduleRecord[], width: number): string {
  const now = Date.now();
  const isWide = width >= WIDE;
  const columns = [
    { title: "NAME" },
    { title: "PATTERN", sparable: 1 },
    { title: "ZONE", sparable: 4 },
    { title: "NEXT" },
    { title: "LAST", sparable: 3 },
    ...(isWide ? [{ title: "OVERLAP" }, { title: "CATCH-UP" }, { title: "QUEUE" }] : []),
    { title: "COMMAND", isFlexible: true, sparable: 2 },
  ];
  const rows = schedules.map((schedule) => {
    const all = facts(schedule, (at) => relativeTime(at, now));
    const policies = isWide ? [schedule.overlap, schedule.catchUp, jobOf(schedule).queue] : [];
    return [...all.slice(0, -1), ...policies, ...all.slice(-1)].map((text) => ({ text }));
  });
  return renderTable(columns, rows, width);
}

/** What a person sees of one. */
function facts(schedule: ScheduleRecord, time: (at: number) => string): string[] {
  const { name, pattern, zone, isPaused, nextAt, last } = schedule;
  const next = nextAt === null ? "never" : time(nextAt);
  return [
    visible(name),
    visible(pattern),
    visible(zone),
    isPaused ? "paused" : next,
    last === null ? "-" : `${last.outcome} ${time(last.instant)}`,
    commandOf(schedule),
  ];
}

function commandOf(schedule: ScheduleRecord): string {
  const { command, fault } = jobOf(schedule);
  return visible(fault === null ? command : `(broken) ${fault}`);
}
