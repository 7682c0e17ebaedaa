import { nextInstants, requireSchedule } from "../../queue/schedule.ts";
import { readCount } from "../arguments.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import { giveHint } from "../hint.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";
import { isoTime, relativeTime, zoneTime } from "../render/time.ts";
import { visible } from "../render/visible.ts";
import { foldLines } from "../render/wrap.ts";

const MOST = 10_000;

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  const [name = ""] = args;
  const count = readCount(options, "count", { min: 1, max: MOST }) ?? 1;
  await using store = await openForReading(invocation, io);
  const now = Date.now();
  const instants = await nextInstants(store, name, { count, now });
  if (options.has("json")) {
    writeJson(io, instants.map(isoTime));
    return DONE;
  }
  const { zone, isPaused } = await requireSchedule(store, name);
  // For people, on the clock that counts.
  const onTerminal = (at: number) => `${zoneTime(at, zone)} ${visible(zone)}  ${relativeTime(at, now)}`;
  for (const at of instants)
    io.stdout.write(
      io.stdout.isTerminal ? foldLines(`${onTerminal(at)}\n`, io.stdout.columns) : `${isoTime(at)}\n`,
    );
  if (isPaused) giveHint(`It is paused, and will not run: queuectl schedule resume ${name}`, invocation, io);
  return DONE;
}
