import { pauseSchedule } from "../../queue/schedule.ts";
import { toScheduleJson } from "../../queue/schedule-json.ts";
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
  const [name = ""] = args;
  await using store = await openForReading(invocation, io);
  const isPaused = command.path[1] === "pause";
  const schedule = await pauseSchedule(store, name, { isPaused, now: Date.now() });
  const { nextAt, zone } = schedule;
  if (options.has("json")) writeJson(io, toScheduleJson(schedule));
  else if (!options.has("quiet")) {
    const next = nextAt === null ? "" : ` Its next run: ${zoneTime(nextAt, zone)} ${visible(zone)}.`;
    io.stdout.write(isPaused ? `✅ Schedule ${name} is paused.\n` : `✅ Schedule ${name} goes on.${next}\n`);
  }
  return DONE;
}
