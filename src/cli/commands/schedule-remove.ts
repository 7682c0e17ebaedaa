import { removeSchedule } from "../../queue/schedule.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import type { RemovedJson } from "../removed-json.ts";
import { writeJson } from "../render/json.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  const [name = ""] = args;
  await using store = await openForReading(invocation, io);
  await removeSchedule(store, name);
  if (options.has("json")) writeJson(io, { removed: [name] } satisfies RemovedJson);
  else if (!options.has("quiet")) io.stdout.write(`✅ Schedule ${name} has been removed.\n`);
  return DONE;
}
