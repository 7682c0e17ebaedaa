import { pauseSchedule, requireSchedule } from "../../queue/schedule.ts";
import { toScheduleJson } from "../../queue/schedule-json.ts";
import type { ScheduleRecord } from "../../store/schedule-store.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";
import { zoneTime } from "../render/time.ts";
import { visible } from "../render/visible.ts";

/** `schedule pause` and `schedule resume`. */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options, command } = invocation;
  const names = [...new Set(args)];
  await using store = await openForReading(invocation, io);
  const isPaused = command.path[1] === "pause";
  // One that is not there is refused before any is changed.
  for (const name of names) await requireSchedule(store, name);
  const schedules: ScheduleRecord[] = [];
  for (const name of names) schedules.push(await pauseSchedule(store, name, { isPaused, now: Date.now() }));
  if (options.has("json")) writeJson(io, schedules.map(toScheduleJson));
  else if (!options.has("quiet"))
    for (const schedule of schedules)
      io.stdout.write(
        `✅ Schedule ${schedule.name} ${isPaused ? "is paused." : `goes on.${next(schedule)}`}\n`,
      );
  return DONE;
}

function next({ nextAt, zone }: ScheduleRecord): string {
  return nextAt === null ? "" : ` Its next run: ${zoneTime(nextAt, zone)} ${visible(zone)}.`;
}
