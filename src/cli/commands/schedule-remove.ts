import { removeSchedule, requireSchedule } from "../../queue/schedule.ts";
import type { Invocation } from "../command.ts";
import { openForReading } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import type { RemovedJson } from "../removed-json.ts";
import { writeJson } from "../render/json.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  const names = [...new Set(args)];
  await using store = await openForReading(invocation, io);
  // One that is not there is refused before any is gone.
  for (const name of names) await requireSchedule(store, name);
  for (const name of names) await removeSchedule(store, name);
  if (options.has("json")) writeJson(io, { removed: names } satisfies RemovedJson);
  else if (!options.has("quiet"))
    for (const name of names) io.stdout.write(`✅ Schedule ${name} has been removed.\n`);
  return DONE;
}
